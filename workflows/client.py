"""How to start, ask and stop runs; for the CLI, the API and the worker alike."""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import (
    Client,
    Interceptor,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import QueryRejectCondition, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from weaver.errors import AlreadyExists, BadInput, NotAllowed, NotFound, Unavailable, Unusable, WeaverError
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus, actions
from workflows.access import access
from workflows.attributes import MODE, SEALED, STATUS
from workflows.converter import BAD_PAYLOAD
from workflows.encryption import has_keys
from workflows.inputs import BACKTEST_RUN, RUN_QUEUE, Ask, BacktestInput, Progress, Pulse, RunResult, RunState, StopRequest
from workflows.priorities import backtests
from workflows.problems import ended
from workflows.sealing import converter_of
from workflows.story import listed
from workflows.tracing import tracing

DEFAULT_ADDRESS = "127.0.0.1:7233"
"""Where a Temporal server is looked for when the environment names none."""
CONNECT_SECONDS = 2.0
SECURE_CONNECT_SECONDS = 10.0
"""Servers with TLS are far away."""
QUERY_SECONDS = 1.0
QUERY_TRIES = 5
"""How often a run is asked that begins a new link just then; each link takes longer than a question."""
ANSWER_SECONDS = 3.0
"""How long a message waits for a worker to answer before it goes as a signal."""

CORR_ID, ASKED = "corr_id", "asked"
"""Names of what is noted in a workflow's memo."""

_CLOSED: dict[WorkflowExecutionStatus, RunStatus] = {
    WorkflowExecutionStatus.COMPLETED: RunStatus.COMPLETED,
    WorkflowExecutionStatus.FAILED: RunStatus.ERROR,
    WorkflowExecutionStatus.CANCELED: RunStatus.STOPPED,
    WorkflowExecutionStatus.TERMINATED: RunStatus.ERROR,
    WorkflowExecutionStatus.TIMED_OUT: RunStatus.ERROR,
}
_AnswerT = TypeVar("_AnswerT")


async def connect(address: str, namespace: str = "default", interceptors: Sequence[Interceptor] = ()) -> Client:
    """Return a connected client, let in by what the environment says (`workflows.access`), whose calls are traced when that is
    configured.

    Raises Unavailable when no server answers, within about two seconds or, over TLS, ten; Unusable when it lets nobody in with that;
    BadInput for settings that cannot be read.
    """
    way_in = access(os.environ)
    seconds = SECURE_CONNECT_SECONDS if way_in.get("tls") else CONNECT_SECONDS
    try:
        connecting = Client.connect(
            address,
            namespace=namespace,
            data_converter=converter_of(os.environ),
            interceptors=[*tracing(), *interceptors],
            tls=way_in.get("tls", False),
            api_key=way_in.get("api_key"),
            rpc_metadata=way_in.get("rpc_metadata", {}),
        )
        async with asyncio.timeout(seconds):
            client = await connecting
        await client.service_client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=namespace), timeout=timedelta(seconds=seconds)
        )
    except (RPCError, RuntimeError, ValueError, TimeoutError) as problem:
        raise _refusal_to_connect(problem, address, namespace, is_secure=bool(way_in.get("tls"))) from None  # its text may have the key
    return client


def _refusal_to_connect(problem: Exception, address: str, namespace: str, *, is_secure: bool) -> WeaverError:
    """Say why nobody got in, without what the server or the SDK says: that may repeat what was sent."""
    status = problem.status if isinstance(problem, RPCError) else None
    if status is RPCStatusCode.NOT_FOUND:
        return Unavailable(f"The Temporal server at {address} has no namespace '{namespace}'.")
    # Where the very first call is refused, the SDK has the status in its text only.
    named = re.search("Unauthenticated|PermissionDenied|authentication credentials", str(problem))
    if named or status in (RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED):
        return Unusable(
            f"The Temporal server at {address} does not let anybody into namespace '{namespace}' with this API key or certificate. "
            "Correct TEMPORAL_API_KEY, TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, or the profile."
        )
    if is_secure:
        return Unavailable(
            f"No Temporal server answers at {address} over TLS. Correct the address, or the certificates: TEMPORAL_TLS_SERVER_CA_CERT_PATH "
            "for one that signed the server's, TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH where it asks for yours, "
            "TEMPORAL_TLS_SERVER_NAME for another name in it; TEMPORAL_TLS=false for a server without TLS."
        )
    return Unavailable(f"No Temporal server answers at {address}. Start one with `weaver up`, or correct WEAVER_TEMPORAL_ADDRESS.")


