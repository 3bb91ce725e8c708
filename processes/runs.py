"""Serves workflows, records and archiving on the queue `weaver`, with the watcher beside them."""

import asyncio
import logging
import sys
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.service import RPCError
from temporalio.worker import Interceptor, Worker

from activities.archive import Archive, ClosedLinks
from activities.beacon import Started
from activities.failures import of_ending
from activities.records import RunRecords
from activities.slots import Ending, Slots
from activities.trading_runs import TradingRuns
from processes.connecting import patiently
from processes.deployment import build_of
from processes.fatal import end_process
from processes.notifications import notifying
from processes.numbers import count_slots, expose_numbers
from processes.sandbox import workflow_runner
from processes.served import WORKFLOWS
from weaver.environment import Environment
from weaver.settings import Settings
from weaver.veda.library import AdapterLibrary
from weaver.walle.accounts import Accounts
from weaver.walle.archive import Archived
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.leases import Leases
from weaver.walle.orders import Orders
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.trading_model import AccountLimits
from weaver.walle.trading_queries import TradingQueries
from workflows.archive_schedule import ensure_archive_schedule
from workflows.client import DEFAULT_ADDRESS
from workflows.deploying import promote_first
from workflows.inputs import RUN_QUEUE
from workflows.registering_attributes import ensure_search_attributes
from workflows.trading_client import look_after_account
from workflows.watcher import Watcher

logger = logging.getLogger(__name__)

READY = "worker ready"
DRAIN = timedelta(seconds=4)
"""How long work under way may go on once the worker is told to stop; what takes longer is done again elsewhere."""


async def serve(
    settings: Settings,
    slots: Slots,
    running: asyncio.Task[None],
    stopping: asyncio.Event,
    interceptors: Sequence[Interceptor] = (),
) -> None:
    """Serve until `stopping`, then drain the slots, which `running` keeps going; raises what ends `running`."""
    meter = expose_numbers(settings.worker_metrics)
    database = Database.open(settings.database_url)
    try:
        client = await patiently(settings, stopping)
        if client is None:
            return
        slots.tell_by(partial(_fail, client))
        await ensure_search_attributes(client)
        await _serve(client, database, settings, slots, running, stopping, interceptors, meter)
    finally:
        database.close()


async def _serve(
    client: Client,
    database: Database,
    settings: Settings,
    slots: Slots,
    running: asyncio.Task[None],
    stopping: asyncio.Event,
    interceptors: Sequence[Interceptor],
    meter: MetricMeter,
) -> None:
    address = settings.temporal_address or DEFAULT_ADDRESS
    records = Records(database)
    archive = Archive(client, records)
    closed_links = ClosedLinks(client, Archived(database))
    run_records = RunRecords(records, address=address)
    watcher = Watcher(client, Queries(database), records, archive, address=address, meter=meter)
    trading = _trading(client, database, records, settings)
    await _look_after_known(client, database)
    await ensure_archive_schedule(client)
    with ThreadPoolExecutor(8, "records") as threads:
        worker = Worker(
            client,
            task_queue=RUN_QUEUE,
            **build_of(settings),
            workflows=WORKFLOWS,
            workflow_runner=workflow_runner(),
            activities=[
                run_records.register,
                run_records.set_status,
                archive.archive_link,
                closed_links.archive,
                closed_links.note,
                trading.open,
                trading.admit,
                trading.plan_flattening,
                trading.close,
            ],
            interceptors=interceptors,
            activity_executor=threads,
            graceful_shutdown_timeout=DRAIN,
            on_fatal_error=end_process,
        )
        async with worker, notifying(client, database, settings, interceptors, meter):
            if settings.versioning != "off" and await promote_first(client, settings.build):
                logger.info("build %s is the first, and current", settings.build)
            sys.stdout.write(f"{READY}\n")
            sys.stdout.flush()
            await _first_of(stopping.wait(), watcher.run(), _unending(running), count_slots(slots, meter))
            await slots.drain(DRAIN.total_seconds())


def _trading(client: Client, database: Database, records: Records, settings: Settings) -> TradingRuns:
    return TradingRuns(
        adapters=lambda: AdapterLibrary.open(settings.adapter_folders),
        environment=Environment(),
        is_live_armed=settings.arm_live == "yes",
        limits=AccountLimits(paper=settings.paper_risk, live=settings.live_risk),
        orders=Orders(database),
        accounts=Accounts(database),
        leases=Leases(database),
        queries=TradingQueries(database),
        decisions=Decisions(database),
        records=records,
        look_after=partial(look_after_account, client),
    )


async def _look_after_known(client: Client, database: Database) -> None:
    """Have every account looked after that was used before: its workflow may have been terminated, or its server be a new one."""
    for account in await asyncio.to_thread(Accounts(database).accounts):
        await look_after_account(client, account.id)


async def _fail(client: Client, work: Started, ending: Ending) -> None:
    """Tell Temporal that an attempt failed; where that cannot be told, its heartbeat timeout says the same later."""
    error = of_ending(work, ending)
    logger.warning("%s attempt %d: %s", work.activity, work.attempt, error.message)
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
