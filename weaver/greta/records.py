"""What Greta writes down: rows and columns of one window, floats and microseconds, ready for Parquet.

Rows are not frozen because there are many and a frozen one takes twice as long to make; nobody changes them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, TypeVar, overload

from weaver.market import Floats, Ints


@dataclass(slots=True)
class FillRow:
    """One execution. `time` is the start of the bar that filled it (UTC microseconds); money in quote currency."""

    time: int
    symbol: str
    side: str
    quantity: float
    price: float
    commission: float
    slippage: float
    order_id: str


@dataclass(slots=True)
class OrderRow:
    """One order as it ended, or as it stands at the end of the run. `created_at` is the end of the bar it was
    decided on, `closed_at` the start of the bar that ended it, or the end of the bar at which the strategy did."""

    id: str
    symbol: str
    side: str
    order_type: str
    quantity: float
    filled_quantity: float
    filled_avg_price: float | None
    limit_price: float | None
    stop_price: float | None
    trail: float | None
    time_in_force: str
    status: str
    role: str | None
    parent_id: str | None
    reject_reason: str | None
    created_at: int
    closed_at: int | None


@dataclass(slots=True)
class TradeRow:
    """One closed lot, first in first out. `side` is "long" or "short"; times are bar starts; `pnl` after commissions."""

    symbol: str
    side: str
    quantity: float
    entry_time: int
    entry_price: float
    exit_time: int
    exit_price: float
    pnl: float
    return_pct: float
    mae_pct: float
    mfe_pct: float
    bars_held: int
    exit_reason: str


@dataclass(slots=True)
class DecisionRow:
    """A bar at which the strategy wanted something: what it saw and said, as JSON texts. `time` is the bar's end.

    `seen` {symbol: {close, position, indicator: value...}}, `notes` [text], `intents` [text], `orders` [order id].
    """

    time: int
    seen: str
    notes: str
    intents: str
    orders: str


@dataclass(frozen=True, slots=True, eq=False)
class EquityColumns:
    """Equity after each bar, and what buying equal parts at the first closes and holding would be worth.

    `times` are bar starts (UTC microseconds)."""

    times: Ints
    equity: Floats
    benchmark: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenColumns:
    """What could be seen at bars, symbol by symbol: `times` are bar ends (UTC microseconds), `symbols` numbers of the run's symbols.

    An indicator is NaN where it has no value (yet).
    """

    times: Ints
    symbols: Ints
    close: Floats
    indicators: Mapping[str, Floats]


RowT = TypeVar("RowT")


class Rows(Sequence[RowT], Generic[RowT]):
    """Rows that are put into words when somebody reads them first; a run that is only measured never pays for it."""

    def __init__(self, count: int, render: Callable[[], list[RowT]]) -> None:
        self._count = count
        self._render = render

    @cached_property
    def _rows(self) -> list[RowT]:
        return self._render()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[RowT]:
        return iter(self._rows)

    @overload
    def __getitem__(self, index: int) -> RowT: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RowT]: ...
    def __getitem__(self, index: int | slice) -> RowT | Sequence[RowT]:
        return self._rows[index]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """All that one window of a backtest wrote."""

    equity: EquityColumns
    fills: Sequence[FillRow] = field(default_factory=list[FillRow])
    orders: Sequence[OrderRow] = field(default_factory=list[OrderRow])
    trades: Sequence[TradeRow] = field(default_factory=list[TradeRow])
    decisions: Sequence[DecisionRow] = field(default_factory=list[DecisionRow])
