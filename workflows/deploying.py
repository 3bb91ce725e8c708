"""Which builds of the code the server knows, which of them is promoted, and who still runs on each."""

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentInfo, WorkerDeploymentVersion
from temporalio.api.enums.v1 import TaskQueueType, VersionDrainageStatus, WorkerDeploymentVersionStatus
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentResponse,
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
    UpdateWorkflowExecutionOptionsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from weaver.errors import BadInput, NotFound, Unavailable, UnknownName
from workflows.archive_inputs import ARCHIVE
from workflows.client import answered
from workflows.deployment_names import BUILD_ATTRIBUTE, DEPLOYMENT
from workflows.inputs import BACKTEST_RUN
from workflows.trading_names import ACCOUNT, ORDER, TRADING_RUN

_POLLS_WITHIN = timedelta(seconds=75)
"""A worker that is free asks for tasks at least once a minute; the server remembers for longer who did."""
_AGAIN_SECONDS = 0.1
_AnswerT = TypeVar("_AnswerT")


class _Busy(Unavailable):
    """The server did nothing, since more is asked of the deployment than it takes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildState:
    """One build: `status` is current, ramping, draining, drained or inactive (never promoted). `open_runs` counts the open workflows
    that are pinned to it, by type; `pollers` the workers that ask for tasks now, by queue and kind."""

    build: str
    status: str
    created_at: datetime
    current_since: datetime | None
    drained_at: datetime | None
    open_runs: dict[str, int]
    pollers: dict[str, int]

    @property
    def is_stranded(self) -> bool:
        """Open runs wait for a worker of this build, and there is none."""
        return sum(self.open_runs.values()) > 0 and not any(self.pollers.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """All builds, newest first. `current` takes what starts and what may move; of that `percent` goes to `ramping`."""

    current: str | None
    ramping: str | None
    percent: float
    builds: list[BuildState]

    @property
    def names(self) -> list[str]:
        return [state.build for state in self.builds]


async def deployment(client: Client) -> Deployment:
    """Return what the server knows of Weaver's builds. Raises NotFound when no worker was ever started with a build, Unavailable."""
    said = (await _described(client)).worker_deployment_info
    builds = await asyncio.gather(*(_state(client, summary) for summary in said.version_summaries))
    routing = said.routing_config
    return Deployment(
        current=_build(routing.current_deployment_version),
        ramping=_build(routing.ramping_deployment_version),
        percent=routing.ramping_version_percentage,
        builds=sorted(builds, key=lambda state: state.created_at, reverse=True),
    )


async def promote(client: Client, build: str) -> str | None:
    """Make a build the current one and return the one before. Raises UnknownName, and BadInput when it lacks workers that are needed."""
    known = await _described(client)
    _check_known(known.worker_deployment_info, build)
    await _check_complete(client, _build(known.worker_deployment_info.routing_config.current_deployment_version), build)
    asked = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace,
        deployment_name=DEPLOYMENT,
        build_id=build,
        conflict_token=known.conflict_token,
        identity=client.identity,
    )
    done = await _answered(client.workflow_service.set_worker_deployment_current_version(asked))
    return _build(done.previous_deployment_version)


async def move(client: Client, workflow_id: str, build: str) -> None:
    """Have an open workflow do its next step on a build, and stay there. What it did before is replayed there, which fails when the code
    has changed at that: see `weaver deploy check`. Raises UnknownName, NotFound."""
    _check_known((await _described(client)).worker_deployment_info, build)
    once = VersioningOverride(
        one_time=VersioningOverride.OneTimeOverride(
            target_deployment_version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build)
        )
    )
    asked = UpdateWorkflowExecutionOptionsRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow_id),
        workflow_execution_options=WorkflowExecutionOptions(versioning_override=once),
        update_mask=FieldMask(paths=["versioning_override"]),
    )
    await answered(client.workflow_service.update_workflow_execution_options(asked), workflow_id)


async def ramp(client: Client, build: str, percent: float) -> None:
    """Send that part of what starts and moves to a build, the rest to the current one; 0 ends it. Raises as `promote`."""
    known = await _described(client)
    _check_known(known.worker_deployment_info, build)
    if percent > 0:
        await _check_complete(client, _build(known.worker_deployment_info.routing_config.current_deployment_version), build)
    asked = SetWorkerDeploymentRampingVersionRequest(
        namespace=client.namespace,
        deployment_name=DEPLOYMENT,
        build_id=build if percent > 0 else "",
        percentage=percent,
        conflict_token=known.conflict_token,
        identity=client.identity,
    )
    await _answered(client.workflow_service.set_worker_deployment_ramping_version(asked))


async def current_build(client: Client) -> str:
    """Return the build that is promoted. Raises NotFound when none is."""
    build = _build((await _described(client)).worker_deployment_info.routing_config.current_deployment_version)
    if build is None:
        raise NotFound("build", "current", "None was promoted yet: weaver deploy promote")
    return build


async def workflows_on(client: Client, build: str) -> list[str]:
    """Return the ids of the open workflows that are pinned to a build."""
    return [found.id async for found in client.list_workflows(open_on(build))]


