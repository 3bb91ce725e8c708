from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.veda.alpaca_venue import QUICK, Venue, VenueClock, context_of, environment_of, venue
from tests.veda.contract import ExchangeContract, UnderTest
from weaver.broker import OrderReport
from weaver.market import Timeframe
from weaver.orders import OrderStatus, Side
from weaver.veda.adapters.alpaca import Alpaca


@dataclass
class AlpacaWorld:
    here: Venue
    symbol: str
    quantity: Decimal
    unknown_symbol: str | None
    timeframe: Timeframe = field(default_factory=lambda: Timeframe("1m"))

    async def now(self) -> datetime:
        return await self.here.exchange.context.clock.now()

    async def price(self) -> Decimal:
        return self.here.commands.price(self.symbol)

    async def settle(self) -> None:
        """Nothing: the server's orders fill by themselves."""

    async def meet(self, order: OrderReport) -> None:
        self.here.commands.set_price(self.symbol, order.limit_price)

    async def next_bar(self) -> None:
        self.here.commands.push_minute([self.symbol])


class TestAlpacaEquity(ExchangeContract):
    symbol, quantity, unknown = "AAPL", Decimal(3), "ZZZZZ"

    @pytest.fixture
    async def exchange_under_test(self) -> AsyncIterator[UnderTest]:
        async with venue() as here:
            # a Wednesday in the session, so that minutes with bars are behind us
            here.commands.set_clock("2026-03-04T16:00:10+00:00")
            context = context_of(environment_of(here.server), clock=VenueClock(here.server))
            world = AlpacaWorld(here, self.symbol, self.quantity, self.unknown)
            yield UnderTest(exchange=here.exchange, another=lambda: Alpaca(context, QUICK), world=world)


class TestAlpacaCrypto(TestAlpacaEquity):
    symbol, quantity, unknown = "BTC/USD", Decimal("0.5"), "NO/COIN"

    # Alpaca takes its fee out of the coins that are bought: less is held than was filled, and no more than that can be sold.

    @property
    def kept(self) -> Decimal:
        return self.quantity * (1 - Decimal("0.0025"))

    async def test_a_filled_order_sent_again_is_not_placed_again(self, exchange_under_test: UnderTest) -> None:
        filled = await exchange_under_test.filled("again")
        again = await exchange_under_test.exchange.submit(await exchange_under_test.order("again"))
        assert again.exchange_order_id == filled.exchange_order_id
        assert [holding.quantity for holding in await exchange_under_test.exchange.positions()] == [self.kept]

    async def test_fills_are_listed_oldest_first(self, exchange_under_test: UnderTest) -> None:
        since = await exchange_under_test.world.now() - timedelta(days=1)
        bought, sold = await self._in_and_out(exchange_under_test)
        fills = await exchange_under_test.exchange.fills_since(since)
        assert [(fill.exchange_order_id, fill.quantity) for fill in fills] == [(bought, self.quantity), (sold, self.kept)]
        assert fills[0].time <= fills[1].time

    async def test_what_is_bought_is_held_and_paid(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        before = await exchange.account()
        report = await exchange_under_test.filled("hold")
        (holding,) = await exchange.positions()
        assert (holding.symbol, holding.quantity, holding.available) == (self.symbol, self.kept, self.kept)
        assert report.filled_quantity == self.quantity
        assert report.filled_average_price is not None
        assert before.cash - (await exchange.account()).cash == self.quantity * report.filled_average_price

    async def test_what_is_sold_again_is_not_held(self, exchange_under_test: UnderTest) -> None:
        await self._in_and_out(exchange_under_test)
        assert await exchange_under_test.exchange.positions() == []

    async def _in_and_out(self, exchange_under_test: UnderTest) -> tuple[str, str]:
        """Buy, and sell what is available; return both orders' ids."""
        exchange = exchange_under_test.exchange
        bought = await exchange_under_test.filled("in")
        (holding,) = await exchange.positions()
        sold = await exchange.submit(await exchange_under_test.order("out", Side.SELL, quantity=holding.available))
        await exchange_under_test.until(sold.exchange_order_id, OrderStatus.FILLED)
        return bought.exchange_order_id, sold.exchange_order_id
