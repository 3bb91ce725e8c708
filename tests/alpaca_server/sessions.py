"""When US equities trade: the exchange's calendar, or what the test says."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Literal
from warnings import catch_warnings, simplefilter

import exchange_calendars
import numpy as np
from numpy.typing import NDArray

from .clock import Clock
from .wire import MINUTE, NEW_YORK, datetime_of, stamp_of

Phase = Literal["open", "extended", "closed"]
Stamps = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Regular sessions in order: their dates, opens and closes (nanoseconds since 1970)."""

    days: list[date]
    opens: Stamps
    closes: Stamps


@lru_cache(maxsize=1)
def schedule() -> Schedule:
    """Return New York's sessions from 2005 to 2031; the first call takes about a second."""
    with catch_warnings():
        simplefilter("ignore")  # the calendar library uses what newer versions of pandas deprecate
        table = exchange_calendars.get_calendar("XNYS", start="2005-01-03", end="2032-01-30").schedule
    columns = {name: table[name].to_numpy(dtype="datetime64[ns]").astype(np.int64) for name in ("open", "close")}
    return Schedule(days=[day.date() for day in table.index], opens=columns["open"], closes=columns["close"])


@lru_cache(maxsize=1)
def midnights() -> Stamps:
    """Return New York's midnight of each session of the schedule."""
    return np.array([stamp_of(datetime.combine(day, time(0), NEW_YORK)) for day in schedule().days], dtype=np.int64)


class Sessions:
    """The market's state at the venue's time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._schedule = schedule()
        self.forced: Phase | None = None

    def phase(self) -> Phase:
        """Return `forced` where the test set it; else regular session, 04:00-20:00 New York around it, or closed."""
        if self.forced is not None:
            return self.forced
        now = self._clock.now()
        index = int(np.searchsorted(self._schedule.opens, now, side="right")) - 1
        if index >= 0 and now < self._schedule.closes[index]:
            return "open"
        local = datetime_of(now).astimezone(NEW_YORK)
        extended = self.session(local.date()) is not None and time(4) <= local.time() < time(20)
        return "extended" if extended else "closed"

    def session(self, day: date) -> tuple[int, int] | None:
        """Return open and close of the regular session of `day`, or None where there is none."""
        index = int(np.searchsorted(self._schedule.opens, stamp_of(datetime.combine(day, time(0), NEW_YORK))))
        if index < len(self._schedule.days) and self._schedule.days[index] == day:
            return int(self._schedule.opens[index]), int(self._schedule.closes[index])
        return None

    def next_open(self) -> int:
        """Return the first open after now; while open that is the next session's."""
        return int(self._schedule.opens[np.searchsorted(self._schedule.opens, self._clock.now(), side="right")])

    def next_close(self) -> int:
        """Return the first close after now."""
        return int(self._schedule.closes[np.searchsorted(self._schedule.closes, self._clock.now(), side="right")])

    def working_day_end(self, *, extended: bool) -> int:
        """Return when a day order given now ends: at the next close, or at 20:00 of that day where it works outside the session."""
        close = self.next_close()
        if not extended:
            return close
        day = datetime_of(self._clock.now()).astimezone(NEW_YORK)
        evening = stamp_of(datetime.combine(day.date(), time(20), NEW_YORK))
        if self.session(day.date()) is not None and self._clock.now() < evening:
            return evening
        return stamp_of(datetime.combine(datetime_of(close).astimezone(NEW_YORK).date(), time(20), NEW_YORK))

    def days(self, start: date, end: date) -> list[tuple[date, int, int]]:
        """Return date, open and close of the sessions from `start` to `end`, both inclusive."""
        rows = zip(self._schedule.days, self._schedule.opens.tolist(), self._schedule.closes.tolist(), strict=True)
        return [row for row in rows if start <= row[0] <= end]

    def settlement(self, day: date) -> date:
        """Return the session after `day`, on which its trades settle."""
        return self._schedule.days[bisect_right(self._schedule.days, day)]

    def midnights(self, minutes: Stamps) -> Stamps:
        """Return New York's midnight before each session minute."""
        return midnights()[np.searchsorted(self._schedule.opens, minutes, side="right") - 1]

    def minutes(self, start: int, end: int) -> Stamps:
        """Return the starts of the session minutes in `[start, end)`."""
        first = int(np.searchsorted(self._schedule.closes, start, side="right"))
        last = int(np.searchsorted(self._schedule.opens, end, side="left"))
        spans = [
            np.arange(self._schedule.opens[index], self._schedule.closes[index], MINUTE, dtype=np.int64) for index in range(first, last)
        ]
        minutes = np.concatenate(spans) if spans else np.empty(0, dtype=np.int64)
        return minutes[(minutes >= start) & (minutes < end)]
