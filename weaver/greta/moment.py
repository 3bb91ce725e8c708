"""One bar's end of a live run: the bars up to it with their indicators, computed as a backtest over the same bars would."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from weaver.greta.feed import with_indicators
from weaver.market import Bars, Timeframe
from weaver.marvin.bar_view import Series
from weaver.marvin.strategy import AnyStrategy
from weaver.marvin.timeframes import coarser
from weaver.marvin.view import Account, View

_BEFORE_ALL = int(np.iinfo(np.int64).min)


class Moment:
    """What a strategy may look at when the bars that end at `end` have closed.

    `bars` are each symbol's from the run's first warm-up bar to the newest; `fresh` are the symbols whose newest bar ended
    just now. Making one computes the indicators; StrategyBroken for what the strategy's code does. `name` is its id.
    """

    def __init__(self, bars: Sequence[Bars], strategy: AnyStrategy, *, end: int, fresh: frozenset[str], name: str) -> None:
        self.end = end
        self.strategy = strategy
        self.name = name
        self.fresh = fresh
        self.series = [with_indicators(strategy, name, one) for one in bars]
        self.symbols = tuple(one.bars.symbol for one in self.series)
        self._coarse: dict[tuple[str, str], Series] = {}

    @cached_property
    def marks(self) -> list[float]:
        """Each symbol's newest close; NaN before its first bar."""
        return [one.bars.close.item(-1) if len(one.bars) else float("nan") for one in self.series]

    def coarse(self, symbol: str, timeframe: Timeframe) -> Series:
        """Return the completed coarser bars of a symbol with their indicators; kept."""
        key = (symbol, timeframe.text)
        if key not in self._coarse:
            base = self.series[self.symbols.index(symbol)].bars
            self._coarse[key] = with_indicators(self.strategy, self.name, coarser(base, timeframe))
        return self._coarse[key]

    def view(self, account: Account, state: object) -> View:
        """Return the view that stands at this moment."""
        view = View(self.series, account, self.coarse, state)
        view.show(np.array([self.end], np.int64), self._before())
        for one, symbol in zip(self.series, view.by_symbol.values(), strict=True):
            symbol.show(len(one.bars) - 1, len(one.bars) - 1)
            symbol.move(0, symbol.symbol in self.fresh)
        return view

    def _before(self) -> int:
        """Return when the bars before this moment ended: what has completed since then is fresh."""
        ends = [one.bars.ends[: np.searchsorted(one.bars.ends, self.end)] for one in self.series]
        return max((int(column[-1]) for column in ends if len(column)), default=_BEFORE_ALL)
