"""What one client hears of all runs, orders and accounts: nothing is missed, and a repeat has the id that it had."""

import re
from collections.abc import AsyncGenerator, Collection, Iterable

from api.streams.frames import HEARTBEAT, Told, begun, cursor, joined, now_in_microseconds, reset
from api.streams.heart import HEARTBEAT_SECONDS, Heart
from api.streams.hub import Hub
from weaver.errors import BadValue, Unavailable
from workflows.run_events import EVENT_ID

RESENT_SECONDS = 5
"""It resends from this long before a client's last event: events of several histories come not quite in the order of their times."""
OLDEST_SECONDS = 3_600
"""A client that was away for longer is told to fetch anew."""
_CURSOR = re.compile(rf"(\d{{1,16}})~({EVENT_ID.pattern}|now)")
_SLOW = "This client fell behind. Fetch anew what it shows; connecting again goes on shortly before its last event."
_TOO_MUCH = "More happened since the client's last event than is resent. Fetch anew what it shows; the stream goes on from now."
_AGAIN_SECONDS = 1.0
_SENT_AT_ONCE = 500


class AllStream:
    """The events of everything from now on, or from a little before the event with the id `after`, for one client."""

    def __init__(
        self, hub: Hub, after: str | None, *, types: Collection[str] | None, corr_id: str, heartbeat: float = HEARTBEAT_SECONDS
    ) -> None:
        """Raise BadValue when `after` is no id of this stream."""
        hub.check_open()
        self._hub = hub
        self._everything = hub.everything
        self._types = types
        self._corr_id = corr_id
        self._heartbeat = heartbeat
        self._next = 0
        self._after: int | None = None
        if after is not None:
            fitting = _CURSOR.fullmatch(after)
            if fitting is None:
                raise BadValue("last_event_id", after, "an id of the stream of all events")
            self._after = int(fitting[1])

    async def frames(self) -> AsyncGenerator[bytes]:
        """Yield what is to be sent, until the hub closes or the client is too slow."""
        self._hub.figures.clients += 1
        self._everything.enter()
        self._next = self._everything.next
        try:
            yield begun(cursor(now_in_microseconds(), "now") if self._after is None else None)
            if self._after is not None:
                async for frames in self._since(self._after):
                    yield frames
            async for frames in self._live():
                yield frames
        finally:
            self._hub.figures.clients -= 1
            self._everything.leave()

    async def _since(self, after: int) -> AsyncGenerator[bytes]:
        """Yield what was told since, once that can be found out."""
        heart = Heart(self._heartbeat)
        missed: list[Told] | None = None
        while now_in_microseconds() - after <= OLDEST_SECONDS * 1_000_000:
            try:
                resumed = await self._everything.resume(after - RESENT_SECONDS * 1_000_000)
            except Unavailable:
                if not await heart.wait(self._hub.bell, at_most=_AGAIN_SECONDS):
                    yield HEARTBEAT
                    heart.beat()
                if self._hub.is_closed:
                    return
                continue
            if resumed is not None:
                missed, self._next = resumed
            break
        if missed is None:
            self._next = self._everything.next
            self._hub.figures.resets += 1
            now = cursor(now_in_microseconds(), "now")
            yield reset("too_old", _TOO_MUCH, run_id=None, corr_id=self._corr_id, cursor_id=now)
            return
        for first in range(0, len(missed), _SENT_AT_ONCE):
            frames = self._written(missed[first : first + _SENT_AT_ONCE])
            if frames:
                yield frames

    async def _live(self) -> AsyncGenerator[bytes]:
        heart = Heart(self._heartbeat)
        while not self._hub.is_closed:
            if self._next < self._everything.first:
                self._hub.figures.resets += 1
                yield reset("slow", _SLOW, run_id=None, corr_id=self._corr_id)
                return
            told = self._everything.after(self._next)
            if told:
                self._next += len(told)
                frames = self._written(told)
                if frames:
                    yield frames
                    heart.beat()
            elif not await heart.wait(self._everything.bell):
                yield HEARTBEAT
                heart.beat()

    def _written(self, told: Iterable[Told]) -> bytes:
        return joined(one.of_all for one in told if self._types is None or one.type in self._types)
