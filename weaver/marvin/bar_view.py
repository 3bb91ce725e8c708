"""The newest completed bar of a symbol, in the run's timeframe or a coarser one."""

from collections.abc import Mapping

import numpy as np

from weaver.errors import UnknownName
from weaver.market import Bars, Floats, Ints
from weaver.marvin.indicators import crossed_above, crossed_below

_NAN = float("nan")


class Series:
    """The bars of one symbol and timeframe with the indicators computed from them."""

    __slots__ = ("bars", "indicators")

    def __init__(self, bars: Bars, indicators: Mapping[str, Floats]) -> None:
        self.bars = bars
        self.indicators = indicators

    def column(self, name: str) -> Floats:
        """Return an indicator's column, or a price's or the volume's; UnknownName with the nearest if there is none."""
        if name in self.indicators:
            return self.indicators[name]
        if name in _PRICES:
            return getattr(self.bars, name)
        raise UnknownName("indicator", name, [*self.indicators, *_PRICES])


_PRICES = ("open", "high", "low", "close", "volume")


Crossings = dict[str, dict[str | float, list[bool]]]
"""Whether the first name crossed the second, at each row of the stretch that is shown."""


class BarView:
    """The newest completed bar of one symbol and timeframe: prices, indicators, crossings.

    `at` is where it stands in the stretch that is shown; `fresh` tells whether that bar ended just now. Before the first
    bar every value is NaN and nothing crosses.
    """

    __slots__ = ("_above", "_below", "_first", "_last", "_lists", "_series", "at", "fresh", "symbol")

    def __init__(self, series: Series) -> None:
        self.symbol = series.bars.symbol
        self.fresh = False
        self._series = series
        self.at = 0
        self._first = 0
        self._last = 0
        self._lists: dict[str, list[float]] = {}
        self._above: Crossings = {}
        self._below: Crossings = {}

    def show(self, first: int, last: int) -> None:
        """Cover rows `first` to `last`, both included; -1 stands for "no bar yet"."""
        self._first = first
        self._last = last
        self._lists = {}
        self._above = {}
        self._below = {}

    def move(self, at: int, fresh: bool) -> None:
        """Stand at row `first + at`."""
        self.at = at
        self.fresh = fresh

    @property
    def row(self) -> int:
        """The row of the newest bar in `history`, counted from the first warm-up bar; -1 before the first bar."""
        return self._first + self.at

    @property
    def known(self) -> bool:
        """Whether there has been a bar at all."""
        return self._first + self.at >= 0

    def __getitem__(self, name: str) -> float:
        """Return the indicator's (or `close`, `open`, ...) value at the newest bar; NaN where undefined."""
        try:
            return self._lists[name][self.at]
        except KeyError:
            return self._list(name)[self.at]

    def indicator(self, name: str) -> float:
        """Return the indicator's value at the newest bar; NaN where undefined."""
        return self[name]

    @property
    def open(self) -> float:
        return self["open"]

    @property
    def high(self) -> float:
        return self["high"]

    @property
    def low(self) -> float:
        return self["low"]

    @property
    def close(self) -> float:
        return self["close"]

    @property
    def volume(self) -> float:
        return self["volume"]

    def history(self, name: str, count: int) -> Floats:
        """Return the last `count` values of a column (fewer at the beginning), oldest first, read-only."""
        end = self.row + 1
        values = self._series.column(name)[max(0, end - count) : end]
        values.flags.writeable = False
        return values

    def crossed_above(self, name: str, other: str | float) -> bool:
        """Tell whether `name` went from ≤ to > `other` (an indicator or a level) with the bar that just ended.

        Values within 1e-12 of each other are equal: a cross is never decided by rounding.
        """
        try:
            return self._above[name][other][self.at] and self.fresh
        except KeyError:
            return self._cross(self._above, name, other)[self.at] and self.fresh

    def crossed_below(self, name: str, other: str | float) -> bool:
        """Tell whether `name` went from ≥ to < `other` with the bar that just ended."""
        try:
            return self._below[name][other][self.at] and self.fresh
        except KeyError:
            return self._cross(self._below, name, other)[self.at] and self.fresh

    def _list(self, name: str) -> list[float]:
        column = self._series.column(name)
        values: list[float] = column[max(0, self._first) : self._last + 1].tolist()
        self._lists[name] = values if self._first >= 0 else [_NAN, *values]
        return self._lists[name]

    def _cross(self, known: Crossings, name: str, other: str | float) -> list[bool]:
        begin = max(0, self._first - 1)
        one = self._series.column(name)[begin : self._last + 1]
        two = self._series.column(other)[begin : self._last + 1] if isinstance(other, str) else float(other)
        crossed = crossed_above(one, two) if known is self._above else crossed_below(one, two)
        values: list[bool] = crossed.tolist()
        if self._first > 0:
            del values[0]
        elif self._first < 0:
            values.insert(0, False)
        known.setdefault(name, {})[other] = values
        return values


class CoarseView(BarView):
    """The newest completed bar of a coarser timeframe."""

    __slots__ = ("_fresh", "_rows")

    def __init__(self, series: Series) -> None:
        super().__init__(series)
        self._rows: list[int] = []
        self._fresh: list[bool] = []

    def show_times(self, times: Ints, before: int) -> None:
        """Cover a stretch of steps at `times` (microseconds), the step before them having been at `before`."""
        rows = np.searchsorted(self._series.bars.ends, np.concatenate(([before], times)), side="right") - 1
        self._rows = (rows[1:] - rows[1]).tolist()
        self._fresh = (rows[1:] != rows[:-1]).tolist()
        self.show(int(rows[1]), int(rows[-1]))

    def move_to_step(self, step: int) -> None:
        self.move(self._rows[step], self._fresh[step])
