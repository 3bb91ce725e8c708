"""One account's venue as those who order use it: connected when needed, what it says booked, the orders' workflows told."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from weaver.broker import Fill, OrderReport
from weaver.errors import NotFound, Refused, Unavailable
from weaver.fees_in_kind import FeesInKind
from weaver.veda.exchange import CRYPTO_FEE_IN_KIND, Clock, Exchange
from weaver.walle.accounts import Accounts
from weaver.walle.known_orders import KnownOrders
from weaver.walle.orders import Orders
from weaver.walle.recovering import LostOrders
from weaver.walle.trading_model import OrderChange
from weaver.walle.trading_queries import TradingQueries

logger = logging.getLogger(__name__)

Tell = Callable[[Sequence[OrderChange]], Awaitable[None]]
"""Tells the workflows of orders what changed."""

_EXECUTIONS_LATE = (0.2, 0.5, 1.0)
"""Seconds between two looks for executions that an order's report counts and the venue does not list yet."""
_BEFORE = timedelta(seconds=5)
"""How far before an order's submission its executions are looked for: clocks differ."""


class Venue:
    """One account at its venue. One for each account of a process."""

    def __init__(
        self,
        account: str,
        *,
        make: Callable[[], Exchange],
        clock: Clock,
        orders: Orders,
        accounts: Accounts,
        queries: TradingQueries,
        known: KnownOrders,
        tell: Tell,
        lost: LostOrders | None = None,
    ) -> None:
        self.account = account
        self.lost = lost
        self.clock = clock
        self.orders = orders
        self.accounts = accounts
        self.queries = queries
        self.known = known
        self.tell = tell
        self._make = make
        self._exchange: Exchange | None = None
        self._connecting = asyncio.Lock()
        self._fees = FeesInKind(account, clock=clock, orders=orders, accounts=accounts, queries=queries, known=known)
        self._measuring = asyncio.Lock()  # a fee is measured by the position: nothing may be booked in between

    async def exchange(self) -> Exchange:
        """Return the connected exchange. Raises Unavailable when it cannot be connected now, also for keys or an account that the
        venue refuses: that is for a person to put right, and no order's fault."""
        async with self._connecting:
            if self._exchange is None:
                exchange = self._make()
                try:
                    await exchange.connect()
                except Refused as refusal:
                    await exchange.disconnect()
                    raise Unavailable(f"{self.account} cannot be traded now: {refusal.reason}") from refusal
                self._exchange = exchange
            return self._exchange

    async def disconnect(self) -> None:
        """Let the connection go; the next use makes a new one."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await exchange.disconnect()

    async def take(self, report: OrderReport, fills: Sequence[Fill] = ()) -> list[OrderChange]:
        """Book what the venue says of an order and its legs, with the executions that it counts; return what is new.

        Executions that the report counts and nobody brought are asked for, so that no order is filled without them.
        """
        missing = await self._missing(report, fills)
        async with self._booking_alone([*fills, *missing]) as exchange:
            brought, others = await self._fees.measured(exchange, [*fills, *missing])
            now = await self.clock.now()
            changes = await asyncio.to_thread(self.orders.report, self.account, report, brought, at=now)
            of_others = await asyncio.to_thread(self.orders.book, self.account, others, at=now) if others else []
        if of_others:  # who asked for this order tells nobody else
            await self.tell(of_others)
        if report.replaced_by:
            exchange = await self.exchange()
            following = await exchange.order(report.replaced_by)
            changes += await self.take(replace(following, client_order_id=report.client_order_id))
        return changes

    async def take_all(self, reports: Sequence[OrderReport], fills: Sequence[Fill] = ()) -> list[OrderChange]:
        """Book several orders, each with its own executions."""
        changes: list[OrderChange] = []
        for report in reports:
            ids = {one.exchange_order_id for one in (report, *report.legs)}
            changes += await self.take(report, [fill for fill in fills if fill.exchange_order_id in ids])
        return changes

    async def book(self, fills: Sequence[Fill]) -> list[OrderChange]:
        """Book executions that came without word of their orders."""
        async with self._booking_alone(fills) as exchange:
            brought, others = await self._fees.measured(exchange, fills)
            return await asyncio.to_thread(self.orders.book, self.account, [*brought, *others], at=await self.clock.now())

    async def settle_fees(self) -> bool:
        """Book fees taken in kind that could not be measured when the purchases were booked; tell whether there were any."""
        async with self._booking_alone(None) as exchange:
            return await self._fees.settle(exchange)

    @asynccontextmanager
    async def _booking_alone(self, fills: Sequence[Fill] | None) -> AsyncGenerator[Exchange]:
        """Give the exchange while nobody else books for this account: in this process, and where it takes fees in kind, in none.

        Without fills nothing is booked that would change what a fee is measured by.
        """
        async with self._measuring:
            exchange = await self.exchange()
            if fills == [] or not exchange.supports(CRYPTO_FEE_IN_KIND):
                yield exchange
                return
            lock = self.accounts.booking_alone(self.account)
            entering = asyncio.ensure_future(asyncio.to_thread(lock.__enter__))
            try:
                await asyncio.shield(entering)
            except asyncio.CancelledError:  # the thread goes on and would keep the lock
                await entering
                await asyncio.to_thread(lock.__exit__, None, None, None)
                raise
            try:
                yield exchange
            finally:
                await asyncio.shield(asyncio.to_thread(lock.__exit__, None, None, None))

    async def _missing(self, report: OrderReport, fills: Sequence[Fill]) -> list[Fill]:
        """Return the executions that the report and its legs count, less those booked or brought."""
        lacking = [one for one in (report, *report.legs) if one.filled_quantity > 0 and await self._lacks(one, fills)]
        if not lacking:
            return []
        exchange = await self.exchange()
        ids = {one.exchange_order_id for one in lacking}
        since = min((one.submitted_at for one in (report, *lacking) if one.submitted_at), default=await self.clock.now()) - _BEFORE
        found: list[Fill] = []
        for pause in (*_EXECUTIONS_LATE, None):
            found = [fill for fill in await exchange.fills_since(since) if fill.exchange_order_id in ids]
            still = [one for one in lacking if await self._lacks(one, [*fills, *found])]
            if not still:
                return found
            if pause is not None:
                await asyncio.sleep(pause)
        logger.warning("%s: executions of %s are not listed yet; the next reconciliation books them", self.account, report.client_order_id)
        return found

    async def _lacks(self, report: OrderReport, brought: Sequence[Fill]) -> bool:
        return await asyncio.to_thread(self.known.lacks_executions, self.account, report, brought)

    async def find(self, order_id: str, exchange_order_id: str | None) -> OrderReport | None:
        """Return the order as the venue has it, None when it does not know it."""
        exchange = await self.exchange()
        if exchange_order_id is None:
            return await exchange.find(order_id)
        try:
            return await exchange.order(exchange_order_id)
        except NotFound:
            return None

    async def now(self) -> datetime:
        """Return the venue's clock's time."""
        return await self.clock.now()
