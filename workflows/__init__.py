"""The order of events: what follows what, how long to wait, what to try again. No arithmetic, no I/O, no user code."""
