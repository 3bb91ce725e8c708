"""The bars that live runs saw, kept in the process between decisions, so that only new ones are read."""

import logging
from collections import OrderedDict
from datetime import date, datetime, timedelta
from typing import Protocol

import numpy as np

from activities.growing import GrowingBars
from weaver.errors import Unavailable
from weaver.glados.clock import bar_columns, sessions_between
from weaver.market import Bars, Calendar, Sessions, Timeframe, from_microseconds, to_microseconds
from weaver.walle.columns import BarColumns

logger = logging.getLogger(__name__)

MEMORY_BYTES = 256 * 1024 * 1024
"""What all series may take in memory; those used least recently wait in files."""
DISK_BYTES = 4 * 1024 * 1024 * 1024
"""What those files may take; a series beyond that is read from WallE again."""
MOST_FILES = 400
"""And how many there may be: a process may usually have 1024 open."""
RECENT_BARS = 5_000
"""How far back it is looked at every decision whether a gap has been filled; further back only when a run or a process begins."""
_TICK = timedelta(microseconds=1)
_AROUND = timedelta(days=10)

_Key = tuple[str, str, str]


class Recorded(Protocol):
    """Where bars are stored as they were first seen; see `LiveBars`."""

    def load(self, adapter: str, symbol: str, timeframe: str, *, start: datetime | None = None, end: datetime | None = None) -> BarColumns:
        """Return the bars that start in [start, end), oldest first."""
        ...

    def count(self, adapter: str, symbol: str, timeframe: str, *, start: datetime | None, end: datetime) -> int:
        """Return how many bars start in [start, end)."""
        ...


class RecordedBars:
    """The newest series by adapter, symbol and timeframe, shared by all runs of the process. Not for several threads at once.

    `folder` is where files without a name may lie.
    """

    def __init__(
        self, recorded: Recorded, *, folder: str | None = None, memory_bytes: int = MEMORY_BYTES, disk_bytes: int = DISK_BYTES
    ) -> None:
        self._recorded = recorded
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._disk_bytes = disk_bytes
        self._series: OrderedDict[_Key, GrowingBars] = OrderedDict()

    def until(
        self, adapter: str, symbol: str, timeframe: Timeframe, *, end: datetime, first_end: datetime, warmup: int, fresh: bool
    ) -> Bars:
        """Return the bars from the run's first warm-up bar to the one that ends at `end`, or, if not `fresh`, that ended before it.

        The first bar acted on is the first that ends at `first_end` or later; `warmup` bars precede it, or as many as there are.
        Raises Unavailable when a fresh bar is not stored (yet).
        """
        key = (adapter, symbol, timeframe.text)
        series = self._current(key, timeframe, (first_end, warmup))
        ends = series.ends
        last = int(np.searchsorted(ends, to_microseconds(end), side="right" if fresh else "left"))
        if fresh and (not last or int(ends[last - 1]) != to_microseconds(end)):
            raise Unavailable(f"The {timeframe} bar of {symbol} that ended at {end:%Y-%m-%d %H:%M:%S}Z is not in WallE.")
        first = max(0, int(np.searchsorted(ends, to_microseconds(first_end))) - warmup)
        return series.bars(min(first, last), last, _sessions_around(series, Calendar.of(symbol)))

    def make_room(self) -> None:
        """Send what is beyond the memory to files, the least recently used first, and drop what is beyond those."""
        memory = self.in_memory
        for key, series in list(self._series.items()):
            if memory <= self._memory_bytes:
                break
            memory -= series.in_memory
            try:
                series.rest()
            except OSError as problem:  # a full disk, say: WallE has the bars
                logger.warning("%d bars of %s could not be kept in a file: %s", len(series), key[1], problem.strerror)
                self._series.pop(key).close()
        filed = [key for key, series in self._series.items() if series.on_disk]
        disk = sum(self._series[key].on_disk for key in filed)
        while disk > self._disk_bytes or len(filed) > MOST_FILES:
            oldest = self._series.pop(filed.pop(0))
            disk -= oldest.on_disk
            oldest.close()

    @property
    def in_memory(self) -> int:
        """Bytes that all series take now."""
        return sum(series.in_memory for series in self._series.values())

    def close(self) -> None:
        """Delete the files."""
        while self._series:
            self._series.popitem()[1].close()

    def _current(self, key: _Key, timeframe: Timeframe, run: tuple[datetime, int]) -> GrowingBars:
        """Return the series with all that is stored of it now."""
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = GrowingBars(key[1], timeframe, self._folder)
        self._series.move_to_end(key)
        series.wake()
        self._read_on(key, series, timeframe)
        if not self._is_whole(key, series, whole=run not in series.used_by):
            series.close()
            series = self._series[key] = GrowingBars(key[1], timeframe, self._folder)
            self._read_on(key, series, timeframe)
        series.used_by.add(run)
        return series

    def _is_whole(self, key: _Key, series: GrowingBars, *, whole: bool) -> bool:
        """Tell whether nothing was stored later that lies between or before the bars that are here.

        Such bars come with a run that begins with a longer warm-up, hence the `whole` look for each run, and where a venue fills a
        gap. Counting a hundred thousand bars takes 20 ms, so usually it is the newest only.
        """
        if series.newest is None:
            return True
        first = 0 if whole or Timeframe(key[2]).is_daily_or_longer else max(0, len(series) - RECENT_BARS)
        start = None if first == 0 else from_microseconds(int(series.starts[first]))
        return self._recorded.count(*key, start=start, end=_after(series.newest)) == len(series) - first

    def _read_on(self, key: _Key, series: GrowingBars, timeframe: Timeframe) -> None:
        new = self._recorded.load(*key, start=None if series.newest is None else _after(series.newest))
        if len(new):
            times = bar_columns(new.starts, timeframe, Calendar.of(key[1]))
            series.append(new, times.ends, times.sessions, times.starts)


def _after(microseconds: int) -> datetime:
    return from_microseconds(microseconds) + _TICK


def _sessions_around(series: GrowingBars, calendar: Calendar) -> Sessions | None:
    if calendar is Calendar.ALWAYS or not len(series):
        return None
    first, last = (_date(series.ends[at]) for at in (0, -1))
    return sessions_between(calendar, first - _AROUND, last + _AROUND)


def _date(microseconds: int) -> date:
    return from_microseconds(microseconds).date()
