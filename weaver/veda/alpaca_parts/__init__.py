"""What the Alpaca adapter is made of: settings, the line to the venue, translation both ways, and streams.

Only `line` and `streams` load Alpaca's SDK, which takes half a second (it brings pandas), so the adapter imports them when it connects.
"""
