"""When the bars of a symbol start and end at the simulated exchange."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from weaver.market import DAY, Calendar, Sessions, Timeframe, from_microseconds, to_microseconds

_MONDAY = 4 * DAY  # 1970-01-05

SessionsBetween = Callable[[date, date], Sessions]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A bar's place in time, in microseconds since 1970: it is named by `start`, trades during `[opens, closes)` and is complete
    at `end`. `session` is the day it belongs to, in days since 1970; `session_end` when that is over."""

    start: int
    opens: int
    closes: int
    end: int
    session: int
    session_end: int


class Schedule:
    """The bars of one symbol and timeframe: around the clock, or within the sessions of US equities.

    Bars of whole days are named by 00:00Z of their date (weeks by that of the Monday) and end, for equities, at the close of the
    last session inside; shorter ones start at multiples of their length and, for equities, exist where a session does.
    """

    def __init__(self, timeframe: Timeframe, calendar: Calendar, sessions: SessionsBetween) -> None:
        self._length = timeframe.microseconds
        self._offset = _MONDAY if self._length == 7 * DAY else 0
        self._days = self._length % DAY == 0
        self._always = calendar is Calendar.ALWAYS
        self._sessions = sessions

    def between(self, start: int, end: int) -> list[Slot]:
        """Return the bars with start ≤ bar start < end."""
        if self._always:
            first = self._floor(start + self._length - 1)
            return [self._around_the_clock(at) for at in range(first, end, self._length)]
        return [slot for slot in self._equity(start, end) if start <= slot.start < end]

    def trading_after(self, time: int) -> Slot:
        """Return the first bar that still trades after `time`: the one in progress, or else the next."""
        if self._always:
            return self._around_the_clock(self._floor(time))
        return next(slot for slot in self._equity(time, time + 30 * DAY) if slot.closes > time)

    def ending_after(self, time: int) -> Slot:
        """Return the first bar that is not complete at `time`."""
        if self._always:
            return self._around_the_clock(self._floor(time))
        return next(slot for slot in self._equity(time, time + 30 * DAY) if slot.end > time)

    def ending_by(self, time: int) -> Slot | None:
        """Return the last bar that is complete at `time`."""
        if self._always:
            return self._around_the_clock(self._floor(time) - self._length)
        days = 14 * DAY + self._length
        if self._days:
            complete = [slot for slot in self._equity(time - days, time) if slot.end <= time]
            return complete[-1] if complete else None
        for session, opens, closes in reversed(self._session_days(time - days, time)):
            at = min(self._floor(closes - 1), self._floor(time) - self._length)
            if at >= self._floor(opens):
                return self._within(at, session, opens, closes)
        return None

    def after(self, slot: Slot, bars: int) -> Slot:
        """Return the bar that comes `bars` after another."""
        for _ in range(bars):
            slot = self.trading_after(slot.closes)
        return slot

    def _floor(self, time: int) -> int:
        return time - (time - self._offset) % self._length

    def _around_the_clock(self, start: int) -> Slot:
        end = start + self._length
        day = start // DAY
        return Slot(start=start, opens=start, closes=end, end=end, session=day, session_end=(day + 1) * DAY)

    def _session_days(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """Return day, open and close of the sessions from some days before `start` to some days after `end`."""
        first, last = from_microseconds(max(start, 0)).date(), from_microseconds(max(end, 0)).date()
        margin = timedelta(days=self._length // DAY + 1)
        sessions = self._sessions(first - margin, last + margin)
        return list(zip(sessions.dates.tolist(), sessions.opens.tolist(), sessions.closes.tolist(), strict=True))

    def _equity(self, start: int, end: int) -> Iterator[Slot]:
        """Yield the bars that end after `start`, and perhaps some before, until some after `end`."""
        days = self._session_days(start, end)
        if not self._days:
            for session, opens, closes in days:
                for at in range(max(self._floor(opens), self._floor(start)), closes, self._length):
                    yield self._within(at, session, opens, closes)
            return
        merged: Slot | None = None
        for session, opens, closes in days:
            at = self._floor(session * DAY)
            if merged is not None and merged.start != at:
                yield merged
                merged = None
            begun = opens if merged is None else merged.opens
            merged = Slot(start=at, opens=begun, closes=closes, end=closes, session=session, session_end=closes)
        if merged is not None:
            yield merged

    def _within(self, at: int, session: int, opens: int, closes: int) -> Slot:
        over = at + self._length
        return Slot(start=at, opens=max(at, opens), closes=min(over, closes), end=over, session=session, session_end=closes)


def session_at(sessions: SessionsBetween, time: datetime) -> tuple[bool, int, int]:
    """Return whether a session is on, when the next one opens and when the present or next one closes, in microseconds."""
    now = to_microseconds(time)
    around = sessions(time.date() - timedelta(days=1), time.date() + timedelta(days=30))
    opens, closes = around.opens.tolist(), around.closes.tolist()
    is_open = any(begun <= now < over for begun, over in zip(opens, closes, strict=True))
    return is_open, next(at for at in opens if at > now), next(at for at in closes if at > now)