def run_id_for(request: RunCreate) -> str:
    """Return the id asked for, or make up a readable one: `bt-<strategy>-<UTC time>-<4 hex>`; `paper-` and `live-` for trading."""
    if request.id:
        return request.id
    strategy = "" if has_keys(os.environ) else re.sub(r"[^A-Za-z0-9._-]", "-", request.strategy)[:80] + "-"  # ids are never encrypted
    kind = "bt" if request.mode in (None, "backtest") else request.mode
    return f"{kind}-{strategy}{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


async def start_backtest(client: Client, request: RunCreate, *, corr_id: str | None = None, asked: str | None = None) -> str:
    """Start a backtest and return its run id. Raises AlreadyExists with the status of the run that has the id.

    `corr_id` names the request that it comes from and goes into its events; `asked` is a digest of what was asked, for `asked_digest`.
    """
    run_id = run_id_for(request)
    given = BacktestInput.model_validate(request.model_dump() | {"id": run_id})
    try:
        await answered(
            client.start_workflow(
                BACKTEST_RUN,
                given,
                id=run_id,
                task_queue=RUN_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                memo=memo(corr_id, asked),
                priority=backtests(request.strategy),
                static_summary=f"Backtest of {request.strategy[:80]} on {listed(request.symbols)}, {request.timeframe}",
            )
        )
    except WorkflowAlreadyStartedError:
        raise AlreadyExists("run", run_id, (await status(client, run_id)).value) from None
    return run_id


def memo(corr_id: str | None, asked: str | None = None) -> dict[str, str]:
    """Return what is noted with a workflow at its start: the request that it comes from, and a digest of what was asked."""
    noted = {name: value for name, value in ((CORR_ID, corr_id), (ASKED, asked)) if value is not None}
    return noted | {SEALED: "yes"} if has_keys(os.environ) else noted


async def asked_digest(description: WorkflowExecutionDescription) -> str | None:
    """Return the digest that a run was started with, None when whoever started it noted none."""
    noted = (await description.memo()).get(ASKED)
    return noted if isinstance(noted, str) else None


async def status(client: Client, run_id: str) -> RunStatus:
    """Return the status that Temporal knows. Raises NotFound."""
    return status_of(await described(client, run_id))


def status_of(description: WorkflowExecutionDescription) -> RunStatus:
    """Return the status of a run: its own word while it is open or when it came to its own end, else Temporal's."""
    own = description.typed_search_attributes.get(STATUS)
    known = RunStatus(own) if own in set(RunStatus) else None
    closed = _CLOSED.get(description.status) if description.status else None
    if closed is None:
        return known or RunStatus.PENDING
    return known if known and known.is_final else closed


async def state(client: Client, run_id: str) -> RunState:
    """Ask an open run for its state. Raises Unavailable when no worker answers within a second or the run has ended, NotFound."""
    for _ in range(QUERY_TRIES):
        try:
            return await _asked(client, run_id)
        except WorkflowQueryRejectedError as rejected:
            # A question that met the last moment of a link: the next one answers.
            if rejected.status is not WorkflowExecutionStatus.CONTINUED_AS_NEW:
                raise Unavailable(f"Run '{run_id}' has ended and is not asked any more.") from None
    raise Unavailable(f"Run '{run_id}' is between two links of its history. Ask again.")


async def _asked(client: Client, run_id: str) -> RunState:
    handle = client.get_workflow_handle(run_id)
    # One that has ended would be replayed as a whole to answer, and what it came to is on record.
    query = handle.query(
        "state", result_type=RunState, reject_condition=QueryRejectCondition.NOT_OPEN, rpc_timeout=timedelta(seconds=QUERY_SECONDS)
    )
    try:
        return await answered(query, run_id)
    except WorkflowQueryFailedError as problem:
        raise Unavailable(f"Run '{run_id}' cannot be asked: {problem.message}") from problem


async def tell(client: Client, run_id: str, message: str, ask: Ask | None = None) -> RunState:
    """Send `start`, `pause`, `resume` or `set_params` and return the state after it.

    Raises NotAllowed when the run's status forbids it, NotFound, and Unavailable when no worker answers in time.
    """
    handle = client.get_workflow_handle(run_id)
    update = handle.execute_update(message, ask or Ask(), result_type=RunState)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answered(update, run_id)
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        raise Unavailable(f"No worker answers for run '{run_id}' within {ANSWER_SECONDS:g} s.") from None
    except WorkflowUpdateFailedError as problem:
        raise _refusal(problem, message, await described(client, run_id)) from problem


