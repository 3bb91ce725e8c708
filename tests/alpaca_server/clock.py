"""The venue's time: the real one, shifted, or standing still."""

import time
from datetime import datetime

from .wire import datetime_of, stamp_of


class Clock:
    """Nanoseconds since 1970, under the test's control."""

    def __init__(self) -> None:
        self._shift = 0
        self._frozen: int | None = None
        self._last = 0

    def now(self) -> int:
        """Return the venue's time."""
        return self._frozen if self._frozen is not None else time.time_ns() + self._shift

    def moment(self) -> datetime:
        """Return the venue's time as aware UTC."""
        return datetime_of(self.now())

    def stamp(self) -> int:
        """Return the venue's time for a record: each later than the one before, also when the clock stands or was set back."""
        self._last = max(self.now(), self._last + 1)
        return self._last

    def set(self, moment: datetime | None, *, frozen: bool = False) -> None:
        """Set the time, from which it runs on or stands still; None goes back to the real one."""
        stamp = time.time_ns() if moment is None else stamp_of(moment)
        self._frozen = stamp if frozen else None
        self._shift = 0 if moment is None else stamp - time.time_ns()
        self._last = 0 if stamp < self._last else self._last  # a test that goes back in time wants stamps of that time
