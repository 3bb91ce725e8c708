"""Tells whether an order that a venue has, or executions of it, are of the one that was asked for."""

from collections.abc import Sequence
from decimal import Decimal

from weaver.broker import Fill, OrderReport
from weaver.orders import OrderRequest, OrderType, Side, TimeInForce

_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


def differences(order: OrderRequest, report: OrderReport) -> str:
    """Return where the venue's order differs from the one that was asked for, as text for people; the same: empty.

    What a venue adds or moves by itself is no term: a trailing stop's stop price, `day` for a fractional equity order.
    """
    pairs: list[tuple[str, object, object]] = [
        ("symbol", order.symbol.replace("/", ""), report.symbol.replace("/", "")),
        ("side", order.side, report.side),
        ("type", order.order_type, report.order_type),
        ("limit price", order.limit_price, report.limit_price),
        ("trail", order.trail, report.trail),
        ("trail percent", order.trail_percent, report.trail_percent),
    ]
    if report.quantity is not None:
        pairs.append(("quantity", order.quantity, report.quantity))
    if order.order_type in _STOPS:
        pairs.append(("stop price", order.stop_price, report.stop_price))
    if not (report.time_in_force is TimeInForce.DAY and order.quantity % 1):
        pairs.append(("time in force", order.time_in_force, report.time_in_force))
    return ", ".join(f"{name} {theirs} instead of {ours}" for name, ours, theirs in pairs if ours != theirs)


def excesses(order: OrderRequest, fills: Sequence[Fill]) -> str:
    """Return what executions have that no execution of the order can have, as text for people; nothing: empty.

    All that executions tell of an order's terms: symbol, side, at most its quantity together, and none beyond its limit.
    """
    found = [
        f"symbol {fill.symbol} instead of {order.symbol}" for fill in fills if fill.symbol.replace("/", "") != order.symbol.replace("/", "")
    ]
    found += [f"side {fill.side} instead of {order.side}" for fill in fills if fill.side is not order.side]
    limit = order.limit_price
    if limit is not None:
        beyond = [fill.price for fill in fills if (fill.price > limit if order.side is Side.BUY else fill.price < limit)]
        found += [f"price {price} beyond the limit {limit}" for price in beyond]
    total = sum((fill.quantity for fill in fills), Decimal(0))
    if total > order.quantity:
        found.append(f"{total} filled of {order.quantity}")
    return ", ".join(dict.fromkeys(found))
