"""What one client hears of one run: every event exactly once, from the first or from where it was."""

from collections.abc import AsyncGenerator, Collection, Iterable

from api.streams.frames import HEARTBEAT, Told, begun, joined, reset
from api.streams.heart import HEARTBEAT_SECONDS, Heart
from api.streams.hub import Hub
from api.streams.tail import Tail
from weaver.errors import BadValue
from workflows.run_events import Story

_SLOW = "This client fell behind. Fetch anew what it shows; connecting again goes on behind its last event."
_AGAIN_SECONDS = 1.0


class RunStream:
    """One run's events behind a position, for one client.

    It reads what was before from WallE and Temporal, at the client's pace, and then what the run's tail keeps. Positions tell what it
    has sent, so nothing comes twice; the tail tells how far back it keeps all, so nothing is missed between the two.
    """

    def __init__(
        self, hub: Hub, run_id: str, story: Story | None, position: int, *, types: Collection[str] | None, corr_id: str, heartbeat: float
    ) -> None:
        self._hub = hub
        self._run_id = run_id
        self._story = story
        self._position = position
        self._types = types
        self._corr_id = corr_id
        self._heartbeat = heartbeat

    @staticmethod
    async def open(
        hub: Hub,
        run_id: str,
        after: str | None,
        *,
        types: Collection[str] | None,
        corr_id: str,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> "RunStream":
        """Return the stream of a run behind the event with the id `after`, or from its first event on.

        Raises NotFound for an unknown run, BadValue for an id that is none of its events, Unavailable when that cannot be told now.
        """
        hub.check_open()
        tail = hub.tail(run_id)
        known = tail.find(after) if tail is not None and after is not None else None
        if known is not None:
            return RunStream(hub, run_id, None, known.position, types=types, corr_id=corr_id, heartbeat=heartbeat)
        story = await hub.story(run_id)
        try:
            position = await hub.events.position(story, after)
        except BadValue as wrong:
            raise BadValue("last_event_id", after, wrong.expected) from wrong
        return RunStream(hub, run_id, story, position, types=types, corr_id=corr_id, heartbeat=heartbeat)

    async def frames(self) -> AsyncGenerator[bytes]:
        """Yield what is to be sent, until the hub closes or the client is too slow. A run that has ended leaves the stream open."""
        story, self._story = self._story, None  # it may be large, and the client stays long
        grows = story is None or not story.has_ended
        tail = self._hub.hold(self._run_id, story.open_link if story else None) if grows else None
        self._hub.figures.clients += 1
        try:
            yield begun()
            if story is not None:
                async for frames in self._stored(story):
                    yield frames
                del story
            async for frames in self._silence() if tail is None else self._live(tail):
                yield frames
        finally:
            self._hub.figures.clients -= 1
            if tail is not None:
                self._hub.drop(tail)

    async def _stored(self, story: Story) -> AsyncGenerator[bytes]:
        async for events in self._hub.events.after(story, self._position):
            sure = [event for event in events if story.sure_until is None or event.position <= story.sure_until]
            if sure:
                self._position = sure[-1].position
                frames = self._written(Told(event) for event in sure)
                if frames:
                    yield frames

    async def _silence(self) -> AsyncGenerator[bytes]:
        heart = Heart(self._heartbeat)
        while not self._hub.is_closed:
            if not await heart.wait(self._hub.bell):
                yield HEARTBEAT
                heart.beat()

    async def _live(self, tail: Tail) -> AsyncGenerator[bytes]:
        heart = Heart(self._heartbeat)
        was_there = False
        while not self._hub.is_closed:
            if tail.floor is not None and self._position < tail.floor:
                if was_there and tail.is_slow(self._position):
                    self._hub.figures.resets += 1
                    yield reset("slow", _SLOW, run_id=self._run_id, corr_id=self._corr_id)
                    return
                floor = tail.floor
                story = await self._hub.story(self._run_id)
                async for frames in self._stored(story):
                    yield frames
                    heart.beat()
                if story.sure_until is None:
                    self._position = max(self._position, floor)
                else:
                    await heart.wait(tail.bell, at_most=_AGAIN_SECONDS)
                continue
            was_there = tail.floor is not None
            told = tail.after(self._position)
            if told:
                self._position = told[-1].position
                frames = self._written(told)
                if frames:
                    yield frames
                    heart.beat()
            elif not await heart.wait(tail.bell):
                yield HEARTBEAT
                heart.beat()

    def _written(self, told: Iterable[Told]) -> bytes:
        return joined(one.of_run for one in told if self._types is None or one.type in self._types)
