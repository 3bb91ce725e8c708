"""When live bars start and end, by each symbol's calendar. Agrees with `clock.bar_columns` on every bar it names.

A bar of whole days begins at a multiple of its length since 1970 (weeks on Monday); at an exchange it exists where it holds a
session, and ends at the close of the last one inside. A shorter one begins at a multiple of its length; at an exchange it exists
where it reaches into a session, and lasts its whole length even when the session closes before.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from weaver.errors import BadValue
from weaver.glados.clock import sessions_between
from weaver.market import DAY, Calendar, Ints, Sessions, Timeframe, from_microseconds, to_microseconds

CalendarOf = Callable[[str], Calendar]
"""Which calendar a symbol has: its own, unless a venue says otherwise (a replay of stored bars never closes)."""

_EPOCH = date(1970, 1, 1)
_MONDAY = 4 * DAY  # 1970-01-05, the first Monday
_SHARE_OF_DAY = 6  # a session holds more than a sixth of a day's bars, weekends and holidays included
_LONGEST_LATENESS = timedelta(minutes=10)
_SHORTEST_LATENESS = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedEnds:
    """Bar ends that went by: how many, the `first` few, and the `last`, None when there was none."""

    count: int
    first: list[datetime]
    last: datetime | None


def next_bar_end(symbols: Collection[str], timeframe: Timeframe, after: datetime, *, calendar_of: CalendarOf = Calendar.of) -> datetime:
    """Return the first bar end of any of the symbols strictly after `after`. At least one symbol."""
    return from_microseconds(min(_next_end(calendar, timeframe, to_microseconds(after)) for calendar in set(map(calendar_of, symbols))))


def bar_ends(
    symbols: Collection[str],
    timeframe: Timeframe,
    after: datetime,
    until: datetime,
    *,
    most: int | None = None,
    calendar_of: CalendarOf = Calendar.of,
) -> list[datetime]:
    """Return the bar ends with after < end ≤ until of any of the symbols, in order; the first `most` of them."""
    ends = _all_ends(set(map(calendar_of, symbols)), timeframe, to_microseconds(after), to_microseconds(until))
    return [from_microseconds(end) for end in ends[:most]]


def passed_ends(
    symbols: Collection[str],
    timeframe: Timeframe,
    first: datetime,
    now: datetime,
    *,
    most: int = 100,
    calendar_of: CalendarOf = Calendar.of,
) -> PassedEnds:
    """Sum up the bar ends with first ≤ end ≤ now of any of the symbols."""
    ends = _all_ends(set(map(calendar_of, symbols)), timeframe, to_microseconds(first) - 1, to_microseconds(now))
    return PassedEnds(
        count=len(ends),
        first=[from_microseconds(end) for end in ends[:most]],
        last=from_microseconds(ends[-1]) if len(ends) else None,
    )


def is_due(symbol: str, timeframe: Timeframe, end: datetime, *, calendar_of: CalendarOf = Calendar.of) -> bool:
    """Tell whether the symbol has a bar that ends at `end`."""
    return _start(calendar_of(symbol), timeframe, to_microseconds(end)) is not None


def bar_start(symbol: str, timeframe: Timeframe, end: datetime, *, calendar_of: CalendarOf = Calendar.of) -> datetime:
    """Return the start of the symbol's bar that ends at `end`, as it is stored. BadValue where no bar ends."""
    start = _start(calendar_of(symbol), timeframe, to_microseconds(end))
    if start is None:
        raise BadValue("end", end.isoformat(), f"the end of a {timeframe} bar of {symbol}")
    return from_microseconds(start)


def bar_starts(symbol: str, timeframe: Timeframe, start: datetime, end: datetime, *, calendar_of: CalendarOf = Calendar.of) -> Ints:
    """Return the starts, in UTC microseconds, of the symbol's bars with start ≤ bar start < end."""
    first, until = to_microseconds(start), to_microseconds(end)
    starts, _ = _bars(calendar_of(symbol), timeframe, first, until + timeframe.microseconds + DAY)
    return starts[(starts >= first) & (starts < until)]


