"""The activity at a bar's end, with the simulated exchange and a clock that the tests move."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.bar_requests import patience
from activities.ticks import Ticks
from tests.walle.databases import with_tables
from tests.walle.records import a_run
from tests.walle.trading import NO_LIMITS, a_fill, a_report, funds, wanted
from weaver.broker import Fill, MarketBar, OrderReport
from weaver.errors import Unavailable
from weaver.glados.risk import RiskLimits
from weaver.market import Timeframe, from_microseconds
from weaver.orders import OrderStatus, OrderType, Role
from weaver.veda.adapters.simulated import META, SimulatedExchange
from weaver.veda.exchange import Context
from weaver.venue import Venue
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.known_orders import KnownOrders
from weaver.walle.leases import Leases
from weaver.walle.live_bars import LiveBars
from weaver.walle.orders import Orders
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.simulated import Simulations
from weaver.walle.trading_model import OrderChange
from weaver.walle.trading_queries import TradingQueries
from workflows.trading_inputs import Tick, TickTask

ACCOUNT = "simulated-paper"
COIN, OTHER = "SIM/USD", "OTHER/USD"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
Answer = TypeVar("Answer")


class HandClock:
    """A clock that stands still until it is moved; who waits by it wakes when it has come so far."""

    def __init__(self, time: datetime) -> None:
        self.time = time
        self._sleeping: dict[asyncio.Future[None], datetime] = {}
        self._someone_sleeps = asyncio.Event()

    async def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleeping[future] = self.time + timedelta(seconds=seconds)
        self._someone_sleeps.set()
        await future

    def move_to(self, time: datetime) -> None:
        self.time = max(self.time, time)
        for future in [one for one, until in self._sleeping.items() if until <= self.time]:
            del self._sleeping[future]
            if not future.done():
                future.set_result(None)

    async def run(self, work: Awaitable[Answer]) -> Answer:
        """Move on to when the next one wakes, again and again, until `work` is done."""
        task = asyncio.ensure_future(work)
        while not task.done():
            if self._sleeping:
                self.move_to(min(self._sleeping.values()))
            self._someone_sleeps.clear()
            waiting = asyncio.create_task(self._someone_sleeps.wait())
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        return await task


class WatchedExchange(SimulatedExchange):
    """The simulated exchange, of which one sees what it was asked, and which can be slow with a bar, restate one, or be away."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.asked: list[tuple[tuple[str, ...], str, datetime, datetime]] = []
        self.listed = 0
        self.late: dict[str, datetime] = {}
        self.restated: dict[str, Decimal] = {}
        self.away = False

    async def bars(self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime) -> dict[str, list[MarketBar]]:
        self.asked.append((tuple(sorted(symbols)), timeframe.text, start, end))
        self._answer()
        found = await super().bars(symbols, timeframe, start, end)
        now, length = await self.context.clock.now(), timedelta(seconds=timeframe.seconds)
        for symbol, until in self.late.items():
            if symbol in found and now < until:
                found[symbol] = [bar for bar in found[symbol] if bar.start + length < end]
        return {
            symbol: [replace(bar, close=self.restated.get(symbol, bar.close)) for bar in bars] for symbol, bars in found.items() if bars
        }

    async def open_orders(self) -> list[OrderReport]:
        self.listed += 1
        self._answer()
        return await super().open_orders()

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("The exchange is away, by the test.")


