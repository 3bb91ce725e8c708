"""Keeps a venue's rate limit, by what its answers say of it."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping

from weaver.errors import RateLimited

RESERVE = 5
"""Requests of each window that only urgent ones may use: a cancel must get through when everything else has used the rest."""

WINDOW = 60
"""Seconds after which a budget is taken to be whole again when no answer says anything."""


class Limiter:
    """The gate that requests on one budget pass, on one event loop.

    `observe` reads `X-RateLimit-Limit`, `-Remaining` and `-Reset` (unix seconds) of each answer. When the budget is used up
    but for RESERVE, requests wait for `Reset` + 1 s and up to `jitter` seconds more, which spreads those of several
    processes; after a refusal (429) urgent ones wait too, without jitter and before all others. One that would have to wait
    longer than `patience` seconds is RateLimited at once, so that its caller can wait where waiting costs nothing.
    """

    def __init__(
        self,
        *,
        patience: float,
        jitter: float = 1.0,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._patience = patience
        self._jitter = jitter
        self._now = now
        self._sleep = sleep
        self._limit: int | None = None
        self._remaining: int | None = None
        self._reset = 0.0
        self._began: float | None = None  # when a window began of which no answer has told yet
        self._refused_until = 0.0
        self._urgent = 0
        self._calm = asyncio.Event()
        self._calm.set()

    async def enter(self, *, urgent: bool = False) -> None:
        """Wait until a request may be sent, and count it. Raises RateLimited."""
        if not urgent:
            return await self._enter_in_turn()
        self._urgent += 1
        self._calm.clear()
        try:
            while (wait := self._wait(urgent=True)) > 0:
                await self._pause(wait)
        finally:
            self._urgent -= 1
            if self._urgent == 0:
                self._calm.set()
        self._count()
        return None

    async def _enter_in_turn(self) -> None:
        while True:
            wait = self._wait(urgent=False)
            if wait > 0:
                await self._pause(wait + random.uniform(0, self._jitter))
            elif self._urgent:
                await self._calm.wait()
            else:
                return self._count()

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take note of what an answer says of the budget. Answers may come out of order: within a window the lowest count holds."""
        limit, remaining, reset = (_whole(headers.get(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining", "Reset"))
        if limit is not None:
            self._limit = limit
        if remaining is None or reset is None or reset < self._reset:
            return
        if reset == self._reset and self._began is not None:
            return  # a late answer of the window before
        is_known = reset == self._reset or self._began is not None
        self._remaining = min(remaining, self._remaining) if is_known and self._remaining is not None else remaining
        if reset > self._reset:
            self._began = None
        self._reset = float(reset)

    def refused(self, headers: Mapping[str, str]) -> float:
        """Take note of a 429 and return the seconds until a request may be sent: to `Reset` + 1 s, or a minute when it says none."""
        reset = _whole(headers.get("X-RateLimit-Reset"))
        until = self._now() + 60 if reset is None else max(float(reset), self._now()) + 1
        self._refused_until = max(self._refused_until, until)
        return until - self._now()

    def _wait(self, *, urgent: bool) -> float:
        now = self._now()
        if now < self._refused_until:
            return self._refused_until - now
        if now >= self._reset + 1 and (self._began is None or now >= self._began + WINDOW):
            self._remaining, self._began = self._limit, now
        if self._remaining is not None and self._remaining <= (0 if urgent else self._reserve):
            return max(self._reset + 1 - now, 1.0)
        return 0

    @property
    def _reserve(self) -> int:
        return RESERVE if self._limit is None or self._limit > 4 * RESERVE else 0

    def _count(self) -> None:
        if self._remaining is not None:
            self._remaining -= 1

    async def _pause(self, seconds: float) -> None:
        if seconds > self._patience:
            raise RateLimited("The venue's rate limit is used up.", wait_seconds=seconds)
        await self._sleep(seconds)


def _whole(value: str | None) -> int | None:
    try:
        return None if value is None else int(float(value))
    except (ValueError, OverflowError):
        return None
