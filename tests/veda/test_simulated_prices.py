from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.veda.conftest import Simulated
from weaver.broker import MarketBar
from weaver.errors import BadValue, Unavailable, UnknownName
from weaver.market import DAY, Timeframe, to_microseconds
from weaver.orders import OrderRequest, OrderType, Side
from weaver.veda.adapters._simulated_market import parse_replays
from weaver.veda.adapters._simulated_prices import Prices
from weaver.walle.columns import BarColumns
from weaver.walle.reading import RawBars

SECOND, FIVE, MINUTE, HOUR, DAILY = (Timeframe(text) for text in ("1s", "5s", "1m", "1h", "1d"))
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@given(st.integers(1_500_000_000, 2_000_000_000), st.integers(1, 500), st.integers(0, 400))
def test_a_second_has_one_price_however_it_is_asked_for(first: int, count: int, offset: int) -> None:
    prices = Prices("SIM/USD", "7")
    together, alone = prices.seconds(first, first + count + offset), prices.seconds(first + offset, first + offset + count)
    for name in ("open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(together, name)[offset:], getattr(alone, name))


def test_few_and_many_seconds_are_made_alike() -> None:
    prices = Prices("SIM/USD", "7")
    many, few = prices.seconds(1_790_000_000, 1_790_002_000), prices.seconds(1_790_000_500, 1_790_000_900)
    assert np.array_equal(many.close[500:900], few.close)
    assert [prices.at(1_790_000_000 + second) for second in range(0, 2_000, 97)] == many.open[::97].tolist()


def test_prices_are_those_that_every_release_makes() -> None:
    ticks = Prices("SIM/USD", "0").seconds(1_790_000_000, 1_790_000_003)
    assert (ticks.open.tolist(), ticks.close.tolist()) == ([10019, 10018, 10013], [10017, 10014, 10020])


def test_symbols_and_seeds_have_prices_of_their_own() -> None:
    made = {tuple(Prices(symbol, seed).seconds(0, 20).close) for symbol in ("A/USD", "B/USD") for seed in ("0", "1")}
    assert len(made) == 4


def test_prices_move_enough_to_trade_on_and_stay_near_their_level() -> None:
    ticks = Prices("SIM/USD", "0").seconds(1_790_000_000, 1_790_000_000 + 5 * 86_400)
    closes = ticks.close[4::5].astype(float)
    moves = np.diff(closes) / closes[:-1]
    assert 0.0005 < moves.std() < 0.002
    assert ticks.low.min() > 9_000
    assert ticks.high.max() < 11_000
    assert abs(ticks.open[1:] - ticks.close[:-1]).max() <= 2
    fast = np.convolve(closes, np.ones(2) / 2, "valid")[3:]
    slow = np.convolve(closes, np.ones(5) / 5, "valid")
    crossings = np.count_nonzero(np.diff(np.sign(fast - slow)))
    assert crossings / (len(closes) / 12) > 2  # a minute


async def bars(place: Simulated, symbol: str, frame: Timeframe, start: datetime, end: datetime) -> list[MarketBar]:
    exchange = await place.connected()
    return (await exchange.bars([symbol], frame, start, end)).get(symbol, [])


@pytest.mark.parametrize(("symbol", "frame"), [("SIM/USD", FIVE), ("SIM/USD", MINUTE), ("SIM/USD", HOUR), ("AAPL", HOUR), ("AAPL", DAILY)])
async def test_a_longer_bar_is_made_of_its_seconds(simulated: Simulated, symbol: str, frame: Timeframe) -> None:
    start = datetime(2026, 3, 3, tzinfo=UTC) if frame is DAILY else datetime(2026, 3, 3, 15, tzinfo=UTC)
    whole = (await bars(simulated, symbol, frame, start, start + timedelta(hours=20)))[0]
    seconds = await bars(simulated, symbol, SECOND, whole.start, whole.start + timedelta(seconds=frame.seconds))
    assert (whole.open, whole.close) == (seconds[0].open, seconds[-1].close)
    assert whole.high == max(bar.high for bar in seconds)
    assert whole.low == min(bar.low for bar in seconds)
    assert whole.volume == sum(bar.volume for bar in seconds)


async def test_equities_have_bars_in_their_sessions_only(simulated: Simulated) -> None:
    simulated.clock.time = datetime(2025, 12, 1, tzinfo=UTC)
    day = datetime(2025, 11, 28, tzinfo=UTC)  # the day after Thanksgiving ends at 18:00Z
    hours = await bars(simulated, "AAPL", HOUR, day - timedelta(days=1), day + timedelta(days=1))
    assert [bar.start.hour for bar in hours] == [14, 15, 16, 17]
    first = await bars(simulated, "AAPL", SECOND, day, day + timedelta(hours=14, minutes=30, seconds=1))
    assert [bar.start for bar in first] == [day + timedelta(hours=14, minutes=30)]
    (daily,) = await bars(simulated, "AAPL", DAILY, day, day + timedelta(days=1))
    assert daily.start == day
    (crypto,) = await bars(simulated, "SIM/USD", DAILY, day, day + timedelta(days=1))
    assert crypto.start == day


async def test_a_daily_bar_of_an_equity_is_complete_at_the_close(simulated: Simulated) -> None:
    day = datetime(2026, 3, 4, tzinfo=UTC)
    simulated.clock.time = day + timedelta(hours=20, minutes=59, seconds=59)
    assert await bars(simulated, "AAPL", DAILY, day, day + timedelta(days=1)) == []
    simulated.clock.time = day + timedelta(hours=21)
    assert len(await bars(simulated, "AAPL", DAILY, day, day + timedelta(days=1))) == 1


async def test_weeks_begin_on_monday(simulated: Simulated) -> None:
    exchange = await simulated.connected()
    for symbol in ("SIM/USD", "AAPL"):
        found = await exchange.bars([symbol], Timeframe("1w"), NOON - timedelta(days=21), NOON)
        assert {bar.start.isoweekday() for bar in found[symbol]} == {1}


async def test_a_bar_in_progress_is_not_given(simulated: Simulated) -> None:
    simulated.clock.time = NOON + timedelta(seconds=59.999)
    found = await bars(simulated, "SIM/USD", MINUTE, NOON - timedelta(minutes=2), NOON + timedelta(minutes=2))
    assert [bar.start for bar in found] == [NOON - timedelta(minutes=2), NOON - timedelta(minutes=1)]


async def test_bars_of_long_ago_and_of_many_symbols(simulated: Simulated) -> None:
    exchange = await simulated.connected()
    long_ago = datetime(1999, 12, 30, tzinfo=UTC)
    found = await exchange.bars(["A/USD", "B/USD", "IBM"], HOUR, long_ago, long_ago + timedelta(days=1))
    assert {symbol: len(bars) for symbol, bars in found.items()} == {"A/USD": 24, "B/USD": 24, "IBM": 7}


async def test_the_quote_of_a_closed_market_is_around_its_last_price(simulated: Simulated) -> None:
    simulated.clock.time = datetime(2026, 3, 7, 12, tzinfo=UTC)  # a Saturday
    exchange = await simulated.connected()
    last = await exchange.latest_bar("AAPL", SECOND)
    assert last is not None
    assert last.start == datetime(2026, 3, 6, 20, 59, 59, tzinfo=UTC)
    quote = await exchange.quote("AAPL")
    assert abs(quote.bid - last.open) <= Decimal("0.02")


async def test_nothing_that_is_no_symbol_has_bars(simulated: Simulated) -> None:
    exchange = await simulated.connected()
    with pytest.raises(UnknownName):
        await exchange.latest_bar(" ", MINUTE)


# Replays


def store_days(place: Simulated, symbol: str = "AAPL", count: int = 10) -> None:
    """Daily bars in the catalogue from 2004-01-01 on, the n-th of which costs 100 + n."""
    starts = to_microseconds(datetime(2004, 1, 1, tzinfo=UTC)) + np.arange(count) * DAY
    price = 100.0 + np.arange(count)
    columns = BarColumns(starts=starts, open=price, high=price + 0.5, low=price - 0.5, close=price + 0.2, volume=np.full(count, 9.0))
    place.catalogue.import_bars(RawBars(bars=columns, rows=np.arange(1, count + 1)), symbol, "1d", calendar="24/7")


REPLAY = "SIM/AAPL=AAPL@2004-01-04T00:00:00+00:00@1d"


async def test_stored_bars_are_replayed_one_a_bar_from_the_first_use_on(simulated: Simulated) -> None:
    store_days(simulated)
    simulated.clock.time = NOON + timedelta(seconds=2)
    exchange = await simulated.connected(replay=REPLAY)
    before = await exchange.bars(["SIM/AAPL"], FIVE, NOON - timedelta(minutes=1), NOON + timedelta(minutes=1))
    assert [(bar.start, bar.open) for bar in before["SIM/AAPL"]] == [
        (NOON - timedelta(seconds=15), Decimal(100)),
        (NOON - timedelta(seconds=10), Decimal(101)),
        (NOON - timedelta(seconds=5), Decimal(102)),
    ]  # what was stored before the start is its history
    simulated.clock.move(5)
    latest = await exchange.latest_bar("SIM/AAPL", FIVE)
    assert latest is not None
    assert (latest.start, latest.open) == (NOON, Decimal(103))


async def test_a_replay_goes_on_where_it_is_whoever_asks(simulated: Simulated) -> None:
    store_days(simulated)
    first = await simulated.connected(replay=REPLAY)
    begun = await first.latest_bar("SIM/AAPL", FIVE)
    simulated.clock.move(10)
    second = await simulated.connected(replay=REPLAY)
    later = await second.latest_bar("SIM/AAPL", FIVE)
    assert begun is not None
    assert later is not None
    assert later.open - begun.open == 2


async def test_a_replay_that_is_over_has_no_bars_and_no_price(simulated: Simulated) -> None:
    store_days(simulated)
    exchange = await simulated.connected(replay=REPLAY)
    await exchange.latest_bar("SIM/AAPL", FIVE)
    simulated.clock.move(5 * 6)
    waiting = await exchange.submit(
        OrderRequest(
            client_order_id="w-1", symbol="SIM/AAPL", side=Side.BUY, order_type=OrderType.LIMIT, quantity=Decimal(1), limit_price=Decimal(1)
        )
    )
    simulated.clock.move(5 * 600)
    assert await exchange.latest_bar("SIM/AAPL", FIVE) is None
    with pytest.raises(Unavailable):
        await exchange.quote("SIM/AAPL")
    assert [order.exchange_order_id for order in await exchange.open_orders()] == [waiting.exchange_order_id]


@pytest.mark.parametrize(
    "text", ["AAPL", "AAPL=yesterday@1d", "AAPL=2004-01-01@1d", "=2004-01-01T00:00:00Z@1d", "A=2004-01-01T00:00:00Z@1x"]
)
def test_a_replay_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_replays(text)


def test_several_symbols_are_replayed() -> None:
    replays = parse_replays("AAPL=2004-01-02T14:30:00Z@1d, X/USD=IBM@2004-01-02T14:30:00Z@1d")
    assert [(symbol, replay.stored) for symbol, replay in replays.items()] == [("AAPL", "AAPL"), ("X/USD", "IBM")]


async def test_each_bar_opens_near_the_close_before_it(simulated: Simulated) -> None:
    found = await bars(simulated, "SIM/USD", FIVE, NOON - timedelta(minutes=10), NOON)
    assert all(abs(later.open - earlier.close) <= Decimal("0.02") for earlier, later in pairwise(found))