@dataclass
class World:
    """One account at the simulated exchange with WallE behind it."""

    database: Database
    clock: HandClock = field(default_factory=lambda: HandClock(NOON + timedelta(seconds=1)))
    told: list[OrderChange] = field(default_factory=list)
    limits: RiskLimits = field(default_factory=RiskLimits)

    def __post_init__(self) -> None:
        SimulatedExchange.meta = META
        self.orders = Orders(self.database)
        self.queries = TradingQueries(self.database)
        self.accounts = Accounts(self.database)
        self.live_bars = LiveBars(self.database)
        self.exchange = self._exchange()
        self.ticks = self.process()

    def _exchange(self) -> WatchedExchange:
        store = Simulations(self.database)
        return WatchedExchange(Context(account=ACCOUNT, mode="paper", environment={}, clock=self.clock, store=store))

    def process(self) -> Ticks:
        """What one process serves ticks with; a second one knows nothing of the first."""

        async def tell(changes: Sequence[OrderChange]) -> None:
            self.told.extend(changes)

        venue = Venue(
            ACCOUNT,
            make=lambda: self.exchange,
            clock=self.clock,
            orders=self.orders,
            accounts=self.accounts,
            queries=self.queries,
            known=KnownOrders(self.database),
            tell=tell,
        )
        return Ticks(
            venue, live_bars=self.live_bars, records=Records(self.database), decisions=Decisions(self.database), limits=self.limits
        )

    def task(self, end: datetime, run_id: str = "run", **changes: Any) -> TickTask:
        known = {run.id for run in Queries(self.database).runs().items}
        symbols = changes.pop("symbols", [COIN])
        if run_id not in known:
            Records(self.database).register_run(a_run(run_id, mode="paper", symbols=tuple(symbols), timeframe="1m"))
        return TickTask.model_validate(
            {
                "run_id": run_id,
                "account": ACCOUNT,
                "symbols": symbols,
                "timeframe": "1m",
                "end": end,
                "first_end": end,
                "warmup": 0,
                "budget": Decimal(10_000),
                "cursor": 0,
            }
            | changes
        )

    async def tick(self, end: datetime, run_id: str = "run", *, ticks: Ticks | None = None, **changes: Any) -> Tick:
        """Tick by itself; the clock moves on as it waits."""
        return await self.clock.run(attempt(ticks or self.ticks, self.task(end, run_id, **changes)))

    def recorded(self, symbol: str = COIN, timeframe: str = "1m") -> list[datetime]:
        return [from_microseconds(start) for start in self.live_bars.load("simulated", symbol, timeframe).starts]

    async def truth(self, end: datetime, symbol: str = COIN) -> Decimal:
        """The close of the minute that ended."""
        found = await SimulatedExchange.bars(self.exchange, [symbol], Timeframe("1m"), end - MINUTE, end)
        return found[symbol][-1].close

    async def _low_of_this_minute(self, symbol: str) -> Decimal:
        """What the price will fall to before the minute is over: made-up prices are the same at any time."""
        begun = self.clock.time.replace(second=0, microsecond=0)
        store = Simulations(self.database)
        ahead = SimulatedExchange(Context(account="peek-paper", mode="paper", environment={}, clock=HandClock(begun + MINUTE), store=store))
        await ahead.connect(trading=False)
        return (await ahead.bars([symbol], Timeframe("1m"), begun, begun + MINUTE))[symbol][0].low

    async def buy(self, order_id: str, quantity: str = "2", symbol: str = COIN, run_id: str | None = "run", **terms: Any) -> None:
        """Send an order as a run does, that is not filled at once and will be before the minute is over."""
        limit = await self._low_of_this_minute(symbol)
        order = wanted(order_id, symbol=symbol, quantity=quantity, run_id=run_id, order_type=OrderType.LIMIT, limit_price=limit, **terms)
        if run_id is not None:
            Leases(self.database).take(ACCOUNT, [symbol], run_id, self.clock.time)
        (admitted,) = self.orders.admit([order], limits=NO_LIMITS, run_limits=None, at=self.clock.time)
        sending = self.orders.sending(order_id, at=self.clock.time)
        assert sending.order.status is OrderStatus.SUBMITTING, admitted
        await self.exchange.connect()
        await self.exchange.bars([symbol], Timeframe("1m"), self.clock.time - MINUTE, self.clock.time)
        report = await self.exchange.submit(sending.order.request)
        assert report.status is OrderStatus.ACCEPTED
        self.orders.report(ACCOUNT, report, at=self.clock.time)
        self.exchange.asked.clear()


MINUTE = timedelta(minutes=1)


