from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.alpaca_server.faults import Fault
from tests.veda.alpaca_venue import venue
from weaver.errors import BadValue, Refused, Unavailable, UnknownName
from weaver.market import Timeframe

MINUTE, DAY, WEEK = Timeframe("1m"), Timeframe("1d"), Timeframe("1w")
OPEN = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)  # Wednesday 09:30 in New York


def given_bars(start: datetime, count: int, step: timedelta, close: float = 100.25) -> list[dict[str, object]]:
    return [
        {
            "t": (start + step * n).isoformat().replace("+00:00", "Z"),
            "o": 100.1,
            "h": 101.0,
            "l": 99.5,
            "c": close + n,
            "v": 10 + n,
            "n": 1,
            "vw": 100,
        }
        for n in range(count)
    ]


async def test_bars_are_within_the_range_and_complete():
    async with venue() as here:
        here.commands.set_clock((OPEN + timedelta(minutes=10, seconds=30)).isoformat(), frozen=True)
        here.commands.set_bars("AAPL", "1Min", given_bars(OPEN, 11, timedelta(minutes=1)))
        found = await here.exchange.bars(["AAPL"], MINUTE, OPEN + timedelta(minutes=2), OPEN + timedelta(hours=2))
        assert [bar.start for bar in found["AAPL"]] == [OPEN + timedelta(minutes=n) for n in range(2, 10)]  # the eleventh is being made
        assert (found["AAPL"][0].close, found["AAPL"][0].volume, found["AAPL"][0].timeframe) == (Decimal("102.25"), 12, "1m")
        part = await here.exchange.bars(["AAPL"], MINUTE, OPEN, OPEN + timedelta(minutes=2))
        assert len(part["AAPL"]) == 2  # the end is not included
        latest = await here.exchange.latest_bar("AAPL", MINUTE)
        assert latest == found["AAPL"][-1]


async def test_many_pages_make_one_series():
    async with venue() as here:
        here.commands.set_clock((OPEN + timedelta(days=10)).isoformat(), frozen=True)
        for symbol in ("AAPL", "MSFT"):
            here.commands.set_bars(symbol, "1Min", given_bars(OPEN, 7_000, timedelta(minutes=1)))
        here.commands.set_bars("BTC/USD", "1Min", given_bars(OPEN, 20, timedelta(minutes=1)))
        found = await here.exchange.bars(["MSFT", "AAPL", "BTC/USD", "AAPL"], MINUTE, OPEN, OPEN + timedelta(days=9))
        assert {symbol: len(bars) for symbol, bars in found.items()} == {"MSFT": 7_000, "AAPL": 7_000, "BTC/USD": 20}
        assert [bar.start for bar in found["MSFT"]] == [OPEN + timedelta(minutes=n) for n in range(7_000)]
        assert list(found) == ["MSFT", "AAPL", "BTC/USD"]
        assert len([path for path in here.requests("GET") if "/v2/stocks/bars" in path]) == 2


async def test_todays_bar_is_complete_with_the_close_of_its_session():
    async with venue() as here:
        midnight = datetime(2026, 3, 2, 5, tzinfo=UTC)
        here.commands.set_bars("AAPL", "1Day", given_bars(midnight, 3, timedelta(days=1)))
        here.commands.set_market(None)
        for clock, count in ((datetime(2026, 3, 4, 20, 59, 59, tzinfo=UTC), 2), (datetime(2026, 3, 4, 21, 0, tzinfo=UTC), 3)):
            here.commands.set_clock(clock.isoformat(), frozen=True)
            found = await here.exchange.bars(["AAPL"], DAY, midnight, midnight + timedelta(days=30))
            assert [bar.start for bar in found["AAPL"]] == [midnight + timedelta(days=n) for n in range(count)]
            latest = await here.exchange.latest_bar("AAPL", DAY)
            assert latest == found["AAPL"][-1]


async def test_a_half_days_bar_is_complete_at_one_in_the_afternoon():
    async with venue() as here:
        midnight = datetime(2025, 11, 28, 5, tzinfo=UTC)  # the day after Thanksgiving
        here.commands.set_bars("AAPL", "1Day", given_bars(midnight, 1, timedelta(days=1)))
        here.commands.set_market(None)
        here.commands.set_clock("2025-11-28T17:59:59+00:00", frozen=True)
        assert await here.exchange.bars(["AAPL"], DAY, midnight, midnight + timedelta(days=1)) == {}
        here.commands.set_clock("2025-11-28T18:00:00+00:00", frozen=True)
        assert len((await here.exchange.bars(["AAPL"], DAY, midnight, midnight + timedelta(days=1)))["AAPL"]) == 1


