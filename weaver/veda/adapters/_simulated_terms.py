"""An order's terms, checked and made ready to meet bars."""

import hashlib
from decimal import Decimal

from weaver.errors import Refused
from weaver.greta.matching import Legs, Order
from weaver.greta.quantities import to_lots
from weaver.orders import OrderRequest, OrderType, Role, TimeInForce
from weaver.veda.adapters._simulated_matching import SHARE_LOTS, UNIT_LOTS


def exchange_order_id(account: str, client_order_id: str) -> str:
    """Return the exchange's own id of an order, which its sender's id decides."""
    return f"sim-{hashlib.sha256(f'{account} {client_order_id}'.encode()).hexdigest()[:20]}"


def order_of(request: OrderRequest, index: int, created_at: int, *, always: bool) -> Order:
    """Return the order of a symbol (its number `index`) that trades `always` or in sessions. Raises Refused for terms that make no
    sense. Fractions of a share are taken for the day only, as a backtest does."""
    quantity = float(request.quantity)
    lots = UNIT_LOTS if always else SHARE_LOTS
    if quantity <= 0 or to_lots(quantity, lots) / lots != quantity:
        raise Refused(f"quantity {request.quantity} is not a multiple of {1 / lots:g} above 0")
    order = Order(request.client_order_id, index, request.side.sign, OrderType(request.order_type), quantity, created_at)
    order.time_in_force = TimeInForce(request.time_in_force)
    if not always and not quantity.is_integer():
        order.time_in_force = TimeInForce.DAY
    order.limit, order.stop = _float(request.limit_price), _float(request.stop_price)
    order.trail, order.trail_percent = _float(request.trail), _float(request.trail_percent)
    _check_prices(order)
    order.reduce_only = request.reduce_only
    order.whole = not request.reduce_only
    if request.is_bracket:
        order.role = Role.ENTRY
        order.legs = Legs(_float(request.take_profit), _float(request.stop_loss), _float(request.stop_loss_limit))
    return order


def _check_prices(order: Order) -> None:
    limited = order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    stopped = order.order_type in (OrderType.STOP, OrderType.STOP_LIMIT)
    trailed = order.order_type is OrderType.TRAILING_STOP
    if limited != (order.limit is not None) or stopped != (order.stop is not None):
        raise Refused(f"a {order.order_type} order does not go with limit {order.limit} and stop {order.stop}")
    if trailed != ((order.trail is None) != (order.trail_percent is None)) or (not trailed and order.trail is not None):
        raise Refused(f"a {order.order_type} order does not go with trail {order.trail} and trail_percent {order.trail_percent}")
    if any(price is not None and price <= 0 for price in (order.limit, order.stop, order.trail, order.trail_percent)):
        raise Refused("prices must be above 0")


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
