"""Serves the queue `weaver-marvin`: one live decision at a time."""

import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio.worker import Worker

from activities.beacon import Beacon
from activities.decisions import LiveDecisions
from activities.recorded_bars import RecordedBars
from processes.connecting import BUILD_ID, patiently
from processes.process import stop_signals
from weaver.settings import Settings
from weaver.walle.counted_bars import CountedBars
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from workflows.trading_inputs import MARVIN_QUEUE


async def serve(settings: Settings, beacon: Beacon) -> None:
    """Work until SIGTERM."""
    stopping = stop_signals(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says when to end
    database = Database.open(settings.database_url, migrate=False)
    settings.home_path.mkdir(parents=True, exist_ok=True)
    bars = RecordedBars(CountedBars(database), folder=str(settings.home_path))
    decisions = LiveDecisions(
        records=Records(database),
        queries=Queries(database),
        decisions=Decisions(database),
        bars=bars,
        results=settings.results_location,
        folders=settings.strategy_folders,
        beacon=beacon,
    )
    client = await patiently(settings, stopping)
    if client is None:
        return
    with ThreadPoolExecutor(1, "marvin") as thread:
        worker = Worker(
            client,
            task_queue=MARVIN_QUEUE,
            build_id=BUILD_ID,
            activities=[decisions.pin, decisions.decide],
            activity_executor=thread,
            max_concurrent_activities=1,
            graceful_shutdown_timeout=timedelta(0),  # a decision is answered whole or asked for again
        )
        async with worker:
            beacon.ready()
            await stopping.wait()
    bars.close()
    database.close()
