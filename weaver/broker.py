"""What a venue says of orders, fills, holdings and money: the same words for every adapter, for storage and for workflows."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from weaver.orders import OrderStatus, OrderType, Role, Side, TimeInForce


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """An order as the venue has it. `quantity` is None for orders by notional; `filled_quantity` is the whole truth of fills.

    `status` is Weaver's word for `venue_status`, which is the venue's own; a venue status that nobody knows is taken for
    `accepted`: not final, to be asked again. `legs` are the exits of a bracket, which belong to this order; a leg's `role`
    says which it is. `replaced_by` is the venue's id of the order that took this one's place.
    """

    exchange_order_id: str
    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal | None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    trail_percent: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    extended_hours: bool = False
    status: OrderStatus
    venue_status: str
    filled_quantity: Decimal = Decimal(0)
    filled_average_price: Decimal | None = None
    reject_reason: str | None = None
    role: Role | None = None
    legs: "tuple[OrderReport, ...]" = ()
    replaced_by: str | None = None
    submitted_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution. `execution_id` is the venue's, unique in its account, and the key by which a fill is booked once.

    `quantity` is above 0; `commission` in the quote currency. `received` is the quantity that reached the account when the
    venue takes its fee out of what is bought (crypto), else None.
    """

    execution_id: str
    exchange_order_id: str
    client_order_id: str | None
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal = Decimal(0)
    received: Decimal | None = None
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeUpdate:
    """One message of the stream of trade updates: the order after it, and the fill it tells of, if any.

    `event` is the venue's own word. Messages may come twice and out of order.
    """

    event: str
    order: OrderReport
    fill: Fill | None = None
    time: datetime


@dataclass(frozen=True, slots=True)
class StreamUp:
    """The stream is (again) connected. What happened before is not replayed: ask for orders and fills now."""


@dataclass(frozen=True, slots=True)
class StreamDown:
    """The stream is cut; `reason` is for people."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A position at the venue: signed `quantity`, of which `available` is not held by open orders."""

    symbol: str
    quantity: Decimal
    available: Decimal
    average_entry_price: Decimal | None
    market_value: Decimal | None
    unrealized_pnl: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    """The account's money. `buying_power` is what the venue lets be spent now, its open orders taken off."""

    account_number: str
    status: str
    is_active: bool
    cash: Decimal
    equity: Decimal
    buying_power: Decimal
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketBar:
    """A completed bar `[start, start + timeframe)`; `volume` in units."""

    symbol: str
    timeframe: str
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The newest bid and ask."""

    symbol: str
    bid: Decimal
    ask: Decimal
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketClock:
    """The venue's time and its regular session."""

    time: datetime
    is_open: bool
    next_open: datetime
    next_close: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingDay:
    """One session, `[open, close)` in UTC."""

    day: date
    open: datetime
    close: datetime
