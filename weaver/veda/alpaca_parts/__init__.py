"""What the Alpaca adapter is made of: settings, the line to the venue, translation both ways, and streams.

`line` and `streams`, and what asks through them (`trading`, `lists`, `market`), load Alpaca's SDK, which takes half a second since it
brings pandas; the adapter imports them when it connects. The rest loads nothing.
"""
