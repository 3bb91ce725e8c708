"""The real clock, and waiting by whichever clock is in use."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

from weaver.veda.exchange import Clock

_LOOK_AGAIN = 0.01  # seconds between two looks at a clock that cannot be waited by


@runtime_checkable
class Sleeper(Protocol):
    """A clock by which can be waited. Without it a clock is looked at again and again."""

    async def sleep(self, seconds: float) -> None:
        """Return once that much of the clock's time has gone by, or shortly before; never much later."""
        ...


class SystemClock:
    """The time of this machine."""

    async def now(self) -> datetime:
        """Return the aware UTC time."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)


async def wait_until(
    clock: Clock, time: datetime, *, beat: Callable[[], object] | None = None, every: timedelta = timedelta(seconds=1)
) -> datetime:
    """Wait until the clock shows `time` or later and return what it shows; at once when it does already.

    `beat` is called before each wait, which are `every` long at most.
    """
    while (now := await clock.now()) < time:
        if beat is not None:
            beat()
        left = min(time - now, every).total_seconds()
        if isinstance(clock, Sleeper):
            await clock.sleep(left)
        else:
            await asyncio.sleep(min(left, _LOOK_AGAIN))
    return now
