"""What WallE keeps of trading, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from weaver.glados.risk import RiskLimits
from weaver.orders import OrderRequest, OrderStatus, OrderType, Role, Side, TimeInForce
from weaver.walle.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """One order. `id` is its client_order_id; `parent_id` and `role` are set for the legs of a bracket and `parent_id` for the
    remainder of an amended order. `changes` counts the changes written of it so far."""

    id: str
    run_id: str | None
    account: str
    exchange_order_id: str | None = None
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    trail_percent: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    extended_hours: bool = False
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    stop_loss_limit: Decimal | None = None
    reduce_only: bool = False
    status: OrderStatus
    filled_quantity: Decimal = Decimal(0)
    filled_avg_price: Decimal | None = None
    parent_id: str | None = None
    role: Role | None = None
    reject_reason: str | None = None
    created_at: datetime
    submitted_at: datetime | None = None
    filled_at: datetime | None = None
    cancelled_at: datetime | None = None
    changes: int = 0

    @property
    def request(self) -> OrderRequest:
        """The terms as they are sent."""
        return OrderRequest(
            client_order_id=self.id,
            symbol=self.symbol,
            side=self.side,
            order_type=self.order_type,
            quantity=self.quantity,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail=self.trail,
            trail_percent=self.trail_percent,
            time_in_force=self.time_in_force,
            extended_hours=self.extended_hours,
            take_profit=self.take_profit,
            stop_loss=self.stop_loss,
            stop_loss_limit=self.stop_loss_limit,
            reduce_only=self.reduce_only,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """One step in an order's life, numbered from 1 without holes. `event` is its name in the event log (`orders.Filled`),
    `order` the whole order after it; `reason` says why where somebody gave one (refused, in doubt, cancelled before it was sent)."""

    order_id: str
    number: int
    event: str
    at: datetime
    order: OrderRecord
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRecord:
    """One booked execution. `id` is the venue's, unique in its account. `number` counts the account's fills in the order of
    booking, without holes: a cursor that never skips one.

    `received` is less than `quantity` where the venue takes its fee from what is bought.
    """

    id: str
    number: int
    order_id: str
    run_id: str | None
    account: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal = Decimal(0)
    received: Decimal | None = None
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order that asks to be admitted. `price` is the symbol's last price, as far as known. `parent_id` as in OrderRecord. One with a
    `lot` is made smaller in such steps where its money does not suffice; without, it is refused."""

    request: OrderRequest
    account: str
    run_id: str | None
    price: Decimal | None
    lot: Decimal | None = None
    parent_id: str | None = None
    role: Role | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The order is on record (perhaps since an earlier try)."""

    order: OrderRecord
    changes: Sequence[OrderChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdmitted:
    """A limit forbids the order; it is no order. `rule` is the limit's name."""

    order_id: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What may be sent. Send only when not `killed` and `order.status` is `submitting`; `before` is the status before this call:
    unless that was `pending`, the order may be at the venue already and must be asked for by its id first."""

    order: OrderRecord
    killed: bool
    before: OrderStatus
    changes: Sequence[OrderChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the venue has and WallE has not, or the other way round. `kind`: position, order, foreign_order."""

    kind: str
    symbol: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """One account, as last seen at `checked_at`. `opening_equity` is that at the start of the session `session` (its date)."""

    id: str
    adapter: str
    mode: str
    status: str = "unknown"
    cash: Decimal | None = None
    equity: Decimal | None = None
    buying_power: Decimal | None = None
    currency: str = "USD"
    killed: bool = False
    killed_reason: str | None = None
    killed_at: datetime | None = None
    opening_equity: Decimal | None = None
    session: str | None = None
    drift: Sequence[Difference] = ()
    connected: bool = False
    checked_at: datetime | None = None
    fills_seen_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPosition:
    """What a run, or a whole account, holds of a symbol by its booked fills. `average_price` is that of the open lots, first
    in first out; None when flat."""

    symbol: str
    quantity: Decimal
    average_price: Decimal | None
    run_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLedger:
    """A run's money by its own fills: `cash` is its budget and the flows of its fills, commissions taken off.

    `fills` are those with `number > after`, oldest first; `cursor` is the newest number; `working` are its orders that are not
    final, oldest first, legs among them.
    """

    cash: Decimal
    positions: tuple[LedgerPosition, ...]
    working: tuple[OrderRecord, ...]
    fills: tuple[FillRecord, ...]
    cursor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBar:
    """A bar as it was first seen. Times are starts; `symbol`, `timeframe` and `adapter` say whose."""

    adapter: str
    symbol: str
    timeframe: str
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class NotDone(StrEnum):
    """Why what was decided at a bar's end was not done, or not all of it."""

    STOPPED = "stopped meanwhile"
    PAUSED = "paused meanwhile"
    LATE = "too late"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """One bar of a run: what was seen, said and wanted, and what became of it.

    `seen` {symbol: {close, position, indicator: value...}}; `intents` as their author would write them; `verdicts` one for each
    order that was wanted: {order_id, admitted, rule?, message?}; `skipped` says why there was no decision (paused, missed, no bar), or why
    what was decided was not done (`NotDone`).
    """

    run_id: str
    bar_end: datetime
    seen: Mapping[str, Json] = field(default_factory=dict[str, Json])
    notes: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    verdicts: tuple[Mapping[str, Json], ...] = ()
    skipped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLimits:
    """The limits that hold for an account, from the settings of whoever admits."""

    paper: RiskLimits
    live: RiskLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRevision:
    """A later value of a bar that was seen before, which is not the run's bar; `seen_at` is when it came."""

    bar: LiveBar
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right of one run to trade a symbol on an account."""

    account: str
    symbol: str
    run_id: str
    taken_at: datetime
