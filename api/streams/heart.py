"""Waits for a client's next event, and says when it has been quiet for too long."""

import asyncio

from api.streams.bell import Bell

HEARTBEAT_SECONDS = 15.0


class Heart:
    """Knows when a client needs a sign of life: so many seconds after something was sent."""

    def __init__(self, every_seconds: float) -> None:
        self._every = every_seconds
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + every_seconds

    def beat(self) -> None:
        """Note that something was sent just now."""
        self._due = self._loop.time() + self._every

    async def wait(self, bell: Bell, *, at_most: float | None = None) -> bool:
        """Wait for the bell, or `at_most` so long; False when a heartbeat is due."""
        left = self._due - self._loop.time()
        if at_most is not None and at_most < left:
            await bell.wait(at_most)
            return True
        return await bell.wait(left)
