"""Paper trading with everything real in the test's own process: a Temporal server, the workers of all queues, SQLite.

`async with local_world(folder) as world` runs on the real clock; `skipping_world(folder)` on a server that skips time while a
result is awaited. What is asked of a run is a `RunCreate` by keyword:

    run_id = await world.start("scripted", [world.symbol()], params={"script": {"0": [["buy", {"quantity": 1}]]}}, duration="5s")
    result = await world.ended(run_id)
    events = await world.events(run_id)          # of all links
    orders = world.orders(run_id)                # from WallE

`await world.stop()` takes the workers away and `await world.go()` brings them back, as an outage does; the server stays.
"""

import asyncio
import itertools
import json
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.archive import Archive, ClosedLinks
from activities.beacon import Beacon
from activities.decisions import LiveDecisions
from activities.recorded_bars import RecordedBars
from activities.records import RunRecords
from activities.trading_runs import TradingRuns
from processes.accounts import Places
from processes.sandbox import workflow_runner
from tests.walle.databases import with_tables
from tests.workflows.scripted import PLUGINS
from tests.workflows.stack import program, until
from weaver.broker import OrderReport
from weaver.errors import NotFound
from weaver.glados.requests import RunCreate
from weaver.glados.risk import RiskLimits
from weaver.glados.runs import RunStatus
from weaver.settings import Settings
from weaver.veda.adapters.simulated import SimulatedExchange
from weaver.veda.clocks import SystemClock
from weaver.veda.exchange import Clock, Mode
from weaver.veda.library import AdapterLibrary
from weaver.venue import Venue
from weaver.walle.accounts import Accounts
from weaver.walle.archive import Archived
from weaver.walle.bars import Catalogue
from weaver.walle.counted_bars import CountedBars
from weaver.walle.decisions import Decisions
from weaver.walle.known_orders import KnownOrders
from weaver.walle.leases import Leases
from weaver.walle.model import EventRecord
from weaver.walle.orders import Orders
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.simulated import Simulations
from weaver.walle.trading_model import AccountLimits, DecisionRecord, FillRecord, NotDone, OrderRecord
from weaver.walle.trading_queries import TradingQueries
from workflows.account import Account
from workflows.archive import Archiving
from workflows.client import result
from workflows.converter import data_converter
from workflows.events import events_of
from workflows.inputs import RUN_QUEUE, RunResult, RunState
from workflows.order import Order
from workflows.registering_attributes import ensure_search_attributes
from workflows.trading import TradingRun
from workflows.trading_client import look_after_account, start_trading, tell_orders
from workflows.trading_names import MARVIN_QUEUE

ACCOUNT = "simulated-paper"