async def test_the_feed_is_asked_for_and_splits_are_taken_out():
    async with venue() as here:
        now = await here.exchange.context.clock.now()
        await here.exchange.bars(["AAPL"], MINUTE, now - timedelta(hours=1), now)
        await here.exchange.quote("AAPL")
        asked = [path for path in here.requests("GET") if "/v2/stocks" in path]
        assert all("feed=iex" in path for path in asked)
        assert "adjustment=split" in asked[0]


async def test_recent_sip_bars_without_a_plan_are_refused_with_advice():
    async with venue(DATA_FEED="sip") as here:
        now = await here.exchange.context.clock.now()
        with pytest.raises(Refused, match="ALPACA_DATA_FEED=iex"):
            await here.exchange.bars(["AAPL"], MINUTE, now - timedelta(hours=1), now)


@pytest.mark.parametrize("symbol", ["ZZZZZ", "nonsense", "NO/COIN", "A B", "../orders"])
async def test_a_symbol_that_does_not_exist_is_unknown(symbol):
    async with venue() as here:
        now = await here.exchange.context.clock.now()
        with pytest.raises(UnknownName, match="symbol"):
            await here.exchange.bars([symbol], MINUTE, now - timedelta(hours=1), now)
        with pytest.raises(UnknownName):
            await here.exchange.quote(symbol)
        with pytest.raises(UnknownName):
            await here.exchange.latest_bar(symbol, MINUTE)


async def test_a_symbol_without_bars_has_no_entry():
    async with venue() as here:
        here.commands.set_bars("AAPL", "1Min", [])
        now = await here.exchange.context.clock.now()
        assert await here.exchange.bars(["AAPL"], MINUTE, now - timedelta(hours=1), now) == {}
        assert await here.exchange.latest_bar("AAPL", MINUTE) is None
        assert await here.exchange.bars([], MINUTE, now - timedelta(hours=1), now) == {}


async def test_a_timeframe_that_alpaca_does_not_have_is_refused():
    async with venue() as here:
        now = await here.exchange.context.clock.now()
        with pytest.raises(BadValue, match="timeframe"):
            await here.exchange.bars(["AAPL"], Timeframe("2d"), now - timedelta(days=9), now)


@pytest.mark.parametrize(("symbol", "price"), [("AAPL", "200"), ("BTC/USD", "50000")])
async def test_a_quote_is_around_the_price(symbol, price):
    async with venue() as here:
        quote = await here.exchange.quote(symbol)
        assert quote.symbol == symbol
        assert quote.bid < Decimal(price) < quote.ask
        assert quote.time.tzinfo is UTC


async def test_market_data_that_fails_is_unavailable():
    async with venue() as here:
        now = await here.exchange.context.clock.now()
        here.commands.add_fault(Fault(kind="error", path="/stocks/bars", status=503, html=True))
        with pytest.raises(Unavailable):
            await here.exchange.bars(["AAPL"], MINUTE, now - timedelta(hours=1), now)
        here.commands.add_fault(Fault(kind="half_json", when="after", path="/quotes/latest"))
        with pytest.raises(Unavailable):
            await here.exchange.quote("AAPL")


async def test_the_clock_and_the_calendar_are_utc():
    async with venue() as here:
        here.commands.set_market(None)
        here.commands.set_clock("2026-03-06T20:00:00+00:00", frozen=True)
        clock = await here.exchange.clock()
        assert (clock.is_open, clock.time) == (True, datetime(2026, 3, 6, 20, tzinfo=UTC))
        assert clock.next_close == datetime(2026, 3, 6, 21, tzinfo=UTC)
        assert clock.next_open == datetime(2026, 3, 9, 13, 30, tzinfo=UTC)  # summer time begins on the 8th
        days = await here.exchange.calendar(date(2026, 3, 6), date(2026, 3, 9))
        assert [(day.day, day.open, day.close) for day in days] == [
            (date(2026, 3, 6), datetime(2026, 3, 6, 14, 30, tzinfo=UTC), datetime(2026, 3, 6, 21, tzinfo=UTC)),
            (date(2026, 3, 9), datetime(2026, 3, 9, 13, 30, tzinfo=UTC), datetime(2026, 3, 9, 20, tzinfo=UTC)),
        ]
        assert await here.exchange.calendar(date(2026, 3, 7), date(2026, 3, 8)) == []


async def test_a_week_is_complete_with_its_last_session():
    async with venue() as here:
        monday = datetime(2026, 3, 2, 5, tzinfo=UTC)
        here.commands.set_market(None)
        here.commands.set_bars("AAPL", "1Week", given_bars(monday, 1, timedelta(days=7)))
        here.commands.set_clock("2026-03-06T20:59:00+00:00", frozen=True)
        assert await here.exchange.bars(["AAPL"], WEEK, monday, monday + timedelta(days=7)) == {}
        here.commands.set_clock("2026-03-06T21:00:00+00:00", frozen=True)
        assert len((await here.exchange.bars(["AAPL"], WEEK, monday, monday + timedelta(days=7)))["AAPL"]) == 1
