"""A run's events from its first on: archived links from WallE, what is not archived yet from Temporal."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field

from temporalio.client import Client

from weaver.errors import BadValue, NotFound, Unavailable
from weaver.walle.archive import Archived
from weaver.walle.database import Database
from weaver.walle.model import EventRecord
from weaver.walle.queries import Queries
from workflows.client import described
from workflows.events import positions_before
from workflows.histories import read_link
from workflows.inputs import BACKTEST_RUN
from workflows.trading_names import TRADING_RUN

EVENT_ID = re.compile(r"[0-9a-zA-Z-]{1,64}-\d{1,9}(\.\d{1,4})?")
"""What an event's id looks like: link, number in the history, and which of several."""

RUN_TYPES = (BACKTEST_RUN, TRADING_RUN)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A run's events as known at one moment.

    Those at positions up to `archived_until` are in WallE; `recent` are all that follow. `open_link` is the link that grows, None when
    the run has ended or Temporal cannot be asked. `notice` says what may be missing, and why; None when nothing is. While Temporal
    cannot be asked, something may be missing between the events behind `sure_until` and those before.
    """

    run_id: str
    archived_until: int
    recent: list[EventRecord] = field(default_factory=list[EventRecord])
    open_link: str | None = None
    notice: str | None = None
    sure_until: int | None = None

    @property
    def has_ended(self) -> bool:
        """Whether no event will follow."""
        return self.open_link is None and self.sure_until is None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Events of a run in order; `total` counts those of all pages, `before` those of the pages before this one; `next_after` is the id
    to go on behind, None at the end."""

    items: list[EventRecord]
    total: int
    before: int
    next_after: str | None
    notice: str | None


class RunEvents:
    """Reads events of runs. `client` gives Temporal's, or raises Unavailable, upon which WallE alone is read."""

    def __init__(self, database: Database, client: Callable[[], Awaitable[Client]]) -> None:
        self._queries = Queries(database)
        self._archived = Archived(database)
        self._client = client

    async def story(self, run_id: str) -> Story:
        """Return what is known of a run's events now. Raises NotFound for an unknown run."""
        first = await self._first_link(run_id)
        chain = await asyncio.to_thread(self._archived.chain, run_id, first) if first else []
        until = positions_before(len(chain))
        link = chain[-1].next_link if chain else first
        if chain and link is None:
            return Story(run_id=run_id, archived_until=until)
        if link is None:
            return await self._as_stored(run_id, until, "Temporal cannot be asked for the run's first link.", sure_until=until)
        try:
            return await self._grown(run_id, until, link)
        except NotFound:
            return await self._as_stored(run_id, until, "Temporal has forgotten the history; these are the events that were stored.")
        except Unavailable as problem:
            sure_until = positions_before(len(chain) + 1)
            return await self._as_stored(run_id, until, f"Only stored events are shown: {problem}", sure_until=sure_until)

    async def after(self, story: Story, position: int) -> AsyncIterator[list[EventRecord]]:
        """Yield the story's events behind a position, in order, a few hundred at a time."""
        while position < story.archived_until:
            found = await asyncio.to_thread(self._queries.events_after, story.run_id, position, until=story.archived_until, limit=_AT_ONCE)
            if not found:
                break
            yield found
            position = found[-1].position
        yield [event for event in story.recent if event.position > position]

    async def position(self, story: Story, event_id: str | None) -> int:
        """Return where an event stands in the story, -1 for none. Raises BadValue for an id that is none of the run's, and
        Unavailable when that cannot be told now."""
        if event_id is None:
            return -1
        if not EVENT_ID.fullmatch(event_id):
            raise BadValue("after", event_id, "the id of an event")
        recent = next((event.position for event in story.recent if event.id == event_id), None)
        known = recent if recent is not None else await asyncio.to_thread(self._queries.event_position, story.run_id, event_id)
        if known is not None:
            return known
        if story.notice:
            raise Unavailable(f"Event '{event_id}' cannot be looked up. {story.notice}")
        raise BadValue("after", event_id, f"the id of an event of run '{story.run_id}'")

    async def page(self, run_id: str, *, types: Collection[str] | None = None, after: str | None = None, page_size: int = 50) -> EventPage:
        """Return the first events behind the one with the id `after`, of these types only if given.

        Raises NotFound for an unknown run, BadValue for an id that is none of its events.
        """
        story = await self.story(run_id)
        position = await self.position(story, after)
        wanted = None if types is None else sorted(types)
        recent = [event for event in story.recent if wanted is None or event.type in wanted]
        stored = await asyncio.to_thread(self._queries.event_count, run_id, wanted, until=story.archived_until)
        found: list[EventRecord] = []
        if position < story.archived_until:
            found = await asyncio.to_thread(
                self._queries.events_after, run_id, position, types=wanted, until=story.archived_until, limit=page_size + 1
            )
        found += [event for event in recent if event.position > position]
        items = found[:page_size]
        before = await asyncio.to_thread(self._queries.event_count, run_id, wanted, until=min(position, story.archived_until))
        return EventPage(
            items=items,
            total=stored + len(recent),
            before=before + sum(event.position <= position for event in recent),
            next_after=items[-1].id if len(found) > page_size else None,
            notice=story.notice,
        )

    async def _first_link(self, run_id: str) -> str | None:
        """Return the first link of the run that is on record, or else of the one that Temporal has. Raises NotFound."""
        try:
            record = await asyncio.to_thread(self._queries.run, run_id)
        except NotFound as unknown:
            try:
                return await self._first_at_temporal(run_id)
            except NotFound:
                raise unknown from None
        if record.temporal_run_id is not None:
            return record.temporal_run_id
        try:
            return await self._first_at_temporal(run_id)
        except (NotFound, Unavailable):
            return None

    async def _first_at_temporal(self, run_id: str) -> str:
        description = await described(await self._client(), run_id)
        if description.workflow_type not in RUN_TYPES:
            raise NotFound("run", run_id)
        return description.raw_description.workflow_execution_info.first_run_id or description.run_id

    async def _grown(self, run_id: str, until: int, link: str) -> Story:
        client = await self._client()
        events: list[EventRecord] = []
        following: str | None = link
        while following:
            read = await read_link(client, run_id, following)
            events += read.events
            if read.reading.closed_at is None:
                return Story(run_id=run_id, archived_until=until, recent=events, open_link=following)
            following = read.reading.next_link
        return Story(run_id=run_id, archived_until=until, recent=events)

    async def _as_stored(self, run_id: str, until: int, notice: str, *, sure_until: int | None = None) -> Story:
        recent: list[EventRecord] = []
        while found := await asyncio.to_thread(
            self._queries.events_after, run_id, recent[-1].position if recent else until, limit=_AT_ONCE
        ):
            recent += found
        return Story(run_id=run_id, archived_until=until, recent=recent, notice=notice, sure_until=sure_until)
