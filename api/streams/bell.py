"""Wakes all that wait, at once."""

import asyncio


class Bell:
    """Rings for those that wait at that moment. Check what is wanted first: between that and `wait` nothing else runs."""

    def __init__(self) -> None:
        self._waiting = asyncio.Event()

    def ring(self) -> None:
        self._waiting.set()
        self._waiting = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Wait for the next ring; False when there was none in time."""
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._waiting.wait()
        except TimeoutError:
            return False
        return True
