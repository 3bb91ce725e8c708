"""What a desk did with a strategy's intents, in the words of a venue's orders: new ones, cancellations, amendments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from weaver.greta.matching import Order
from weaver.greta.moment import Moment
from weaver.greta.quantities import exact, tidy
from weaver.greta.revisions import predecessor
from weaver.orders import OrderRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order to be sent. `is_exit`: it reduces the run's own position; `price` is the close it was sized at; `weighted`: a newer
    target weight on its symbol cancels it. `lot`: its size was money, which may not suffice, so it may be made smaller in such steps;
    None for a size in units."""

    request: OrderRequest
    is_exit: bool
    price: Decimal
    weighted: bool
    lot: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTerms:
    """New terms of a working order; what is None stays. `quantity` is the whole order's, fills included."""

    order_id: str
    quantity: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is wanted: `orders` exits first, then in the order they were wanted; `cancels` the ids of working orders; `rejected`
    what makes no order at all, id → reason."""

    orders: list[NewOrder]
    cancels: list[str]
    amendments: list[NewTerms]
    rejected: dict[str, str]


def wishes(
    working: Sequence[Order],
    finished: Sequence[tuple[Order, str | None]],
    before: Mapping[str, Order],
    quantities: Sequence[float],
    moment: Moment,
    prefix: str,
    lots_per_unit: Sequence[int],
) -> Wishes:
    """Return what follows from a desk's work: `working` after it, `finished` during it with the reason, `before` it by id.

    New orders' ids have no `prefix` yet; replacements, `<id>.r<n>`, have it with the id that they replace.
    """
    orders: list[NewOrder] = []
    amendments: list[NewTerms] = []
    replaced: set[str] = set()
    for order in working:
        if order.id in before:
            continue
        original = _original(order, before)
        if original is None:
            orders.append(_new_order(order, quantities, moment, prefix, lots_per_unit[order.symbol]))
        else:
            replaced.add(original.id)
            amendments.append(_new_terms(original, order))
    orders.sort(key=lambda order: not order.is_exit)
    return Wishes(
        orders=orders,
        cancels=[order.id for order, _ in finished if order.id in before and order.id not in replaced],
        amendments=amendments,
        rejected={
            _full(order, prefix): reason or "cancelled by the decision that wanted it"
            for order, reason in finished
            if order.id not in before
        },
    )


def _original(order: Order, before: Mapping[str, Order]) -> Order | None:
    """Return the working order that this one replaces, by way of others maybe."""
    order_id = predecessor(order.id)
    while order_id is not None:
        if order_id in before:
            return before[order_id]
        order_id = predecessor(order_id)
    return None


def _full(order: Order, prefix: str) -> str:
    return order.id if order.id.startswith(prefix) else prefix + order.id


def _new_order(order: Order, quantities: Sequence[float], moment: Moment, prefix: str, lots_per_unit: int) -> NewOrder:
    legs = order.legs
    request = OrderRequest(
        client_order_id=_full(order, prefix),
        symbol=moment.symbols[order.symbol],
        side=order.side,
        order_type=order.order_type,
        quantity=exact(order.quantity),
        limit_price=_price(order.limit),
        stop_price=_price(order.stop),
        trail=_price(order.trail),
        trail_percent=_price(order.trail_percent),
        time_in_force=order.time_in_force,
        take_profit=_price(legs.take_profit) if legs else None,
        stop_loss=_price(legs.stop_loss) if legs else None,
        stop_loss_limit=_price(legs.stop_limit) if legs else None,
        reduce_only=order.reduce_only,
    )
    return NewOrder(
        request=request,
        is_exit=quantities[order.symbol] * order.sign < 0,
        price=exact(moment.marks[order.symbol]),
        weighted=order.weighted,
        lot=None if order.whole or order.reduce_only else 1 / Decimal(lots_per_unit),
    )


def _new_terms(original: Order, order: Order) -> NewTerms:
    total = tidy(order.quantity + original.filled)
    return NewTerms(
        order_id=original.id,
        quantity=None if total == original.quantity else exact(total),
        limit_price=None if order.limit == original.limit else _price(order.limit),
        stop_price=None if order.stop == original.stop else _price(order.stop),
    )


def _price(price: float | None) -> Decimal | None:
    return None if price is None else exact(price)
