"""What is odd about bars but no reason to refuse them: gaps, bars outside sessions, no volume, jumps."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from weaver.glados.clock import sessions_between
from weaver.market import DAY, Calendar, Ints, Sessions, Timeframe, from_microseconds
from weaver.walle.columns import BarColumns, Mask

_EXAMPLES = 5
_JUMP = 0.4  # of the price: what a split does and news seldom


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """`count` bars (or missing bars), and the times of the first few."""

    count: int
    first: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Places where the calendar has bars and the series has none: how many places, how many bars, the first few."""

    count: int
    bars: int
    first: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """What was noticed. `moves` are those of more than 40 % from one session's close to the next one's open."""

    gaps: Gaps
    outside_sessions: Oddity
    zero_volume: Oddity
    moves: Oddity


def noticed(bars: BarColumns, timeframe: Timeframe, calendar: Calendar, *, adjusted: bool) -> Notices:
    """Return what is odd about bars in time order; moves are looked for only in unadjusted prices."""
    sessions = _sessions(bars.starts, calendar)
    return Notices(
        gaps=gaps(bars.starts, timeframe, calendar),
        outside_sessions=_oddity(bars.starts, _outside(bars.starts, timeframe, sessions)),
        zero_volume=_oddity(bars.starts, bars.volume == 0),
        moves=_oddity(bars.starts, np.zeros(len(bars), bool) if adjusted else _jumps(bars)),
    )


def gaps(starts: Ints, timeframe: Timeframe, calendar: Calendar) -> Gaps:
    """Return the gaps between the first and the last of the bars, by the calendar."""
    length = timeframe.microseconds
    sessions = _sessions(starts, calendar)
    if sessions is None or timeframe.is_daily_or_longer:
        at, missing = _gaps_between(starts, length) if sessions is None or length != DAY else _missing_days(starts, sessions)
    else:
        at, missing = _gaps_in_sessions(starts, length, sessions)
    order = np.argsort(at, kind="stable")
    return Gaps(count=len(at), bars=int(missing.sum()), first=tuple(from_microseconds(time) for time in at[order[:_EXAMPLES]]))


def _gaps_between(starts: Ints, length: int) -> tuple[Ints, Ints]:
    distances = np.diff(starts)
    after = np.flatnonzero(distances > length)
    return starts[after] + length, -(-distances[after] // length) - 1


def _missing_days(starts: Ints, sessions: Sessions) -> tuple[Ints, Ints]:
    missing = np.setdiff1d(sessions.dates, starts // DAY)
    # Neighbouring sessions without a bar are one gap.
    places = np.searchsorted(sessions.dates, missing)
    firsts = np.flatnonzero(np.diff(places, prepend=-2) > 1)
    return missing[firsts] * DAY, np.diff(firsts, append=len(missing))


def _gaps_in_sessions(starts: Ints, length: int, sessions: Sessions) -> tuple[Ints, Ints]:
    """Return gaps of bars shorter than a day: inside sessions, after their opens, before their closes, and whole sessions."""
    inside = starts[~_outside_times(starts, length, sessions)]
    none = np.empty(0, np.int64)
    if not len(inside):
        return none, none
    of = np.searchsorted(sessions.closes, inside, side="right")  # the session each bar lies in
    same = np.diff(of) == 0
    distances = np.diff(inside)
    wide = np.flatnonzero(same & (distances > length))
    firsts = np.flatnonzero(~same) + 1  # first bars of sessions, the series' own first one apart
    lasts = np.flatnonzero(~same)
    late = firsts[inside[firsts] - sessions.opens[of[firsts]] >= length]
    early = lasts[sessions.closes[of[lasts]] - inside[lasts] >= 2 * length]
    empty = np.setdiff1d(np.arange(of[0], of[-1]), of)
    at = [inside[wide] + length, sessions.opens[of[late]], inside[early] + length, sessions.opens[empty]]
    missing = [
        -(-distances[wide] // length) - 1,
        (inside[late] - sessions.opens[of[late]]) // length,
        (sessions.closes[of[early]] - inside[early]) // length - 1,
        -(-(sessions.closes[empty] - sessions.opens[empty]) // length),
    ]
    return np.concatenate(at), np.concatenate(missing)


def _outside(starts: Ints, timeframe: Timeframe, sessions: Sessions | None) -> Mask:
    if sessions is None or timeframe.microseconds > DAY:
        return np.zeros(len(starts), bool)
    if timeframe.is_daily_or_longer:
        return ~np.isin(starts // DAY, sessions.dates)
    return _outside_times(starts, timeframe.microseconds, sessions)


def _outside_times(starts: Ints, length: int, sessions: Sessions) -> Mask:
    """Tell which bars lie wholly outside the sessions; one that reaches into a session (09:00 to 10:00) is inside."""
    following = np.searchsorted(sessions.closes, starts, side="right")
    opens = np.append(sessions.opens, np.iinfo(np.int64).max)
    return starts + length <= opens[following]


def _jumps(bars: BarColumns) -> Mask:
    jumps = np.zeros(len(bars), bool)
    overnight = np.diff(bars.starts // DAY) > 0
    jumps[1:] = overnight & (np.abs(bars.open[1:] / bars.close[:-1] - 1) > _JUMP)
    return jumps


def _sessions(starts: Ints, calendar: Calendar) -> Sessions | None:
    if calendar is Calendar.ALWAYS:
        return None
    first, last = (date(1970, 1, 1) + timedelta(days=int(start) // DAY) for start in (starts[0], starts[-1]))
    return sessions_between(calendar, first, last)


def _oddity(starts: Ints, odd: Mask) -> Oddity:
    at = np.flatnonzero(odd)
    return Oddity(count=len(at), first=tuple(from_microseconds(time) for time in starts[at[:_EXAMPLES]]))
