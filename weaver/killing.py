"""The kill switch of an account: refuse new orders, cancel what works, close what is held. Needs no workflow and no worker.

It may be worked by several at once, and again by whoever lost its answer: cancelling twice does no harm, and a closing order's
id follows from when the switch was put on, the symbol, and how many closing orders of it came to their end before.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from weaver.broker import Holding, OrderReport
from weaver.errors import NotFound, Refused, TermsDiffer, Unknown
from weaver.orders import OrderRequest, OrderStatus, OrderType, Side, TimeInForce, base36
from weaver.venue import Venue
from weaver.walle.orders import KILLED
from weaver.walle.queries import MOST_ON_A_PAGE
from weaver.walle.trading_model import OrderChange, OrderRecord, Wanted

EMPTY_TWICE = 2
PAUSE_SECONDS = 0.5
"""Between two looks at what still works."""
SURELY_ARRIVED = timedelta(seconds=30)
"""So long after the switch was put on, an order that the venue does not know was not taken: none is sent once it is on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedOff:
    """What was done. `cancelled` are the ids of orders whose cancellation was asked for, `closing` those of closing orders."""

    killed_at: datetime
    cancelled: tuple[str, ...]
    closing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What the venue still has: the ids of open orders, whoever placed them, and the units held by symbol."""

    orders: tuple[str, ...]
    positions: dict[str, Decimal]


async def switch_off(venue: Venue, *, reason: str, flatten: bool, at: datetime | None = None) -> SwitchedOff:
    """Put the switch on, cancel until two successive lists are empty and nothing is on its way; with `flatten`, send an order for
    every position that closes it.

    Ends only when that is done: bound it from outside. Raises Unavailable when the venue or the database does not answer; call again.
    """
    killed = await asyncio.to_thread(venue.accounts.kill, venue.account, reason, at or await venue.now())
    killed_at = killed.killed_at or await venue.now()
    kept = closing_prefix(killed_at) if flatten else None
    cancelled = await _cancel_all(venue, killed_at, kept)
    closing = await _close_all(venue, killed_at) if flatten else []
    return SwitchedOff(killed_at=killed_at, cancelled=tuple(cancelled), closing=tuple(closing))


def closing_prefix(killed_at: datetime) -> str:
    """Return what the ids of the orders begin with that close positions under a switch put on at `killed_at`."""
    return f"k-{base36(int(killed_at.timestamp()))}-"


async def what_is_left(venue: Venue) -> Left:
    """Ask the venue what it still has."""
    exchange = await venue.exchange()
    orders = [one for report in await exchange.open_orders() for one in _to_cancel(report)]
    positions = {one.symbol: one.quantity for one in await exchange.positions() if one.quantity}
    return Left(orders=tuple(order.client_order_id for order in orders), positions=positions)


async def until_closed(venue: Venue, order_ids: Sequence[str]) -> None:
    """Book what becomes of closing orders until all are final. Bound it from outside: a closed market fills none."""
    while True:
        orders = [await asyncio.to_thread(venue.orders.order, order_id) for order_id in order_ids]
        open_orders = [order for order in orders if not order.status.is_final]
        if not open_orders:
            return
        for order in open_orders:
            report = await venue.find(order.id, order.exchange_order_id)
            if report is not None:
                await venue.take(report)
        await asyncio.sleep(PAUSE_SECONDS)


async def _cancel_all(venue: Venue, killed_at: datetime, kept: str | None) -> list[str]:
    """Cancel all but orders whose ids begin with `kept`; return the ids of the others."""
    exchange = await venue.exchange()
    cancelled: dict[str, None] = {}
    empty = 0
    while empty < EMPTY_TWICE:
        listed = [one for report in await exchange.open_orders() for one in _to_cancel(report)]
        reports = [one for one in listed if kept is None or not one.client_order_id.startswith(kept)]
        for report in reports:
            with suppress(NotFound, Refused, Unknown):  # whatever came of it, the next list tells
                await exchange.cancel(report.exchange_order_id)
            cancelled[report.client_order_id] = None
        on_their_way = await _called_off(venue, killed_at, kept)
        empty = 0 if reports or on_their_way else empty + 1
        if empty < EMPTY_TWICE:
            await asyncio.sleep(PAUSE_SECONDS)
    return list(cancelled)


def _to_cancel(report: OrderReport) -> list[OrderReport]:
    """Return the order while it is open, since its legs go with it, else its open legs."""
    if not report.status.is_final:
        return [report]
    return [leg for leg in report.legs if not leg.status.is_final]


async def _called_off(venue: Venue, killed_at: datetime, kept: str | None) -> bool:
    """Book what became of the orders that are open on record; tell whether some may still be on their way to the venue."""
    on_their_way = False
    changes: list[OrderChange] = []
    for order in await asyncio.to_thread(venue.queries.working, venue.account):
        if kept is not None and order.id.startswith(kept):
            continue
        if order.status is OrderStatus.PENDING:
            with suppress(ValueError):  # it was sent after all, between the list and now
                changes += await asyncio.to_thread(venue.orders.reject, order.id, reason=KILLED, at=await venue.now())
            continue
        report = await venue.find(order.id, order.exchange_order_id)
        if report is not None:
            changes += await venue.take(report)
        elif await venue.now() - killed_at < SURELY_ARRIVED:
            on_their_way = True
    if changes:
        await venue.tell(changes)
    return on_their_way


async def _close_all(venue: Venue, killed_at: datetime) -> list[str]:
    """Sell what is held and buy back what is short; return the ids of the orders for it."""
    exchange = await venue.exchange()
    prefix = closing_prefix(killed_at)
    # Read before the holdings: what an order that is final here has closed is then no longer among them.
    earlier = await asyncio.to_thread(venue.queries.orders, account=venue.account, q=prefix, page_size=MOST_ON_A_PAGE)
    ids: list[str] = []
    for holding in await exchange.positions():
        if holding.quantity == 0:
            continue
        before = [order for order in earlier.items if order.id.startswith(prefix) and order.symbol == holding.symbol]
        order = next((order for order in before if not order.status.is_final), None)
        if order is None and holding.available != 0:
            order = await _on_record(venue, _closing_order(holding, prefix, len(before) + 1), killed_at)
        if order is not None:
            ids.append(order.id)
            if order.exchange_order_id is None:
                await _send(venue, order)
    return ids


async def _on_record(venue: Venue, order: OrderRequest, at: datetime) -> OrderRecord:
    """Put an order on record, or return the one that somebody else has put there under its id."""
    try:
        return await asyncio.to_thread(venue.orders.insist, Wanted(request=order, account=venue.account, run_id=None, price=None), at=at)
    except TermsDiffer:
        return await asyncio.to_thread(venue.orders.order, order.client_order_id)


async def _send(venue: Venue, order: OrderRecord) -> None:
    exchange = await venue.exchange()
    try:
        await venue.take(await exchange.submit(order.request))
    except Refused as refusal:
        await asyncio.to_thread(venue.orders.reject, order.id, reason=refusal.reason, at=await venue.now())
    except Unknown as problem:
        await asyncio.to_thread(venue.orders.doubt, order.id, reason=str(problem), at=await venue.now())


def _closing_order(holding: Holding, prefix: str, attempt: int) -> OrderRequest:
    symbol = hashlib.sha256(holding.symbol.encode()).hexdigest()[:8]  # a symbol may hold what an id must not
    return OrderRequest(
        client_order_id=f"{prefix}{symbol}-{attempt}",
        symbol=holding.symbol,
        side=Side.SELL if holding.quantity > 0 else Side.BUY,
        order_type=OrderType.MARKET,
        quantity=abs(holding.available),
        time_in_force=TimeInForce.GTC if "/" in holding.symbol else TimeInForce.DAY,
        reduce_only=True,
    )
