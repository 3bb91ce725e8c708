"""The terms of an order that takes another's place."""

from dataclasses import replace
from typing import Any

from .draft import TIMES_IN_FORCE, one_of
from .errors import broken, invalid
from .orders import Order, Terms
from .rules import check_price
from .wire import decimal_of, places

REPLACEABLE = frozenset({"new", "partially_filled", "held"})


def replacement_terms(order: Order, body: dict[str, Any]) -> Terms:
    """Return the old terms with the changes of PATCH /v2/orders/{id}; refuse what cannot be changed, or not now.

    `qty` is the new order's own quantity; where it is not named, that is what remains of the old order.
    """
    if order.is_terminal:
        raise broken(f'order is already in "{order.status}" state')
    if order.status not in REPLACEABLE:
        raise broken(f'cannot replace order in "{order.status}" state')
    if order.terms.notional is not None:
        raise broken("notional orders cannot be replaced")
    quantity = decimal_of("qty", body.get("qty"))
    if quantity is not None:
        assert order.quantity is not None
        if quantity <= 0:
            raise invalid("qty must be > 0")
        if quantity != order.quantity and not order.terms.asset.crypto and (places(order.quantity) or places(quantity)):
            raise broken("qty of fractional orders cannot be changed")
    changes: dict[str, Any] = {}
    for name in ("limit_price", "stop_price"):
        if (value := decimal_of(name, body.get(name))) is None:
            continue
        check_price(name, value, crypto=order.terms.asset.crypto)
        if getattr(order.terms, name) is None:
            raise broken(f"{name} cannot be set on a {order.terms.type} order")
        changes[name] = value
    if (trail := decimal_of("trail", body.get("trail"))) is not None:
        if order.terms.type != "trailing_stop":
            raise broken(f"trail cannot be set on a {order.terms.type} order")
        changes["trail_percent" if order.terms.trail_percent is not None else "trail_price"] = trail
    if body.get("time_in_force"):
        changes["time_in_force"] = one_of("time_in_force", str(body["time_in_force"]), TIMES_IN_FORCE)
    return replace(order.terms, quantity=order.remaining if quantity is None else quantity, **changes)
