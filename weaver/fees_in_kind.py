"""Finds what a venue keeps of purchases for its fee, for one account: before they are booked, and where that failed, afterwards."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from weaver.broker import Fill
from weaver.orders import Side
from weaver.received import missing, with_received
from weaver.veda.exchange import CRYPTO_FEE_IN_KIND, Clock, Exchange
from weaver.walle.accounts import Accounts
from weaver.walle.known_orders import KnownOrders
from weaver.walle.orders import Orders
from weaver.walle.trading_queries import TradingQueries

_PAUSES = (0.2, 0.5)
"""Seconds between two looks, while the venue's position and its list of executions do not fit."""
_BEFORE = timedelta(minutes=1)
"""How far before the executions at hand others are looked for that the position may already count."""
_SETTLED_WITHIN = timedelta(days=3)
"""A purchase is settled later only this long: what goes missing after that is no fee. Alpaca books fees by the end of the day."""


class FeesInKind:
    """What was received of purchases. Nothing may be booked between a measurement and the booking of what it returns."""

    def __init__(
        self, account: str, *, clock: Clock, orders: Orders, accounts: Accounts, queries: TradingQueries, known: KnownOrders
    ) -> None:
        self._account = account
        self._clock = clock
        self._orders = orders
        self._accounts = accounts
        self._queries = queries
        self._known = known

    async def measured(self, exchange: Exchange, fills: Sequence[Fill]) -> tuple[list[Fill], list[Fill]]:
        """Return the fills with what reached the account; and executions of our other orders that the position counts as well, which
        must be booked with them.

        The position is one number: a fee can be told from it only when all that it counts is known. While it does not fit, executions
        that nobody brought yet are asked for; if it never does, the fills stay as they are, and `settle` has another look.
        """
        given = list(fills)
        if not exchange.supports(CRYPTO_FEE_IN_KIND) or not any(_is_purchase(fill) for fill in given):
            return given, []
        new = await asyncio.to_thread(self._known.unbooked, self._account, given)
        if not any(_is_purchase(fill) for fill in new):
            return given, []
        brought = {fill.execution_id for fill in new}
        since = min(fill.time for fill in new) - _BEFORE
        found, fits = await self._fitted(exchange, new)
        for pause in _PAUSES:
            if fits:
                break
            listed = await asyncio.to_thread(self._known.unbooked, self._account, await exchange.fills_since(since))
            have = {fill.execution_id for fill in new}
            unseen = [fill for fill in listed if fill.execution_id not in have]
            new += unseen
            if not unseen:
                await asyncio.sleep(pause)  # the venue lists it in a moment
            found, fits = await self._fitted(exchange, new)
        corrected = {fill.execution_id: fill for fill in found}
        others = [fill for fill in found if fill.execution_id not in brought]
        return [corrected.get(fill.execution_id, fill) for fill in given], others

    async def _fitted(self, exchange: Exchange, new: Sequence[Fill]) -> tuple[list[Fill], bool]:
        """Return the fills with what was received, and whether nothing is left to explain.

        A difference that was on record before is not of these fills: a person may hold the same coin by other means.
        """
        theirs = await _held(exchange)
        positions = await asyncio.to_thread(self._queries.positions, self._account)
        ours = {position.symbol: position.quantity for position in positions}
        found = with_received(new, ours=ours, theirs=theirs)
        left = missing(found, ours=ours, theirs=theirs)
        if not left:
            return found, True
        record = await asyncio.to_thread(self._accounts.account, self._account)
        for one in record.drift:
            if one.kind == "position" and one.symbol in left:
                ours[one.symbol] = ours.get(one.symbol, Decimal(0)) + Decimal(one.theirs) - Decimal(one.ours)
        found = with_received(found, ours=ours, theirs=theirs)
        return found, not left.keys() & missing(found, ours=ours, theirs=theirs).keys()

    async def settle(self, exchange: Exchange) -> bool:
        """Book what was kept of purchases that were booked as told, where the venue now holds that much less; tell whether it did.

        Only while no execution is waiting to be booked, and only as much as can be a fee of the purchases of the last days.
        """
        if not exchange.supports(CRYPTO_FEE_IN_KIND):
            return False
        now = await self._clock.now()
        positions = await asyncio.to_thread(self._queries.positions, self._account)
        unmeasured = await asyncio.to_thread(self._known.unmeasured, self._account, now - _SETTLED_WITHIN)
        before = {position.symbol: position.quantity for position in positions}
        for fill in unmeasured:
            before[fill.symbol] = before.get(fill.symbol, Decimal(0)) - fill.quantity
        theirs = await _held(exchange)
        waiting = await asyncio.to_thread(self._known.unbooked, self._account, await exchange.fills_since(now - _BEFORE))
        busy = {fill.symbol for fill in waiting}
        found = with_received([fill for fill in unmeasured if fill.symbol not in busy], ours=before, theirs=theirs)
        received = {fill.execution_id: fill.received for fill in found if fill.received is not None}
        if received:
            await asyncio.to_thread(self._orders.settle, self._account, received)
        return bool(received)


def _is_purchase(fill: Fill) -> bool:
    return "/" in fill.symbol and fill.side is Side.BUY


async def _held(exchange: Exchange) -> dict[str, Decimal]:
    return {holding.symbol: holding.quantity for holding in await exchange.positions()}
