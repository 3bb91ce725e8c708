"""What a strategy sees at the end of a bar: nothing that happens later.

The same classes serve backtests and live decisions. Whoever runs a strategy builds a `View` once, shows it a stretch of
the timeline with `show`, and moves it from step to step with `move`; values are read from plain lists of that stretch, so
that a look costs nanoseconds and nothing grows with history.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np

from weaver.errors import BadValue, UnknownName
from weaver.market import Floats, Ints, Timeframe, from_microseconds
from weaver.marvin.bar_view import BarView, CoarseView, Series
from weaver.orders import OrderType, Role, Side, TimeInForce


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
        self._step = 0
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

    @property
    def step(self) -> int:
        """Where in the stretch the view stands; with one symbol, where that symbol's view does."""
        return self._step if self._only is None else self._only.at

    @step.setter
    def step(self, step: int) -> None:
        if self._only is None:
            self._step = step
        else:
            self._only.at = step

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
