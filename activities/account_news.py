"""Asks an account's venue at a bar's end what became of its orders and its money: once for all runs of a process."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from weaver.broker import Fill, OrderReport
from weaver.errors import NotFound
from weaver.orders import OrderStatus
from weaver.venue import Venue
from weaver.walle.trading_model import OrderRecord

_OVERLAP = timedelta(minutes=5)
"""Executions are asked for from this long before the last that were seen: a venue lists some late."""
_KEPT = 4  # bar ends whose news are not asked for again


class AccountNews:
    """The news of one account. Call it on one event loop only."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._asked: dict[tuple[str, datetime], asyncio.Task[None]] = {}

    async def orders(self, end: datetime) -> None:
        """Have what the venue knows of the account's working orders booked, and their workflows told.

        Raises Unavailable when the venue or the database does not answer; the next call asks again.
        """
        await self._once("orders", end)

    async def money(self, end: datetime) -> None:
        """Have the account's money on record as it is now. Raises as `orders` does."""
        await self._once("money", end)

    async def _once(self, what: str, end: datetime) -> None:
        key = (what, end)
        task = self._asked.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._asked[key] = asyncio.create_task(self._book_orders() if what == "orders" else self._note_money())
            for old in sorted((known for known in self._asked if known[0] == what), key=lambda known: known[1])[:-_KEPT]:
                if self._asked[old].done():
                    del self._asked[old]
        await asyncio.shield(task)  # the others wait for it too when this one is cancelled

    async def _note_money(self) -> None:
        venue = self._venue
        exchange = await venue.exchange()
        asked = await venue.now()
        funds = await exchange.account()
        await asyncio.to_thread(venue.accounts.snapshot, venue.account, funds, session=asked.date().isoformat(), at=asked)

    async def _book_orders(self) -> None:
        venue = self._venue
        exchange = await venue.exchange()
        # Listed before the venue is asked: an order sent meanwhile is not taken for one that the venue has lost.
        working = await asyncio.to_thread(venue.queries.working, venue.account)
        sent = {order.exchange_order_id or order.id: order for order in working if order.status is not OrderStatus.PENDING}
        open_now = await exchange.open_orders()
        listed = {key for report in open_now for one in (report, *report.legs) for key in (one.exchange_order_id, one.client_order_id)}
        reports = [report for report in open_now if _is_news(report, sent)]
        for order in sent.values():
            if order.exchange_order_id not in listed and order.id not in listed:
                found = await venue.find(order.id, order.exchange_order_id)
                reports += [] if found is None else [found]
        if not reports:
            return
        changes = await venue.take_all(reports, await self._fills(reports, working))
        if changes:
            await venue.tell(changes)

    async def _fills(self, reports: Sequence[OrderReport], working: Sequence[OrderRecord]) -> list[Fill]:
        """Return the newest executions, when any of the reports counts one."""
        if not any(one.filled_quantity for report in reports for one in (report, *report.legs)):
            return []
        try:
            seen = (await asyncio.to_thread(self._venue.accounts.account, self._venue.account)).fills_seen_until
        except NotFound:
            seen = None
        oldest = min(order.created_at for order in working)
        exchange = await self._venue.exchange()
        return await exchange.fills_since((seen or oldest) - _OVERLAP)


def _is_news(report: OrderReport, sent: Mapping[str, OrderRecord]) -> bool:
    """Tell whether the venue says of an order of ours, or of a leg of it, anything that is not on record."""
    known = sent.get(report.exchange_order_id) or sent.get(report.client_order_id)
    if known is None:
        # Not ours, or final here; a bracket whose entry is final is of interest for its legs.
        return any(_is_news(leg, sent) for leg in report.legs)
    differs = report.status is not known.status or report.filled_quantity != known.filled_quantity or known.exchange_order_id is None
    return differs or any(_is_new(leg, sent) or _is_news(leg, sent) for leg in report.legs)


def _is_new(leg: OrderReport, sent: Mapping[str, OrderRecord]) -> bool:
    return not leg.status.is_final and leg.exchange_order_id not in sent
