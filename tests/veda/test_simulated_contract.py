from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import pytest

from tests.veda.conftest import Simulated
from tests.veda.contract import ExchangeContract, UnderTest
from weaver.broker import OrderReport
from weaver.market import Timeframe
from weaver.orders import OrderStatus
from weaver.veda.exchange import Exchange


@dataclass
class SimulatedWorld:
    place: Simulated
    exchange: Exchange
    symbol: str
    quantity: Decimal
    unknown_symbol: str | None = None
    timeframe: Timeframe = field(default_factory=lambda: Timeframe("5s"))

    async def now(self) -> datetime:
        return self.place.clock.time

    async def price(self) -> Decimal:
        return (await self.exchange.quote(self.symbol)).bid + Decimal("0.01")

    async def settle(self) -> None:
        """Nothing: whoever asks settles."""

    async def meet(self, order: OrderReport) -> None:
        for _ in range(2_000):
            if (await self.exchange.order(order.exchange_order_id)).status is OrderStatus.FILLED:
                return
            await self.next_bar()
        raise AssertionError("the price never came there")

    async def next_bar(self) -> None:
        self.place.clock.move(5)


class TestSimulatedCrypto(ExchangeContract):
    symbol, quantity = "SIM/USD", Decimal("1.5")
    begin = "2026-03-04T12:00:01+00:00"

    @pytest.fixture
    async def exchange_under_test(self, simulated: Simulated) -> AsyncIterator[UnderTest]:
        simulated.clock.time = datetime.fromisoformat(self.begin)
        exchange = await simulated.connected()
        world = SimulatedWorld(simulated, exchange, self.symbol, self.quantity)
        await exchange.latest_bar(self.symbol, world.timeframe)
        yield UnderTest(exchange=exchange, another=simulated.exchange, world=world)
        await exchange.disconnect()


class TestSimulatedEquity(TestSimulatedCrypto):
    symbol, quantity = "AAPL", Decimal(3)
    begin = "2026-03-04T15:00:01+00:00"
