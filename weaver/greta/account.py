"""The run's money as the strategy sees it, in a replay."""

from collections.abc import Callable, Sequence

from weaver.greta.feed import Feed
from weaver.greta.matching import Order
from weaver.greta.revisions import place
from weaver.greta.venue import Venue
from weaver.marvin.view import Execution, Position, WorkingOrder
from weaver.orders import Side


class ReplayedAccount:
    """The run's money as the strategy sees it at the present step."""

    def __init__(self, feed: Feed, venue: Venue, step: Callable[[], int]) -> None:
        self._feed = feed
        self._index = {symbol: index for index, symbol in enumerate(feed.symbols)}
        self._venue = venue
        self._step = step

    @property
    def cash(self) -> float:
        return self._venue.book.cash

    def equity(self) -> float:
        return self._venue.book.equity(self._feed.marks(self._step()))

    def quantity(self, symbol: str) -> float:
        return self._venue.book.quantities[self._index[symbol]]

    def position(self, symbol: str) -> Position:
        index = self._index[symbol]
        return Position(self._venue.book.quantities[index], self._venue.book.average_price(index))

    def working_orders(self, symbol: str | None) -> tuple[WorkingOrder, ...]:
        return tuple(
            shown(order, self._feed.symbols[order.symbol])
            for order in listed(self._venue.working)
            if not order.status.is_final and (symbol is None or order.symbol == self._index[symbol])
        )

    def executions(self, symbol: str | None) -> tuple[Execution, ...]:
        return tuple(
            Execution(one.order_id, one.symbol, Side(one.side), one.quantity, one.price)
            for one in self._venue.executions(self._step())
            if symbol is None or one.symbol == symbol
        )


def listed(orders: Sequence[Order]) -> Sequence[Order]:
    """Return orders as a strategy sees them: in the order in which they were first wanted, whenever a venue got them."""
    return orders if len(orders) < 2 else sorted(orders, key=lambda order: place(order.id))


def shown(order: Order, symbol: str) -> WorkingOrder:
    """Return an order as the strategy sees it."""
    return WorkingOrder(
        id=order.id,
        symbol=symbol,
        side=order.side,
        order_type=order.order_type,
        quantity=order.quantity,
        filled_quantity=order.filled,
        limit=order.limit,
        stop=order.stop,
        time_in_force=order.time_in_force,
        role=order.role,
    )
