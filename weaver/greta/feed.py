"""Bars and indicators of a run, laid out along one timeline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from weaver.errors import NoBars, StrategyBroken
from weaver.market import Bars, Calendar, Floats, Ints, Timeframe
from weaver.marvin.bar_view import Series
from weaver.marvin.guard import user_code
from weaver.marvin.strategy import AnyStrategy
from weaver.marvin.timeframes import coarser
from weaver.orders import Costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a backtest starts from, besides bars and strategy."""

    cash: Decimal = Decimal(100_000)
    costs: Costs = field(default_factory=Costs)
    allow_short: bool = False
    leverage: Decimal = Decimal(1)
    fractional: bool = False

    def lots_per_unit(self, calendar: Calendar) -> int:
        """Return how many lots make a unit: 1e8 for 24/7, 1e6 for fractional shares, else whole shares."""
        if calendar is Calendar.ALWAYS:
            return 100_000_000
        return 1_000_000 if self.fractional else 1


class Feed:
    """The series of a run and its timeline: the union of the bar ends of all symbols, from the run's start on.

    `times` are the steps' ends; `starts` the earliest bar start at each step; `rows[s]` the row of symbol s's newest
    bar at each step (-1: none yet), or None when every step is a bar of the only symbol, the first at `first_rows[0]`.
    """

    def __init__(self, series: list[Series], strategy: AnyStrategy, name: str, start: int | None) -> None:
        self.series = series
        self.strategy = strategy
        self.name = name
        self._coarse: dict[tuple[str, str], Series] = {}
        bars = [one.bars for one in series]
        self.first_rows = [0 if start is None else int(np.searchsorted(one.starts, start)) for one in bars]
        self.bars = sum(len(one) - first for one, first in zip(bars, self.first_rows, strict=True))
        if self.bars == 0:
            raise NoBars(f"No bars of {', '.join(one.symbol for one in bars)} in the range asked for.")
        self.rows: list[Ints] | None = None
        if len(bars) == 1:
            first = self.first_rows[0]
            self.times, self.starts = bars[0].ends[first:], bars[0].starts[first:]
        else:
            ends = [one.ends[first:] for one, first in zip(bars, self.first_rows, strict=True)]
            self.times = np.unique(np.concatenate(ends))
            self.rows = [np.searchsorted(one.ends, self.times, side="right") - 1 for one in bars]
            self.starts = np.full(len(self.times), np.iinfo(np.int64).max)
            for one, rows in zip(bars, self.rows, strict=True):
                at = np.maximum(rows, 0)
                fresh = (rows >= 0) & (one.ends[at] == self.times)
                self.starts = np.where(fresh, np.minimum(self.starts, one.starts[at]), self.starts)

    @staticmethod
    def build(bars: Sequence[Bars], strategy: AnyStrategy, *, start: int | None = None, name: str | None = None) -> "Feed":
        """Compute the indicators of each symbol over the whole range and lay out the timeline.

        `bars` are already cut to the run: warm-up bars (those that start before `start`, microseconds) and the run's.
        `name` is the strategy's id for messages. Raises StrategyBroken for what its code does, NoBars when none is left.
        """
        name = name or type(strategy).__name__
        return Feed([with_indicators(strategy, name, one) for one in bars], strategy, name, start)

    @property
    def steps(self) -> int:
        return len(self.times)

    def row(self, symbol: int, step: int) -> int:
        """Return the row of a symbol's newest bar at `step` (-1: none yet); step -1 is the last warm-up bar."""
        if self.rows is None or step < 0:
            return self.first_rows[symbol] + (step if self.rows is None else -1)
        return int(self.rows[symbol][step])

    def marks(self, step: int) -> list[float]:
        """Return each symbol's newest close at `step` (NaN before its first bar)."""
        marks: list[float] = []
        for symbol, series in enumerate(self.series):
            row = self.row(symbol, step)
            marks.append(series.bars.close.item(row) if row >= 0 else math.nan)
        return marks

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(one.bars.symbol for one in self.series)

    @property
    def calendar(self) -> Calendar:
        """The calendar for annualisation: 24/7 as soon as one symbol trades always."""
        always = any(one.bars.calendar is Calendar.ALWAYS for one in self.series)
        return Calendar.ALWAYS if always else Calendar.XNYS

    def coarse_bars(self) -> list[Bars]:
        """Return the coarser bars that have been asked for."""
        return [series.bars for series in self._coarse.values()]

    def coarse(self, symbol: str, timeframe: Timeframe) -> Series:
        """Return the completed coarser bars of a symbol over the whole range, with their indicators; kept."""
        key = (symbol, timeframe.text)
        if key not in self._coarse:
            base = next(one.bars for one in self.series if one.bars.symbol == symbol)
            self._coarse[key] = with_indicators(self.strategy, self.name, coarser(base, timeframe))
        return self._coarse[key]


def with_indicators(strategy: AnyStrategy, name: str, bars: Bars) -> Series:
    """Return the bars with the indicators that the strategy computes from them; StrategyBroken for what its code does."""
    with user_code(name, strategy.code_files()):
        given = dict(strategy.indicators(bars))
    columns: dict[str, Floats] = {}
    for indicator, values in given.items():
        column = np.ascontiguousarray(values, dtype=np.float64)
        if column.shape != (len(bars),):
            file = next(iter(sorted(strategy.code_files())), None)
            raise StrategyBroken(
                f"indicator '{indicator}' has shape {column.shape}; expected one value for each of {len(bars)} bars",
                strategy=name,
                file=file,
            )
        columns[indicator] = column
    return Series(bars, columns)
