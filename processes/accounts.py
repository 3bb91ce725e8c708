"""Serves the queues of every account that can be traded here: orders, updates, bars."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

from temporalio.client import Client
from temporalio.worker import Interceptor, Worker

from activities.accounts import VenueAccount
from activities.beacon import Beacon
from activities.orders import VenueOrders
from activities.prices import Prices
from activities.ticks import Ticks
from processes.connecting import patiently
from processes.deployment import build_of
from processes.fatal import end_process
from processes.numbers import expose_numbers
from processes.process import stop_signals
from weaver.environment import Environment
from weaver.errors import Unusable
from weaver.glados.risk import RiskLimits
from weaver.plugins import Found
from weaver.settings import Settings
from weaver.veda.clocks import SystemClock
from weaver.veda.exchange import Clock, Mode
from weaver.veda.library import AdapterLibrary, account_id, missing_variables
from weaver.venue import Venue
from weaver.walle.accounts import Accounts
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.known_orders import KnownOrders
from weaver.walle.live_bars import LiveBars
from weaver.walle.orders import Orders
from weaver.walle.records import Records
from weaver.walle.recovering import LostOrders
from weaver.walle.simulated import Simulations
from weaver.walle.trading_queries import TradingQueries
from workflows.trading_client import look_after_order, look_at_account, notice_account, tell_orders
from workflows.trading_names import data_queue, veda_queue

logger = logging.getLogger(__name__)

DRAIN = timedelta(seconds=3)
"""How long an order under way gets to be recorded when the process is told to stop."""
HEARTBEAT_AT_MOST_EVERY = timedelta(seconds=1)


async def serve(settings: Settings, beacon: Beacon, *, clock: Clock | None = None, interceptors: Sequence[Interceptor] = ()) -> None:
    """Work until SIGTERM."""
    stopping = stop_signals(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says when to end
    try:
        expose_numbers(settings.worker_metrics, after=1)
    except Unusable as problem:
        logger.warning("%s Trading goes on without.", problem)
    database = Database.open(settings.database_url, migrate=False)
    client = await patiently(settings, stopping)
    if client is None:
        return
    accounts = Places(settings, database, client, clock or SystemClock())
    async with AsyncExitStack() as stack:
        # One thread each for what few calls block at once; SQLite waits for its lock, and HTTP for its answer.
        threads = stack.enter_context(ThreadPoolExecutor(16, "accounts"))
        asyncio.get_running_loop().set_default_executor(threads)
        for account in accounts.tradable():
            venue = accounts.venue(account)
            stack.push_async_callback(venue.disconnect)
            ticks = accounts.ticks(venue)
            stack.push_async_callback(ticks.settled)
            for worker in accounts.workers(venue, ticks, interceptors):
                await stack.enter_async_context(worker)
        beacon.ready()
        await stopping.wait()
    database.close()


class Places:
    """Makes what is needed for each account."""

    def __init__(self, settings: Settings, database: Database, client: Client, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._client = client
        self._clock = clock
        self._library = AdapterLibrary.open(settings.adapter_folders)
        self._accounts = Accounts(database)
        self._orders = Orders(database)
        self._queries = TradingQueries(database)
        self._known = KnownOrders(database)
        self._bars = LiveBars(database)
        self._records = Records(database)

    def tradable(self) -> list[str]:
        """Return the accounts whose adapter is there and whose variables are set."""
        return [
            account_id(entry.id, mode)
            for entry in self._library.entries()
            if isinstance(entry, Found)
            for mode in entry.meta.modes
            if not missing_variables(entry.meta, mode, Environment())
        ]

    def venue(self, account: str) -> Venue:
        """Return an account's venue, not connected yet."""
        adapter, _, named = account.rpartition("-")
        mode: Mode = "live" if named == "live" else "paper"
        return Venue(
            account,
            make=lambda: self._library.open_exchange(
                adapter,
                mode,
                environment=Environment(),
                clock=self._clock,
                store=Simulations(self._database, Catalogue.open(self._settings.bars_location)),
            ),
            clock=self._clock,
            orders=self._orders,
            accounts=self._accounts,
            queries=self._queries,
            known=self._known,
            tell=partial(tell_orders, self._client),
            lost=LostOrders(self._database),
        )

    def ticks(self, venue: Venue) -> Ticks:
        """Return what reads an account's bars; to be settled before the process ends."""
        return Ticks(
            venue=venue, live_bars=self._bars, records=self._records, decisions=Decisions(self._database), limits=self._limits(venue)
        )

    def _limits(self, venue: Venue) -> RiskLimits:
        return self._settings.live_risk if venue.account.endswith("-live") else self._settings.paper_risk

    def workers(self, venue: Venue, ticks: Ticks, interceptors: Sequence[Interceptor]) -> list[Worker]:
        """Return the workers of an account's two queues."""
        orders = VenueOrders(venue)
        account = VenueAccount(
            venue,
            limits=self._limits(venue),
            notice=partial(notice_account, self._client, venue.account),
            look=partial(look_at_account, self._client, venue.account),
            adopt=partial(look_after_order, self._client),
        )
        of_orders: list[Callable[..., Awaitable[object]]] = [
            orders.submit,
            orders.find,
            orders.cancel,
            orders.sync,
            orders.plan_exit,
            account.reconcile,
            account.kill,
            account.rearm,
        ]
        prices = Prices(venue)
        of_data: list[Callable[..., Awaitable[object]]] = [ticks.tick, account.listen, prices.await_price, prices.price_now]
        return [
            Worker(
                self._client,
                task_queue=queue,
                **build_of(self._settings),
                activities=activities,
                max_concurrent_activities=500,
                max_task_queue_activities_per_second=rate,
                max_heartbeat_throttle_interval=HEARTBEAT_AT_MOST_EVERY,
                graceful_shutdown_timeout=DRAIN,
                interceptors=interceptors,
                on_fatal_error=end_process,
            )
            for queue, activities, rate in (
                (veda_queue(venue.account), of_orders, self._settings.venue_orders_per_second),
                (data_queue(venue.account), of_data, self._settings.venue_reads_per_second),
            )
        ]
