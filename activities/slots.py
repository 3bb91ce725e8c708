"""Keeps worker processes: replaces those that die, ends those whose strategy overruns, says so to Temporal.

Processes, not a ProcessPoolExecutor: a dead child breaks such a pool for all, and its children outlive their parent.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from activities.beacon import Ready, Started, from_line
from activities.watch import Watch
from activities.withholding import given_to

TICK_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 10.0
HEALTHY_SECONDS = 30.0
APART_SECONDS = 5.0
"""A process starts once the one before it is ready, at the latest after this time."""
HEAD_START_SECONDS = 1.0
"""What a process that has become ready gets for what waited for it, before the next one's start takes a core."""

LEAN = {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""One thread computes, so one heap is enough; with more, what a window gave back stays with the process."""


@dataclass(frozen=True, slots=True)
class Died:
    """A process ended of itself; a negative exit code is a signal's."""

    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Overran:
    """A process was ended, because the strategy took longer over a step than `limit_seconds`."""

    limit_seconds: float


@dataclass(frozen=True, slots=True)
class KindState:
    """The processes of one kind: how many run now, and how many were started in place of one that died."""

    alive: int
    restarts: int


Ending = Died | Overran
Tell = Callable[[Started, Ending], Awaitable[None]]
"""Tells Temporal how an activity attempt ended."""


class Slots:
    """Processes, each kept going by its command + [report descriptor], started one after the other in the order given.

    The last word of a command is the process's kind.
    """

    def __init__(self, *, commands: Sequence[Sequence[str]], limit_seconds: float) -> None:
        self._teller: asyncio.Future[Tell] = asyncio.get_running_loop().create_future()
        self._slots = [_Slot(command, limit_seconds, self._teller) for command in commands]

    def tell_by(self, tell: Tell) -> None:
        """Have attempts that a process did not survive told of by `tell`, also those of before this call."""
        self._teller.set_result(tell)

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [slot.process.pid for slot in self._slots if slot.process and slot.is_alive]

    def states(self) -> dict[str, KindState]:
        """Return how the processes of each kind are."""
        kinds = {slot.kind: [one for one in self._slots if one.kind == slot.kind] for slot in self._slots}
        return {
            kind: KindState(alive=sum(slot.is_alive for slot in slots), restarts=sum(max(0, slot.starts - 1) for slot in slots))
            for kind, slots in kinds.items()
        }

    async def run(self) -> None:
        """Keep the processes going until cancelled; then end them."""
        async with asyncio.TaskGroup() as group:
            for slot in self._slots:
                group.create_task(slot.run())
                await slot.ready(APART_SECONDS)  # started at once they would all be late for what waits already

    async def drain(self, grace_seconds: float) -> None:
        """Ask each process to finish what it does and end; kill those that take longer than `grace_seconds`."""
        await asyncio.gather(*(slot.drain(grace_seconds) for slot in self._slots))


class _Slot:
    def __init__(self, command: Sequence[str], limit_seconds: float, teller: asyncio.Future[Tell]) -> None:
        self.process: asyncio.subprocess.Process | None = None
        self.kind = command[-1]
        self.starts = 0
        self._command = command
        self._teller = teller
        self._ready = asyncio.Event()
        self._watch = Watch(limit_seconds)
        self._draining = False

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def run(self) -> None:
        backoff = 0.0
        while not self._draining:
            began = time.monotonic()
            await self._live()
            lasted = time.monotonic() - began
            backoff = 0.0 if lasted > HEALTHY_SECONDS else min(max(2 * backoff, 0.1), LONGEST_BACKOFF_SECONDS)
            if not self._draining:
                await asyncio.sleep(backoff)

    async def ready(self, at_most_seconds: float) -> None:
        """Wait until a process of this slot has been ready for a moment, or that long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_seconds):
                await self._ready.wait()
            await asyncio.sleep(HEAD_START_SECONDS)

    async def drain(self, grace_seconds: float) -> None:
        self._draining = True
        process = self.process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                await process.wait()

    async def _live(self) -> None:
        """Start a process and follow it to its end."""
        reading, writing = os.pipe()
        try:
            # Its standard input is never written to: that it ends tells the child that its parent is gone.
            self.process = process = await asyncio.create_subprocess_exec(
                *self._command, str(writing), stdin=asyncio.subprocess.PIPE, pass_fds=(writing,), env=given_to(self.kind, os.environ) | LEAN
            )
        except BaseException:  # a cancellation too: the descriptor would stay open; it goes on
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.starts += 1
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
            await self._end(Overran(self._watch.limit_seconds) if overran else Died(process.returncode))

    async def _listen(self, reports: asyncio.StreamReader) -> None:
        while line := await reports.readline():
            if line.endswith(b"\n"):  # a process killed while it wrote leaves half a line
                report = from_line(line)
                if isinstance(report, Ready):
                    self._ready.set()
                self._watch.heard(report, time.monotonic())

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

    async def _end(self, ending: Ending) -> None:
        """Tell of what the process was doing, so that the next attempt need not wait for a heartbeat timeout."""
        work, self._watch = self._watch.work, Watch(self._watch.limit_seconds)
        if work is not None:
            tell = await self._teller
            await tell(work, ending)