async def stop(client: Client, run_id: str, ask: StopRequest | None = None) -> RunStatus:
    """Stop a run and return its status; one that is stopping or stopped already is left alone.

    With no worker to answer the request goes as a signal, to be obeyed when one comes. Raises NotAllowed for a
    run that completed or failed, NotFound.
    """
    ask = ask or StopRequest()
    present = await described(client, run_id)
    if present.status is not WorkflowExecutionStatus.RUNNING:
        return _stopped_already(status_of(present))
    try:
        return (await tell(client, run_id, "stop", ask)).status
    except Unavailable:
        await answered(client.get_workflow_handle(run_id).signal("stop", ask), run_id)
        return status_of(await described(client, run_id))
    except (NotFound, NotAllowed):  # it came to its end meanwhile, or is just about to
        return _stopped_already(await status(client, run_id))


def _stopped_already(present: RunStatus) -> RunStatus:
    if present is RunStatus.STOPPED:
        return present
    raise NotAllowed("stop", present)


async def result(client: Client, run_id: str) -> RunResult:
    """Wait for a run's end, however it ends, and return what it came to. Raises NotFound, Unavailable."""
    handle = client.get_workflow_handle(run_id, result_type=RunResult)
    try:
        return await answered(handle.result(), run_id)
    except WorkflowFailureError as failure:
        return ended(run_id, failure.cause)


@dataclass(frozen=True, slots=True)
class Sight:
    """A run as it is followed: status, and the progress of all windows, the one under way included."""

    status: RunStatus
    progress: Progress


async def follow(client: Client, run_id: str, *, every_seconds: float = 0.25) -> AsyncIterator[Sight]:
    """Yield the run's status and progress whenever they change, until it has ended.

    What the window under way has done comes from its heartbeats, so no worker needs to answer for it.
    """
    seen: Sight | None = None
    progress = Progress()
    while True:
        description = await described(client, run_id)
        is_open = description.status in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)
        if is_open:
            with suppress(Unavailable, NotFound):
                progress = (await state(client, run_id)).progress
        elif description.status is WorkflowExecutionStatus.COMPLETED:
            progress = (await result(client, run_id)).progress
        pulse = await _pulse(client, description)
        if pulse and pulse.bars_done > progress.bars_done:
            progress = progress.model_copy(update={"bars_done": pulse.bars_done, "bars_total": pulse.bars_total})
        sight = Sight(status_of(description), progress)
        if sight != seen:
            seen = sight
            yield sight
        if not is_open:
            return
        with suppress(TimeoutError, WorkflowFailureError):
            async with asyncio.timeout(every_seconds):
                await client.get_workflow_handle(run_id).result()


async def _pulse(client: Client, description: WorkflowExecutionDescription) -> Pulse | None:
    """Return the newest heartbeat of the window under way."""
    for pending in description.raw_description.pending_activities:
        if pending.heartbeat_details.payloads:
            return (await client.data_converter.decode(pending.heartbeat_details.payloads, [Pulse]))[0]
    return None


async def described(client: Client, run_id: str) -> WorkflowExecutionDescription:
    """Return what Temporal knows of a run. Raises NotFound."""
    return await answered(client.get_workflow_handle(run_id).describe(), run_id)


async def answered(call: Awaitable[_AnswerT], name: str = "", kind: str = "run") -> _AnswerT:
    """Await a call to the server with its errors as Weaver's: NotFound for what it asks for, BadInput, Unavailable."""
    try:
        return await call
    except RPCError as problem:
        match problem.status:
            case RPCStatusCode.NOT_FOUND:
                raise NotFound(kind, name, "Temporal does not know it (any more).") from problem
            case RPCStatusCode.INVALID_ARGUMENT:
                raise BadInput(problem.message) from problem
            case _:
                raise Unavailable(f"Temporal does not answer: {problem.message}") from problem


def _refusal(
    problem: WorkflowUpdateFailedError, message: str, description: WorkflowExecutionDescription
) -> NotAllowed | BadInput | Unavailable:
    present, mode = status_of(description), description.typed_search_attributes.get(MODE) or "backtest"
    cause = problem.cause
    text = cause.message if isinstance(cause, ApplicationError) else str(cause)
    kind = cause.type if isinstance(cause, ApplicationError) else None
    if kind == "NotAllowed":
        return NotAllowed(message, present, actions(present, mode))
    return BadInput(text) if kind in (BAD_PAYLOAD, "BadInput") else Unavailable(text)
