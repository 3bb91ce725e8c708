"""Follows all histories and notes in WallE what channels want to be told: one worker of all does it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecution

from activities.beating import beating
from activities.known_runs import KnownRuns
from weaver.errors import NotFound, Unavailable
from weaver.notify.channels import Channels
from weaver.walle.model import EventRecord
from weaver.walle.notifications import Notifications
from weaver.walle.queries import Queries
from workflows.histories import follow
from workflows.looking import is_open, look, with_events_of_their_own

logger = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
OVERLAP = timedelta(minutes=2)
"""It begins again this long before what it is sure of: visibility is written a little after the fact, and clocks differ."""
SAVED_EVERY = timedelta(seconds=5)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


class News:
    """`deliver` has what waits for a channel delivered."""

    def __init__(
        self, client: Client, channels: Channels, store: Notifications, queries: Queries, deliver: Callable[[str], Awaitable[None]]
    ) -> None:
        self._client = client
        self._channels = channels
        self._store = store
        self._known = KnownRuns(queries)
        self._deliver = deliver

    @activity.defn(name="follow_news")
    async def follow(self) -> None:
        """Follow until this worker shuts down; another one goes on."""
        async with beating():
            following = asyncio.create_task(_Following(self._client, self._channels, self._store, self._known, self._deliver).run())
            leaving = asyncio.create_task(activity.wait_for_worker_shutdown())
            try:
                await asyncio.wait((following, leaving), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (following, leaving):
                    task.cancel()
                await asyncio.wait((following, leaving))
            if not following.cancelled():
                following.result()


class _Following:
    """One try to follow everything: a task for each chain, and a look for new ones each second."""

    def __init__(
        self,
        client: Client,
        channels: Channels,
        store: Notifications,
        known: KnownRuns,
        deliver: Callable[[str], Awaitable[None]],
    ) -> None:
        self._client = client
        self._channels = channels
        self._store = store
        self._known = known
        self._deliver = deliver
        self._chains: dict[str, asyncio.Task[None]] = {}
        self._sure: dict[str, datetime] = {}
        self._followed: dict[str, datetime] = {}
        self._from = datetime.now(UTC)
        self._saved = datetime.min.replace(tzinfo=UTC)

    async def run(self) -> None:
        """Follow until cancelled, or until something fails that is not just away."""
        try:
            await self._begin()
            looked = self._from
            while True:
                began = datetime.now(UTC)
                try:
                    self._hear(await look(self._client, looked - OVERLAP))
                    looked = began
                    await self._save(min([looked, *self._sure.values()]))
                    for channel in await asyncio.to_thread(self._store.waiting):
                        await self._deliver(channel)
                except Unavailable as problem:
                    logger.warning("notifications wait: %s", problem)
                self._forget(looked - 2 * OVERLAP)
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            for task in self._chains.values():
                task.cancel()
            await asyncio.gather(*self._chains.values(), return_exceptions=True)

    async def _begin(self) -> None:
        """Begin a little before what is surely noted; at the first time of all, now."""
        seen = await asyncio.to_thread(self._store.seen_until)
        if seen is None:
            await asyncio.to_thread(self._store.saw, self._from)
        else:
            self._from = seen - OVERLAP

    async def _save(self, sure_until: datetime) -> None:
        if sure_until - self._saved >= SAVED_EVERY:
            await asyncio.to_thread(self._store.saw, sure_until)
            self._saved = sure_until

    def _hear(self, found: Sequence[WorkflowExecution]) -> None:
        """Have each chain followed that tells something of its own, from its oldest link that is not yet followed."""
        for workflow_id, task in list(self._chains.items()):
            if task.done():
                task.result()
                del self._chains[workflow_id], self._sure[workflow_id]
        now = datetime.now(UTC)
        for execution in sorted(with_events_of_their_own(found), key=lambda one: one.start_time):
            if execution.run_id in self._followed:
                self._followed[execution.run_id] = now
            elif execution.id not in self._chains and not self._is_past(execution):
                self._followed[execution.run_id] = now
                self._sure[execution.id] = self._from
                self._chains[execution.id] = asyncio.create_task(self._follow(execution.id, execution.run_id))

    def _is_past(self, execution: WorkflowExecution) -> bool:
        return not is_open(execution) and execution.close_time is not None and execution.close_time < self._from

    async def _follow(self, workflow_id: str, link: str) -> None:
        pause = _FIRST_PAUSE
        following = link
        while True:
            try:
                async for growth in follow(self._client, workflow_id, following, beside_run=True):
                    following = growth.reading.link
                    self._followed[following] = answered = datetime.now(UTC)
                    await self._note(growth.events)
                    if not growth.is_past:
                        self._sure[workflow_id] = answered
                    pause = _FIRST_PAUSE
                return
            except NotFound as gone:
                logger.info("the history of %s is gone: %s", workflow_id, gone)
                return
            except Unavailable as problem:
                logger.info("%s is followed again in %.1f s: %s", workflow_id, pause, problem)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _note(self, events: Sequence[EventRecord]) -> None:
        wanted: list[tuple[str, EventRecord]] = []
        for event in events:
            if event.ts >= self._from and self._channels.may_want(event.type):
                about = await self._known.about(event)
                wanted += [(channel, event) for channel in self._channels.wanting(event.type, about)]
        if wanted:
            await asyncio.to_thread(self._store.note, wanted, datetime.now(UTC))
            for channel in {channel for channel, _ in wanted}:
                await self._deliver(channel)

    def _forget(self, before: datetime) -> None:
        for link in [link for link, seen in self._followed.items() if seen < before]:
            del self._followed[link]
