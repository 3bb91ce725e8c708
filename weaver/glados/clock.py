"""The bar schedule: when a bar ends, and which session it belongs to."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from warnings import catch_warnings, simplefilter
from zoneinfo import ZoneInfo

import numpy as np

from weaver.errors import BadValue
from weaver.market import DAY, MICROSECONDS, Calendar, Ints, Sessions, Timeframe

_EPOCH = date(1970, 1, 1)
_FIRST, _LAST = date(1900, 1, 1), date(2099, 12, 31)
_MARGIN = 10  # days of sessions kept around a series: more than any week and its holidays
_MONDAY = 4  # 1970-01-05, the first Monday, in days since 1970


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarTimes:
    """The time columns of a series, see `Bars`; `starts` are normalised."""

    starts: Ints
    ends: Ints
    sessions: Ints
    calendar_sessions: Sessions | None


def sessions_between(calendar: Calendar, first: date, last: date) -> Sessions | None:
    """Return the exchange's sessions with first ≤ date ≤ last; None for 24/7.

    Dates before 1900 or after 2099 raise BadValue: nothing is known of their holidays.
    """
    if calendar is Calendar.ALWAYS:
        return None
    for day in (first, last):
        if not _FIRST <= day <= _LAST:
            raise BadValue("time", day.isoformat(), f"a date from {_FIRST} to {_LAST}, for which the calendar {calendar} is known")
    return _slice(_all_sessions(calendar), _number(first), _number(last))


def bar_columns(starts: Ints, timeframe: Timeframe, calendar: Calendar) -> BarTimes:
    """Return start, end and session of bars that start at `starts` (UTC microseconds, any order).

    24/7: a bar ends one timeframe after its start; its session is the UTC day of the start.
    Exchanges, not whole days: the same end; the session is the exchange's calendar date at the start.
    Exchanges, whole days: the start becomes 00:00Z of its date (of the Monday for weeks), the end is the
    close of the last session inside, whose date is the session; without one, the 00:00Z that follows the bar.
    """
    starts = np.ascontiguousarray(starts, np.int64)
    if calendar is Calendar.ALWAYS:
        return BarTimes(starts=starts, ends=starts + timeframe.microseconds, sessions=starts // DAY, calendar_sessions=None)
    if not len(starts):
        return BarTimes(starts=starts, ends=starts, sessions=starts, calendar_sessions=_slice(_all_sessions(calendar), 0, -1))
    around = _sessions_around(calendar, starts)
    if timeframe.microseconds % DAY:
        dates = _local_dates(starts, _zone(calendar))
        return BarTimes(starts=starts, ends=starts + timeframe.microseconds, sessions=dates, calendar_sessions=around)
    length = timeframe.microseconds // DAY
    days = starts // DAY
    if length == 7:
        days = days - (days - _MONDAY) % 7
    after = np.searchsorted(around.dates, days + length)
    held = after > np.searchsorted(around.dates, days)
    last = np.maximum(after - 1, 0)
    return BarTimes(
        starts=days * DAY,
        ends=np.where(held, around.closes[last], (days + length) * DAY),
        sessions=np.where(held, around.dates[last], days + length - 1),
        calendar_sessions=around,
    )


def _sessions_around(calendar: Calendar, starts: Ints) -> Sessions:
    """Return the sessions from some days before the first bar to some days after the last."""
    margin = timedelta(days=_MARGIN)
    try:
        first, last = (_EPOCH + timedelta(days=int(start) // DAY) for start in (starts.min(), starts.max()))
    except OverflowError:
        raise BadValue("time", int(starts.max()), f"times from {_FIRST} to {_LAST}, in microseconds since 1970") from None
    if first < _FIRST or last > _LAST:
        outside = first if first < _FIRST else last
        raise BadValue("time", outside.isoformat(), f"a date from {_FIRST} to {_LAST}, for which the calendar {calendar} is known")
    return _slice(_all_sessions(calendar), _number(first - margin), _number(last + margin))


def _slice(sessions: Sessions, first: int, last: int) -> Sessions:
    rows = slice(int(np.searchsorted(sessions.dates, first)), int(np.searchsorted(sessions.dates, last, side="right")))
    return Sessions(dates=sessions.dates[rows], opens=sessions.opens[rows], closes=sessions.closes[rows])


@cache
def _all_sessions(calendar: Calendar) -> Sessions:
    """Return every session from 1900 to 2099. One wide opening costs what a narrow one does, so a process does it once."""
    # Imported here because it loads pandas, which takes longer than most commands do.
    import exchange_calendars

    with catch_warnings():
        simplefilter("ignore")  # the library calls pandas in ways that newer pandas deprecates
        opened = exchange_calendars.get_calendar(calendar.value, start=_FIRST.isoformat(), end=_LAST.isoformat())
    dates = opened.sessions.to_numpy().astype("datetime64[D]").astype(np.int64)
    opens = np.asarray(opened.opens_nanos, np.int64) // 1_000
    closes = np.asarray(opened.closes_nanos, np.int64) // 1_000
    for column in (dates, opens, closes):
        column.setflags(write=False)
    return Sessions(dates=dates, opens=opens, closes=closes)


def _zone(calendar: Calendar) -> ZoneInfo:
    return ZoneInfo({Calendar.XNYS: "America/New_York"}[calendar])


def _local_dates(times: Ints, zone: ZoneInfo) -> Ints:
    """Return the local date of each time, in days since 1970. Asks the zone once a day and not once a bar."""
    first, last = int(times.min()) // DAY, int(times.max()) // DAY
    offsets = [_offset(day * 86_400, zone) for day in range(first, last + 2)]
    changes, values = [first * 86_400], [offsets[0]]
    for day, (before, after) in enumerate(pairwise(offsets), start=first):
        if before != after:
            changes.append(_change(day * 86_400, (day + 1) * 86_400, zone))
            values.append(after)
    since = np.searchsorted(np.array(changes) * MICROSECONDS, times, side="right") - 1
    return (times + np.array(values)[since] * MICROSECONDS) // DAY


def _offset(seconds: int, zone: ZoneInfo) -> int:
    """Return the zone's distance from UTC in seconds at a time in seconds since 1970."""
    away = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(zone).utcoffset()
    assert away is not None, "a time in a zone has an offset"
    return round(away.total_seconds())


def _change(before: int, after: int, zone: ZoneInfo) -> int:
    """Return the first second at which the offset is that of `after`, given that it changes once in between."""
    target = _offset(after, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == target:
            after = middle
        else:
            before = middle
    return after


def _number(day: date) -> int:
    return (day - _EPOCH).days
