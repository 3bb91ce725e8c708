"""What the event stream counts of itself, for metrics."""

from collections import deque
from collections.abc import Callable, Sequence

from api.streams.frames import Told, now_in_microseconds

_KEPT = 1_024


class Figures:
    """`clients` and `tails` are as of now; `events` came from histories, `resets` told a client to fetch anew, since the start.

    `lags` are the last seconds from an event to its being sent on; `on_lag`, when set, is called with each.
    """

    def __init__(self) -> None:
        self.clients = 0
        self.tails = 0
        self.events = 0
        self.resets = 0
        self.lags: deque[float] = deque(maxlen=_KEPT)
        self.on_lag: Callable[[float], None] | None = None

    def heard(self, events: Sequence[Told]) -> None:
        """Count events that came just now."""
        now = now_in_microseconds()
        for told in events:
            self.events += 1
            lag = max(now - told.at, 0) / 1_000_000
            self.lags.append(lag)
            if self.on_lag is not None:
                self.on_lag(lag)