async def attempt(ticks: Ticks, task: TickTask) -> Tick:
    return await ActivityEnvironment().run(ticks.tick, task)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = with_tables(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    made = World(database)
    yield made
    await made.ticks.settled()
    await made.exchange.disconnect()


def events(tick: Tick) -> dict[str, dict[str, Any]]:
    return {event.type: event.payload for event in tick.events}


async def test_a_tick_waits_for_the_end_of_its_bar_and_brings_its_close(world: World) -> None:
    beats: list[object] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)

    tick = await world.clock.run(environment.run(world.ticks.tick, world.task(NOON + MINUTE)))

    assert world.clock.time == NOON + MINUTE
    assert tick.fresh == {COIN: await world.truth(NOON + MINUTE)}
    assert (tick.is_missed, tick.next_end) == (False, NOON + 2 * MINUTE)
    assert (tick.ledger.cash, tick.equity) == (Decimal(10_000), Decimal(10_000))
    assert events(tick) == {
        "clock.Tick": {"run_id": "run", "bar_end": "2026-11-22T12:01:00Z", "fresh": [COIN], "missing": [], "late_ms": 0}
    }
    assert tick.events[0].corr_id == "run:2026-11-22T12:01:00Z"
    assert beats


async def test_the_first_tick_brings_the_warm_up_and_later_ones_their_own_bar(world: World) -> None:
    first, second = NOON + MINUTE, NOON + 2 * MINUTE
    await world.tick(first, warmup=5)
    assert world.recorded() == [NOON - at * MINUTE for at in range(5, -1, -1)]

    await world.tick(second, first_end=first, warmup=5)

    assert world.recorded()[-1] == NOON + MINUTE
    assert [(start, end) for _, _, start, end in world.exchange.asked] == [(NOON - 5 * MINUTE, first), (first, second)]


async def test_two_hundred_runs_on_one_boundary_ask_once_for_each_timeframe(world: World) -> None:
    end = NOON + MINUTE
    symbols = [f"S{number}/USD" for number in range(20)]
    tasks = [world.task(end, f"run-{number}", symbols=[symbols[number % 20]]) for number in range(100)]
    tasks += [world.task(end, f"fast-{number}", symbols=[symbols[number % 20]], timeframe="5s") for number in range(100)]

    ticks = await world.clock.run(asyncio.gather(*(attempt(world.ticks, task) for task in tasks)))

    assert sorted((asked, timeframe) for asked, timeframe, _, _ in world.exchange.asked) == [
        (tuple(sorted(symbols)), "1m"),
        (tuple(sorted(symbols)), "5s"),
    ]
    assert all(list(tick.fresh) == task.symbols for task, tick in zip(tasks, ticks, strict=True))


async def test_more_symbols_than_a_request_holds_are_asked_for_in_several(world: World) -> None:
    symbols = [f"S{number}/USD" for number in range(150)]
    tick = await world.tick(NOON + MINUTE, symbols=symbols)
    assert len(tick.fresh) == 150
    assert sorted(len(asked) for asked, _, _, _ in world.exchange.asked) == [50, 100]


async def test_a_tick_that_is_tried_again_or_elsewhere_asks_for_nothing_that_is_recorded(world: World) -> None:
    end = NOON + MINUTE
    first = await world.tick(end, warmup=3)
    world.exchange.asked.clear()

    assert (await world.tick(end, warmup=3)).fresh == first.fresh
    assert (await world.tick(end, warmup=3, ticks=world.process())).fresh == first.fresh
    assert world.exchange.asked == []


async def test_a_run_with_a_longer_warm_up_gets_what_others_did_not_want(world: World) -> None:
    end = NOON + MINUTE
    await world.tick(end, "short", warmup=1)
    await world.tick(end, "long", warmup=30)
    assert world.recorded() == [NOON - at * MINUTE for at in range(30, -1, -1)]


async def test_a_warm_up_that_could_not_be_fetched_is_fetched_when_the_venue_is_back(world: World) -> None:
    end = NOON + MINUTE
    await world.tick(end, "short", warmup=1)
    world.exchange.away = True
    with pytest.raises(ApplicationError, match="away"):
        await world.tick(end, "long", warmup=30)
    world.exchange.away = False
    await world.tick(end, "long", warmup=30)
    assert world.recorded() == [NOON - at * MINUTE for at in range(30, -1, -1)]


