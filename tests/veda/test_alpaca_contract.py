from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import pytest

from tests.veda.alpaca_venue import QUICK, Venue, VenueClock, context_of, environment_of, venue
from tests.veda.contract import ExchangeContract, UnderTest
from weaver.broker import OrderReport
from weaver.market import Timeframe
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
