"""How long things may take and what is tried again, by name."""

from datetime import timedelta

from temporalio.common import RetryPolicy

PROGRAMMING_ERRORS = [
    "TypeError",
    "KeyError",
    "AttributeError",
    "IndexError",
    "NameError",
    "AssertionError",
    "ZeroDivisionError",
    "ValueError",
]
"""Trying these again gives the same again; they end the run with their message."""

RECORD_TIMEOUT = timedelta(seconds=20)
RECORD_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=15), non_retryable_error_types=PROGRAMMING_ERRORS
)
"""WallE may be away for a while (a deploy, a locked file): a run waits for it rather than forget what happened."""

COMPUTE_HEARTBEAT = timedelta(seconds=10)
COMPUTE_TIMEOUT = timedelta(hours=12)
COMPUTE_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500),
    maximum_interval=timedelta(seconds=20),
    maximum_attempts=30,
    non_retryable_error_types=PROGRAMMING_ERRORS,
)
"""Processes that die are replaced and the window is done again; the pool gives up sooner when it keeps dying."""

ARCHIVE_TIMEOUT = timedelta(seconds=60)

STOP_GRACE = timedelta(seconds=3)
"""How long a stopped run waits for the window under way before it cuts it short."""

CUT_GRACE = timedelta(seconds=10)
"""How long it then waits for what that window had done, before it goes on without."""

_WINDOW_BARS = 1_000_000
"""Bars of all symbols in a window: 2 s of work or more with a strategy that decides something."""


def window_steps(symbols: int) -> int:
    """Return the steps of a window unless the request says otherwise."""
    return max(1, _WINDOW_BARS // symbols)
