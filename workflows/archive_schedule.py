"""When the archive works: a Temporal Schedule, made or brought up to date by each worker that starts."""

import asyncio
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError

from workflows.archive_inputs import ARCHIVE
from workflows.inputs import RUN_QUEUE
from workflows.priorities import TIDIES

SCHEDULE_ID = "weaver-archive"
EVERY = timedelta(minutes=5)
_CATCH_UP = timedelta(minutes=10)
"""After an outage the archive looks once, or twice: each look finds all."""

_LOOKS = 20
_PAUSE_SECONDS = 0.5


async def ensure_archive_schedule(client: Client) -> None:
    """Have the archive work every few minutes; a schedule that is there keeps its state, such as being paused."""
    schedule = _schedule()
    try:
        await client.create_schedule(SCHEDULE_ID, schedule)
    except ScheduleAlreadyRunningError:

        def changed(present: ScheduleUpdateInput) -> ScheduleUpdate:
            schedule.state = present.description.schedule.state
            return ScheduleUpdate(schedule=schedule)

        handle = client.get_schedule_handle(SCHEDULE_ID)
        for _ in range(_LOOKS - 1):
            try:
                return await handle.update(changed)
            except RPCError:  # it is there, and cannot be read in the moment in which another worker makes it
                await asyncio.sleep(_PAUSE_SECONDS)
        await handle.update(changed)


def _schedule() -> Schedule:
    action = ScheduleActionStartWorkflow(
        ARCHIVE, id=SCHEDULE_ID, task_queue=RUN_QUEUE, static_summary="Copies what has closed into WallE", priority=TIDIES
    )
    return Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )
