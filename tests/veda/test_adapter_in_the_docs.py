"""The adapter that the guide shows is what it says: it is listed, and passes the whole contract."""

import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.veda.conftest import FakeClock
from tests.veda.contract import ExchangeContract, UnderTest
from weaver.broker import OrderReport
from weaver.market import Timeframe
from weaver.plugins import Found
from weaver.veda.exchange import Exchange
from weaver.veda.library import AdapterLibrary

GUIDE = (Path(__file__).parents[2] / "docs/writing-an-adapter.md").read_text()
FILES = {match[1]: match[0] for match in re.finditer(r"# plugins/adapters/(\w+\.py)\n.*?(?=^```)", GUIDE, re.MULTILINE | re.DOTALL)}


def library(folder: Path) -> AdapterLibrary:
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return AdapterLibrary.open([folder])


def opened(adapters: AdapterLibrary, clock: FakeClock) -> Exchange:
    return adapters.open_exchange("flat", "paper", environment={"FLAT_CASH": "50000"}, clock=clock)


@dataclass
class FlatWorld:
    clock: FakeClock
    venue: Any
    symbol: str = "COIN/USD"
    unknown_symbol: str = "COIN"
    quantity: Decimal = Decimal("1.5")
    timeframe: Timeframe = field(default_factory=lambda: Timeframe("1m"))

    async def now(self) -> datetime:
        return self.clock.time

    async def price(self) -> Decimal:
        return self.venue.price

    async def settle(self) -> None:
        """Nothing: orders fill when they are placed, or when the price moves."""

    async def meet(self, order: OrderReport) -> None:
        self.venue.price = order.limit_price
        self.venue.match(self.clock.time)

    async def next_bar(self) -> None:
        self.clock.move(60)


class TestTheAdapterOfTheGuide(ExchangeContract):
    @pytest.fixture
    async def exchange_under_test(self, tmp_path: Path) -> AsyncIterator[UnderTest]:
        clock, adapters = FakeClock(), library(tmp_path)
        exchange = opened(adapters, clock)
        await exchange.connect()
        module: ModuleType = sys.modules[type(exchange).__module__]
        yield UnderTest(exchange=exchange, another=lambda: opened(adapters, clock), world=FlatWorld(clock, module.VENUES["flat-paper"]))
        await exchange.disconnect()
        module.VENUES.clear()


def test_the_guides_adapters_are_listed_and_none_is_broken(tmp_path: Path) -> None:
    listed = {entry.path.name for entry in library(tmp_path).entries() if isinstance(entry, Found) and entry.path.parent == tmp_path}

    assert listed == set(FILES) == {"flat.py"}


def test_the_guide_names_all_that_an_adapter_must_do() -> None:
    missing = [name for name in sorted(Exchange.__abstractmethods__) if f"`{name}" not in GUIDE]

    assert missing == []
