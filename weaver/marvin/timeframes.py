"""Builds bars of a coarser timeframe from finer ones, as they were known at the time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaver.errors import BadValue
from weaver.market import DAY, Bars, Calendar, Floats, Ints, Sessions, Timeframe

_MONDAY = 4  # 1970-01-05, the first Monday, in days since 1970
_NO_SESSIONS = Sessions(dates=np.empty(0, np.int64), opens=np.empty(0, np.int64), closes=np.empty(0, np.int64))


def coarser(bars: Bars, timeframe: Timeframe) -> Bars:
    """Return the bars of a coarser timeframe; each may be looked at from its `end` on and never changes after it.

    Unless it is whole days, a bar is a UTC multiple of the timeframe within one session, and ends early at the session's close
    (what trades after the close is a bar of its own). A day is a session, a week starts on Monday, and both end at
    the close of their last session by the calendar (24/7: at midnight UTC), so they hold no later trades.
    Where base bars run over such an end, as an hour from 15:30 does, the last of them ends the coarse bar.
    A first bar whose beginning is not in the data is left out; the last one may be unfinished, its end then lies ahead.

    BadValue unless the timeframe is a multiple of the bars' own.
    """
    if timeframe <= bars.timeframe or timeframe.microseconds % bars.timeframe.microseconds:
        raise BadValue("timeframe", timeframe.text, f"a multiple of the run's timeframe {bars.timeframe}, above it")
    if not len(bars):
        return _columns(bars, timeframe, bars.starts, bars.ends, bars.sessions, bars.starts)
    buckets = _within_days(bars, timeframe) if timeframe.microseconds % DAY else _days(bars, timeframe)
    ends = _ends(bars, buckets)
    counts = np.diff(np.append(buckets.rows, len(bars)))
    in_time = bars.ends <= np.repeat(ends, counts)
    if int(bars.starts[0]) > int(buckets.expected[0]):
        in_time[: counts[0]] = False
    kept = np.add.reduceat(in_time, buckets.rows, dtype=np.int64)
    some = kept > 0
    rows = np.concatenate(([0], np.cumsum(kept[some])[:-1])).astype(np.int64)
    if not in_time.all():
        bars = _rows(bars, in_time)
    return _columns(bars, timeframe, buckets.starts[some], ends[some], buckets.sessions[some], rows[: some.sum()])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Buckets:
    """Contiguous groups of bars: `rows` the first row of each; `starts`, `ends` and `sessions` as the calendar gives
    them; `expected` the latest start that the first bar of a whole group may have."""

    rows: Ints
    starts: Ints
    ends: Ints
    sessions: Ints
    expected: Ints


def _within_days(bars: Bars, timeframe: Timeframe) -> _Buckets:
    length = timeframe.microseconds
    starts = bars.starts // length * length
    if bars.calendar is Calendar.ALWAYS:
        rows = _first_rows(starts)
        begin = starts[rows]
        return _Buckets(rows=rows, starts=begin, ends=begin + length, sessions=begin // DAY, expected=begin)
    days = _first_rows(bars.sessions)
    opens, closes = _open_and_close(bars, bars.sessions[days], 1)
    closes_of_rows = np.repeat(closes, np.diff(np.append(days, len(bars))))
    after = bars.starts >= closes_of_rows
    rows = _first_rows(starts, bars.sessions, after)
    begin = starts[rows]
    day = np.searchsorted(days, rows, side="right") - 1
    ends = np.where(after[rows], begin + length, np.minimum(begin + length, closes[day]))
    return _Buckets(rows=rows, starts=begin, ends=ends, sessions=bars.sessions[rows], expected=np.maximum(begin, opens[day]))


def _days(bars: Bars, timeframe: Timeframe) -> _Buckets:
    length = timeframe.microseconds // DAY
    anchor = _MONDAY if length == 7 else 0
    dates = bars.starts // DAY if bars.timeframe.is_daily_or_longer or bars.calendar is Calendar.ALWAYS else bars.sessions
    first = dates - (dates - anchor) % length
    rows = _first_rows(first)
    first = first[rows]
    begin = first * DAY
    if bars.calendar is Calendar.ALWAYS:
        return _Buckets(rows=rows, starts=begin, ends=begin + length * DAY, sessions=first, expected=begin)
    opens, closes = _open_and_close(bars, first, length)
    sessions = _last_sessions(bars, first, length)
    expected = opens // DAY * DAY if bars.timeframe.is_daily_or_longer else opens
    return _Buckets(rows=rows, starts=begin, ends=closes, sessions=sessions, expected=expected)


def _ends(bars: Bars, buckets: _Buckets) -> Ints:
    """Return the ends, moved to where a base bar ends when the base bars do not meet the calendar's.

    Which way the base bars lie is asked of the first bar of the group's last day, so that it is known in time.
    """
    if bars.timeframe.is_daily_or_longer and bars.calendar is not Calendar.ALWAYS:
        return buckets.ends
    days = _first_rows(bars.sessions)
    lasts = np.append(buckets.rows[1:], len(bars)) - 1
    asked = np.maximum(days[np.searchsorted(days, lasts, side="right") - 1], buckets.rows)
    return buckets.ends + (bars.starts[asked] - buckets.ends) % bars.timeframe.microseconds


def _open_and_close(bars: Bars, first: Ints, length: int) -> tuple[Ints, Ints]:
    """Return the first open and the last close of the sessions in `length` days from `first`; midnights without any."""
    sessions = bars.calendar_sessions or _NO_SESSIONS
    begin, end = np.searchsorted(sessions.dates, first), np.searchsorted(sessions.dates, first + length)
    some = end > begin
    opens, closes = first * DAY, (first + length) * DAY
    opens[some], closes[some] = sessions.opens[begin[some]], sessions.closes[end[some] - 1]
    return opens, closes


def _last_sessions(bars: Bars, first: Ints, length: int) -> Ints:
    sessions = bars.calendar_sessions or _NO_SESSIONS
    end = np.searchsorted(sessions.dates, first + length)
    some = end > np.searchsorted(sessions.dates, first)
    last = first + length - 1
    last[some] = sessions.dates[end[some] - 1]
    return last


def _first_rows(*columns: Ints | NDArray[np.bool_]) -> Ints:
    """Return the rows at which any of the columns changes, row 0 first."""
    changed = np.ones(len(columns[0]), np.bool_)
    changed[1:] = False
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changed).astype(np.int64)


def _rows(bars: Bars, keep: NDArray[np.bool_]) -> Bars:
    names = ("starts", "ends", "sessions", "open", "high", "low", "close", "volume")
    columns = {name: getattr(bars, name)[keep] for name in names}
    return Bars(symbol=bars.symbol, timeframe=bars.timeframe, calendar=bars.calendar, calendar_sessions=bars.calendar_sessions, **columns)


def _columns(bars: Bars, timeframe: Timeframe, starts: Ints, ends: Ints, sessions: Ints, rows: Ints) -> Bars:
    """Return one bar for each group of base bars that begins at `rows`."""
    lasts = np.append(rows[1:], len(bars)) - 1 if len(rows) else rows
    return Bars(
        symbol=bars.symbol,
        timeframe=timeframe,
        calendar=bars.calendar,
        starts=starts,
        ends=ends,
        sessions=sessions,
        open=bars.open[rows],
        high=_reduced(np.maximum, bars.high, rows),
        low=_reduced(np.minimum, bars.low, rows),
        close=bars.close[lasts],
        volume=_reduced(np.add, bars.volume, rows),
        calendar_sessions=bars.calendar_sessions,
    )


def _reduced(operation: np.ufunc, column: Floats, rows: Ints) -> Floats:
    return operation.reduceat(column, rows) if len(rows) else np.empty(0)  # reduceat refuses to have no groups
