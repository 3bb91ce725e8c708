"""The stream of all runs, orders and accounts: who tells, what was told lately, and what a client that comes back has missed."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowExecution

from api.streams.bell import Bell
from api.streams.frames import Told, now_in_microseconds, time_of
from api.streams.tail import Tail
from weaver.errors import NotFound, Unavailable
from weaver.market import to_microseconds
from weaver.walle.archive import Archived
from weaver.walle.database import Database
from weaver.walle.model import EventRecord
from weaver.walle.queries import Queries
from workflows.histories import read_link
from workflows.looking import is_open, look, with_events_of_their_own

logger = logging.getLogger(__name__)

EVERY_SECONDS = 0.5
OVERLAP = timedelta(seconds=30)
"""Visibility is written a little after the fact: each look goes back this far before the one before."""
_FRESH_SECONDS = 10.0
_READ_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Missed:
    """What was told from a time on, in order of time; the ring goes on at `sequence`."""

    since: int
    sequence: int
    events: list[Told]
    at: float


class Everything:
    """While somebody listens it looks for workflows and has each followed by one tail.

    Its ring holds the newest events in the order in which they came, numbered; all that were told at or after `complete_from`
    (microseconds since 1970) are in it. `hold` and `drop` are called with the tails that it needs.
    """

    def __init__(
        self,
        database: Database,
        client: Callable[[], Awaitable[Client]],
        *,
        hold: Callable[[str, str], Tail],
        drop: Callable[[Tail], None],
        kept: int,
        most_missed: int,
    ) -> None:
        self.bell = Bell()
        self.first = 0
        self.complete_from = 0
        self._queries = Queries(database)
        self._archived = Archived(database)
        self._client = client
        self._hold = hold
        self._drop = drop
        self._ring: deque[Told] = deque()
        self._kept = kept
        self._most_missed = most_missed
        self._listeners = 0
        self._looking: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._has_looked = False
        self._tails: dict[str, Tail] = {}
        self._found_later: set[str] = set()
        self._seen: dict[str, datetime] = {}
        self._since = 0
        self._missed: Missed | None = None
        self._gathering = asyncio.Lock()

    @property
    def next(self) -> int:
        """The number of the event that will come next."""
        return self.first + len(self._ring)

    # Who listens.

    def enter(self) -> None:
        """Take one more listener; the first has the looking begin."""
        self._listeners += 1
        if self._looking is None:
            self._since = self.complete_from = now_in_microseconds()
            self._tried, self._has_looked = asyncio.Event(), False
            self._looking = asyncio.create_task(self._look_again_and_again(), name="look for workflows")

    def leave(self) -> None:
        """Let a listener go; the last has the looking end."""
        self._listeners -= 1
        if not self._listeners:
            self.stop()

    def stop(self) -> None:
        """Look no longer, and follow nothing."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._tried.set()
        for tail in self._tails.values():
            self._drop(tail)
        self._tails.clear()
        self._found_later.clear()
        self._seen.clear()
        self.first = self.next
        self._ring.clear()
        self._missed = None

    # What tails tell.

    def past(self, tail: Tail, events: Sequence[EventRecord]) -> None:
        """Take what a history held when its tail began: of one found later all of it, else only what came since the first listener."""
        if tail.workflow_id in self._tails:
            later = tail.workflow_id in self._found_later
            self._append([Told(event) for event in events if later or to_microseconds(event.ts) >= self._since])

    def news(self, tail: Tail, events: Sequence[Told]) -> None:
        if tail.workflow_id in self._tails:
            self._append(events)

    def _append(self, events: Sequence[Told]) -> None:
        for told in events:
            self._ring.append(told)
            if len(self._ring) > self._kept:
                self.complete_from = max(self.complete_from, self._ring.popleft().at + 1)
                self.first += 1
        if events:
            self.bell.ring()

    # What listeners read.

    def after(self, sequence: int) -> list[Told]:
        """Return the events numbered `sequence` and up, which must not be below `first`."""
        return [self._ring[index] for index in range(sequence - self.first, len(self._ring))]

    async def resume(self, since: int) -> tuple[list[Told], int] | None:
        """Return what was told from a time on, in order of time, and the number of what comes next; None when that is too much.

        Raises Unavailable when it cannot be told now.
        """
        if since >= self.complete_from:
            return sorted((told for told in self._ring if told.at >= since), key=_by_time), self.next
        async with self._gathering:
            missed = self._missed
            now = asyncio.get_running_loop().time()
            if missed is None or missed.since > since or missed.sequence < self.first or now - missed.at > _FRESH_SECONDS:
                missed = self._missed = await self._gathered(since)
        if missed is None or missed.sequence < self.first:
            return None
        known = {told.id for told in missed.events}
        events = [*missed.events, *(told for told in self._ring if told.id not in known)]
        return sorted((told for told in events if told.at >= since), key=_by_time), self.next

    async def _gathered(self, since: int) -> Missed | None:
        """Read what all histories told from a time on; None when that is too much to hold.

        What is seen at the first look is seen here as well: that look takes of a history only what came since the first listener.
        """
        await self._tried.wait()
        if not self._has_looked:
            raise Unavailable("Runs cannot be looked for now.")
        sequence, now = self.next, asyncio.get_running_loop().time()
        start = time_of(since)
        stored = await asyncio.to_thread(self._queries.events_since, start, limit=self._most_missed + 1)
        found = {event.id: event for event in stored}
        client = await self._client()
        links = with_events_of_their_own(await look(client, start))
        archived = await asyncio.to_thread(self._archived.known, [link.run_id for link in links if not is_open(link)])
        turns = asyncio.Semaphore(_READ_AT_ONCE)

        async def read(link: WorkflowExecution) -> None:
            async with turns:
                with suppress(NotFound):  # deleted meanwhile
                    events = (await read_link(client, link.id, link.run_id, beside_run=True)).events
                    found.update((event.id, event) for event in events if event.ts >= start)

        try:
            async with asyncio.TaskGroup() as group:
                for link in links:
                    if link.run_id not in archived:
                        group.create_task(read(link))
        except* Unavailable as problems:
            raise Unavailable(str(problems.exceptions[0])) from problems
        if len(found) > self._most_missed:
            return None
        return Missed(since, sequence, [Told(event) for event in found.values()], now)

    # Who tells.

    async def _look_again_and_again(self) -> None:
        closed_since = time_of(self._since) - OVERLAP
        while True:
            began = datetime.now(UTC)
            try:
                found = await look(await self._client(), closed_since)
            except Unavailable as problem:
                logger.warning("cannot look for runs now: %s", problem)
            else:
                self._follow(found, is_first=not self._has_looked)
                self._has_looked = True
                closed_since = began - OVERLAP
                self._seen = {link: seen for link, seen in self._seen.items() if seen >= closed_since - OVERLAP}
            finally:  # whatever it met: those who wait for it are told that they cannot be served now
                self._tried.set()
            await asyncio.sleep(EVERY_SECONDS)

    def _follow(self, found: Sequence[WorkflowExecution], *, is_first: bool) -> None:
        """Have those followed that are not yet; a chain from its oldest link that may have told something since all began."""
        now = datetime.now(UTC)
        for workflow_id, tail in list(self._tails.items()):
            self._seen |= dict.fromkeys(tail.links, now)
            if tail.is_over:
                self._found_later.discard(workflow_id)
                self._drop(self._tails.pop(workflow_id))
        telling = {execution.run_id for execution in with_events_of_their_own(found)}
        began = time_of(self._since)
        for execution in sorted(found, key=lambda one: one.start_time):
            is_past = not is_open(execution) and (execution.close_time is None or execution.close_time < began)
            is_told_by_its_run = not is_open(execution) and execution.run_id not in telling
            if is_past or is_told_by_its_run or execution.run_id in self._seen:
                self._seen[execution.run_id] = now
            elif execution.run_id in telling and execution.id not in self._tails:
                self._hear(execution, is_later=not is_first)

    def _hear(self, execution: WorkflowExecution, *, is_later: bool) -> None:
        if is_later:
            self._found_later.add(execution.id)
        tail = self._tails[execution.id] = self._hold(execution.id, execution.run_id)
        # It may be followed already, for those who listen to this one run.
        self._append([told for told in tail.so_far() if is_later or told.at >= self._since])


def _by_time(told: Told) -> tuple[int, str, int]:
    return told.at, told.id.rpartition("-")[0], told.position
