"""A run's orders and fills, found by the decision that made them."""

from collections import defaultdict
from collections.abc import Sequence

from weaver.walle.trading_model import DecisionRecord, FillRecord, OrderRecord


class Made:
    """A run's orders and fills, by the decision that made them."""

    def __init__(self, orders: Sequence[OrderRecord], fills: Sequence[FillRecord]) -> None:
        self._family: dict[str, list[OrderRecord]] = defaultdict(list)
        roots: dict[str, str] = {}
        for order in orders:  # oldest first, so that a parent comes before its legs and its remainder
            root = roots[order.id] = roots.get(order.parent_id or "", order.parent_id or order.id)
            self._family[root].append(order)
        self._fills: dict[str, list[FillRecord]] = defaultdict(list)
        for fill in fills:
            self._fills[fill.order_id].append(fill)

    def orders(self, decision: DecisionRecord) -> list[OrderRecord]:
        """Return the orders of a decision, each followed by its legs and its remainder."""
        return [order for order_id in decision.orders for order in self._family[order_id]]

    def fills(self, decision: DecisionRecord) -> list[FillRecord]:
        return [fill for order in self.orders(decision) for fill in self._fills[order.id]]

    def of_order(self, order: OrderRecord) -> list[FillRecord]:
        return self._fills[order.id]
