"""The stream against sockets that are worse than a cut: they stay open and say nothing, or nonsense."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import msgpack
import pytest
from aiohttp import WSMsgType, web

from tests.veda.alpaca_venue import QUICK, heard, venue
from weaver.broker import StreamDown, StreamUp
from weaver.market import Timeframe

AUTHORIZED = {"stream": "authorization", "data": {"action": "authenticate", "status": "authorized"}}
LISTENING = {"stream": "listening", "data": {"streams": ["trade_updates"]}}


@dataclass
class Sockets:
    """A server of trade updates whose connections behave, in turn, as `ways` says, and well once those are used up."""

    ways: list[str]
    url: str = ""
    connections: int = 0
    greeted: list[str] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        way = self.ways[self.connections] if self.connections < len(self.ways) else "well"
        self.connections += 1
        socket = web.WebSocketResponse(autoping=way != "deaf")
        await socket.prepare(request)
        if way == "nonsense":
            await socket.send_str("not json")
        async for message in socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY) or way == "silent":
                continue
            asked = json.loads(message.data)
            listening = {"stream": "listening", "data": {"streams": []}} if way == "unheard" else LISTENING
            answer = AUTHORIZED if asked["action"] == "authenticate" else listening
            self.greeted.append(way)
            await socket.send_bytes(json.dumps(answer).encode())
            if answer is LISTENING and way == "garbled":
                await socket.send_bytes(b'{"stream": "trade_updates", "data": ')
        return socket

    async def serve_bars(self, request: web.Request) -> web.WebSocketResponse:
        """Serve bars of whatever is asked for but MSFT, which this venue has never heard of."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_bytes(msgpack.packb([{"T": "success", "msg": "connected"}]))
        async for message in socket:
            asked = msgpack.unpackb(message.data)
            self.greeted.append(asked["action"])
            known = [symbol for symbol in asked.get("bars", []) if symbol != "MSFT"]
            answer = {"T": "success", "msg": "authenticated"} if asked["action"] == "auth" else {"T": "subscription", "bars": known}
            await socket.send_bytes(msgpack.packb([answer]))
        return socket


@asynccontextmanager
async def sockets(*ways: str) -> AsyncIterator[Sockets]:
    serving = Sockets(list(ways))
    application = web.Application()
    application.router.add_get("/stream", serving.serve)
    application.router.add_get("/v2/iex", serving.serve_bars)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    serving.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/stream"
    yield serving
    await runner.cleanup()


async def test_a_connection_that_answers_no_ping_is_replaced():
    timing = replace(QUICK, ping_interval=0.5, ping_timeout=2)
    async with (
        sockets("deaf") as serving,
        venue(timing=timing, STREAM_URL=serving.url) as here,
        heard(here.exchange.trade_updates()) as updates,
    ):
        await updates.until_a(StreamUp, 2)
        assert [type(item) for item in updates.items] == [StreamUp, StreamDown, StreamUp]
        assert serving.connections == 2


@pytest.mark.parametrize("way", ["silent", "nonsense", "unheard"])
async def test_a_greeting_that_does_not_come_or_makes_no_sense_is_tried_again(way):
    timing = replace(QUICK, greeting=1)
    async with (
        sockets(way, way) as serving,
        venue(timing=timing, STREAM_URL=serving.url) as here,
        heard(here.exchange.trade_updates()) as updates,
    ):
        await updates.until_a(StreamUp)
        assert updates.items == [StreamUp()]
        assert serving.connections == 3


async def test_a_frame_that_cannot_be_read_is_taken_for_a_cut():
    async with sockets("garbled") as serving, venue(STREAM_URL=serving.url) as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp, 2)
        assert [type(item) for item in updates.items] == [StreamUp, StreamDown, StreamUp]


async def test_a_symbol_that_the_venue_leaves_out_keeps_no_one_waiting_and_is_not_asked_for_again_and_again(caplog):
    async with sockets() as serving, venue(DATA_STREAM_URL=serving.url.removesuffix("/stream")) as here:
        async with heard(here.exchange.bar_updates(["AAPL", "MSFT"], Timeframe("1m"))) as both:
            await both.until_a(StreamUp)
            async with heard(here.exchange.bar_updates(["SPY"], Timeframe("1m"))) as another:
                await another.until_a(StreamUp)
        assert "no bars of MSFT" in caplog.text
        assert serving.greeted.count("subscribe") <= 3


@pytest.mark.parametrize("way", ["deaf", "silent", "well"])
async def test_disconnecting_from_any_of_them_is_quick(way):
    async with sockets(*[way] * 50) as serving, venue(STREAM_URL=serving.url) as here, heard(here.exchange.trade_updates()) as updates:
        async with asyncio.timeout(5):
            while not serving.connections:
                await asyncio.sleep(0.01)
            await here.exchange.disconnect()
            await updates.task
