"""The trade_updates stream, and how it fails."""

import asyncio
import json

import aiohttp
import msgpack
import pytest

from . import ledger
from .clients import LIVE, OTHER, PAPER, Trader, events, trade_updates, until
from .faults import StreamFault
from .server import AlpacaServer


async def test_frames_are_binary_and_hold_json(server: AlpacaServer):
    async with aiohttp.ClientSession() as session, session.ws_connect(server.stream_url) as socket:
        await socket.send_json({"action": "listen", "data": {"streams": ["trade_updates"]}})
        assert json.loads(await socket.receive_bytes())["data"]["status"] == "unauthorized"
        await socket.send_json({"action": "authenticate", "data": {"key_id": PAPER.key, "secret_key": "wrong"}})
        assert json.loads(await socket.receive_bytes())["data"]["status"] == "unauthorized"
        await socket.send_json({"action": "authenticate", "data": {"key_id": PAPER.key, "secret_key": PAPER.secret}})
        assert json.loads(await socket.receive_bytes()) == {
            "stream": "authorization",
            "data": {"action": "authenticate", "status": "authorized"},
        }
        await socket.send_json({"action": "listen", "data": {"streams": ["trade_updates"]}})
        assert json.loads(await socket.receive_bytes()) == {"stream": "listening", "data": {"streams": ["trade_updates"]}}


async def test_msgpack_is_spoken_where_the_header_asks_for_it(server: AlpacaServer):
    headers = {"Content-Type": "application/msgpack"}
    async with aiohttp.ClientSession() as session, session.ws_connect(server.stream_url, headers=headers) as socket:
        await socket.send_bytes(msgpack.packb({"action": "authenticate", "data": {"key_id": PAPER.key, "secret_key": PAPER.secret}}))
        assert msgpack.unpackb(await socket.receive_bytes())["data"]["status"] == "authorized"


async def test_the_typed_stream_reads_updates(server: AlpacaServer, trader: Trader):
    async with trade_updates(server, raw_data=False) as updates:
        await trader.order("a", qty="2")
        await until(lambda: len(updates) == 2)
    assert [(update.event, update.qty, update.order.status) for update in updates] == [("new", None, "new"), ("fill", 2.0, "filled")]
    assert str(updates[1].execution_id) == ledger.fills(server.ledger)[0].execution_id


async def test_each_account_hears_of_its_own_orders(server: AlpacaServer, trader: Trader):
    async with (
        trade_updates(server, PAPER) as mine,
        trade_updates(server, OTHER) as theirs,
        trade_updates(server, LIVE, server.live_stream_url),
    ):
        await trader.order("a")
        await until(lambda: events(mine) == ["new", "fill"])
        assert theirs == []


async def test_a_stream_that_is_cut_loses_what_happens_before_it_is_back(server: AlpacaServer, trader: Trader):
    async with trade_updates(server) as updates:
        assert server.commands.cut_streams("trade") == 1
        await until(lambda: server.commands.streams()["trade"] == 0)
        await trader.order("missed")
        await until(lambda: len(ledger.fills(server.ledger)) == 1)
        await until(lambda: server.commands.streams()["trade"] == 1)
        await trader.order("seen")
        await until(lambda: events(updates) == ["new", "fill"])
    assert {update["order"]["client_order_id"] for update in updates} == {"seen"}


async def test_a_stream_is_cut_instead_of_telling_a_fill(server: AlpacaServer, trader: Trader):
    async with trade_updates(server) as updates:
        server.commands.add_stream_fault(StreamFault(kind="cut", match="^fill$"))
        server.commands.add_stream_fault(StreamFault(kind="refuse", times=2))
        await trader.order("a")
        await until(lambda: server.commands.faults()["streams"][1]["fired"] == 2)
        await until(lambda: server.commands.streams()["trade"] == 1)
        await trader.order("b")
        await until(lambda: len(updates) == 3)
    assert [(update["order"]["client_order_id"], update["event"]) for update in updates] == [("a", "new"), ("b", "new"), ("b", "fill")]


@pytest.mark.parametrize("lasting", [True, False])
async def test_a_mute_stream_stays_connected_and_tells_nothing(server: AlpacaServer, trader: Trader, lasting):
    async with trade_updates(server) as updates:
        if lasting:
            server.commands.mute_streams(True, "trade")
        else:
            server.commands.add_stream_fault(StreamFault(kind="mute"))
        await trader.order("missed")
        await until(lambda: len(ledger.fills(server.ledger)) == 1)
        assert server.commands.streams()["trade"] == 1
        if lasting:
            server.commands.mute_streams(False, "trade")
        else:
            server.commands.cut_streams("trade")
            await until(lambda: server.commands.streams()["trade"] == 0)
            await until(lambda: server.commands.streams()["trade"] == 1)
        await trader.order("seen")
        await until(lambda: len(updates) == 2)
    assert {update["order"]["client_order_id"] for update in updates} == {"seen"}


async def test_messages_repeat(server: AlpacaServer, trader: Trader):
    server.commands.add_stream_fault(StreamFault(kind="repeat", times=None, match="fill"))
    async with trade_updates(server) as updates:
        await trader.order("a")
        await until(lambda: events(updates) == ["new", "fill", "fill"])
    assert updates[1] == updates[2]
    assert len(ledger.fills(server.ledger)) == 1


async def test_messages_arrive_in_another_order(server: AlpacaServer, trader: Trader):
    server.commands.set_fill_mode(parts=3)
    server.commands.add_stream_fault(StreamFault(kind="reorder", window=4, times=None))
    async with trade_updates(server) as updates:
        await trader.order("a", qty="3")
        await until(lambda: len(updates) == 4)
    assert sorted(events(updates)) == ["fill", "new", "partial_fill", "partial_fill"]
    assert [update["timestamp"] for update in updates] != sorted(update["timestamp"] for update in updates)


async def test_messages_are_dropped_and_delayed(server: AlpacaServer, trader: Trader):
    server.commands.add_stream_fault(StreamFault(kind="drop", match="^new$"))
    server.commands.add_stream_fault(StreamFault(kind="delay", match="^fill$", seconds=0.2))
    async with trade_updates(server) as updates:
        start = asyncio.get_running_loop().time()
        await trader.order("a")
        await until(lambda: events(updates) == ["fill"])
        assert asyncio.get_running_loop().time() - start >= 0.2


async def test_rare_events_are_told_when_asked_for(server: AlpacaServer, trader: Trader):
    server.commands.set_options(tell_requests=True)
    async with trade_updates(server) as updates:
        order = await trader.order("a", type="limit", limit_price="150")
        await until(lambda: "new" in events(updates))
        await trader.cancel_order_by_id(order["id"])
        await until(lambda: events(updates) == ["pending_new", "new", "pending_cancel", "canceled"])
