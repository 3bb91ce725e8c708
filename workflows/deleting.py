"""Deletes a run that has ended: its history, its files, and what is on record of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

from weaver.errors import NotAllowed, NotFound, Unavailable
from weaver.glados.runs import RunStatus, actions, check_action
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.results import RunFiles
from workflows.client import answered, described

_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.1


async def delete_run(connect: Callable[[], Awaitable[Client]], queries: Queries, records: Records, results: str, run_id: str) -> None:
    """Delete a run's history in Temporal, then its files at `results`, then its record; a try that was cut short may be repeated.

    Orders and fills stay, without a run. Raises NotFound, NotAllowed while the run goes on, Unavailable when Temporal, which
    `connect` gives, does not answer.
    """
    run = await asyncio.to_thread(queries.run, run_id)
    check_action("delete", run.status, run.mode)
    # The history first: as long as there is one, the watcher would put the run on record again.
    await _forget_history(await connect(), run_id, run.status)
    await asyncio.to_thread(RunFiles(results, run_id).delete)
    await asyncio.to_thread(records.delete_run, run_id)


async def _forget_history(client: Client, run_id: str, status: RunStatus) -> None:
    """Delete each link of a run's history and wait until none is left."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    newest = await _newest(client, run_id)
    while newest is not None and newest.status is WorkflowExecutionStatus.RUNNING:
        # Its end is on record a moment before its workflow's: it stores its last events.
        if time.monotonic() > deadline:
            raise NotAllowed("delete", f"{status.value}, but still storing its events", actions(status))
        await asyncio.sleep(_LOOK_SECONDS)
        newest = await _newest(client, run_id)
    # The newest link last: as long as it is there, a repeat finds the others.
    links = [link.run_id async for link in client.list_workflows(f"WorkflowId = '{_quoted(run_id)}'")]
    last = [] if newest is None else [newest.run_id]
    for link in [*(link for link in links if link not in last), *last]:
        await _forget_link(client, run_id, link)
    while await _newest(client, run_id) is not None:
        if time.monotonic() > deadline:
            raise Unavailable(f"The history of run '{run_id}' is still being deleted. Try again.")
        await asyncio.sleep(_LOOK_SECONDS)


async def _newest(client: Client, run_id: str) -> WorkflowExecutionDescription | None:
    with suppress(NotFound):
        return await described(client, run_id)
    return None


async def _forget_link(client: Client, run_id: str, link: str) -> None:
    request = DeleteWorkflowExecutionRequest(
        namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=run_id, run_id=link)
    )
    try:
        await answered(client.workflow_service.delete_workflow_execution(request), run_id)
    except NotFound:
        return  # lists know it a little longer than it is there


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
