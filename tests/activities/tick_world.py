"""The activity at a bar's end with the simulated exchange and a clock that the tests move."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from temporalio.testing import ActivityEnvironment

from activities.ticks import Ticks
from tests.walle.records import a_run
from tests.walle.trading import NO_LIMITS, wanted
from weaver.broker import MarketBar, OrderReport
from weaver.errors import Unavailable
from weaver.glados.risk import RiskLimits
from weaver.market import Timeframe, from_microseconds
from weaver.orders import OrderStatus, OrderType
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


def events(tick: Tick) -> dict[str, dict[str, Any]]:
    return {event.type: event.payload for event in tick.events}
