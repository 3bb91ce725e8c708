"""Whether and where an order trades within one bar. Prices only; who can pay is the book's affair."""

from dataclasses import asdict, dataclass
from typing import Any

from weaver.greta.quantities import tidy
from weaver.orders import OrderStatus, OrderType, Role, Side, TimeInForce


@dataclass(slots=True)
class Legs:
    """The prices of the exits that a bracket's entry brings to life."""

    take_profit: float | None
    stop_loss: float | None
    stop_limit: float | None


@dataclass(slots=True)
class Order:
    """A working order. Quantities are positive; `created_at` is the end of the bar it was decided on.

    `whole` orders are refused when they cannot be paid, others are reduced to what can be; `reduce_only` ones never
    open a position. `extreme` is the best price since a trailing stop was placed, `session` that of the first bar on
    which a day order could fill; `done` says that the status is final, `closed_at` since when: the start of the bar that
    ended it, or the end of the bar at which the strategy did.
    """

    id: str
    symbol: int
    sign: int
    order_type: OrderType
    quantity: float
    created_at: int
    limit: float | None = None
    stop: float | None = None
    trail: float | None = None
    trail_percent: float | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    role: Role | None = None
    parent: str | None = None
    legs: Legs | None = None
    whole: bool = True
    reduce_only: bool = False
    weighted: bool = False
    filled: float = 0.0
    notional: float = 0.0
    commission: float = 0.0
    triggered: bool = False
    extreme: float | None = None
    session: int | None = None
    status: OrderStatus = OrderStatus.ACCEPTED
    reason: str | None = None
    done: bool = False
    closed_at: int | None = None

    @property
    def side(self) -> Side:
        return Side.BUY if self.sign > 0 else Side.SELL

    @property
    def remaining(self) -> float:
        return tidy(self.quantity - self.filled)

    @property
    def is_immediate(self) -> bool:
        return self.time_in_force is TimeInForce.IOC or self.time_in_force is TimeInForce.FOK

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(fields: dict[str, Any]) -> "Order":
        order = Order(**fields)
        order.order_type = OrderType(order.order_type)
        order.time_in_force = TimeInForce(order.time_in_force)
        order.role = None if order.role is None else Role(order.role)
        order.status = OrderStatus(order.status)
        order.legs = None if order.legs is None else Legs(**fields["legs"])
        return order


@dataclass(slots=True)
class Prices:
    """The bar an order meets. `open` is where trading begins for the order: the bar's open, or, for an order born
    inside the bar, the price at its birth."""

    open: float
    high: float
    low: float
    volume: float


@dataclass(slots=True)
class Touch:
    """Where an order would trade, before slippage. `at_open`: at the first price of the bar, so that the whole bar
    follows. `limit` is the price that slippage may not pass."""

    price: float
    at_open: bool
    limit: float | None


def stop_price(order: Order) -> float | None:
    """Return the price that triggers the order, that of a trailing stop following its extreme."""
    if order.order_type is OrderType.TRAILING_STOP and order.extreme is not None:
        distance = order.trail if order.trail is not None else order.extreme * (order.trail_percent or 0) / 100
        return order.extreme + order.sign * distance
    return order.stop


def follow(order: Order, high: float, low: float) -> None:
    """Let a trailing stop follow a completed bar."""
    if order.order_type is OrderType.TRAILING_STOP and order.extreme is not None:
        order.extreme = max(order.extreme, high) if order.sign < 0 else min(order.extreme, low)


def touch(order: Order, bar: Prices) -> Touch | None:
    """Return where the order trades in the bar, or None; a stop-limit may be triggered without trading."""
    if order.order_type is OrderType.MARKET:
        return Touch(bar.open, True, None)
    if order.order_type is OrderType.LIMIT or order.triggered:
        return _touch_limit(order, bar)
    stop = stop_price(order)
    if stop is None:
        raise ValueError(f"order {order.id} has no stop price")
    reached = bar.high >= stop if order.sign > 0 else bar.low <= stop
    if not reached:
        return None
    at_open = bar.open >= stop if order.sign > 0 else bar.open <= stop
    price = bar.open if at_open else stop
    if order.order_type is not OrderType.STOP_LIMIT:
        return Touch(price, at_open, None)
    order.triggered = True
    if at_open:
        return _touch_limit(order, bar)
    # Triggered inside the bar: it trades at the trigger when the limit allows that price. What the bar did after
    # the trigger is not known, so a limit beyond the trigger waits for the next bar.
    limit = order.limit if order.limit is not None else price
    allowed = price <= limit if order.sign > 0 else price >= limit
    return Touch(price, False, limit) if allowed else None


def _touch_limit(order: Order, bar: Prices) -> Touch | None:
    limit = order.limit
    if limit is None:
        raise ValueError(f"order {order.id} has no limit price")
    if order.sign > 0:
        if bar.low > limit:
            return None
        return Touch(min(bar.open, limit), bar.open <= limit, limit)
    if bar.high < limit:
        return None
    return Touch(max(bar.open, limit), bar.open >= limit, limit)


def reaches_stop(order: Order, bar: Prices) -> bool:
    """Tell whether the bar reaches a stop order's price, without changing the order."""
    if order.triggered:
        return _touch_limit(order, bar) is not None
    stop = stop_price(order)
    if stop is None:
        return False
    return bar.high >= stop if order.sign > 0 else bar.low <= stop
