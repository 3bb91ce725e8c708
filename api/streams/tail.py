"""One history, followed once for all who listen."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from temporalio.client import Client

from api.streams.bell import Bell
from api.streams.frames import Told
from weaver.errors import NotFound, Unavailable
from weaver.walle.model import EventRecord
from workflows.client import described
from workflows.histories import Growth, follow

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class Listener(Protocol):
    """Hears of all tails."""

    def past(self, tail: "Tail", events: Sequence[EventRecord]) -> None:
        """Take what was in the history when the tail began."""

    def news(self, tail: "Tail", events: Sequence[Told]) -> None:
        """Take what came since."""


class Tail:
    """Follows a workflow's chain from a link on, and keeps its newest events for those who come late or are slow.

    `floor` is the position behind which it has all events, None until it has read what was there. It goes on when Temporal is back,
    and `is_over` when the chain has ended. `links` are all that it has followed.
    """

    def __init__(
        self, workflow_id: str, link: str | None, client: Callable[[], Awaitable[Client]], listener: Listener, *, kept: int
    ) -> None:
        self.workflow_id = workflow_id
        self.link = link
        self.bell = Bell()
        self.floor: int | None = None
        self.is_over = False
        self.links: set[str] = set()
        self._client = client
        self._listener = listener
        self._kept: deque[Told] = deque(maxlen=kept)
        self._past: deque[EventRecord] = deque(maxlen=kept)
        self._base: int | None = None
        self._newest = -1
        self._caught_up_from = -1

    async def run(self) -> None:
        """Follow until the chain's end, or until cancelled."""
        pause = _FIRST_PAUSE
        while not self.is_over:
            try:
                client = await self._client()
                link = self.link or (await described(client, self.workflow_id)).run_id
                async for growth in follow(client, self.workflow_id, link, beside_run=True):
                    self._take(growth)
                    pause = _FIRST_PAUSE
                self._end()
            except NotFound as gone:
                logger.info("the history of %s is gone: %s", self.workflow_id, gone)
                self._end()
            except Unavailable as problem:
                logger.warning("%s is followed again in %.1f s: %s", self.workflow_id, pause, problem)
                if self.floor is not None:
                    self._caught_up_from = self._newest
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def after(self, position: int) -> list[Told]:
        """Return what it keeps behind a position, in order."""
        found: list[Told] = []
        for told in reversed(self._kept):
            if told.position <= position:
                break
            found.append(told)
        found.reverse()
        return found

    def so_far(self) -> list[Told]:
        """Return the newest events that it has read, in order."""
        return [*self._kept, *(Told(event) for event in self._past)]

    def find(self, event_id: str) -> Told | None:
        """Return an event that it keeps."""
        return next((told for told in self._kept if told.id == event_id), None)

    def is_slow(self, position: int) -> bool:
        """Tell whether one who has read up to a position behind the floor was slow: not so when the tail was away itself."""
        return position < self._caught_up_from or self._caught_up_from < 0

    def _take(self, growth: Growth) -> None:
        self.link = growth.reading.link
        self.links.add(self.link)
        if self._base is None:
            self._base = growth.reading.before
        new = [event for event in growth.events if event.position > self._newest]
        if new:
            self._newest = new[-1].position
        if self.floor is None:
            self._take_past(new, is_past=growth.is_past)
        elif new:
            self._take_news([Told(event) for event in new])

    def _take_past(self, events: Sequence[EventRecord], *, is_past: bool) -> None:
        for event in events:
            if len(self._past) == self._past.maxlen:
                self._base = self._past[0].position
            self._past.append(event)
        if events:
            self._listener.past(self, events)
        if not is_past:
            self._kept.extend(Told(event) for event in self._past)
            self._past.clear()
            self.floor = self._base
            self.bell.ring()

    def _take_news(self, told: list[Told]) -> None:
        for one in told:
            if len(self._kept) == self._kept.maxlen:
                self.floor = self._kept[0].position
            self._kept.append(one)
        self.bell.ring()
        self._listener.news(self, told)

    def _end(self) -> None:
        self.is_over = True
        self.bell.ring()