async def promote_first(client: Client, build: str) -> bool:
    """Promote a build if none ever was, since nothing would run before; tell whether this call is known to have done it.

    Waits until the server knows the build.
    """
    while True:
        try:
            routing = (await _described(client)).worker_deployment_info.routing_config
            if routing.current_deployment_version.build_id:
                return False
            return await promote(client, build) != build  # the same where another worker of the build was quicker
        except (NotFound, UnknownName):  # its workers have not asked for a task yet
            await asyncio.sleep(_AGAIN_SECONDS)
        except (BadInput, _Busy):  # somebody else was quicker, or many ask at once
            await asyncio.sleep(_AGAIN_SECONDS * (1 + random.random()))


async def _state(client: Client, summary: WorkerDeploymentInfo.WorkerDeploymentVersionSummary) -> BuildState:
    build = summary.deployment_version.build_id
    is_drained = summary.drainage_info.status == VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINED
    runs, pollers = await asyncio.gather(_open_runs(client, build), _pollers(client, build))
    return BuildState(
        build=build,
        status=WorkerDeploymentVersionStatus.Name(summary.status).removeprefix("WORKER_DEPLOYMENT_VERSION_STATUS_").lower(),
        created_at=summary.create_time.ToDatetime(UTC),
        current_since=_moment(summary.current_since_time),
        drained_at=_moment(summary.drainage_info.last_changed_time) if is_drained else None,
        open_runs=runs,
        pollers=pollers,
    )


async def _open_runs(client: Client, build: str) -> dict[str, int]:
    types = (TRADING_RUN, ORDER, ACCOUNT, BACKTEST_RUN, ARCHIVE)
    counts = await asyncio.gather(*(_answered(client.count_workflows(f"{open_on(build)} AND WorkflowType = '{kind}'")) for kind in types))
    return {kind: found.count for kind, found in zip(types, counts, strict=True) if found.count}


def open_on(build: str) -> str:
    """Return the query for open workflows that are pinned to a build."""
    return f"{BUILD_ATTRIBUTE} = '{DEPLOYMENT}:{build}' AND ExecutionStatus = 'Running'"


async def _pollers(client: Client, build: str) -> dict[str, int]:
    version = WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build)
    asked = DescribeWorkerDeploymentVersionRequest(namespace=client.namespace, deployment_version=version)
    said = await _answered(client.workflow_service.describe_worker_deployment_version(asked))
    queues = sorted({(queue.name, queue.type) for queue in said.version_task_queues})
    counts = await asyncio.gather(*(_polling(client, name, kind, build) for name, kind in queues))
    by_queue: dict[str, int] = {}
    for (name, _), count in zip(queues, counts, strict=True):
        by_queue[name] = max(by_queue.get(name, 0), count)
    return by_queue


async def _polling(client: Client, name: str, kind: TaskQueueType.ValueType, build: str) -> int:
    asked = DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=name), task_queue_type=kind)
    said = await _answered(client.workflow_service.describe_task_queue(asked))
    polls = [poller.last_access_time.ToDatetime(UTC) for poller in said.pollers if poller.deployment_options.build_id == build]
    return sum(datetime.now(UTC) - poll < _POLLS_WITHIN for poll in polls)


async def _check_complete(client: Client, current: str | None, build: str) -> None:
    """Raise BadInput when a queue that the current build's workers serve has no worker of the other."""
    if current is None or current == build:
        return
    served, offered = await asyncio.gather(_pollers(client, current), _pollers(client, build))
    lacking = [queue for queue, count in served.items() if count and not offered.get(queue)]
    if lacking:
        raise BadInput(
            f"Build '{build}' has no worker on {', '.join(lacking)}, which build '{current}' serves. "
            "Start as many workers of it as there are now, wait until they are ready, and try again.",
            field="build",
        )


async def _described(client: Client) -> DescribeWorkerDeploymentResponse:
    asked = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
    return await _answered(client.workflow_service.describe_worker_deployment(asked))


def _check_known(info: WorkerDeploymentInfo, build: str) -> None:
    known = [summary.deployment_version.build_id for summary in info.version_summaries]
    if build not in known:
        raise UnknownName("build", build, known)


async def _answered(call: Awaitable[_AnswerT]) -> _AnswerT:
    try:
        return await call
    except RPCError as problem:
        match problem.status:
            case RPCStatusCode.NOT_FOUND:
                raise NotFound(
                    "deployment", DEPLOYMENT, "No worker was started with WEAVER_VERSIONING=pinned; without it any worker takes any run."
                ) from problem
            case RPCStatusCode.FAILED_PRECONDITION | RPCStatusCode.INVALID_ARGUMENT:
                raise BadInput(f"The server refuses it: {problem.message}.") from problem
            case RPCStatusCode.RESOURCE_EXHAUSTED:
                raise _Busy(f"Temporal is busy: {problem.message}.") from problem
            case _:
                raise Unavailable(f"Temporal does not answer: {problem.message}") from problem


def _build(version: WorkerDeploymentVersion) -> str | None:
    return version.build_id or None


def _moment(time: Timestamp) -> datetime | None:
    return time.ToDatetime(UTC) if time.seconds else None
