"""Serves workflows, records and archiving on the queue `weaver`, with the watcher beside them."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.archive import Archive
from activities.beacon import Started
from activities.failures import of_ending
from activities.records import RunRecords
from activities.slots import Ending, Slots
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from worker.connecting import DEFAULT_ADDRESS, patiently
from workflows.backtest import BacktestRun
from workflows.client import ensure_search_attributes
from workflows.inputs import RUN_QUEUE
from workflows.watcher import Watcher

logger = logging.getLogger(__name__)

READY = "worker ready"
DRAIN = timedelta(seconds=4)
"""How long work under way may go on once the worker is told to stop; what takes longer is done again elsewhere."""


async def serve(settings: Settings, slots: Slots, stopping: asyncio.Event) -> None:
    """Serve until `stopping`, and run the slots meanwhile; they may have been started before."""


async def tell_failure(client: Client, work: Started, ending: Ending) -> None:
    """Tell Temporal that an attempt failed; where that cannot be told, its heartbeat timeout says the same later."""
    error = of_ending(work, ending)
    logger.warning("%s attempt %d: %s", work.activity, work.attempt, error.message)
    try:
        await client.get_async_activity_handle(task_token=work.task_token).fail(error, rpc_timeout=timedelta(seconds=5))
    except RPCError as problem:
        logger.info("the end of %s could not be told: %s", work.activity, problem.message)
