"""Tells whether an order that a venue has is the one that was asked for."""

from weaver.broker import OrderReport
from weaver.orders import OrderRequest, OrderType, TimeInForce

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
