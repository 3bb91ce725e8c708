"""Serves the queue `weaver-greta`: one backtest activity at a time."""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta

from temporalio.worker import Worker

from activities.backtests import Backtests
from activities.beacon import Beacon
from processes.connecting import patiently
from processes.deployment import build_of
from processes.fatal import end_process
from processes.process import stop_signals
from weaver.errors import WeaverError
from weaver.glados.clock import sessions_between
from weaver.market import Calendar
from weaver.settings import Settings
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from workflows.inputs import GRETA_QUEUE

HEARTBEAT_AT_MOST_EVERY = timedelta(seconds=0.5)
"""Progress of a window is seen, and its cancellation heard, this often."""


async def serve(settings: Settings, beacon: Beacon) -> None:
    """Work until SIGTERM."""
    stopping = stop_signals(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says when to end
    database = Database.open(settings.database_url, migrate=False)
    catalogue = Catalogue.open(settings.bars_location)
    backtests = Backtests(
        records=Records(database),
        queries=Queries(database),
        catalogue=catalogue,
        results=settings.results_location,
        folders=settings.strategy_folders,
        beacon=beacon,
    )
    client, _ = await asyncio.gather(patiently(settings, stopping), asyncio.to_thread(_warm_up, catalogue))
    if client is None:
        return
    with ThreadPoolExecutor(1, "greta") as thread:
        worker = Worker(
            client,
            task_queue=GRETA_QUEUE,
            **build_of(settings),
            activities=[backtests.resolve, backtests.window, backtests.finish],
            activity_executor=thread,
            max_concurrent_activities=1,
            max_heartbeat_throttle_interval=HEARTBEAT_AT_MOST_EVERY,
            graceful_shutdown_timeout=timedelta(0),  # a window is stored whole or done again
            on_fatal_error=end_process,
        )
        async with worker:
            beacon.ready()
            await stopping.wait()
    database.close()


def _warm_up(catalogue: Catalogue) -> None:
    """Load the exchange calendar while the server starts, if any series will want it: most of a second and 50 MB."""
    with suppress(WeaverError):  # a place that cannot be used is told of by the run that wants it
        if any(series.calendar is not Calendar.ALWAYS for series in catalogue.series()):
            sessions_between(Calendar.XNYS, date(2000, 1, 3), date(2000, 1, 4))
