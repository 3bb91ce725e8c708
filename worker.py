"""Runs Weaver's workflows and activities until told to stop: `python -m worker`.

This process serves workflows and records (`runs.py`) and is the parent of all others (`slot.py`): those that replay windows,
the one that trades accounts, those that decide. They need the longest to start, so this file loads little, starts them in that
order, and only then loads what it serves itself.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from activities.slots import Slots
from processes.process import loading, log_to_stderr, stop_signals
from weaver.errors import WeaverError
from weaver.settings import Settings, read_settings
from workflows.access import placed
from workflows.leaving import leave

if TYPE_CHECKING:
    from temporalio.worker import Interceptor  # loaded only after the slots were started


async def serve(settings: Settings, *, program: str = "processes.slot", interceptors: "Sequence[Interceptor]" = ()) -> None:
    """Start the slots, then serve workflows and records, until SIGTERM or Ctrl-C. `program` is the module that is a slot."""
    stopping = stop_signals(signal.SIGTERM, signal.SIGINT)
    cores = _cores()
    kinds = ["greta"] * (settings.greta_slots or cores) + ["accounts"] + ["marvin"] * (settings.marvin_slots or cores)
    slots = Slots(
        commands=[[sys.executable, "-P", "-m", program, str(os.getpid()), kind] for kind in kinds],
        limit_seconds=settings.step_limit_seconds,
    )
    running = asyncio.create_task(slots.run())
    try:
        serve_runs = await asyncio.to_thread(_load)  # in a thread, so that the loop goes on to follow the slots
        await serve_runs(settings, slots, running, stopping, interceptors)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _load() -> "Callable[[Settings, Slots, asyncio.Task[None], asyncio.Event, Sequence[Interceptor]], Awaitable[None]]":
    with loading():
        from processes import runs

    return runs.serve


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """Run the worker."""
    log_to_stderr()
    try:
        asyncio.run(serve(placed(read_settings(), os.environ)))
    except WeaverError as problem:
        sys.exit(str(problem))
    leave(0)


if __name__ == "__main__":
    main()
