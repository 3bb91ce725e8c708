"""The adapter at a venue that speaks Alpaca's protocol, for its tests."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.alpaca_server.accounts import AccountSpec
from tests.alpaca_server.server import AlpacaServer
from weaver.broker import TradeUpdate
from weaver.orders import OrderRequest, OrderType, Side
from weaver.veda.adapters.alpaca import Alpaca
from weaver.veda.alpaca_parts.settings import Timing
from weaver.veda.exchange import Context, Mode

PAPER = AccountSpec(name="paper", key="PKPAPER", secret="quite-secret")
LIVE = AccountSpec(name="live", key="AKLIVE", secret="most-secret", paper=False)
QUICK = Timing(patience=2, close=0.2, reconnect_first=0.05, reconnect_most=0.2)
"""Quick where waiting proves nothing; time limits are the real ones, since machines that run tests are busy."""
HASTY = replace(QUICK, read=0.5)
"""For requests that are never answered."""
SECONDS = 30
"""How long a test waits for what must come."""


class VenueClock:
    """The server's time, which tests can set."""

    def __init__(self, server: AlpacaServer) -> None:
        self._server = server

    async def now(self) -> datetime:
        return datetime.fromtimestamp(self._server.commands.now() // 10**9, UTC)


class WallClock:
    async def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Venue:
    server: AlpacaServer
    exchange: Alpaca

    @property
    def commands(self) -> Any:
        return self.server.commands

    def requests(self, method: str) -> list[str]:
        """Return the paths that were asked for with a method, oldest first."""
        return [served["path"] for served in self.server.commands.requests() if served["method"] == method]

    def accepted(self) -> list[str]:
        """Return the client ids of all orders that the venue ever took, from its own ledger."""
        return [entry.client_order_id for entry in self.server.ledger if entry.kind == "accepted"]


def environment_of(server: AlpacaServer, mode: Mode = "paper", spec: AccountSpec | None = None) -> dict[str, str]:
    """Return the variables that point an adapter at the server."""
    keys = spec or (PAPER if mode == "paper" else LIVE)
    return {
        "ALPACA_{MODE}_API_KEY": keys.key,
        "ALPACA_{MODE}_API_SECRET": keys.secret,
        "ALPACA_{MODE}_BASE_URL": server.paper_url if mode == "paper" else server.live_url,
        "ALPACA_{MODE}_STREAM_URL": server.paper_stream_url if mode == "paper" else server.live_stream_url,
        "ALPACA_DATA_BASE_URL": server.data_url,
        "ALPACA_DATA_STREAM_URL": server.data_url.replace("http", "ws"),
    }


def context_of(environment: Mapping[str, str], mode: Mode = "paper", clock: Any = None) -> Context:
    return Context(account=f"alpaca-{mode}", mode=mode, environment=environment, clock=clock or WallClock())


@asynccontextmanager
async def venue(
    *, connect: bool = True, mode: Mode = "paper", timing: Timing = QUICK, sip: bool = False, **changed: str | None
) -> AsyncIterator[Venue]:
    """Start a venue with an open market, AAPL at 200 and BTC/USD at 50000; when it ends, its ledger must be sound.

    `changed` are variables by their name without `ALPACA_` (None: unset), `{MODE}_` left out.
    """
    paper = AccountSpec(name="paper", key=PAPER.key, secret=PAPER.secret, sip=sip)
    async with AlpacaServer(accounts=[paper, LIVE], seed=7) as server:
        server.commands.set_market("open")
        server.commands.set_price("AAPL", "200")
        server.commands.set_price("BTC/USD", "50000")
        server.commands.set_limits(100_000)
        server.commands.set_limits(100_000, data=True)
        environment = environment_of(server, mode)
        for name, value in changed.items():
            known = f"ALPACA_{name}" if name.startswith("DATA_") else f"ALPACA_{{MODE}}_{name}"
            if value is None:
                del environment[known]
            else:
                environment[known] = value
        exchange = Alpaca(context_of(environment, mode, VenueClock(server)), timing)
        try:
            if connect:
                await exchange.connect()
            yield Venue(server, exchange)
        finally:
            await exchange.disconnect()
        assert server.commands.problems() == []


def an_order(client_order_id: str = "w-1", **fields: Any) -> OrderRequest:
    """Return a market buy of one AAPL, changed by `fields`; numbers may be texts."""
    given: dict[str, Any] = {"symbol": "AAPL", "side": Side.BUY, "order_type": OrderType.MARKET, "quantity": Decimal(1)}
    numbers = ("quantity", "limit_price", "stop_price", "trail", "trail_percent", "take_profit", "stop_loss", "stop_loss_limit")
    given |= {name: Decimal(value) if name in numbers and value is not None else value for name, value in fields.items()}
    return OrderRequest(client_order_id=client_order_id, **given)


def a_limit(client_order_id: str = "w-1", limit_price: str = "150", **fields: Any) -> OrderRequest:
    """Return an order far from the market, which rests."""
    return an_order(client_order_id, order_type=OrderType.LIMIT, limit_price=limit_price, **fields)


class Heard:
    """What a stream says, kept as it comes, so that a test can wait for any of it."""

    def __init__(self, stream: AsyncIterator[Any]) -> None:
        self.items: list[Any] = []
        self._news = asyncio.Condition()
        self.task = asyncio.create_task(self._listen(stream))

    async def _listen(self, stream: AsyncIterator[Any]) -> None:
        try:
            async for item in stream:
                self.items.append(item)
                async with self._news:
                    self._news.notify_all()
        finally:
            async with self._news:
                self._news.notify_all()

    async def until(self, found: Any, count: int = 1) -> list[Any]:
        """Return the items for which `found` is true as soon as there are `count`."""
        async with asyncio.timeout(SECONDS), self._news:
            while len(matching := [item for item in self.items if found(item)]) < count:
                if self.task.done():
                    self.task.result()
                    raise AssertionError(f"the stream ended after {self.items}")
                await self._news.wait()
        return matching

    async def until_a(self, kind: type, count: int = 1) -> list[Any]:
        """Return the items of a class as soon as there are `count`."""
        return await self.until(lambda item: isinstance(item, kind), count)

    async def until_event(self, event: str, count: int = 1) -> list[TradeUpdate]:
        """Return the updates with an event as soon as there are `count`."""
        return await self.until(lambda item: isinstance(item, TradeUpdate) and item.event == event, count)


@asynccontextmanager
async def heard(stream: AsyncIterator[Any]) -> AsyncIterator[Heard]:
    """Listen to a stream until the block ends."""
    listening = Heard(stream)
    try:
        yield listening
    finally:
        listening.task.cancel()
        await asyncio.gather(listening.task, return_exceptions=True)
