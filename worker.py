"""Runs Weaver's workflows and activities until told to stop: `python -m worker`.

One process for workflows and records, and single-slot processes of the same program (`--slot`) for backtest windows.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.archive import Archive
from activities.backtests import Backtests
from activities.beacon import Beacon, Started
from activities.parents import die_with_parent
from activities.records import RunRecords
from activities.slots import Slots
from weaver.errors import Unavailable, WeaverError
from weaver.glados.clock import sessions_between
from weaver.market import Calendar
from weaver.settings import Settings
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from workflows.backtest import BacktestRun
from workflows.client import connect, ensure_search_attributes
from workflows.inputs import GRETA_QUEUE, RUN_QUEUE
from workflows.watcher import Watcher

logger = logging.getLogger("worker")

DEFAULT_ADDRESS = "127.0.0.1:7233"
READY = "worker ready"
DRAIN = timedelta(seconds=4)
"""How long work under way may go on once the worker is told to stop; what takes longer is done again elsewhere."""
HEARTBEAT_AT_MOST_EVERY = timedelta(seconds=0.5)
"""Progress of a window is seen, and its cancellation heard, this often."""


async def serve(settings: Settings) -> None:
    """Run workflows, records, slots and watcher until SIGTERM or Ctrl-C."""
    address = settings.temporal_address or DEFAULT_ADDRESS
    stopping = _stop_signals(signal.SIGTERM, signal.SIGINT)
    database = Database.open(settings.database_url)
    records, queries = Records(database), Queries(database)
    connected: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
    slots = Slots(
        count=settings.greta_slots or _cores(),
        command=[sys.executable, str(Path(__file__).resolve()), "--slot", str(os.getpid())],
        limit_seconds=settings.step_limit_seconds,
        fail=lambda work, error: _fail(connected, work, error),
    )
    running = asyncio.create_task(slots.run())  # they need the longest to start
    try:
        client = await _patiently(address, settings.temporal_namespace, stopping)
        if client is None:
            return
        connected.set_result(client)
        await ensure_search_attributes(client)
        archive = Archive(client, records)
        run_records = RunRecords(records, address=address)
        watcher = Watcher(client, queries, records, archive, address=address)
        with ThreadPoolExecutor(8, "records") as threads:
            worker = Worker(
                client,
                task_queue=RUN_QUEUE,
                workflows=[BacktestRun],
                activities=[run_records.register, run_records.set_status, archive.archive_link],
                activity_executor=threads,
                graceful_shutdown_timeout=DRAIN,
            )
            async with worker:
                sys.stdout.write(f"{READY}\n")
                sys.stdout.flush()
                await _first_of(stopping.wait(), watcher.run(), _unending(running))
                await slots.drain(DRAIN.total_seconds())
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        database.close()


async def serve_slot(settings: Settings, descriptor: int) -> None:
    """Run one backtest activity at a time until SIGTERM."""
    stopping = _stop_signals(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says when to end
    database = Database.open(settings.database_url, migrate=False)
    catalogue = Catalogue.open(settings.bars_location)
    backtests = Backtests(
        records=Records(database),
        queries=Queries(database),
        catalogue=catalogue,
        results=settings.results_location,
        folders=settings.strategy_folders,
        beacon=Beacon(descriptor),
    )
    client, _ = await asyncio.gather(
        _patiently(settings.temporal_address or DEFAULT_ADDRESS, settings.temporal_namespace, stopping),
        asyncio.to_thread(_warm_up, catalogue),
    )
    if client is None:
        return
    with ThreadPoolExecutor(1, "greta") as thread:
        worker = Worker(
            client,
            task_queue=GRETA_QUEUE,
            activities=[backtests.resolve, backtests.window, backtests.finish],
            activity_executor=thread,
            max_concurrent_activities=1,
            max_heartbeat_throttle_interval=HEARTBEAT_AT_MOST_EVERY,
            graceful_shutdown_timeout=timedelta(0),  # a window is stored whole or done again
        )
        async with worker:
            await stopping.wait()


def _stop_signals(*numbers: signal.Signals) -> asyncio.Event:
    stopping = asyncio.Event()
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


async def _patiently(address: str, namespace: str, stopping: asyncio.Event) -> Client | None:
    """Connect as soon as the server is up; None when told to stop before."""
    told = False
    while not stopping.is_set():
        try:
            return await connect(address, namespace)
        except Unavailable as problem:
            if not told:
                logger.info("%s Waiting for it.", problem)
                told = True
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 0.1)
    return None


def _warm_up(catalogue: Catalogue) -> None:
    """Load the exchange calendar while the server starts, if any series will want it: most of a second and 50 MB."""
    with suppress(WeaverError):  # a place that cannot be used is told of by the run that wants it
        if any(series.calendar is not Calendar.ALWAYS for series in catalogue.series()):
            sessions_between(Calendar.XNYS, date(2000, 1, 3), date(2000, 1, 4))


async def _fail(connected: asyncio.Future[Client], work: Started, error: ApplicationError) -> None:
    """Tell Temporal that an attempt failed; where that cannot be told, its heartbeat timeout says the same later."""
    client = await connected
    try:
        await client.get_async_activity_handle(task_token=work.task_token).fail(error, rpc_timeout=timedelta(seconds=5))
    except RPCError as problem:
        logger.info("the end of %s could not be told: %s", work.activity, problem.message)


async def _first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait for the first to end; cancel the others and raise what it raised."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()


async def _unending(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the worker, or one of its slots."""
    parser = argparse.ArgumentParser(prog="python -m worker", description="Run Weaver's workflows and activities.")
    parser.add_argument("--slot", nargs=2, type=int, metavar=("PARENT", "DESCRIPTOR"), help=argparse.SUPPRESS)
    slot: list[int] | None = parser.parse_args(arguments).slot
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for ours in ("worker", "workflows", "activities"):
        logging.getLogger(ours).setLevel(logging.INFO)
    try:
        if slot:
            die_with_parent(slot[0])
            asyncio.run(serve_slot(Settings(), slot[1]))
        else:
            asyncio.run(serve(Settings()))
    except WeaverError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
