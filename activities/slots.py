"""Keeps single-slot worker processes: replaces those that die, ends those whose strategy overruns, says so to Temporal.

Processes, not a ProcessPoolExecutor: a dead child breaks such a pool for all, and its children outlive their parent.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from temporalio.exceptions import ApplicationError

from activities.beacon import Started, from_line
from activities.failures import to_failure
from activities.watch import Watch
from weaver.errors import StrategyOverran
from weaver.walle.model import RunError

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.2
MOST_DEATHS = 5
"""A process that dies at this many attempts of one window dies of it."""
LONGEST_BACKOFF_SECONDS = 10.0
HEALTHY_SECONDS = 30.0

LEAN = {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""One thread computes, so one heap is enough; with more, what a window gave back stays with the process."""

Fail = Callable[[Started, ApplicationError], Awaitable[None]]
"""Tells Temporal that an activity attempt failed."""


def died(work: Started, exit_code: int | None) -> ApplicationError:
    """Return the failure for a process that died of itself; tried again until it keeps happening."""
    how = f"signal {-exit_code}" if exit_code is not None and exit_code < 0 else f"exit code {exit_code}"
    text = f"the process that worked on strategy '{work.strategy}' died ({how}) at attempt {work.attempt}"
    detail = RunError(message=text, code="worker_died")
    return ApplicationError(text, detail, type="WorkerDied", non_retryable=work.attempt >= MOST_DEATHS)


class Slots:
    """A number of processes, each started by `command` + [report descriptor], each doing one activity at a time."""

    def __init__(self, *, count: int, command: Sequence[str], limit_seconds: float, fail: Fail) -> None:
        self._slots = [_Slot(command, limit_seconds, fail) for _ in range(count)]

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [slot.process.pid for slot in self._slots if slot.process and slot.process.returncode is None]

    async def run(self) -> None:
        """Keep the processes going until cancelled; then end them."""
        async with asyncio.TaskGroup() as group:
            for slot in self._slots:
                group.create_task(slot.run())

    async def drain(self, grace_seconds: float) -> None:
        """Ask each process to finish what it does and end; kill those that take longer than `grace_seconds`."""
        await asyncio.gather(*(slot.drain(grace_seconds) for slot in self._slots))


class _Slot:
    def __init__(self, command: Sequence[str], limit_seconds: float, fail: Fail) -> None:
        self.process: asyncio.subprocess.Process | None = None
        self._command = command
        self._fail = fail
        self._watch = Watch(limit_seconds)
        self._draining = False

    async def run(self) -> None:
        backoff = 0.0
        while not self._draining:
            began = time.monotonic()
            await self._live()
            lasted = time.monotonic() - began
            backoff = 0.0 if lasted > HEALTHY_SECONDS else min(max(2 * backoff, 0.1), LONGEST_BACKOFF_SECONDS)
            if not self._draining:
                await asyncio.sleep(backoff)

    async def drain(self, grace_seconds: float) -> None:
        self._draining = True
        process = self.process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace_seconds)

    async def _live(self) -> None:
        """Start a process and follow it to its end."""
        reading, writing = os.pipe()
        try:
            # Its standard input is never written to: that it ends tells the child that its parent is gone.
            self.process = process = await asyncio.create_subprocess_exec(
                *self._command, str(writing), stdin=asyncio.subprocess.PIPE, pass_fds=(writing,), env={**os.environ, **LEAN}
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        reports = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reports), os.fdopen(reading, "rb")
        )
        listening = asyncio.create_task(self._listen(reports))
        overran = False
        try:
            overran = await self._guard(process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await listening
            transport.close()
            await self._tell(process.returncode, overran)

    async def _listen(self, reports: asyncio.StreamReader) -> None:
        while line := await reports.readline():
            if line.endswith(b"\n"):  # a process killed while it wrote leaves half a line
                self._watch.heard(from_line(line), time.monotonic())

    async def _guard(self, process: asyncio.subprocess.Process) -> bool:
        """Wait for the process to end, or for its strategy to overrun: then True."""
        ending = asyncio.create_task(process.wait())
        try:
            before = time.monotonic()
            while True:
                done, _ = await asyncio.wait({ending}, timeout=TICK_SECONDS)
                if done:
                    return False
                now = time.monotonic()
                late = now - before - TICK_SECONDS
                if late > TICK_SECONDS:  # this process stood still, so reports may wait unread
                    self._watch.forgive(late + TICK_SECONDS)
                elif self._watch.has_overrun(now):
                    return True
                before = now
        finally:
            ending.cancel()

    async def _tell(self, exit_code: int | None, overran: bool) -> None:
        """Fail what the process was doing, so that the next attempt need not wait for a heartbeat timeout."""
        work, self._watch = self._watch.work, Watch(self._watch.limit_seconds)
        if work is None:
            return
        if overran:
            error = to_failure(StrategyOverran(work.strategy, self._watch.limit_seconds), last_try=work.attempt >= 2)
        else:
            error = died(work, exit_code)
        logger.warning("%s attempt %d: %s", work.activity, work.attempt, error.message)
        await self._fail(work, error)