async def test_a_hole_that_another_process_left_is_filled(world: World) -> None:
    first = NOON + MINUTE
    await world.tick(first)
    world.clock.move_to(NOON + 20 * MINUTE)
    await world.tick(NOON + 20 * MINUTE, "younger", first_end=NOON + 20 * MINUTE, ticks=world.process())
    assert len(world.recorded()) == 2

    await world.tick(NOON + 21 * MINUTE, first_end=first, ticks=world.process())

    assert world.recorded() == [NOON + at * MINUTE for at in range(21)]


async def test_a_tick_long_after_its_end_is_missed_and_says_what_was_slept_through(world: World) -> None:
    world.clock.move_to(NOON + timedelta(minutes=150, seconds=10))
    tick = await world.tick(NOON + MINUTE)

    assert (tick.is_missed, tick.fresh, world.exchange.asked) == (True, {}, [])
    assert tick.next_end == NOON + 151 * MINUTE
    missed = events(tick)["clock.Missed"]
    assert len(missed.pop("ends")) == 100
    assert missed == {"run_id": "run", "from": "2026-11-22T12:01:00Z", "to": "2026-11-22T14:30:00Z", "count": 150}


@pytest.mark.parametrize(("seconds", "is_missed"), [(30.0, False), (30.001, True)])
async def test_half_a_bar_late_is_the_latest(world: World, seconds: float, *, is_missed: bool) -> None:
    world.clock.move_to(NOON + MINUTE + timedelta(seconds=seconds))
    tick = await world.tick(NOON + MINUTE)
    assert tick.is_missed == is_missed
    if not is_missed:
        assert events(tick)["clock.Tick"]["late_ms"] == 30_000


async def test_after_an_outage_the_bars_in_between_are_fetched(world: World) -> None:
    first = NOON + MINUTE
    await world.tick(first)
    world.clock.move_to(NOON + timedelta(minutes=59, seconds=50))

    await world.tick(NOON + 60 * MINUTE, first_end=first, ticks=world.process())

    assert world.recorded() == [NOON + at * MINUTE for at in range(60)]


async def test_a_bar_that_comes_a_little_later_is_waited_for(world: World) -> None:
    end = NOON + MINUTE
    world.exchange.late = {COIN: end + timedelta(seconds=2)}
    tick = await world.tick(end)
    assert list(tick.fresh) == [COIN]
    assert timedelta(seconds=2) <= world.clock.time - end <= timedelta(seconds=3)


async def test_a_bar_that_does_not_come_is_missing_and_fetched_with_the_next(world: World) -> None:
    end = NOON + MINUTE
    world.exchange.late = {COIN: end + 2 * patience(Timeframe("1m"))}

    tick = await world.tick(end, symbols=[COIN, OTHER])

    assert list(tick.fresh) == [OTHER]
    assert world.clock.time == end + patience(Timeframe("1m")) == end + timedelta(seconds=10)
    assert events(tick)["data.Missing"] == {"run_id": "run", "bar_end": "2026-11-22T12:01:00Z", "symbols": [COIN]}
    assert events(tick)["clock.Tick"]["missing"] == [COIN]
    assert world.recorded() == []

    await world.tick(end + MINUTE, symbols=[COIN, OTHER], first_end=end)
    assert world.recorded(COIN) == world.recorded(OTHER) == [NOON, NOON + MINUTE]


async def test_runs_whose_bars_are_there_do_not_wait_for_those_whose_are_not(world: World) -> None:
    end = NOON + MINUTE
    world.exchange.late = {COIN: end + 2 * MINUTE}
    slow = asyncio.create_task(attempt(world.ticks, world.task(end, "slow")))
    quick = asyncio.create_task(attempt(world.ticks, world.task(end, "quick", symbols=[OTHER])))
    world.clock.move_to(end)

    assert list((await quick).fresh) == [OTHER]
    assert not slow.done()
    assert (await world.clock.run(slow)).fresh == {}


