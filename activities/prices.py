"""Waits for a price at a venue."""

import asyncio
from decimal import Decimal

from temporalio import activity

from activities.beating import beating, for_a_person
from activities.trading_steps import PriceSteps
from weaver.orders import Side
from weaver.venue import Venue
from workflows.order_inputs import PriceReached, PriceTask, QuoteTask

LOOK_SECONDS = 3.0
"""Seconds between two looks: a venue allows some 200 requests a minute for everything."""


class Prices(PriceSteps):
    """Looks at one account's venue."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    @activity.defn(name="await_price")
    async def await_price(self, task: PriceTask) -> PriceReached:
        """A sale could be filled at the bid, a purchase at the ask."""
        async with beating(), for_a_person():
            while True:
                price = await self._price(task.symbol, task.side)
                if price >= task.price if task.side is Side.SELL else price <= task.price:
                    return PriceReached(price=price)
                await asyncio.sleep(LOOK_SECONDS)

    @activity.defn(name="price_now")
    async def price_now(self, task: QuoteTask) -> PriceReached:
        async with beating():
            return PriceReached(price=await self._price(task.symbol, task.side))

    async def _price(self, symbol: str, side: Side) -> Decimal:
        exchange = await self._venue.exchange()
        quote = await exchange.quote(symbol)
        return quote.bid if side is Side.SELL else quote.ask