class TradingWorld:
    """A home with WallE and strategies, and the workers of all queues, on a Temporal server that is there already.

    The workers serve `account`, with `limits`. `environment` is the adapters' (variables of the simulated exchange, credentials).
    `clock` is the venue's. Without `looks_after` no `Account` workflow follows the venue, and without `watches` nobody settles what
    was ended from outside: a server that skips time stands still while an activity runs, and knows no lists.
    """

    def __init__(
        self,
        home: Path,
        client: Client,
        *,
        account: str = ACCOUNT,
        clock: Clock | None = None,
        limits: RiskLimits | None = None,
        environment: Mapping[str, str] | None = None,
        plugins: Mapping[str, str] | None = None,
        is_live_armed: bool = False,
        looks_after: bool = True,
        watches: bool = True,
    ) -> None:
        self.home = home
        self.client = client
        self.account = account
        self.clock = clock or SystemClock()
        self.environment = {"WEAVER_SIMULATED_CASH": "10000000", **(environment or {})}
        self._looks_after = looks_after
        self._watches = watches
        self._is_live_armed = is_live_armed
        self._running: AsyncExitStack | None = None
        self._numbers = itertools.count(1)
        folder = home / "plugins"
        folder.mkdir(parents=True)
        for name, text in {**PLUGINS, **(plugins or {})}.items():
            (folder / f"{name}.py").write_text(text)
        self.settings = Settings(home=home, plugins=str(folder), paper_risk=limits or RiskLimits(), arm_live="yes" if is_live_armed else "")
        self.database = with_tables(home)
        self.records = Records(self.database)
        self.queries = Queries(self.database)
        self.trading = TradingQueries(self.database)
        self.catalogue = Catalogue.open(self.settings.bars_location)
        self.venue = self._venue()

    # The workers.

    async def go(self) -> None:
        """Start workers for all queues, and the watcher."""
        assert self._running is None, "the workers work already"
        self._running = stack = AsyncExitStack()
        self.venue = self._venue()
        stack.push_async_callback(self.venue.disconnect)
        for worker in (self._of_runs(stack), self._of_decisions(stack), *self._of_account(stack)):
            await stack.enter_async_context(worker)
        if self._watches:
            watching = asyncio.create_task(self._watcher().run())
            stack.push_async_callback(cancelled, watching)

    async def stop(self) -> None:
        """Take all workers away, as a machine that goes down does; what they were at is done again after `go`."""
        running, self._running = self._running, None
        if running is not None:
            await running.aclose()

    async def close(self) -> None:
        """Stop, and let WallE go."""
        await self.stop()
        self.database.close()

    def _of_runs(self, stack: AsyncExitStack) -> Worker:
        records = RunRecords(self.records, address=self.address)
        closed_links = ClosedLinks(self.client, Archived(self.database))
        steps = TradingRuns(
            adapters=lambda: AdapterLibrary.open(self.settings.adapter_folders),
            environment=self.environment,
            is_live_armed=self._is_live_armed,
            limits=AccountLimits(paper=self.settings.paper_risk, live=self.settings.live_risk),
            orders=Orders(self.database),
            accounts=Accounts(self.database),
            leases=Leases(self.database),
            queries=self.trading,
            decisions=Decisions(self.database),
            records=self.records,
            look_after=partial(look_after_account, self.client) if self._looks_after else _left_alone,
        )
        return Worker(
            self.client,
            task_queue=RUN_QUEUE,
            workflows=[TradingRun, Order, Account, Archiving],
            workflow_runner=workflow_runner(),
            activities=[
                records.register,
                records.set_status,
                Archive(self.client, self.records).archive_link,
                closed_links.archive,
                closed_links.note,
                steps.open,
                steps.admit,
                steps.plan_flattening,
                steps.close,
            ],
            activity_executor=stack.enter_context(ThreadPoolExecutor(8, "records")),
        )

    def _of_decisions(self, stack: AsyncExitStack) -> Worker:
        bars = RecordedBars(CountedBars(self.database), folder=str(self.home))
        stack.callback(bars.close)
        steps = LiveDecisions(
            records=self.records,
            queries=self.queries,
            decisions=Decisions(self.database),
            bars=bars,
            results=self.settings.results_location,
            folders=self.settings.strategy_folders,
            beacon=Beacon(),
        )
        return Worker(
            self.client,
            task_queue=MARVIN_QUEUE,
            activities=[steps.pin, steps.decide],
            activity_executor=stack.enter_context(ThreadPoolExecutor(1, "marvin")),
            max_concurrent_activities=1,
        )

    def _of_account(self, stack: AsyncExitStack) -> list[Worker]:
        places = Places(self.settings, self.database, self.client, self.clock)
        ticks = places.ticks(self.venue)
        stack.push_async_callback(ticks.settled)
        return places.workers(self.venue, ticks, ())

    def _venue(self) -> Venue:
        adapter, _, named = self.account.rpartition("-")
        mode: Mode = "live" if named == "live" else "paper"
        return Venue(
            self.account,
            make=lambda: AdapterLibrary.open(self.settings.adapter_folders).open_exchange(
                adapter,
                mode,
                environment=self.environment,
                clock=self.clock,
                store=Simulations(self.database, self.catalogue),
            ),
            clock=self.clock,
            orders=Orders(self.database),
            accounts=Accounts(self.database),
            queries=self.trading,
            known=KnownOrders(self.database),
            tell=partial(tell_orders, self.client),
        )

    def _watcher(self) -> Any:
        from workflows.watcher import Watcher  # here, since a world on a server without lists has no use for it

        return Watcher(self.client, self.queries, self.records, Archive(self.client, self.records), address=self.address)

    # What a test asks for.

    @property
    def address(self) -> str:
        return self.client.service_client.config.target_host

    def symbol(self) -> str:
        """Return a symbol, traded around the clock, that no other test here trades."""
        return f"T{next(self._numbers)}/USD"

    async def start(self, strategy: str, symbols: Sequence[str], **asked: Any) -> str:
        """Start a paper run of one-second bars unless asked otherwise, and return its id."""
        request = {"strategy": strategy, "symbols": list(symbols), "timeframe": "1s", **asked}
        return await start_trading(self.client, RunCreate.model_validate(request))

    async def ended(self, run_id: str) -> RunResult:
        """Wait for the run's end. Lets time be skipped on a server that does."""
        return await result(self.client, run_id)

    def handle(self, run_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(run_id)

    async def state(self, run_id: str) -> RunState:
        return await self.handle(run_id).query("state", result_type=RunState)

    async def has_status(self, run_id: str, status: RunStatus) -> RunState:
        """Wait until the run has the status by its own word."""

        async def reached() -> RunState | None:
            state = await self.state(run_id)
            return state if state.status is status else None

        return await until(reached, f"{run_id} to be {status}")

    async def is_ready(self, run_id: str) -> None:
        """Wait until a run that starts paused has its symbols and its strategy, and waits for `start`."""

        async def pinned() -> bool:
            known = await self.state(run_id)
            return known.status is RunStatus.PENDING and bool(known.live and known.live.next_tick)

        await until(pinned, f"{run_id} to be ready")

    async def exchange(self) -> SimulatedExchange:
        """Return the exchange, connected; what is scripted there happens to everyone."""
        exchange = await self.venue.exchange()
        assert isinstance(exchange, SimulatedExchange)
        return exchange

    async def at_exchange(self, run_id: str) -> dict[str, OrderReport]:
        """Return what the exchange has of the run's orders, by id; an order that it does not know is absent."""
        exchange = await self.exchange()
        found = [await exchange.find(order.id) for order in self.orders(run_id)]
        return {report.client_order_id: report for report in found if report is not None}

    def orders(self, run_id: str) -> list[OrderRecord]:
        """Return the run's orders as WallE has them, oldest first."""
        return list(self.trading.orders(run_id=run_id, sort="created_at", page_size=1_000).items)

    def fills(self, run_id: str) -> list[FillRecord]:
        return list(self.trading.fills(run_id=run_id, page_size=1_000).items)

    def status(self, run_id: str) -> RunStatus | None:
        """Return the run's status on record, None when it is not (yet)."""
        try:
            return self.queries.run(run_id).status
        except NotFound:
            return None

    async def order(self, run_id: str, status: str = "accepted", *, order_id: str | None = None) -> OrderRecord:
        """Wait until an order of the run, or the one with the id, has the status on record, and return it."""

        async def found() -> OrderRecord | None:
            orders = [order for order in self.orders(run_id) if order.status == status and order_id in (None, order.id)]
            return orders[0] if orders else None

        return await until(found, f"an order of {run_id} to be {status}")

    def decisions(self, run_id: str, **page: Any) -> list[DecisionRecord]:
        """The bars at which the run decided, done or not, without those that it skipped."""
        return [decision for decision in self.trading.decisions(run_id, **page) if decision.skipped in (None, *NotDone)]

    async def has_decided(self, run_id: str, decisions: int = 1) -> None:
        """Wait until the run has that many decisions on record."""

        async def enough() -> bool:
            return len(self.decisions(run_id)) >= decisions

        await until(enough, f"{decisions} decisions of {run_id}")

    async def rests(self, run_id: str) -> None:
        """Pause a run and wait for a tick that finds it so. Whoever stops it then calls off no decision, which would be on record only."""
        await self.handle(run_id).execute_update("pause")

        async def is_resting() -> bool:
            ticks = [event for event in await self.events(run_id) if event.type == "clock.Tick"]
            return bool(ticks) and bool(ticks[-1].payload.get("paused"))

        await until(is_resting, f"a tick of {run_id} at rest")

    async def hears_of(self, run_id: str, order_id: str) -> None:
        """Wait until the run knows of an order that the venue has."""

        async def has_heard() -> bool:
            live = (await self.state(run_id)).live
            return live is not None and live.working_orders.get(order_id) == "accepted"

        await until(has_heard, f"{run_id} to hear of {order_id}")

    async def links(self, run_id: str) -> list[tuple[str, WorkflowHistory]]:
        """Return the run's links from first to last: Temporal run id and history."""
        newest = await self.handle(run_id).fetch_history()
        first = newest.events[0].workflow_execution_started_event_attributes.first_execution_run_id
        found: list[tuple[str, WorkflowHistory]] = []
        link = first
        while link:
            history = await self.client.get_workflow_handle(run_id, run_id=link).fetch_history()
            found.append((link, history))
            link = history.events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        return found

    async def events(self, run_id: str) -> list[EventRecord]:
        """Return what the histories of all links of a run, or of an order's or account's workflow, say."""
        return [event for link, history in await self.links(run_id) for event in events_of(history.events, run_id=run_id, link=link)]

    async def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the stock Temporal CLI against this server."""
        command = [str(program("temporal")), *arguments, "--address", self.address]
        return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30, check=False)

    async def cli_start(self, run_id: str, body: object) -> None:
        """Start a TradingRun by the stock CLI with plain JSON."""
        text = body if isinstance(body, str) else json.dumps(body)
        named = ("--type", "TradingRun", "--task-queue", RUN_QUEUE, "--workflow-id", run_id)
        started = await self.cli("workflow", "start", *named, "--input", text)
        assert started.returncode == 0, started.stderr


@asynccontextmanager
async def local_world(folder: Path, **given: Any) -> AsyncIterator[TradingWorld]:
    """A world on a real Temporal server of its own, working."""
    values = ("history.transferProcessorMaxPollRPS=500", "history.timerProcessorMaxPollRPS=500", *given.pop("server_values", ()))
    async with await WorkflowEnvironment.start_local(
        data_converter=data_converter,
        dev_server_existing_path=str(program("temporal")),
        dev_server_log_level="error",
        dev_server_extra_args=[part for value in values for part in ("--dynamic-config-value", value)],
    ) as server:
        await ensure_search_attributes(server.client)
        world = TradingWorld(folder / "home", server.client, **given)
        try:
            await world.go()
            yield world
        finally:
            await world.close()


async def _left_alone(account: str) -> None:
    """Look after nothing."""
    del account


async def cancelled(task: asyncio.Task[None]) -> None:
    """End a task, however it ends."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
