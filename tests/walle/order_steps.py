"""What happened to an order, step by step."""

from weaver.walle.orders import Orders
from weaver.walle.trading_model import OrderChange


def told(changes: list[OrderChange]) -> list[str]:
    return [change.event.removeprefix("orders.") for change in changes]


def history(orders: Orders, order_id: str = "o-1") -> list[str]:
    changes = orders.changes(order_id)
    assert [change.number for change in changes] == list(range(1, len(changes) + 1))
    return told(changes)
