"""Serves the queue `weaver-marvin`: one live decision at a time."""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta

from temporalio.worker import Worker

from activities.beacon import Beacon
from activities.decisions import LiveDecisions
from activities.recorded_bars import RecordedBars
from processes.connecting import patiently
from processes.deployment import build_of
from processes.fatal import end_process
from processes.process import stop_signals
from weaver.errors import WeaverError
from weaver.glados.clock import sessions_between
from weaver.glados.runs import RunStatus
from weaver.market import Calendar
from weaver.settings import Settings
from weaver.walle.counted_bars import CountedBars
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from workflows.trading_names import MARVIN_QUEUE


async def serve(settings: Settings, beacon: Beacon) -> None:
    """Work until SIGTERM."""
    stopping = stop_signals(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says when to end
    database = Database.open(settings.database_url, migrate=False)
    settings.home_path.mkdir(parents=True, exist_ok=True)
    bars = RecordedBars(CountedBars(database), folder=str(settings.home_path))
    queries = Queries(database)
    decisions = LiveDecisions(
        records=Records(database),
        queries=queries,
        decisions=Decisions(database),
        bars=bars,
        results=settings.results_location,
        folders=settings.strategy_folders,
        beacon=beacon,
    )
    client, _ = await asyncio.gather(patiently(settings, stopping), asyncio.to_thread(_warm_up, queries))
    if client is None:
        return
    with ThreadPoolExecutor(1, "marvin") as thread:
        worker = Worker(
            client,
            task_queue=MARVIN_QUEUE,
            **build_of(settings),
            activities=[decisions.pin, decisions.decide],
            activity_executor=thread,
            max_concurrent_activities=1,
            graceful_shutdown_timeout=timedelta(0),  # a decision is answered whole or asked for again
            on_fatal_error=end_process,
        )
        async with worker:
            beacon.ready()
            await stopping.wait()
    bars.close()
    database.close()


def _warm_up(queries: Queries) -> None:
    """Load the exchange calendar while the server starts, if a run that goes on will want it: most of a second and 50 MB."""
    with suppress(WeaverError):  # a place that cannot be used is told of by the run that wants it
        going = [status for status in RunStatus if not status.is_final]
        runs = [run for mode in ("paper", "live") for run in queries.runs(status=going, mode=mode, page_size=1_000).items]
        if any(Calendar.of(symbol) is not Calendar.ALWAYS for run in runs for symbol in run.symbols):
            sessions_between(Calendar.XNYS, date(2000, 1, 3), date(2000, 1, 4))
