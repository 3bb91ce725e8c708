"""Words everyone uses for orders, and the states an order goes through."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for buy, -1 for sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class TimeInForce(StrEnum):
    GTC = "gtc"
    DAY = "day"
    IOC = "ioc"
    FOK = "fok"


class Role(StrEnum):
    """What an order of a bracket is for."""

    ENTRY = "entry"
    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"


class OrderStatus(StrEnum):
    PENDING = "pending"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    PARTIAL = "partial"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    IN_DOUBT = "in_doubt"

    @property
    def is_final(self) -> bool:
        return self in _FINAL


_FINAL = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED})
_KNOWN = _FINAL | {OrderStatus.SUBMITTED, OrderStatus.ACCEPTED, OrderStatus.PARTIAL}

_NEXT: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.SUBMITTING, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED}),
    OrderStatus.SUBMITTING: _KNOWN | {OrderStatus.IN_DOUBT},
    OrderStatus.SUBMITTED: (_KNOWN | {OrderStatus.IN_DOUBT}) - {OrderStatus.SUBMITTED},
    OrderStatus.ACCEPTED: _FINAL | {OrderStatus.PARTIAL, OrderStatus.IN_DOUBT},
    OrderStatus.PARTIAL: _FINAL | {OrderStatus.IN_DOUBT},
    OrderStatus.IN_DOUBT: _KNOWN | {OrderStatus.SUBMITTING},
    OrderStatus.FILLED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.REJECTED: frozenset(),
    OrderStatus.EXPIRED: frozenset(),
}
"""`in_doubt` (sent, outcome unknown) goes back to `submitting` when the venue does not know the id and it is sent again."""


def may_follow(status: OrderStatus, following: OrderStatus) -> bool:
    """Tell whether an order may go from `status` to `following`; staying is allowed, a final status is never left."""
    return status is following or following in _NEXT[status]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """The terms of an order as they are sent. `quantity` is in units and above 0; prices are in the quote currency.

    `limit_price` belongs to limit and stop-limit orders, `stop_price` to stop and stop-limit ones, exactly one of `trail`
    (a distance) and `trail_percent` (points) to trailing stops. `take_profit` and `stop_loss` (with `stop_loss_limit` a
    stop-limit) make it a bracket: exits that live once the order is filled, one cancelling the other. A `reduce_only`
    order never opens a position.
    """

    client_order_id: str
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

    @property
    def is_bracket(self) -> bool:
        return self.take_profit is not None or self.stop_loss is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What trading costs; absent means none.

    `commission_bps` of quantity × fill price, `commission_per_share` a unit, `commission_per_order` once an
    order, `commission_min` at least that much an order with a fill; `slippage_bps` of the price,
    `slippage_volume_share` × (quantity / bar volume)² of the price; `participation_cap` is the largest share of
    a bar's volume that may be filled (0.1 = 10 %).
    """

    commission_bps: Decimal | None = None
    commission_per_share: Decimal | None = None
    commission_per_order: Decimal | None = None
    commission_min: Decimal | None = None
    slippage_bps: Decimal | None = None
    slippage_volume_share: Decimal | None = None
    participation_cap: Decimal | None = None


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]


def base36(number: int) -> str:
    """Write a non-negative integer in base 36, lower case."""
    if number < 0:
        raise ValueError("negative")
    digits = ""
    while number >= len(_PAIRS):
        number, pair = divmod(number, len(_PAIRS))
        digits = _PAIRS[pair] + digits
    return (_PAIRS[number].lstrip("0") or "0") + digits


def order_number(bar_end_seconds: int, count: int) -> str:
    """Return the part of an order id that its run gives it: `<bar end, base 36>-<n>`."""
    return f"{base36(bar_end_seconds)}-{count}"


def client_order_id(run_id: str, number: str) -> str:
    """Return `w-<10 hex of the run id>-<number>`: the same for every repeat of the same decision."""
    return f"w-{digest_of(run_id)}-{number}"


def digest_of(run_id: str) -> str:
    """Return the 10 hex digits by which the ids of a run's orders name it."""
    return hashlib.sha256(run_id.encode()).hexdigest()[:10]