def stored_start(timeframe: Timeframe, start: datetime) -> datetime:
    """Return the start under which a venue's bar is stored: bars of whole days, which venues stamp at midnight of some zone or at
    the open, start at 00:00Z of that UTC date (weeks of its Monday)."""
    if timeframe.microseconds % DAY:
        return start
    day = to_microseconds(start) // DAY * DAY
    return from_microseconds(_floor(day, timeframe.microseconds) if timeframe.microseconds == 7 * DAY else day)


def warmup_start(
    symbols: Collection[str], timeframe: Timeframe, end: datetime, bars: int, *, calendar_of: CalendarOf = Calendar.of
) -> datetime:
    """Return the earliest start of the last `bars` bars of each symbol that end at or before `end`; `end` itself for no bars."""
    if bars <= 0:
        return end
    return from_microseconds(min(_back(calendar, timeframe, to_microseconds(end), bars) for calendar in set(map(calendar_of, symbols))))


def lateness_allowed(timeframe: Timeframe) -> timedelta:
    """Return how long after its end a bar may still be acted on: half its length, at least 2 s, at most its length or 10 minutes."""
    length = timedelta(seconds=timeframe.seconds)
    return min(length, _LONGEST_LATENESS, max(length / 2, _SHORTEST_LATENESS))


def _all_ends(calendars: Collection[Calendar], timeframe: Timeframe, after: int, until: int) -> Ints:
    return np.unique(np.concatenate([_bars(calendar, timeframe, after, until)[1] for calendar in calendars]))


def _next_end(calendar: Calendar, timeframe: Timeframe, after: int) -> int:
    ahead = timeframe.microseconds if calendar is Calendar.ALWAYS else 2 * max(timeframe.microseconds, DAY)
    while not len(ends := _bars(calendar, timeframe, after, after + ahead)[1]):
        ahead *= 2  # a long weekend, or the days on which an exchange was shut
    return int(ends[0])


def _start(calendar: Calendar, timeframe: Timeframe, end: int) -> int | None:
    starts, _ = _bars(calendar, timeframe, end - 1, end)
    return int(starts[0]) if len(starts) else None


def _back(calendar: Calendar, timeframe: Timeframe, end: int, bars: int) -> int:
    length = timeframe.microseconds
    if calendar is Calendar.ALWAYS:
        return _floor(end, length) - bars * length
    back = (bars + 1) * length * (1 if timeframe.is_daily_or_longer else _SHARE_OF_DAY) + 2 * DAY
    while len(starts := _bars(calendar, timeframe, end - back, end)[0]) < bars:
        back *= 2
    return int(starts[-bars])


def _bars(calendar: Calendar, timeframe: Timeframe, after: int, until: int) -> tuple[Ints, Ints]:
    """Return starts and ends of the bars with after < end ≤ until, in order."""
    length = timeframe.microseconds
    if calendar is Calendar.ALWAYS:
        starts = np.arange(_floor(after, length), _floor(until, length), length, dtype=np.int64)
        return starts, starts + length
    margin = timedelta(days=length // DAY + 2)  # the last session inside a bar of days may lie that far off
    sessions = sessions_between(calendar, _day(after) - margin, _day(until) + margin)
    assert sessions is not None, "an exchange has sessions"
    starts, ends = _of_sessions(sessions, length) if length % DAY else _of_days(sessions, length)
    chosen = slice(*np.searchsorted(ends, [after, until], side="right"))
    return starts[chosen], ends[chosen]


def _of_sessions(sessions: Sessions, length: int) -> tuple[Ints, Ints]:
    firsts = sessions.opens // length * length
    counts = -(-(sessions.closes - firsts) // length)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.unique(np.repeat(firsts, counts) + within * length)
    return starts, starts + length


def _of_days(sessions: Sessions, length: int) -> tuple[Ints, Ints]:
    days = sessions.dates * DAY
    begun = days - (days - _offset(length)) % length
    lasts = np.flatnonzero(np.diff(begun, append=np.iinfo(np.int64).max) > 0)
    return begun[lasts], sessions.closes[lasts]


def _floor(time: int, length: int) -> int:
    return time - (time - _offset(length)) % length


def _offset(length: int) -> int:
    return _MONDAY if length == 7 * DAY else 0


def _day(time: int) -> date:
    return _EPOCH + timedelta(days=time // DAY)
