"""Greta replays bars: a pure function of bars, strategy, parameters, costs and state."""