async def test_the_first_value_of_a_bar_stays_the_runs_own(world: World) -> None:
    end = NOON + MINUTE
    first = await world.tick(end)
    world.exchange.restated = {COIN: first.fresh[COIN] + 1}

    again = await world.tick(end, warmup=2, ticks=world.process())  # asks from the warm-up on, so for the restated bar too

    assert again.fresh == first.fresh
    assert len(world.live_bars.revisions("simulated", COIN, "1m")) == 1


async def test_a_symbol_that_the_venue_does_not_know_fails_its_own_run_alone(world: World) -> None:
    end = NOON + MINUTE
    good, bad = world.task(end, "good"), world.task(end, "bad", symbols=["NO NAME /USD\n"])
    done = await world.clock.run(asyncio.gather(*(attempt(world.ticks, task) for task in (good, bad)), return_exceptions=True))
    assert isinstance(done[0], Tick)
    assert list(done[0].fresh) == [COIN]
    assert isinstance(done[1], ApplicationError)
    assert done[1].non_retryable


async def test_a_venue_that_is_away_fails_the_attempt_and_the_next_one_asks_again(world: World) -> None:
    end = NOON + MINUTE
    world.exchange.away = True
    with pytest.raises(ApplicationError, match="away") as failure:
        await world.tick(end)
    assert not failure.value.non_retryable
    world.exchange.away = False
    assert list((await world.tick(end)).fresh) == [COIN]


async def test_a_cancelled_tick_takes_nothing_from_the_others(world: World) -> None:
    end = NOON + MINUTE
    world.exchange.late = {COIN: end + timedelta(seconds=1)}
    one, other = (asyncio.create_task(attempt(world.ticks, world.task(end, run_id))) for run_id in ("one", "other"))
    world.clock.move_to(end)
    while not world.exchange.asked:
        await asyncio.sleep(0)
    one.cancel()
    assert list((await world.clock.run(other)).fresh) == [COIN]
    with pytest.raises(asyncio.CancelledError):
        await one


async def test_an_equity_is_asked_for_at_its_own_ends_only(world: World) -> None:
    """Friday 2026-11-27 closes at 18:00Z; the coin's day ends at midnight."""
    world.clock.move_to(datetime(2026, 11, 27, 17, 59, 50, tzinfo=UTC))
    close = datetime(2026, 11, 27, 18, tzinfo=UTC)
    tick = await world.tick(close, symbols=["AAPL", COIN], timeframe="1d", warmup=2)

    assert list(tick.fresh) == ["AAPL"]
    assert world.recorded("AAPL", "1d") == [datetime(2026, 11, day, tzinfo=UTC) for day in (24, 25, 27)]
    assert tick.next_end == datetime(2026, 11, 28, tzinfo=UTC)
    assert [asked for asked, _, _, _ in world.exchange.asked] == [("AAPL",)]


async def test_fills_are_booked_told_and_in_the_ledger_with_one_question_for_all_runs(world: World) -> None:
    end = NOON + MINUTE
    await world.buy("w-1", "2")
    tasks = [world.task(end, run_id, symbols=[COIN]) for run_id in ("run", "run-2")]
    await world.buy("w-2", "1", symbol=OTHER, run_id="run-2")
    tick, other = await world.clock.run(asyncio.gather(*(attempt(world.ticks, task) for task in tasks)))

    assert world.exchange.listed == 1
    (fill,) = tick.ledger.fills
    assert (fill.order_id, fill.quantity) == ("w-1", Decimal(2))
    assert [position.quantity for position in tick.ledger.positions] == [Decimal(2)]
    assert tick.ledger.working == []
    assert tick.equity == Decimal(10_000) - 2 * fill.price + 2 * tick.fresh[COIN]
    assert [fill.order_id for fill in other.ledger.fills] == ["w-2"]
    assert {(change.order_id, change.event) for change in world.told} >= {("w-1", "orders.Filled"), ("w-2", "orders.Filled")}


async def test_the_exits_of_a_filled_bracket_are_in_the_ledger(world: World) -> None:
    end = NOON + MINUTE
    await world.buy("w-1", stop_loss="10", take_profit="1000")
    tick = await world.tick(end)
    assert [(fill.order_id, fill.quantity) for fill in tick.ledger.fills] == [("w-1", Decimal(2))]
    assert {(order.parent_id, order.role) for order in tick.ledger.working} == {("w-1", Role.TAKE_PROFIT), ("w-1", Role.STOP_LOSS)}

    told = len(world.told)
    again = await world.tick(end + MINUTE, first_end=end, cursor=tick.ledger.cursor)
    assert (len(world.told), again.ledger.fills, len(again.ledger.working)) == (told, [], 2)


