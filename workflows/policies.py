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


# Trading.

VENUE_TIMEOUT = timedelta(seconds=60)
"""Above every time-out of an adapter's requests, so that an attempt ends by itself."""
VENUE_HEARTBEAT = timedelta(seconds=5)
VENUE_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=15), non_retryable_error_types=PROGRAMMING_ERRORS
)
"""A venue may be away for long: what was decided is on record, and is done or given up by its own deadline, not by a count."""
RECONCILE_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3, non_retryable_error_types=PROGRAMMING_ERRORS)
"""What could not be compared now is compared at the next turn, and shown as a problem until then."""

ADMIT_TIMEOUT = timedelta(seconds=6)
ADMIT_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5), non_retryable_error_types=PROGRAMMING_ERRORS
)
"""An order waits for its admission, so a worker that died over it is given up soon."""

DECIDE_TIMEOUT = timedelta(seconds=120)
DECIDE_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    maximum_interval=timedelta(seconds=5),
    maximum_attempts=10,
    non_retryable_error_types=PROGRAMMING_ERRORS,
)

STALE_AFTER = timedelta(seconds=30)
"""A decision that comes this long after its bar's end, and later than one bar, is not carried out."""

TICK_TIMEOUT = timedelta(seconds=90)
TICK_HEARTBEAT = timedelta(seconds=5)
SHORTEST_TIMER = timedelta(seconds=1)
"""A shorter timer fires up to a second late; the fetch activity waits out what is left."""

WAKE_EARLY = (timedelta(seconds=1), timedelta(seconds=8))
"""How long before a bar's end its fetch is scheduled, at least and at most: it waits for the end where it begins, so that however many
runs there are each begins in time."""
WAKES_EARLY_FROM = timedelta(seconds=30)
"""Shorter bars are over too soon for that."""

EXITS_FIRST = timedelta(seconds=10)
"""How long a tick's entries wait at most for its market exits; a quarter of a bar when that is less."""

STEPS_AT_ONCE = 50
"""Orders that a run starts or cancels at a time."""

ORDER_LIFE = timedelta(seconds=30)
"""How long a market order may wait to be sent at least: one bar, since at the next the strategy decides anew, if that is more."""
PRICED_ORDER_LIFE = timedelta(minutes=5)
"""As ORDER_LIFE, for orders with a price of their own, which may wait for ten bars."""
MANUAL_ORDER_LIFE = timedelta(minutes=5)

MOVES_AFTER = timedelta(seconds=10)
"""How old a link is at least before it makes way for one on another build."""
BARS_A_LINK = 300
"""Ticks after which a trading run continues as new, if the server has not suggested it before."""
EVENTS_A_LINK = 2_000
"""Events after which an order or account continues as new."""

WIND_DOWN = timedelta(seconds=60)
"""How long a run that ends waits for its orders to become final; they are looked after whether it waits or not."""

LOOK_AFTER = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 15, 60, 300, 600))
"""How long after the last news an order is looked up by itself, each time later: the stream brings news much sooner."""
DOUBT_AFTER = tuple(timedelta(seconds=seconds) for seconds in (1, 1, 2, 5, 10, 30))
"""How long between two questions for an order in doubt."""
ABSENT_TWICE = 2
"""An order that the venue did not know this many times in a row, seconds apart, was not taken and may be sent again."""
PRICE_PATIENCE = timedelta(seconds=5)
"""How long an order that was wanted without knowing a price waits for one; without it the limits that need a price refuse it."""
PROFIT_PATIENCE = timedelta(seconds=20)
"""How long a take-profit that Weaver runs may stay unfilled at its price before the stop takes its place again."""
CANCEL_AGAIN = timedelta(seconds=20)
"""How long a venue gets to carry a cancellation out before it is asked for again."""

RECONCILE_BUSY = timedelta(seconds=60)
RECONCILE_IDLE = timedelta(minutes=5)
LISTEN_TIMEOUT = timedelta(hours=24)
KILL_TIMEOUT = timedelta(minutes=10)

# Notifications.

FOLLOW_TIMEOUT = timedelta(hours=24)
FOLLOW_HEARTBEAT = timedelta(seconds=10)
FOLLOW_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=15))
"""It is for ever, and begins again where it had come to."""
DELIVER_TIMEOUT = timedelta(seconds=90)
"""Above every time-out of what sends."""
DELIVER_LIFE = timedelta(hours=24)
"""A message that nobody took for so long is given up, and shown as failed."""
DELIVER_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))
