"""What happened lately, of all runs, orders and accounts: newest first, a page at a time."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowExecution

from api.streams.frames import Told, now_in_microseconds, time_of
from api.streams.tail import Tail
from weaver.errors import BadValue, NotFound, Unavailable
from weaver.market import to_microseconds
from weaver.walle.archive import Archived
from weaver.walle.database import Database
from weaver.walle.queries import Queries
from workflows.histories import read_link
from workflows.looking import is_open, look, with_events_of_their_own
from workflows.run_events import EVENT_ID

ARCHIVED_AGO = timedelta(minutes=15)
"""What had closed so long before the archive's last look is in WallE."""
BUDGET_SECONDS = 4.0
_READ_AT_ONCE = 8
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(rf"(\d{{1,16}})~(\d{{1,18}})~({EVENT_ID.pattern})")

_Place = tuple[int, int, str]
"""Time in microseconds, position in its history, id."""


@dataclass(frozen=True, slots=True)
class Newest:
    """Events, newest first; `before` is the place to go on at, None at the end; `notice` says what may be missing, and why."""

    events: list[Told]
    before: str | None
    notice: str | None


@dataclass(slots=True)
class _Unread:
    """A link of which nothing is known that happened at or before `until`."""

    execution: WorkflowExecution
    until: int


class Lately:
    """Joins what is in WallE with what only histories say: those of open links, and of closed ones that are not archived yet.

    An open link is read by the tail that follows it, which is shared with those who listen to streams. A history is read as a whole only
    where its part of the page is not known otherwise.
    """

    def __init__(
        self,
        database: Database,
        client: Callable[[], Awaitable[Client]],
        *,
        hold: Callable[[str, str], Tail],
        drop: Callable[[Tail], None],
        kept: int,
        budget: float = BUDGET_SECONDS,
    ) -> None:
        self._queries = Queries(database)
        self._archived = Archived(database)
        self._client = client
        self._hold = hold
        self._drop = drop
        self._kept = kept
        self.budget = budget

    async def page(self, *, types: Collection[str] | None, before: str | None, page_size: int) -> Newest:
        """Return the newest events, of these types only if given, before a place if given. Raises BadValue for a place that is none."""
        found = _Found(types, _place(before), page_size)
        place = found.before and (time_of(found.before[0]), *found.before[1:])
        wanted = None if types is None else sorted(types)
        stored = await asyncio.to_thread(self._queries.newest_events, types=wanted, before=place, limit=page_size + 1)
        found.add(Told(event) for event in stored)
        deadline = asyncio.get_running_loop().time() + self.budget
        try:
            client = await self._client()
            unread = await self._tailed(await self._links(client, found), found, deadline)
            skipped = await self._read(client, unread, found, deadline)
        except Unavailable as problem:
            return found.page(f"Only stored events are shown: {problem}")
        return found.page(f"Of {skipped} runs, orders or accounts older events were not read in time." if skipped else None)

    async def _links(self, client: Client, found: "_Found") -> list[WorkflowExecution]:
        """Return the links whose events are not in WallE, and may belong on the page."""
        last = await asyncio.to_thread(self._archived.last_pass)
        links = with_events_of_their_own(await look(client, last.seen_until - ARCHIVED_AGO if last else _BEFORE_ALL))
        archived = await asyncio.to_thread(self._archived.known, [link.run_id for link in links if not is_open(link)])
        until = found.before and time_of(found.before[0])
        return [link for link in links if link.run_id not in archived and (until is None or link.start_time <= until)]

    async def _tailed(self, links: list[WorkflowExecution], found: "_Found", deadline: float) -> list[_Unread]:
        """Take what tails know of open links; return what is to be read beyond that."""
        unread = [_Unread(link, to_microseconds(link.close_time or datetime.now(UTC))) for link in links if not is_open(link)]
        tails = [(link, self._hold(link.id, link.run_id)) for link in links if is_open(link)]
        try:
            for link, tail in tails:
                while tail.floor is None and not tail.is_over:
                    left = deadline - asyncio.get_running_loop().time()
                    if left <= 0 or not await tail.bell.wait(left):
                        break
                known = tail.so_far()
                found.add(known)
                if tail.floor is None:
                    unread.append(_Unread(link, now_in_microseconds()))
                elif len(known) >= self._kept:
                    unread.append(_Unread(link, known[0].at))
        finally:
            for _, tail in tails:
                self._drop(tail)
        return unread

    async def _read(self, client: Client, unread: list[_Unread], found: "_Found", deadline: float) -> int:
        """Read histories, the latest first, until none can have an event of the page; return how many there was no time for."""
        left = sorted(unread, key=lambda one: one.until, reverse=True)
        while left and not found.is_whole_after(left[0].until):
            if asyncio.get_running_loop().time() >= deadline:
                return len(left)
            some, left = left[:_READ_AT_ONCE], left[_READ_AT_ONCE:]
            for events in await asyncio.gather(*(_events(client, one.execution) for one in some)):
                found.add(events)
        return 0


class _Found:
    """The events of a page, as they are found."""

    def __init__(self, types: Collection[str] | None, before: _Place | None, page_size: int) -> None:
        self.before = before
        self._types = types
        self._size = page_size
        self._events: dict[str, Told] = {}

    def add(self, events: Iterable[Told]) -> None:
        for told in events:
            if (self._types is None or told.type in self._types) and (self.before is None or _place_of(told) < self.before):
                self._events[told.id] = told

    def is_whole_after(self, time: int) -> bool:
        """Tell whether the page, and that more follows it, is known from later events alone."""
        return sum(told.at > time for told in self._events.values()) > self._size

    def page(self, notice: str | None) -> Newest:
        ordered = sorted(self._events.values(), key=_place_of, reverse=True)
        shown = ordered[: self._size]
        at, position, event_id = _place_of(shown[-1]) if shown else (0, 0, "")
        return Newest(shown, f"{at}~{position}~{event_id}" if len(ordered) > self._size else None, notice)


async def _events(client: Client, link: WorkflowExecution) -> list[Told]:
    with suppress(NotFound):  # deleted meanwhile
        return [Told(event) for event in (await read_link(client, link.id, link.run_id, beside_run=True)).events]
    return []


def _place_of(told: Told) -> _Place:
    return told.at, told.position, told.id


def _place(text: str | None) -> _Place | None:
    if text is None:
        return None
    given = _PLACE.fullmatch(text)
    if given is None:
        raise BadValue("before", text, "a `next_before` of this list")
    return int(given[1]), int(given[2]), given[3]
