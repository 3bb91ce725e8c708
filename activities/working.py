"""What surrounds an activity that runs the user's code: reports to the parent, heartbeats, errors as Temporal's."""

import contextvars
from collections.abc import Generator
from contextlib import contextmanager

from temporalio import activity

from activities.beacon import Beacon
from activities.failures import translated
from weaver.errors import StrategyBroken


@contextmanager
def working(beacon: Beacon, strategy: str) -> Generator[None]:
    """Report to the parent and to Temporal while inside, and let errors out as Temporal's."""
    info = activity.info()
    context = contextvars.copy_context()
    with (
        translated(),
        beacon.activity(
            token=info.task_token,
            activity=info.activity_type,
            strategy=strategy,
            attempt=info.attempt,
            steps=lambda: 0,
            beat=lambda: context.run(activity.heartbeat),
        ),
    ):
        try:
            yield
        except SystemExit as leaving:  # a strategy's sys.exit() must not end the worker
            raise StrategyBroken(f"SystemExit: {leaving}", strategy=strategy) from leaving
