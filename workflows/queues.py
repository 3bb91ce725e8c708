"""Looks at task queues: who works on them, and how much waits."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from weaver.errors import Unavailable
from workflows.inputs import GRETA_QUEUE, RUN_QUEUE
from workflows.trading_names import MARVIN_QUEUE, data_queue, veda_queue

LIMIT = timedelta(seconds=3)
"""A server that has just started takes a second or more to look for a queue that nobody asked for before."""
Kind = Literal["workflow", "activity"]
_KINDS: dict[Kind, TaskQueueType.ValueType] = {
    "workflow": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activity": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """One kind of tasks of a queue. `last_poll` is when a worker last asked for one, which it does at least once a minute while it is
    free; None when none did in the last minutes. `backlog_age_seconds` is that of the oldest task that waits."""

    queue: str
    kind: Kind
    pollers: int
    last_poll: datetime | None
    backlog: int
    backlog_age_seconds: float


def queues_of(accounts: Collection[str]) -> list[tuple[str, Kind]]:
    """Return all queues of Weaver's workers, with those of these accounts."""
    own: list[tuple[str, Kind]] = [(RUN_QUEUE, "workflow"), (RUN_QUEUE, "activity"), (GRETA_QUEUE, "activity"), (MARVIN_QUEUE, "activity")]
    return own + [(queue, "activity") for account in accounts for queue in (veda_queue(account), data_queue(account))]


async def look_at_queues(client: Client, queues: Collection[tuple[str, Kind]]) -> list[QueueState]:
    """Return the states of queues, in order. Raises Unavailable when the server does not say them in about three seconds."""
    try:
        return await asyncio.gather(*(_look(client, queue, kind) for queue, kind in queues))
    except RPCError as problem:
        raise Unavailable(f"The Temporal server does not tell of its task queues: {problem.message}.") from problem


async def _look(client: Client, queue: str, kind: Kind) -> QueueState:
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=_KINDS[kind], report_stats=True
    )
    said = await client.service_client.workflow_service.describe_task_queue(asked, timeout=LIMIT)
    polls = [poller.last_access_time.ToDatetime(UTC) for poller in said.pollers]
    age = said.stats.approximate_backlog_age
    return QueueState(
        queue=queue,
        kind=kind,
        pollers=len(polls),
        last_poll=max(polls, default=None),
        backlog=said.stats.approximate_backlog_count,
        backlog_age_seconds=age.seconds + age.nanos / 1e9,
    )
