import asyncio
import threading
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from tests.alpaca_server.faults import Fault, StreamFault
from tests.veda.alpaca_venue import QUICK, SECONDS, Heard, a_limit, an_order, heard, venue
from weaver.broker import MarketBar, StreamDown, StreamUp, TradeUpdate
from weaver.errors import BadValue, Refused
from weaver.market import Timeframe
from weaver.orders import OrderStatus, Side

MINUTE = Timeframe("1m")


def fills_of(updates: Heard) -> list[tuple[str, Decimal]]:
    return [(item.fill.execution_id, item.fill.quantity) for item in updates.items if isinstance(item, TradeUpdate) and item.fill]


def a_bar(symbol: str, minute: int, close: str = "200.5") -> dict[str, object]:
    return {
        "S": symbol,
        "t": f"2026-03-04T15:{minute:02}:00Z",
        "o": 200.1,
        "h": 201.25,
        "l": 199.5,
        "c": float(close),
        "v": 1200,
        "n": 9,
        "vw": 200.2,
    }


async def test_the_stream_tells_of_each_step_and_each_fill():
    async with venue() as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp)
        here.commands.set_fill_mode("AAPL", parts=2)
        await here.exchange.submit(an_order("w-1", quantity="10"))
        await updates.until_event("fill")
        events = [item.event for item in updates.items if isinstance(item, TradeUpdate)]
        assert events == ["new", "partial_fill", "fill"]
        assert [quantity for _, quantity in fills_of(updates)] == [5, 5]
        last = updates.items[-1]
        assert (last.order.status, last.order.filled_quantity, last.fill.price) == (OrderStatus.FILLED, 10, 200)
        assert last.time.tzinfo is UTC


async def test_a_fill_has_the_same_id_by_stream_and_by_list():
    async with venue() as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp)
        here.commands.set_fill_mode("AAPL", parts=3)
        start = await here.exchange.context.clock.now()
        await here.exchange.submit(an_order("w-1", quantity="10"))
        await here.exchange.submit(an_order("w-2", quantity="0.125", symbol="BTC/USD"))
        await updates.until_event("fill", 2)
        listed = await here.exchange.fills_since(start)
        assert sorted(fills_of(updates)) == sorted((fill.execution_id, fill.quantity) for fill in listed)
        assert {fill.symbol for fill in listed} == {"AAPL", "BTC/USD"}
        assert len({fill.execution_id for fill in listed}) == len(listed) == 4


async def test_repeated_and_reordered_messages_keep_one_name_for_one_fill():
    async with venue() as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp)
        here.commands.add_stream_fault(StreamFault(kind="repeat", match="fill", times=None, count=2))
        here.commands.set_fill_mode("AAPL", parts=2)
        await here.exchange.submit(an_order("w-1", quantity="10"))
        await updates.until_event("fill", 3)
        assert len(fills_of(updates)) == 6
        assert len(set(fills_of(updates))) == 2


async def test_a_cut_is_told_and_mended_and_what_was_missed_is_in_the_lists():
    async with venue() as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp)
        for round_number in (1, 2, 3):
            here.commands.cut_streams("trade")
            start = await here.exchange.context.clock.now()
            await here.exchange.submit(an_order(f"w-{round_number}"))
            await updates.until_a(StreamDown, round_number)
            await updates.until_a(StreamUp, round_number + 1)
            assert len(await here.exchange.fills_since(start)) >= 1
        await here.exchange.submit(an_order("w-last"))
        await updates.until(lambda item: isinstance(item, TradeUpdate) and item.order.client_order_id == "w-last" and item.event == "fill")
        states = [type(item) for item in updates.items if not isinstance(item, TradeUpdate)]
        assert states == [StreamUp] + [StreamDown, StreamUp] * 3
        assert here.commands.streams()["trade"] == 1


async def test_connections_that_are_refused_for_now_are_tried_again():
    async with venue() as here:
        here.commands.add_stream_fault(StreamFault(kind="refuse", times=3))
        async with heard(here.exchange.trade_updates()) as updates:
            await updates.until_a(StreamUp)
            assert updates.items == [StreamUp()]


async def test_wrong_keys_end_the_stream():
    async with venue() as here:
        account = here.server.accounts["paper"]
        account.spec = replace(account.spec, secret="changed")
        async with heard(here.exchange.trade_updates()) as updates, asyncio.timeout(SECONDS):
            with pytest.raises(Refused, match="Check ALPACA_PAPER_API_KEY and ALPACA_PAPER_API_SECRET"):
                await updates.task
        for _ in range(3):
            with pytest.raises(Refused):
                await anext(here.exchange.trade_updates())
        assert here.commands.streams()["trade"] == 0


async def test_wrong_keys_after_a_cut_end_the_stream():
    async with venue() as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp)
        account = here.server.accounts["paper"]
        account.spec = replace(account.spec, secret="changed")
        here.commands.cut_streams("trade")
        async with asyncio.timeout(SECONDS):
            with pytest.raises(Refused):
                await updates.task
        assert [type(item) for item in updates.items] == [StreamUp, StreamDown]