async def test_without_working_orders_the_venue_is_not_asked_for_any(world: World) -> None:
    await world.tick(NOON + MINUTE)
    assert world.exchange.listed == 0


async def test_orders_that_cannot_be_asked_for_fail_the_tick(world: World) -> None:
    end = NOON + MINUTE
    await world.buy("w-1")
    world.exchange.away = True
    with pytest.raises(ApplicationError, match="away"):
        await world.tick(end)
    world.exchange.away = False
    assert [fill.order_id for fill in (await world.tick(end)).ledger.fills] == ["w-1"]


async def test_more_fills_than_fit_come_with_the_next_tick(world: World) -> None:
    world.orders.admit([wanted("w-1", symbol=COIN, quantity="500")], limits=NO_LIMITS, run_limits=None, at=NOON)
    fills: list[Fill] = [
        a_fill(f"e-{number}", "w-1", symbol=COIN, quantity=Decimal(1), time=NOON + timedelta(microseconds=number)) for number in range(150)
    ]
    Leases(world.database).take(ACCOUNT, [COIN], "run", NOON)
    world.orders.admit([wanted("w-2", symbol=COIN, quantity="500", run_id="run")], limits=NO_LIMITS, run_limits=None, at=NOON)
    report = replace(
        a_report("w-2", symbol=COIN, quantity=Decimal(500), status=OrderStatus.CANCELLED),
        filled_quantity=Decimal(150),
        filled_average_price=Decimal(100),
    )
    world.orders.report(ACCOUNT, report, [replace(fill, exchange_order_id="x-w-2", client_order_id="w-2") for fill in fills], at=NOON)

    first = await world.tick(NOON + MINUTE)
    rest = await world.tick(NOON + 2 * MINUTE, first_end=NOON + MINUTE, cursor=first.ledger.cursor)

    assert [len(tick.ledger.fills) for tick in (first, rest)] == [100, 50]
    assert first.ledger.cash == rest.ledger.cash == Decimal(10_000 - 150 * 100)
    assert len(first.model_dump_json()) < 100_000


async def test_a_day_s_loss_beyond_the_accounts_limit_is_a_breach(database: Database) -> None:
    world = World(database, limits=RiskLimits(max_daily_loss=Decimal(500), on_daily_loss="flatten"))
    world.accounts.snapshot(ACCOUNT, funds(equity=Decimal(100_500)), session="2026-11-22", at=NOON)
    assert (await world.tick(NOON + MINUTE)).breach is None

    world.accounts.snapshot(ACCOUNT, funds(equity=Decimal("100500.01")), session="2026-11-23", at=NOON + timedelta(days=1))
    world.clock.move_to(NOON + timedelta(days=1))
    tick = await world.tick(NOON + timedelta(days=1, minutes=1))

    assert tick.breach == "The account lost 500.01 today, more than the 500 it may."
    assert tick.flatten_on_breach
    assert events(tick)["risk.Breached"]["rule"] == "max_daily_loss"


async def test_a_tick_missed_on_an_account_that_nobody_looked_at_yet_is_just_missed(database: Database) -> None:
    world = World(database, limits=RiskLimits(max_daily_loss=Decimal(500)))
    world.clock.move_to(NOON + 10 * MINUTE)
    tick = await world.tick(NOON + MINUTE)
    assert (tick.is_missed, tick.breach) == (True, None)


async def test_progress_is_on_record_and_a_paused_run_is_told_as_such(world: World) -> None:
    tick = await world.tick(NOON + MINUTE, bars_done=41, is_paused=True)
    await world.ticks.settled()
    run = Queries(world.database).run("run")
    assert (run.bars_done, run.equity) == (42, Decimal(10_000))
    assert events(tick)["clock.Tick"]["paused"] is True
