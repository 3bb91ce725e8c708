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
    return f"w-{hashlib.sha256(run_id.encode()).hexdigest()[:10]}-{number}"
