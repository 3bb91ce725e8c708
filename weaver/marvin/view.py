"""What a strategy sees at the end of a bar: nothing that happens later.

The same classes serve backtests and live decisions. Whoever runs a strategy builds a `View` once, shows it a stretch of
the timeline with `show`, and moves it from step to step with `move`; values are read from plain lists of that stretch, so
that a look costs nanoseconds and nothing grows with history.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np

from weaver.errors import BadValue, UnknownName
from weaver.market import Bars, Floats, Ints, Timeframe, from_microseconds
from weaver.marvin.indicators import crossed_above, crossed_below
from weaver.orders import OrderType, Role, Side, TimeInForce

_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of a symbol: signed units, and the average price paid for them (None when flat)."""

    quantity: float
    average_price: float | None


@dataclass(frozen=True, slots=True)
class WorkingOrder:
    """An order that is not final. `quantity` is the whole order's, `filled_quantity` of it is done."""

    id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: float
    filled_quantity: float
    limit: float | None
    stop: float | None
    time_in_force: TimeInForce
    role: Role | None


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill since the last bar."""

    order_id: str
    symbol: str
    side: Side
    quantity: float
    price: float


class Account(Protocol):
    """Who keeps the run's money, as the view asks it."""

    @property
    def cash(self) -> float: ...
    def equity(self) -> float: ...
    def quantity(self, symbol: str) -> float: ...
    def position(self, symbol: str) -> Position: ...
    def working_orders(self, symbol: str | None) -> tuple[WorkingOrder, ...]: ...
    def executions(self, symbol: str | None) -> tuple[Execution, ...]: ...


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


Crossings = dict[tuple[str, str | float], list[bool]]
"""Whether the first crossed the second, at each row of the stretch that is shown."""


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
            return self._above[name, other][self.at] and self.fresh
        except KeyError:
            return self._cross(self._above, name, other)[self.at] and self.fresh

    def crossed_below(self, name: str, other: str | float) -> bool:
        """Tell whether `name` went from ≥ to < `other` with the bar that just ended."""
        try:
            return self._below[name, other][self.at] and self.fresh
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
        known[name, other] = values
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


class SymbolView(BarView):
    """One symbol of the run: its newest bar, its position, its orders, its coarser timeframes."""

    __slots__ = ("_account", "_coarse", "_view")

    def __init__(self, series: Series, account: Account, view: "View") -> None:
        super().__init__(series)
        self._account = account
        self._view = view
        self._coarse: dict[str, CoarseView] = {}

    @property
    def position(self) -> Position:
        return self._account.position(self.symbol)

    @property
    def is_flat(self) -> bool:
        return self._account.quantity(self.symbol) == 0

    @property
    def is_long(self) -> bool:
        return self._account.quantity(self.symbol) > 0

    @property
    def is_short(self) -> bool:
        return self._account.quantity(self.symbol) < 0

    @property
    def working_orders(self) -> tuple[WorkingOrder, ...]:
        return self._account.working_orders(self.symbol)

    @property
    def fills(self) -> tuple[Execution, ...]:
        """The fills of this symbol since the last bar."""
        return self._account.executions(self.symbol)

    def timeframe(self, text: str) -> CoarseView:
        """Return the newest *completed* bar of a coarser timeframe, with the indicators computed from such bars."""
        coarse = self._coarse.get(text)
        if coarse is None:
            coarse = CoarseView(self._view.coarser(self.symbol, Timeframe(text)))
            self._coarse[text] = coarse
            coarse.show_times(*self._view.stretch)
        coarse.move_to_step(self._view.step)
        return coarse

    def show(self, first: int, last: int) -> None:
        super().show(first, last)
        for coarse in self._coarse.values():
            coarse.show_times(*self._view.stretch)


