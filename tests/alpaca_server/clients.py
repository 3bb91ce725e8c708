"""The unmodified alpaca-py clients, pointed at a server; and waiting for what they will see."""

import asyncio
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, TypeVar

with warnings.catch_warnings():
    # alpaca-py still imports the deprecated part of websockets.
    warnings.filterwarnings("ignore", message="websockets.legacy is deprecated", category=DeprecationWarning)
    from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
    from alpaca.data.live import CryptoDataStream, StockDataStream
    from alpaca.trading.client import TradingClient
    from alpaca.trading.stream import TradingStream

from .accounts import AccountSpec
from .server import AlpacaServer

HistoryT = TypeVar("HistoryT", StockHistoricalDataClient, CryptoHistoricalDataClient)

PAPER = AccountSpec(name="paper", key="PKTEST", secret="paper-secret")
OTHER = AccountSpec(name="other", key="PKOTHER", secret="other-secret")
LIVE = AccountSpec(name="live", key="AKLIVE", secret="live-secret", paper=False)


class Trader:
    """A TradingClient with raw answers, without its own retries and with a timeout, called off the event loop."""

    def __init__(self, url: str, spec: AccountSpec = PAPER, *, timeout: float = 5, **options: Any) -> None:
        self.client = TradingClient(spec.key, spec.secret, url_override=url, **{"raw_data": True, **options})
        self.client._retry_codes = []
        send = self.client._session.request
        setattr(self.client._session, "request", partial(send, timeout=timeout))  # noqa: B010  # a method of its own for this session

    def close(self) -> None:
        self.client._session.close()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)
        return lambda *arguments, **options: asyncio.to_thread(method, *arguments, **options)

    async def order(self, client_order_id: str | None = None, **fields: Any) -> dict[str, Any]:
        """Place a market order of one AAPL, with changes."""
        body = {"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", **fields}
        if "qty" not in body and "notional" not in body:
            body["qty"] = "1"
        if client_order_id is not None:
            body["client_order_id"] = client_order_id
        return await self.post("/orders", {name: value for name, value in body.items() if value is not None})


@contextmanager
def trading(url: str, spec: AccountSpec = PAPER, **options: Any) -> Iterator[Trader]:
    """A trader whose connections are closed in the end."""
    trader = Trader(url, spec, **options)
    try:
        yield trader
    finally:
        trader.close()


@asynccontextmanager
async def trade_updates(
    server: AlpacaServer, spec: AccountSpec = PAPER, url: str | None = None, *, raw_data: bool = True
) -> AsyncIterator[list[Any]]:
    """What a TradingStream receives while this is entered: the `data` of each message, or the client's own objects."""
    received: list[Any] = []
    stream = TradingStream(spec.key, spec.secret, raw_data=raw_data, url_override=url or server.stream_url)
    stream._reconnect_min_backoff = 0.05

    async def keep(update: Any) -> None:
        received.append(update["data"] if raw_data else update)

    stream.subscribe_trade_updates(keep)
    before = server.commands.streams()["trade"]
    running = asyncio.create_task(stream._run_forever())
    try:
        await until(lambda: server.commands.streams()["trade"] > before)
        yield received
    finally:
        await ended(running)
        await stream.close()


@asynccontextmanager
async def data_stream(stream: StockDataStream | CryptoDataStream) -> AsyncIterator[None]:
    """Runs a data stream that has subscribed to something."""
    stream._reconnect_min_backoff = 0.05
    running = asyncio.create_task(stream._run_forever())
    try:
        yield
    finally:
        await ended(running)
        await stream.close()


@contextmanager
def history(kind: type[HistoryT], *keys: str, url: str) -> Iterator[HistoryT]:
    """A historical client whose connections are closed in the end."""
    client = kind(*keys, url_override=url)
    try:
        yield client
    finally:
        client._session.close()


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel until it is heard: `asyncio.wait_for` of Python 3.11, in which the client waits, loses a cancel that comes with a message."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    """Return when the condition holds, or fail after some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        await asyncio.sleep(0.005)


def events(updates: list[dict[str, Any]]) -> list[str]:
    """The names of events, in order of arrival."""
    return [update["event"] for update in updates]
