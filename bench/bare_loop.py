"""The least that CPython can do for a strategy: one loop, one generator a bar. No orders, no money, no results."""

from collections.abc import Iterator

from bench.case import FAST, SLOW
from weaver.market import Bars
from weaver.marvin.indicators import crossed_above, crossed_below, sma


class _View:
    def __init__(self, above: list[bool], below: list[bool]) -> None:
        self.at = 0
        self.held = False
        self._above = above
        self._below = below

    def crossed_above(self) -> bool:
        return self._above[self.at]

    def crossed_below(self) -> bool:
        return self._below[self.at]


def _decide(view: _View) -> Iterator[bool]:
    if view.crossed_above() and not view.held:
        yield True
    elif view.crossed_below() and view.held:
        yield False


def bare_loop(bars: Bars) -> int:
    """Walk over the bars asking a strategy at each; return how often it wanted something."""
    fast, slow = sma(bars.close, FAST), sma(bars.close, SLOW)
    view = _View(crossed_above(fast, slow).tolist(), crossed_below(fast, slow).tolist())
    wanted = 0
    for at in range(len(bars)):
        view.at = at
        for held in _decide(view):
            view.held = held
            wanted += 1
    return wanted
