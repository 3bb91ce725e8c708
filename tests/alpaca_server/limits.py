"""Requests per minute and key, as response headers tell them."""

import math
import time
from dataclasses import dataclass


@dataclass(slots=True)
class Window:
    """A minute in which requests of one key are counted; `ends` is unix seconds."""

    ends: float
    used: int = 0


class RateLimits:
    """Counts in real time, also when the venue's clock is shifted: clients really wait."""

    def __init__(self, limit: int, seconds: float = 60) -> None:
        self.limit = limit
        self.seconds = seconds
        self._windows: dict[str, Window] = {}

    def count(self, key: str) -> tuple[bool, dict[str, str]]:
        """Count a request; return whether it is within the limit, and the headers."""
        now = time.time()
        window = self._windows.get(key)
        if window is None or now >= window.ends:
            window = self._windows[key] = Window(now + self.seconds)
        window.used += 1
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - window.used)),
            "X-RateLimit-Reset": str(math.ceil(window.ends)),
        }
        return window.used <= self.limit, headers
