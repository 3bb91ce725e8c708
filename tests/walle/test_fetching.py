"""Bars from a venue into the catalogue: the simulated exchange at a clock that stands still."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.veda.conftest import FakeClock
from tests.walle.bar_files import a_csv
from tests.walle.databases import with_tables
from weaver.broker import MarketBar
from weaver.errors import BadValue, RateLimited, Unavailable, UnknownName
from weaver.market import Timeframe, from_microseconds
from weaver.veda.adapters.simulated import META, SimulatedExchange
from weaver.veda.exchange import Context
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.fetching import PIECE, Fetching, FetchReport
from weaver.walle.simulated import Simulations
from weaver.walle.store import open_store

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)  # the Saturday after Thanksgiving
NOW = NOON + timedelta(seconds=30)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
COIN, STOCK = "SIM/USD", "AAPL"
Change = Callable[[MarketBar], Sequence[MarketBar]]


class WatchedExchange(SimulatedExchange):
    """The simulated exchange, of which one sees what it was asked, and whose answers a test can change or take away."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.asked: list[tuple[datetime, datetime]] = []
        self.failures: list[Exception | None] = []
        self.change: Change = lambda bar: [bar]

    async def bars(self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime) -> dict[str, list[MarketBar]]:
        self.asked.append((start, end))
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        found = await super().bars(symbols, timeframe, start, end)
        return {symbol: [changed for bar in bars for changed in self.change(bar)] for symbol, bars in found.items()}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """The simulated exchange's own; what is fetched does not go there."""
    opened = with_tables(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
async def exchange(database: Database) -> AsyncIterator[WatchedExchange]:
    SimulatedExchange.meta = META
    made = WatchedExchange(Context(account="fetch-paper", mode="paper", environment={}, clock=FakeClock(NOW), store=Simulations(database)))
    await made.connect(trading=False)
    yield made
    await made.disconnect()


@pytest.fixture(params=["folder", "memory"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A catalogue in a folder, and one in an object store."""
    return str(tmp_path / "bars") if request.param == "folder" else f"memory://{tmp_path.name}-{request.node.name}"


@pytest.fixture
def fetching(location: str, exchange: WatchedExchange) -> Fetching:
    return Fetching(open_store(location), exchange, source="simulated")


@pytest.fixture
def catalogue(location: str) -> Catalogue:
    return Catalogue.open(location)


async def fetched(
    fetching: Fetching, symbol: str = COIN, timeframe: str = "1m", *, start: datetime = NOON - DAY, end: datetime = NOW
) -> FetchReport:
    return await fetching.fetch(symbol, Timeframe(timeframe), start=start, end=end, now=NOW)


def starts(catalogue: Catalogue, symbol: str, timeframe: str) -> list[datetime]:
    bars = catalogue.load(catalogue.pin([symbol], timeframe).series[0])
    return [from_microseconds(start) for start in bars.starts]


def counts(report: FetchReport) -> dict[str, int]:
    return {name: getattr(report, name) for name in ("due", "had", "added", "absent", "dropped", "requests")}


async def test_complete_bars_are_stored_as_the_venue_has_them(fetching: Fetching, catalogue: Catalogue, exchange: WatchedExchange) -> None:
    report = await fetched(fetching, start=NOON - 10 * MINUTE)

    assert counts(report) == {"due": 10, "had": 0, "added": 10, "absent": 0, "dropped": 0, "requests": 1}
    bars = catalogue.load(catalogue.pin([COIN], "1m").series[0])
    truth = (await exchange.bars([COIN], Timeframe("1m"), NOON - HOUR, NOW))[COIN][-10:]
    assert starts(catalogue, COIN, "1m") == [bar.start for bar in truth]
    for name in ("open", "high", "low", "close", "volume"):
        assert getattr(bars, name).tolist() == [float(getattr(bar, name)) for bar in truth]


async def test_a_second_fetch_asks_for_nothing(fetching: Fetching, exchange: WatchedExchange) -> None:
    await fetched(fetching)
    exchange.asked.clear()

    report = await fetched(fetching)

    assert exchange.asked == []
    assert counts(report) == {"due": 1440, "had": 1440, "added": 0, "absent": 0, "dropped": 0, "requests": 0}


async def test_only_the_hole_between_stored_bars_is_asked_for(fetching: Fetching, catalogue: Catalogue, exchange: WatchedExchange) -> None:
    await fetched(fetching, start=NOON - DAY, end=NOON - 20 * HOUR)
    await fetched(fetching, start=NOON - 10 * HOUR)
    exchange.asked.clear()

    report = await fetched(fetching)

    begins = NOON - 20 * HOUR
    assert exchange.asked == [(begins, begins + 10 * HOUR - MINUTE + SECOND)]
    assert (report.had, report.added) == (840, 600)
    assert len(starts(catalogue, COIN, "1m")) == 1440


async def test_an_interrupted_fetch_keeps_its_pieces_and_goes_on_there(
    fetching: Fetching, catalogue: Catalogue, exchange: WatchedExchange
) -> None:
    begin = NOON - 20 * DAY
    told: list[tuple[int, int]] = []
    exchange.failures = [None, Unavailable("the venue is away, by the test")]
    with pytest.raises(Unavailable):
        await fetching.fetch(COIN, Timeframe("1m"), start=begin, end=NOW, now=NOW, progress=lambda done, total: told.append((done, total)))
    assert told == [(PIECE, 20 * 1440)]
    assert len(starts(catalogue, COIN, "1m")) == PIECE
    exchange.asked.clear()

    report = await fetched(fetching, start=begin)

    assert exchange.asked[0][0] == begin + PIECE * MINUTE
    assert (report.had, report.added, report.requests) == (PIECE, 20 * 1440 - PIECE, 2)


async def test_bars_that_a_venue_does_not_have_are_asked_for_once(fetching: Fetching, location: str, exchange: WatchedExchange) -> None:
    exchange.change = lambda bar: [] if bar.start < NOON - DAY else [bar]
    before = NOON - 24 * HOUR - 5 * MINUTE, NOON - 12 * HOUR
    report = await fetched(fetching, start=before[0], end=before[1])
    assert (report.added, report.absent) == (report.due - 5, 5)
    exchange.asked.clear()

    again = await fetched(fetching, start=before[0], end=before[1])
    assert (exchange.asked, again.absent) == ([], 5)

    exchange.change = lambda bar: [bar]
    elsewhere = Fetching(open_store(location), exchange, source="another feed")
    assert counts(await fetched(elsewhere, start=before[0], end=before[1]))["added"] == 5


async def test_bars_that_may_only_be_late_are_asked_for_again(fetching: Fetching, exchange: WatchedExchange) -> None:
    exchange.change = lambda bar: [] if bar.start >= NOON - 5 * MINUTE else [bar]
    assert (await fetched(fetching)).absent == 5
    exchange.change = lambda bar: [bar]
    assert counts(await fetched(fetching))["added"] == 5


async def test_days_stamped_at_midnight_in_new_york_are_stored_under_their_date(
    fetching: Fetching, catalogue: Catalogue, exchange: WatchedExchange
) -> None:
    exchange.change = lambda bar: [replace(bar, start=bar.start + 5 * HOUR)]

    report = await fetched(fetching, STOCK, "1d", start=datetime(2026, 11, 24, tzinfo=UTC))

    # Thanksgiving has no session, the day after is a half one, and complete.
    assert starts(catalogue, STOCK, "1d") == [datetime(2026, 11, day, tzinfo=UTC) for day in (24, 25, 27)]
    assert counts(report) == {"due": 3, "had": 0, "added": 3, "absent": 0, "dropped": 0, "requests": 1}


async def test_what_trades_outside_the_session_is_left_out(fetching: Fetching, catalogue: Catalogue, exchange: WatchedExchange) -> None:
    exchange.change = lambda bar: [replace(bar, start=bar.start - 4 * HOUR), bar]
    await fetched(fetching, STOCK, start=datetime(2026, 11, 27, tzinfo=UTC), end=datetime(2026, 11, 28, tzinfo=UTC))
    found = starts(catalogue, STOCK, "1m")
    assert (len(found), found[0], found[-1]) == (
        210,
        datetime(2026, 11, 27, 14, 30, tzinfo=UTC),
        datetime(2026, 11, 27, 17, 59, tzinfo=UTC),
    )


async def test_impossible_bars_are_dropped_and_told(fetching: Fetching, exchange: WatchedExchange) -> None:
    exchange.change = lambda bar: [replace(bar, high=bar.low, low=bar.high) if bar.start.minute == 30 else bar]
    report = await fetched(fetching, start=NOON - 3 * HOUR, end=NOON - 2 * HOUR)
    assert (report.added, report.dropped, report.absent) == (59, 1, 0)


async def test_a_venue_that_asks_to_wait_is_waited_for(fetching: Fetching, exchange: WatchedExchange) -> None:
    exchange.failures = [RateLimited("slower, by the test", wait_seconds=0)] * 3
    assert (await fetched(fetching)).added == 1440
    assert len(exchange.asked) == 4
    exchange.failures = [RateLimited("never, by the test", wait_seconds=0)] * 100
    with pytest.raises(RateLimited):
        await fetched(fetching, start=NOON - 2 * DAY)


async def test_an_empty_range_and_an_unknown_symbol_are_refused(fetching: Fetching) -> None:
    with pytest.raises(BadValue, match="after start"):
        await fetched(fetching, start=NOW, end=NOW)
    with pytest.raises(BadValue, match="symbol"):
        await fetched(fetching, "no such name")


async def test_the_venue_s_word_on_a_symbol_comes_through(fetching: Fetching, exchange: WatchedExchange) -> None:
    exchange.failures = [UnknownName("symbol", "SIN/USD", [])]
    with pytest.raises(UnknownName, match="SIN/USD"):
        await fetched(fetching, "SIN/USD")


async def test_a_series_goes_on_by_its_own_calendar_and_from_its_last_bar(
    fetching: Fetching, catalogue: Catalogue, exchange: WatchedExchange, tmp_path: Path
) -> None:
    rows = ["2026-11-26T10:00:00Z,1,1,1,1,5", "2026-11-26T10:01:00Z,1,1,1,1,5"]
    catalogue.import_file(a_csv(tmp_path / "odd.csv", *rows), STOCK, "1m", calendar="24/7")

    report = await fetched(fetching, STOCK, start=NOON - 3 * DAY)

    assert report.due == 3 * 1440
    assert fetching.last_start(STOCK, Timeframe("1m")) == datetime(2026, 11, 27, 17, 59, tzinfo=UTC)
    assert fetching.last_start(COIN, Timeframe("1m")) is None


async def test_unadjusted_bars_in_an_adjusted_series_are_warned_of(fetching: Fetching, catalogue: Catalogue, tmp_path: Path) -> None:
    file = a_csv(tmp_path / "a.csv", "2026-11-24,1,1,1,1,0.5,5", header="Date,Open,High,Low,Close,Adj Close,Volume")
    catalogue.import_file(file, STOCK, "1d", adjust=True)
    report = await fetched(fetching, STOCK, "1d", start=datetime(2026, 11, 24, tzinfo=UTC))
    assert (report.had, report.added, report.mixed) == (1, 2, True)
    assert np.allclose(catalogue.load(catalogue.pin([STOCK], "1d").series[0]).close[0], 0.5)
