"""The hub of event streams: one tail for each history, however many clients listen."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from temporalio.client import Client

from api.streams.bell import Bell
from api.streams.everything import Everything
from api.streams.figures import Figures
from api.streams.frames import Told
from api.streams.lately import Lately
from api.streams.tail import Tail
from weaver.errors import Unavailable
from weaver.walle.database import Database
from weaver.walle.model import EventRecord
from workflows.run_events import RunEvents, Story

KEPT_OF_A_RUN = 256
"""Events that a tail keeps for those who come late; a client that is further behind is slow."""
KEPT_OF_ALL = 4_096
"""The same on the stream of all."""
MOST_MISSED = 10_000
"""Events that a client of all is given when it comes back; one that missed more is told to fetch anew."""


class Hub:
    """Keeps tails while somebody listens to them. Nothing of it outlives the process, and nothing in it is needed to go on in another.

    `client` gives Temporal's, or raises Unavailable: tails wait for it then. Call it on one event loop only.
    """

    def __init__(
        self,
        database: Database,
        client: Callable[[], Awaitable[Client]],
        *,
        kept_of_a_run: int = KEPT_OF_A_RUN,
        kept_of_all: int = KEPT_OF_ALL,
        most_missed: int = MOST_MISSED,
    ) -> None:
        self.figures = Figures()
        self.events = RunEvents(database, client)
        self.everything = Everything(database, client, hold=self.hold, drop=self.drop, kept=kept_of_all, most_missed=most_missed)
        self.lately = Lately(database, client, hold=self.hold, drop=self.drop, kept=kept_of_a_run)
        self.bell = Bell()
        """Rings when the hub closes."""
        self.is_closed = False
        self._client = client
        self._kept = kept_of_a_run
        self._tails: dict[str, Tail] = {}
        self._tasks: dict[Tail, asyncio.Task[None]] = {}
        self._holders: dict[Tail, int] = {}
        self._stories: dict[str, asyncio.Task[Story]] = {}

    def close(self) -> None:
        """End all streams, at once; new ones are refused. What a server does first when it shuts down."""
        self.is_closed = True
        for bell in (self.bell, self.everything.bell, *(tail.bell for tail in self._holders)):
            bell.ring()

    async def stop(self) -> None:
        """Close, and let all tails end."""
        self.close()
        self.everything.stop()
        tasks: list[asyncio.Task[Any]] = [*self._tasks.values(), *self._stories.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def check_open(self) -> None:
        """Raise Unavailable once it is closed."""
        if self.is_closed:
            raise Unavailable("The API is shutting down. Connect again.")

    # Tails.

    def hold(self, workflow_id: str, link: str | None) -> Tail:
        """Return the tail of a workflow, with one more who needs it; it begins at `link` (at the newest, if None) when there is none."""
        tail = self._tails.get(workflow_id)
        if tail is None or tail.is_over:
            tail = self._tails[workflow_id] = Tail(workflow_id, link, self._client, self, kept=self._kept)
            task = asyncio.create_task(tail.run(), name=f"tail of {workflow_id}")
            self._tasks[tail] = task
            task.add_done_callback(lambda _, ended=tail: self._tasks.pop(ended, None))
        self._holders[tail] = self._holders.get(tail, 0) + 1
        self.figures.tails = len(self._tails)
        return tail

    def drop(self, tail: Tail) -> None:
        """Let a tail have one less who needs it; without any it ends."""
        self._holders[tail] -= 1
        if self._holders[tail]:
            return
        del self._holders[tail]
        if self._tails.get(tail.workflow_id) is tail:
            del self._tails[tail.workflow_id]
        task = self._tasks.get(tail)
        if task is not None:
            task.cancel()
        self.figures.tails = len(self._tails)

    def tail(self, workflow_id: str) -> Tail | None:
        return self._tails.get(workflow_id)

    def past(self, tail: Tail, events: Sequence[EventRecord]) -> None:
        self.everything.past(tail, events)

    def news(self, tail: Tail, events: Sequence[Told]) -> None:
        self.figures.heard(events)
        self.everything.news(tail, events)

    # Stories.

    async def story(self, run_id: str) -> Story:
        """Return what is known of a run's events; those who ask for the same run at a time share one reading. Raises NotFound."""
        reading = self._stories.get(run_id)
        if reading is None:
            reading = self._stories[run_id] = asyncio.create_task(self.events.story(run_id), name=f"events of {run_id}")
            reading.add_done_callback(lambda _: self._stories.pop(run_id, None))
        return await asyncio.shield(reading)
