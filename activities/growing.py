"""A series of bars that grows at its end, in columns, with a file that takes it when memory is wanted elsewhere."""

import os
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO

import numpy as np

from weaver.market import Bars, Calendar, Floats, Ints, Sessions, Timeframe
from weaver.walle.columns import NAMES, BarColumns

_TIMES = ("starts", "ends", "sessions")
_PRICES = NAMES[1:]
_ROW = np.dtype([(name, np.int64) for name in _TIMES] + [(name, np.float64) for name in _PRICES])
_FIRST_ROOM = 1_024


class GrowingBars:
    """The bars of one symbol and timeframe, oldest first.

    Columns are given out read-only and never change: where they must move to grow, the old ones stay with who has them.
    """

    def __init__(self, symbol: str, timeframe: Timeframe, folder: str | None) -> None:
        self._symbol = symbol
        self._timeframe = timeframe
        self._calendar = Calendar.of(symbol)
        self._folder = folder
        self._length = 0
        self._times: Ints = np.empty((len(_TIMES), 0), np.int64)
        self._prices: Floats = np.empty((len(_PRICES), 0), np.float64)
        self._file: IO[bytes] | None = None
        self._filed = 0
        self.newest: int | None = None
        """The start of the newest bar as it was stored, microseconds."""
        self.used_by: set[tuple[datetime, int]] = set()
        """End of the first bar acted on and warm-up of each run that has looked at the series."""

    def __len__(self) -> int:
        return self._length

    @property
    def in_memory(self) -> int:
        """Bytes."""
        return self._times.nbytes + self._prices.nbytes

    @property
    def on_disk(self) -> int:
        """Bytes."""
        return self._filed * _ROW.itemsize

    @property
    def starts(self) -> Ints:
        return self._times[0, : self._length]

    @property
    def ends(self) -> Ints:
        return self._times[1, : self._length]

    def append(self, columns: BarColumns, ends: Ints, sessions: Ints, starts: Ints) -> None:
        """Add bars that start after the newest; `starts`, `ends` and `sessions` as the calendar has them."""
        count = len(columns)
        if not count:
            return
        rows = slice(self._length, self._length + count)
        self._make_room(rows.stop)
        for at, column in enumerate((starts, ends, sessions)):
            self._times[at, rows] = column
        for at, name in enumerate(_PRICES):
            self._prices[at, rows] = columns.column(name)
        self._length = rows.stop
        self.newest = int(columns.starts[-1])

    def bars(self, first: int, last: int, sessions: Sessions | None) -> Bars:
        """Return rows `first` to `last`, the latter excluded, sharing memory."""
        times, prices = self._times[:, first:last], self._prices[:, first:last]
        times.flags.writeable = False
        prices.flags.writeable = False
        return Bars(
            symbol=self._symbol,
            timeframe=self._timeframe,
            calendar=self._calendar,
            calendar_sessions=sessions,
            **dict(zip(_TIMES, times, strict=True)),
            **dict(zip(_PRICES, prices, strict=True)),
        )

    def rest(self) -> None:
        """Give the memory back; the rows go to a file that has no name, and so is gone with the process."""
        if not self.in_memory:
            return
        if self._file is None:
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115  # closed with the series
        rows = np.empty(self._length - self._filed, _ROW)
        for names, block in ((_TIMES, self._times), (_PRICES, self._prices)):
            for name, column in zip(names, block, strict=True):
                rows[name] = column[self._filed : self._length]
        written = 0
        content = rows.view(np.uint8).data
        while written < len(content):
            written += os.pwrite(self._file.fileno(), content[written:], self.on_disk + written)
        self._filed = self._length
        self._take(0)

    def wake(self) -> None:
        """Bring the rows back into memory."""
        if self.in_memory or self._file is None:
            return
        self._file.seek(0)
        rows = np.fromfile(self._file, _ROW, self._filed)
        self._take(self._filed + max(_FIRST_ROOM, self._filed // 16))
        for names, block in ((_TIMES, self._times), (_PRICES, self._prices)):
            for name, column in zip(names, block, strict=True):
                column[: self._filed] = rows[name]

    def close(self) -> None:
        """Delete the file."""
        if self._file is not None:
            self._file.close()

    def _make_room(self, rows: int) -> None:
        if rows <= self._times.shape[1]:
            return
        times, prices = self._times, self._prices
        self._take(rows + max(_FIRST_ROOM, rows // 16))
        self._times[:, : self._length] = times[:, : self._length]
        self._prices[:, : self._length] = prices[:, : self._length]

    def _take(self, rows: int) -> None:
        self._times = np.empty((len(_TIMES), rows), np.int64)
        self._prices = np.empty((len(_PRICES), rows), np.float64)