async def test_wrong_keys_end_the_stream_of_bars():
    async with venue() as here:
        account = here.server.accounts["paper"]
        account.spec = replace(account.spec, secret="changed")
        async with heard(here.exchange.bar_updates(["AAPL"], MINUTE)) as bars, asyncio.timeout(SECONDS):
            with pytest.raises(Refused, match="ALPACA_PAPER_API_KEY"):
                await bars.task


async def test_a_feed_without_a_plan_ends_the_stream_of_bars():
    async with venue(DATA_FEED="sip") as here, heard(here.exchange.bar_updates(["AAPL"], MINUTE)) as bars, asyncio.timeout(SECONDS):
        with pytest.raises(Refused, match="ALPACA_DATA_FEED=iex"):
            await bars.task


async def test_a_mute_connection_is_replaced():
    async with venue(timing=replace(QUICK, silence=1)) as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp)
        here.commands.mute_streams(True, "trade")
        await here.exchange.submit(an_order("w-1"))
        down = await updates.until_a(StreamDown)
        assert "said nothing" in down[0].reason
        await updates.until_a(StreamUp, 2)
        here.commands.mute_streams(False)
        await here.exchange.submit(an_order("w-2"))
        await updates.until_event("fill")


async def test_two_who_listen_share_one_connection_and_both_hear_all():
    async with venue() as here, heard(here.exchange.trade_updates()) as one:
        await one.until_a(StreamUp)
        async with heard(here.exchange.trade_updates()) as two:
            await two.until_a(StreamUp)
            assert here.commands.streams()["trade"] == 1
            await here.exchange.submit(an_order("w-1"))
            await one.until_event("fill")
            await two.until_event("fill")
        await here.exchange.submit(an_order("w-2"))
        await one.until_event("fill", 2)
        assert here.commands.streams()["trade"] == 1


async def test_disconnecting_ends_the_streams_soon_and_leaves_no_thread():
    async with venue() as here, heard(here.exchange.trade_updates()) as updates, heard(here.exchange.bar_updates(["AAPL"], MINUTE)) as bars:
        await updates.until_a(StreamUp)
        await bars.until_a(StreamUp)
        async with asyncio.timeout(5):
            await here.exchange.disconnect()
            await asyncio.gather(updates.task, bars.task)
        assert not [thread.name for thread in threading.enumerate() if thread.name in ("alpaca-trades", "alpaca-stocks")]


async def test_disconnecting_while_the_venue_cannot_be_reached_ends_the_stream():
    async with venue() as here:
        here.commands.add_stream_fault(StreamFault(kind="refuse", times=None))
        async with heard(here.exchange.trade_updates()) as updates, asyncio.timeout(5):
            while here.commands.faults()["streams"][0]["fired"] < 2:
                await asyncio.sleep(0.01)
            await here.exchange.disconnect()
            await updates.task
            assert updates.items == []


async def test_a_stream_may_be_opened_again_and_again_while_it_is_busy_and_leaves_no_thread():
    async with venue() as here:
        await here.exchange.submit(a_limit("w-1"))
        body = here.server.accounts["paper"].by_client_id["w-1"].body()

        async def talk() -> None:
            while True:
                here.server._trades.publish("paper", {"stream": "trade_updates", "data": {"event": "restated", "order": body}})
                await asyncio.sleep(0.0005)

        talking = asyncio.create_task(talk())
        for _ in range(30):
            async with heard(here.exchange.trade_updates()) as updates:
                await updates.until_event("restated")
            assert not [thread for thread in threading.enumerate() if thread.name == "alpaca-trades"]
        talking.cancel()


async def test_words_that_nobody_knows_lose_no_update(caplog):
    async with venue() as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp)
        order = here.server.accounts["paper"]
        await here.exchange.submit(a_limit("w-1"))
        body = order.by_client_id["w-1"].body() | {"status": "in_orbit", "order_class": "swarm", "type": "teleport", "news": {"x": 1}}
        for _ in range(2):
            here.server._trades.publish("paper", {"stream": "trade_updates", "data": {"event": "beamed", "order": body, "more": []}})
        found = (await updates.until_event("beamed", 2))[0]
        assert (found.order.status, found.order.venue_status, found.order.limit_price) == (OrderStatus.ACCEPTED, "in_orbit", 150)
        assert caplog.text.count("'in_orbit'") == 1
        assert caplog.text.count("'beamed'") == 1


async def test_an_update_that_cannot_be_read_asks_the_listener_to_look_for_themselves():
    async with venue() as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp)
        here.server._trades.publish("paper", {"stream": "trade_updates", "data": {"event": "fill", "order": {"id": "x"}}})
        await updates.until_a(StreamUp, 2)
        await here.exchange.submit(an_order("w-1"))
        await updates.until_event("fill")
        assert [type(item) for item in updates.items[:3]] == [StreamUp, StreamDown, StreamUp]


