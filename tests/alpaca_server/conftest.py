from collections.abc import AsyncIterator, Iterator

import pytest

from .clients import LIVE, OTHER, PAPER, Trader, trading
from .server import AlpacaServer


@pytest.fixture
async def server() -> AsyncIterator[AlpacaServer]:
    """A server with an open market and AAPL at 200, whose ledger is sound when the test is over."""
    async with AlpacaServer(accounts=[PAPER, OTHER, LIVE], seed=7) as server:
        server.commands.set_market("open")
        server.commands.set_price("AAPL", "200")
        server.commands.set_limits(100_000)
        yield server
        assert server.commands.problems() == []


@pytest.fixture
def trader(server: AlpacaServer) -> Iterator[Trader]:
    with trading(server.url) as trader:
        yield trader
