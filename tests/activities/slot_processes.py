"""Slots of processes of a few lines each, and what was told of their ends."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from temporalio.exceptions import ApplicationError

from activities.beacon import Started
from activities.failures import of_ending
from activities.slots import Ending, Slots
from tests.workflows.stack import ROOT

PRELUDE = """
import os, sys, time
from activities.beacon import Beacon
beacon = Beacon(int(sys.argv[-1]))
def work(attempt):
    return beacon.activity(token=b"token", activity="window", strategy="mine", attempt=attempt, steps=lambda: 0, beat=lambda: None)
"""


class Told:
    """What Temporal would have been told."""

    def __init__(self) -> None:
        self.failures: list[tuple[Started, ApplicationError]] = []

    async def tell(self, work: Started, ending: Ending) -> None:
        self.failures.append((work, of_ending(work, ending)))

    async def once(self) -> ApplicationError | None:
        return self.failures[0][1] if self.failures else None


@asynccontextmanager
async def slots_of(program: str, told: Told, *, limit_seconds: float = 60, count: int = 1, kind: str = "greta") -> AsyncIterator[Slots]:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}){PRELUDE}{program}", kind]
    slots = Slots(commands=[command] * count, limit_seconds=limit_seconds)
    slots.tell_by(told.tell)
    running = asyncio.create_task(slots.run())
    try:
        yield slots
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