class View:
    """What a strategy sees now. In a run of one symbol its prices, crossings, position and orders are here as well.

    The view ends at the bar that just closed: `view.time` is its end. `view.state` is the strategy's declared state.
    """

    crossed_above: Callable[[str, str | float], bool]
    """As `BarView.crossed_above`, for the run's only symbol."""
    crossed_below: Callable[[str, str | float], bool]
    """As `BarView.crossed_below`, for the run's only symbol."""

    def __init__(self, series: Sequence[Series], account: Account, coarser: Callable[[str, Timeframe], Series], state: Any = None) -> None:
        self.account = account
        self.coarser = coarser
        self.symbols = tuple(one.bars.symbol for one in series)
        self.by_symbol = {one.bars.symbol: SymbolView(one, account, self) for one in series}
        self.step = 0
        self.stretch: tuple[Ints, int] = (np.empty(0, np.int64), 0)
        self.touched = False
        self.notes: list[str] = []
        self._state = state
        self._only = next(iter(self.by_symbol.values())) if len(series) == 1 else None
        self.crossed_above = self._only.crossed_above if self._only else self._many
        self.crossed_below = self._only.crossed_below if self._only else self._many

    def show(self, times: Ints, before: int) -> None:
        """Cover the steps at `times` (bar ends, microseconds), the step before them having been at `before`.

        Each symbol's own `show` and `move` are the caller's to call after it.
        """
        self.stretch = (times, before)
        self.step = 0

    def _many(self, *_: object) -> bool:
        raise BadValue("view", ", ".join(self.symbols), "view[symbol]: this run has several symbols")

    @property
    def only(self) -> SymbolView:
        """The run's only symbol; BadValue when there are several."""
        if self._only is None:
            self._many()
        return self._only  # type: ignore[return-value]  # _many raises

    def __getitem__(self, symbol: str) -> SymbolView:
        try:
            return self.by_symbol[symbol]
        except KeyError:
            raise UnknownName("symbol", symbol, self.symbols) from None

    @property
    def time(self) -> datetime:
        """The end of the bar that just closed, aware UTC."""
        return from_microseconds(int(self.stretch[0][self.step]))

    @property
    def cash(self) -> float:
        return self.account.cash

    @property
    def equity(self) -> float:
        """Cash and positions at their newest closes."""
        return self.account.equity()

    @property
    def working_orders(self) -> tuple[WorkingOrder, ...]:
        """All orders of the run that are not final, in the order they were placed."""
        return self.account.working_orders(None)

    @property
    def fills(self) -> tuple[Execution, ...]:
        """All fills since the last bar."""
        return self.account.executions(None)

    @property
    def state(self) -> Any:
        """The strategy's declared State; what is changed in it is there at the next bar, restarts included."""
        if self._state is None:
            raise BadValue("view.state", None, "a strategy that declares one: class Mine(Strategy[Params, State])")
        self.touched = True
        return self._state

    @state.setter
    def state(self, state: Any) -> None:
        self._state = state

    def note(self, text: str) -> None:
        """Say why; kept with the decision of this bar."""
        self.notes.append(text)
        self.touched = True

    # The one-symbol shortcuts.

    @property
    def open(self) -> float:
        return self.only["open"]

    @property
    def high(self) -> float:
        return self.only["high"]

    @property
    def low(self) -> float:
        return self.only["low"]

    @property
    def close(self) -> float:
        return self.only["close"]

    @property
    def volume(self) -> float:
        return self.only["volume"]

    @property
    def fresh(self) -> bool:
        return self.only.fresh

    @property
    def position(self) -> Position:
        return self.only.position

    @property
    def is_flat(self) -> bool:
        return self.only.is_flat

    @property
    def is_long(self) -> bool:
        return self.only.is_long

    @property
    def is_short(self) -> bool:
        return self.only.is_short

    def indicator(self, name: str) -> float:
        """Return the indicator's value at the newest bar; NaN where undefined."""
        return self.only[name]

    def history(self, name: str, count: int) -> Floats:
        """Return the last `count` values of a column, oldest first."""
        return self.only.history(name, count)

    def timeframe(self, text: str) -> CoarseView:
        """Return the newest completed bar of a coarser timeframe."""
        return self.only.timeframe(text)