async def test_a_fill_may_come_before_the_answer_to_its_order():
    async with venue() as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp)
        here.commands.add_fault(Fault(kind="fill_first", when="after", method="POST", seconds=5))
        report = await here.exchange.submit(an_order("w-1"))
        assert (await updates.until_event("fill"))[0].order.exchange_order_id == report.exchange_order_id


async def test_a_partial_fill_and_then_a_cancel_keep_the_filled_quantity():
    async with venue() as here, heard(here.exchange.trade_updates()) as updates:
        await updates.until_a(StreamUp)
        here.commands.set_fill_mode("AAPL", parts=2, stop_after=1)
        report = await here.exchange.submit(a_limit("w-1", "210", quantity="10", side=Side.BUY))
        await here.exchange.cancel(report.exchange_order_id)
        last = (await updates.until_event("canceled"))[0]
        assert (last.order.status, last.order.filled_quantity, last.fill) == (OrderStatus.CANCELLED, 5, None)


async def test_minute_bars_come_exactly_and_only_those_asked_for():
    async with venue() as here, heard(here.exchange.bar_updates(["AAPL", "MSFT"], MINUTE)) as bars:
        await bars.until_a(StreamUp)
        here.commands.push_bars([a_bar("SPY", 0), a_bar("AAPL", 0), a_bar("MSFT", 0), a_bar("AAPL", 1, "200.07")])
        found = await bars.until_a(MarketBar, 3)
        assert [bar.symbol for bar in found] == ["AAPL", "MSFT", "AAPL"]
        assert found[2] == MarketBar(
            symbol="AAPL",
            timeframe="1m",
            start=datetime(2026, 3, 4, 15, 1, tzinfo=UTC),
            open=Decimal("200.1"),
            high=Decimal("201.25"),
            low=Decimal("199.5"),
            close=Decimal("200.07"),
            volume=Decimal(1200),
        )


async def test_equities_and_crypto_come_in_one_stream_of_bars():
    async with venue() as here, heard(here.exchange.bar_updates(["AAPL", "BTC/USD"], MINUTE)) as bars:
        await bars.until_a(StreamUp, 2)
        here.commands.push_bars([a_bar("AAPL", 0), a_bar("BTC/USD", 0)])
        assert {bar.symbol for bar in await bars.until_a(MarketBar, 2)} == {"AAPL", "BTC/USD"}


async def test_listeners_of_bars_share_a_connection_and_hear_only_their_own():
    async with venue() as here, heard(here.exchange.bar_updates(["AAPL"], MINUTE)) as one:
        await one.until_a(StreamUp)
        async with heard(here.exchange.bar_updates(["MSFT"], MINUTE)) as two:
            await two.until_a(StreamUp)
            assert here.commands.streams()["data"]["bars"] == ["AAPL", "MSFT"]
            here.commands.push_bars([a_bar("AAPL", 0), a_bar("MSFT", 0)])
            assert [bar.symbol for bar in await two.until_a(MarketBar)] == ["MSFT"]
            assert [bar.symbol for bar in await one.until_a(MarketBar)] == ["AAPL"]
        async with asyncio.timeout(SECONDS):
            while here.commands.streams()["data"]["bars"] != ["AAPL"]:
                await asyncio.sleep(0.01)
        here.commands.push_bars([a_bar("AAPL", 1)])
        await one.until_a(MarketBar, 2)


async def test_a_cut_of_the_bars_is_told_and_mended():
    async with venue() as here, heard(here.exchange.bar_updates(["AAPL"], MINUTE)) as bars:
        await bars.until_a(StreamUp)
        here.commands.cut_streams("data")
        await bars.until_a(StreamDown)
        await bars.until_a(StreamUp, 2)
        here.commands.push_bars([a_bar("AAPL", 0)])
        await bars.until_a(MarketBar)


@pytest.mark.parametrize(("symbols", "timeframe"), [(["AAPL"], "5m"), (["AAPL"], "1d"), ([], "1m")])
async def test_bars_that_are_not_streamed_are_refused(symbols, timeframe):
    async with venue() as here:
        with pytest.raises(BadValue):
            await anext(here.exchange.bar_updates(symbols, Timeframe(timeframe)))


async def test_a_listener_that_fails_loses_nothing_for_the_others():
    async with venue() as here, heard(here.exchange.trade_updates()) as steady:
        await steady.until_a(StreamUp)
        stream = cast(AsyncGenerator[Any, None], here.exchange.trade_updates())
        assert isinstance(await anext(stream), StreamUp)
        await here.exchange.submit(an_order("w-1"))
        with pytest.raises(RuntimeError, match="mine"):
            await stream.athrow(RuntimeError("mine"))
        await here.exchange.submit(an_order("w-2"))
        await steady.until_event("fill", 2)
