"""Connects to the Temporal server as soon as it is up."""

import asyncio
import logging
from contextlib import suppress

from temporalio.client import Client

from processes.log_context import LogContext
from weaver.errors import Unavailable
from weaver.settings import Settings
from workflows.client import DEFAULT_ADDRESS, connect

logger = logging.getLogger(__name__)


async def patiently(settings: Settings, stopping: asyncio.Event) -> Client | None:
    """Return a client once the server answers; None when told to stop before."""
    told = False
    while not stopping.is_set():
        try:
            return await connect(settings.temporal_address or DEFAULT_ADDRESS, settings.temporal_namespace, [LogContext()])
        except Unavailable as problem:
            if not told:
                logger.info("%s Waiting for it.", problem)
                told = True
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await stopping.wait()
    return None
