"""Runs Weaver's workflows and activities until told to stop: `python -m worker`.

This process serves workflows and records, and is the parent of the single-slot processes that replay windows. Those
need the longest to start, so this file loads little, starts them, and only then loads what it serves itself.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module

from activities.beacon import Started
from activities.slots import Ending, Slots
from weaver.errors import WeaverError
from weaver.settings import Settings
from worker.process import log_to_stderr, stop_signals


async def serve(settings: Settings) -> None:
    """Start the slots, then serve workflows and records, until SIGTERM or Ctrl-C."""
    stopping = stop_signals(signal.SIGTERM, signal.SIGINT)
    loading = asyncio.Event()

    async def tell(work: Started, ending: Ending) -> None:
        await (await telling)(work, ending)

    slots = Slots(
        count=settings.greta_slots or _cores(),
        command=[sys.executable, "-P", "-m", "worker.slot", str(os.getpid())],
        limit_seconds=settings.step_limit_seconds,
        tell=tell,
    )
