"""Bars, quotes and trades, over REST and streamed."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import cast

import aiohttp
import pytest
from alpaca.common.exceptions import APIError
from alpaca.data.enums import DataFeed
from alpaca.data.models import BarSet
from alpaca.data.requests import (
    CryptoBarsRequest,
    CryptoLatestBarRequest,
    CryptoLatestOrderbookRequest,
    CryptoLatestQuoteRequest,
    CryptoLatestTradeRequest,
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit

from .clients import (
    PAPER,
    CryptoDataStream,
    CryptoHistoricalDataClient,
    StockDataStream,
    StockHistoricalDataClient,
    data_stream,
    history,
    until,
)
from .faults import StreamFault
from .server import AlpacaServer

MONDAY = datetime(2025, 7, 7, tzinfo=UTC)
KEYS = (PAPER.key, PAPER.secret)


async def stock_bars(server: AlpacaServer, symbols, timeframe, start, end, **more):
    request = StockBarsRequest(symbol_or_symbols=symbols, timeframe=timeframe, start=start, end=end, feed=DataFeed.IEX, **more)
    with history(StockHistoricalDataClient, *KEYS, url=server.data_url) as client:
        return cast(BarSet, await asyncio.to_thread(client.get_stock_bars, request)).data


async def test_minute_bars_are_those_of_the_session_and_the_same_each_time(server: AlpacaServer):
    bars = (await stock_bars(server, "AAPL", TimeFrame.Minute, MONDAY, MONDAY + timedelta(days=1)))["AAPL"]
    assert len(bars) == 390
    assert bars[0].timestamp == datetime(2025, 7, 7, 13, 30, tzinfo=UTC)
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    assert all(first.close == second.open for first, second in pairwise(bars))
    assert bars == (await stock_bars(server, "AAPL", TimeFrame.Minute, MONDAY, MONDAY + timedelta(days=1)))["AAPL"]
    assert bars[0].open == 193.54, "the same on every machine and in every version"


@pytest.mark.parametrize(("timeframe", "count", "first"), [(TimeFrame(5, TimeFrameUnit.Minute), 78, "13:30"), (TimeFrame.Hour, 7, "13:00")])
async def test_coarser_bars_are_made_of_minutes(server: AlpacaServer, timeframe, count, first):
    day = (MONDAY, MONDAY + timedelta(days=1))
    minutes = (await stock_bars(server, "AAPL", TimeFrame.Minute, *day))["AAPL"]
    bars = (await stock_bars(server, "AAPL", timeframe, *day))["AAPL"]
    assert (len(bars), bars[0].timestamp.strftime("%H:%M")) == (count, first)
    assert sum(bar.volume for bar in bars) == sum(bar.volume for bar in minutes)
    assert (max(bar.high for bar in bars), bars[0].open, bars[-1].close) == (
        max(b.high for b in minutes),
        minutes[0].open,
        minutes[-1].close,
    )


async def test_day_bars_start_at_midnight_in_new_york(server: AlpacaServer):
    bars = (await stock_bars(server, "AAPL", TimeFrame.Day, datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)))["AAPL"]
    assert len(bars) == 250
    assert {bar.timestamp.hour for bar in bars} == {4, 5}
    weeks = (await stock_bars(server, "AAPL", TimeFrame.Week, datetime(2025, 7, 1, tzinfo=UTC), datetime(2025, 7, 20, tzinfo=UTC)))["AAPL"]
    assert [bar.timestamp.strftime("%d %H") for bar in weeks] == ["07 04", "14 04"]


async def test_the_limit_counts_over_all_symbols_and_pages_go_on(server: AlpacaServer):
    headers = {"APCA-API-KEY-ID": PAPER.key, "APCA-API-SECRET-KEY": PAPER.secret}
    query = {"symbols": "AAPL,MSFT", "timeframe": "1Hour", "start": "2025-07-07", "end": "2025-07-08", "limit": "5", "feed": "iex"}
    pages = []
    async with aiohttp.ClientSession(headers=headers) as session:
        while not pages or pages[-1]["next_page_token"]:
            token = {"page_token": pages[-1]["next_page_token"]} if pages else {}
            async with session.get(f"{server.data_url}/v2/stocks/bars", params=query | token) as answer:
                pages.append(await answer.json())
    assert [{symbol: len(rows) for symbol, rows in page["bars"].items()} for page in pages] == [
        {"AAPL": 5},
        {"AAPL": 2, "MSFT": 3},
        {"MSFT": 4},
    ]
    rows = [row["t"] for page in pages for row in page["bars"].get("MSFT", [])]
    assert rows == sorted(set(rows))
    whole = await stock_bars(server, ["AAPL", "MSFT"], TimeFrame.Hour, MONDAY, MONDAY + timedelta(days=1), limit=10)
    assert {symbol: len(bars) for symbol, bars in whole.items()} == {"AAPL": 7, "MSFT": 3}


async def test_recent_sip_bars_need_a_plan(server: AlpacaServer):
    server.commands.set_clock("2025-07-07T15:00:00-04:00", frozen=True)
    now = datetime(2025, 7, 7, 19, tzinfo=UTC)

    async def last(**more):
        request = StockBarsRequest(symbol_or_symbols="AAPL", timeframe=TimeFrame.Minute, start=MONDAY, **more)
        with history(StockHistoricalDataClient, *KEYS, url=server.data_url) as client:
            return cast(BarSet, await asyncio.to_thread(client.get_stock_bars, request)).data["AAPL"][-1].timestamp

    with pytest.raises(APIError) as caught:
        await last(end=now)
    assert (caught.value.status_code, caught.value.code) == (403, 42210000)
    assert await last() == now - timedelta(minutes=15), "without an end, silently old"
    assert await last(feed=DataFeed.IEX) == now, "the minute that goes on is there, still growing"


async def test_given_bars_replace_the_wave_and_gaps_stay(server: AlpacaServer):
    times = ("2025-07-07T13:30:00Z", "2025-07-07T13:33:00Z")
    server.commands.set_bars("AAPL", "1Min", [{"t": t, "o": 1, "h": 3, "l": 1, "c": 2, "v": 7} for t in times])
    day = (MONDAY, MONDAY + timedelta(days=1))
    bars = (await stock_bars(server, "AAPL", TimeFrame.Minute, *day))["AAPL"]
    assert [bar.timestamp.minute for bar in bars] == [30, 33]
    assert [bar.volume for bar in (await stock_bars(server, "AAPL", TimeFrame.Hour, *day))["AAPL"]] == [14]
    server.commands.set_bars("MSFT", "1Min", [])
    assert await stock_bars(server, "MSFT", TimeFrame.Minute, *day) == {}


async def test_crypto_bars_need_no_keys_and_never_close(server: AlpacaServer):
    saturday = datetime(2025, 7, 5, tzinfo=UTC)
    request = CryptoBarsRequest(symbol_or_symbols="BTC/USD", timeframe=TimeFrame.Hour, start=saturday, end=saturday + timedelta(hours=47))
    with history(CryptoHistoricalDataClient, url=server.data_url) as client:
        bars = cast(BarSet, await asyncio.to_thread(client.get_crypto_bars, request)).data["BTC/USD"]
    assert len(bars) == 48
    assert any(bar.volume != int(bar.volume) for bar in bars)


async def test_wrong_keys_are_forbidden_without_a_code(server: AlpacaServer):
    with (
        history(StockHistoricalDataClient, "PKTEST", "wrong", url=server.data_url) as client,
        pytest.raises(APIError) as caught,
    ):
        await asyncio.to_thread(client.get_stock_latest_bar, StockLatestBarRequest(symbol_or_symbols="AAPL"))
    assert caught.value.status_code == 403
    assert caught.value.response.json() == {"message": "forbidden."}


async def test_the_latest_of_everything(server: AlpacaServer):
    server.commands.set_price("BTC/USD", "60000")
    with history(StockHistoricalDataClient, *KEYS, url=server.data_url) as client:
        assert (await asyncio.to_thread(client.get_stock_latest_trade, StockLatestTradeRequest(symbol_or_symbols="AAPL")))[
            "AAPL"
        ].price == 200
        quote = (await asyncio.to_thread(client.get_stock_latest_quote, StockLatestQuoteRequest(symbol_or_symbols="AAPL")))["AAPL"]
        assert (quote.bid_price, quote.ask_price) == (199.99, 200.01)
        assert (await asyncio.to_thread(client.get_stock_latest_bar, StockLatestBarRequest(symbol_or_symbols="AAPL")))["AAPL"].close > 0
    with history(CryptoHistoricalDataClient, url=server.data_url) as client:
        name = "BTC/USD"
        assert (await asyncio.to_thread(client.get_crypto_latest_trade, CryptoLatestTradeRequest(symbol_or_symbols=name)))[
            name
        ].price == 60000
        quote = (await asyncio.to_thread(client.get_crypto_latest_quote, CryptoLatestQuoteRequest(symbol_or_symbols=name)))[name]
        assert (quote.bid_price, quote.ask_price) == (59999.99, 60000.01)
        assert (await asyncio.to_thread(client.get_crypto_latest_bar, CryptoLatestBarRequest(symbol_or_symbols=name)))[name].close > 0
        book = (await asyncio.to_thread(client.get_crypto_latest_orderbook, CryptoLatestOrderbookRequest(symbol_or_symbols=name)))[name]
        assert book.bids[0].price == 59999.99


async def test_a_market_order_meets_the_wave_that_bars_show(server: AlpacaServer):
    server.commands.set_price("AAPL", None)
    server.commands.set_clock("2025-07-07T14:00:00+00:00", frozen=True)
    bars = (await stock_bars(server, "AAPL", TimeFrame.Minute, MONDAY, MONDAY + timedelta(hours=14)))["AAPL"]
    assert float(server.commands.price("AAPL")) == bars[-2].close == bars[-1].open


async def test_streamed_bars_reach_those_who_subscribed(server: AlpacaServer):
    received = []
    stream = StockDataStream(*KEYS, url_override=server.stock_stream_url)

    async def keep(bar):
        received.append(bar)

    stream.subscribe_bars(keep, "AAPL")
    stream.subscribe_updated_bars(keep, "AAPL")
    async with data_stream(stream):
        await until(lambda: server.commands.streams()["data"]["bars"] == ["AAPL"])
        bar = {"S": "AAPL", "t": "2025-07-07T13:30:00Z", "o": 1.5, "h": 3, "l": 1, "c": 2, "v": 7, "n": 2, "vw": 1.9}
        server.commands.push_bars([{**bar, "S": "MSFT"}, bar])
        server.commands.push_bars([{**bar, "c": 2.5}], kind="u")
        await until(lambda: len(received) == 2)
    assert [(one.symbol, one.close) for one in received] == [("AAPL", 2), ("AAPL", 2.5)]
    assert received[0].timestamp == datetime(2025, 7, 7, 13, 30, tzinfo=UTC)
    bars = await stock_bars(server, "AAPL", TimeFrame.Minute, MONDAY, MONDAY + timedelta(days=1))
    assert [one.close for one in bars["AAPL"]] == [2.5], "REST has what was streamed"


async def test_a_streamed_minute_is_the_one_that_rest_has(server: AlpacaServer):
    server.commands.set_clock("2025-07-07T10:00:01-04:00", frozen=True)
    received = []
    stream = CryptoDataStream(*KEYS, raw_data=True, url_override=server.crypto_stream_url)

    async def keep(message):
        received.append(message)

    for subscribe in (stream.subscribe_bars, stream.subscribe_trades, stream.subscribe_quotes):
        subscribe(keep, "*")
    async with data_stream(stream):
        await until(lambda: server.commands.streams()["data"]["bars"] == ["*"])
        server.commands.push_minute(["BTC/USD"])
        server.commands.set_price("BTC/USD", "61000")
        await until(lambda: len(received) == 3)
    assert [message["T"] for message in received] == ["b", "t", "q"]
    request = CryptoLatestBarRequest(symbol_or_symbols="BTC/USD")
    with history(CryptoHistoricalDataClient, url=server.data_url) as client:
        latest = (await asyncio.to_thread(client.get_crypto_latest_bar, request))["BTC/USD"]
    assert (received[0]["c"], received[0]["t"].to_datetime()) == (latest.close, latest.timestamp)
    assert received[1]["p"] == 61000


async def test_bars_are_generated_as_time_passes(server: AlpacaServer):
    received = []
    stream = CryptoDataStream(*KEYS, url_override=server.crypto_stream_url)

    async def keep(bar):
        received.append(bar)

    stream.subscribe_bars(keep, "BTC/USD")
    async with data_stream(stream):
        await until(lambda: server.commands.streams()["data"]["bars"] == ["BTC/USD"])
        server.commands.generate_bars(["BTC/USD"], 0.1)
        await until(lambda: len(received) >= 3)
        server.commands.generate_bars([], None)
    assert {second.timestamp - first.timestamp for first, second in pairwise(received)} == {timedelta(seconds=0.1)}


async def test_json_clients_are_answered_in_text_and_the_protocols_errors(server: AlpacaServer):
    async with aiohttp.ClientSession() as session, session.ws_connect(server.stock_stream_url) as socket:
        assert await socket.receive_json() == [{"T": "success", "msg": "connected"}]
        await socket.send_json({"action": "subscribe", "bars": ["AAPL"]})
        assert (await socket.receive_json())[0]["code"] == 401
        await socket.send_json({"action": "auth", "key": PAPER.key, "secret": PAPER.secret})
        assert await socket.receive_json() == [{"T": "success", "msg": "authenticated"}]
        await socket.send_json({"action": "subscribe", "trades": [f"A{number}" for number in range(31)]})
        assert (await socket.receive_json())[0]["code"] == 405
        await socket.send_json({"action": "subscribe", "bars": ["AAPL"]})
        assert (await socket.receive_json())[0]["bars"] == ["AAPL"]
        async with session.ws_connect(server.stock_stream_url) as second:
            await second.receive_json()
            await second.send_json({"action": "auth", "key": PAPER.key, "secret": PAPER.secret})
            assert (await second.receive_json())[0]["code"] == 406
        async with session.ws_connect(server.stock_stream_url.replace("iex", "sip")) as sip:
            await sip.receive_json()
            await sip.send_json({"action": "auth", "key": PAPER.key, "secret": PAPER.secret})
            assert (await sip.receive_json())[0] == {"T": "error", "code": 409, "msg": "insufficient subscription"}


async def test_data_streams_are_cut_and_come_back(server: AlpacaServer):
    received = []
    stream = StockDataStream(*KEYS, url_override=server.stock_stream_url)

    async def keep(trade):
        received.append(trade.price)

    stream.subscribe_trades(keep, "AAPL")
    async with data_stream(stream):
        await until(lambda: server.commands.streams()["data"]["trades"] == ["AAPL"])
        server.commands.add_stream_fault(StreamFault(kind="cut", stream="data"))
        server.commands.set_price("AAPL", "201")
        await until(lambda: server.commands.streams()["data"]["trades"] == [])
        await until(lambda: server.commands.streams()["data"]["trades"] == ["AAPL"])
        server.commands.set_price("AAPL", "202")
        await until(lambda: received == [202])
