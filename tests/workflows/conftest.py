"""One server and worker for all tests here that leave them standing."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from tests.alpaca_server.server import AlpacaServer
from tests.workflows.alpaca_world import alpaca_world
from tests.workflows.stack import Stack
from tests.workflows.trading_world import TradingWorld, local_world


@pytest_asyncio.fixture(scope="package")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stack, Client]]:
    stack = Stack(tmp_path_factory.mktemp("stack") / "home")
    try:
        yield stack, await stack.start()
    finally:
        stack.stop()


@pytest.fixture
def stack(running: tuple[Stack, Client]) -> Stack:
    return running[0]


@pytest.fixture
def client(running: tuple[Stack, Client]) -> Client:
    return running[1]


@pytest_asyncio.fixture(scope="package")
async def trading(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TradingWorld]:
    """One world for all tests that trade symbols of their own and leave the account standing."""
    async with local_world(tmp_path_factory.mktemp("trading")) as world:
        yield world


@pytest_asyncio.fixture(scope="package")
async def alpaca(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[TradingWorld, AlpacaServer]]:
    """One world at a server that speaks Alpaca's protocol, for all tests that trade symbols of their own there."""
    async with alpaca_world(tmp_path_factory.mktemp("alpaca")) as both:
        yield both
