"""Words everyone uses for market data: timeframes, sessions and bars."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property, total_ordering

import numpy as np
from numpy.typing import NDArray

from weaver.errors import BadValue

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS


def to_microseconds(time: datetime) -> int:
    """Return microseconds since 1970-01-01T00:00Z, exactly. Naive times raise ValueError."""
    if time.tzinfo is None:
        raise ValueError(f"{time} has no time zone")
    delta = time - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * MICROSECONDS + delta.microseconds


def from_microseconds(microseconds: int) -> datetime:
    """Return the aware UTC time of `microseconds` since 1970-01-01T00:00Z."""
    seconds, rest = divmod(int(microseconds), MICROSECONDS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


class Calendar(StrEnum):
    """Which sessions a series has."""

    ALWAYS = "24/7"
    XNYS = "XNYS"

    @property
    def periods_per_year(self) -> int:
        """Daily returns in a year: 365 for 24/7, 252 for exchange sessions."""
        return 365 if self is Calendar.ALWAYS else 252

    @staticmethod
    def of(symbol: str) -> "Calendar":
        """Return the default calendar of a symbol: 24/7 if it holds a slash (BTC/USD), else XNYS."""
        return Calendar.ALWAYS if "/" in symbol else Calendar.XNYS


_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@total_ordering
@dataclass(frozen=True, slots=True)
class Timeframe:
    """The length of a bar, written like `1m`, `15m`, `1h`, `1d`, `1w`."""

    text: str

    def __post_init__(self) -> None:
        match = re.fullmatch(r"([1-9][0-9]{0,3})([smhdw])", self.text)
        if not match or 7 * _UNITS["d"] < int(match[1]) * _UNITS[match[2]]:
            raise BadValue("timeframe", self.text, "a number and one of s, m, h, d, w, at most 1w, such as 1m, 15m, 1h or 1d")

    @property
    def seconds(self) -> int:
        return int(self.text[:-1]) * _UNITS[self.text[-1]]

    @property
    def microseconds(self) -> int:
        return self.seconds * MICROSECONDS

    @property
    def is_daily_or_longer(self) -> bool:
        return self.seconds >= _UNITS["d"]

    def __lt__(self, other: "Timeframe") -> bool:
        return self.seconds < other.seconds

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sessions:
    """An exchange's sessions in order: `dates` are days since 1970-01-01, `opens` and `closes` UTC microseconds."""

    dates: Ints
    opens: Ints
    closes: Ints

    def close_of(self, session: int) -> int:
        """Return the close of the session numbered `session` (its date in days since 1970), or, for a
        date without a session, the following midnight UTC."""
        at = int(np.searchsorted(self.dates, session))
        if at < len(self.dates) and self.dates[at] == session:
            return int(self.closes[at])
        return (session + 1) * DAY


@dataclass(frozen=True, kw_only=True, eq=False)
class Bars:
    """One series of bars in time order, as columns of equal length.

    A bar covers `[start, end)` and is visible from `end`. `starts` and `ends` are UTC microseconds,
    `sessions` the session number of each bar (days since 1970-01-01 of the session's date; UTC days for 24/7),
    prices are in the quote currency, `volumes` in units. `calendar_sessions` are the exchange's own sessions
    around the series, absent for 24/7.
    """

    symbol: str
    timeframe: Timeframe
    calendar: Calendar
    starts: Ints
    ends: Ints
    sessions: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    calendar_sessions: Sessions | None = field(default=None)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, rows: slice) -> "Bars":
        """Return the bars of a contiguous slice, sharing memory."""
        return Bars(
            symbol=self.symbol,
            timeframe=self.timeframe,
            calendar=self.calendar,
            starts=self.starts[rows],
            ends=self.ends[rows],
            sessions=self.sessions[rows],
            open=self.open[rows],
            high=self.high[rows],
            low=self.low[rows],
            close=self.close[rows],
            volume=self.volume[rows],
            calendar_sessions=self.calendar_sessions,
        )

    def session_end(self, row: int) -> int:
        """Return when the session of bar `row` ends, in UTC microseconds."""
        session = int(self.sessions[row])
        return (session + 1) * DAY if self.calendar_sessions is None else self.calendar_sessions.close_of(session)

    @cached_property
    def typical(self) -> Floats:
        """(high + low + close) / 3 of each bar."""
        return (self.high + self.low + self.close) / 3
