"""Whether an order meets a price, and at what price it fills."""

from dataclasses import dataclass
from decimal import Decimal

from .orders import Order
from .wire import floored


@dataclass(frozen=True, slots=True, kw_only=True)
class FillMode:
    """How an order that meets the price is filled: `parts` executions, each after `delay` real seconds.

    `stop_after` lets only that many parts happen: 0 never fills, 1 of 4 parts leaves the order partially filled.
    """

    delay: float = 0
    parts: int = 1
    stop_after: int | None = None

    def stops(self, parts_done: int) -> bool:
        """Tell whether an order with that many executions gets no more."""
        return self.stop_after is not None and parts_done >= self.stop_after


AT_ONCE = FillMode()
NEVER = FillMode(stop_after=0)


def elect(order: Order, price: Decimal) -> None:
    """Move a trailing stop after `price`, and note when a stop is reached."""
    buying = order.terms.side == "buy"
    if order.terms.type == "trailing_stop" and not order.elected:
        mark = order.high_water_mark
        order.high_water_mark = price if mark is None else (min(mark, price) if buying else max(mark, price))
        distance = order.terms.trail_price
        if distance is None:
            assert order.terms.trail_percent is not None
            distance = order.high_water_mark * order.terms.trail_percent / 100
        order.stop_price = floored(order.high_water_mark + (distance if buying else -distance), 4)
    if order.stop_price is not None and not order.elected:
        order.elected = price >= order.stop_price if buying else price <= order.stop_price


def execution_price(order: Order, price: Decimal) -> Decimal | None:
    """Return the price at which `order` fills when the market is at `price`, or None.

    A limit that is reached on arrival fills at the market; one that waited fills at its limit.
    """
    if order.terms.type in ("stop", "stop_limit", "trailing_stop") and not order.elected:
        return None
    limit = order.terms.limit_price
    if limit is None:
        return price
    reached = price <= limit if order.terms.side == "buy" else price >= limit
    if not reached:
        return None
    return limit if order.resting and order.terms.type == "limit" else price


def target_quantity(order: Order, price: Decimal) -> Decimal:
    """Return what the order wants in all; a notional order as much as `price` gives, cut to nine decimals."""
    if order.quantity is not None:
        return order.quantity
    assert order.terms.notional is not None
    return floored(order.terms.notional / price, 9)


def part_quantity(order: Order, mode: FillMode, target: Decimal) -> Decimal:
    """Return the size of the next part: equal parts, whole shares where the order is whole, the last takes the rest."""
    remaining = target - order.filled_quantity
    if order.parts_done + 1 >= mode.parts or order.terms.time_in_force == "fok":
        return remaining
    whole = not order.terms.asset.crypto and target == target.to_integral_value()
    size = floored(target / mode.parts, 0 if whole else 9)
    return min(size, remaining) if size > 0 else remaining
