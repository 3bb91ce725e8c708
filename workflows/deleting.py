"""Deletes a run that has ended: its files, its history, and what is on record of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

from weaver.errors import NotAllowed, NotFound
from weaver.glados.runs import RunStatus, actions, check_action
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.results import RunFiles
from workflows.client import answered, described

_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.1


async def delete_run(connect: Callable[[], Awaitable[Client]], queries: Queries, records: Records, results: str, run_id: str) -> None:
    """Delete a run's files at `results`, have Temporal, which `connect` gives, delete its history, and forget what is on record.

    Temporal takes some tens of seconds for it; until then the id is taken. The record goes last, so a try that was cut short may be
    repeated. Orders and fills stay, without a run. Raises NotFound, NotAllowed while the run goes on, Unavailable.
    """
    run = await asyncio.to_thread(queries.run, run_id)
    check_action("delete", run.status, run.mode)
    client = await connect()
    newest = await _closed(client, run_id, run.status)
    await asyncio.to_thread(RunFiles(results, run_id).delete)
    links = [link.run_id async for link in client.list_workflows(f"WorkflowId = '{_quoted(run_id)}'")]
    if newest is not None and newest.run_id not in links:  # lists are written a little later
        links.append(newest.run_id)
    for link in links:
        await _forget_link(client, run_id, link)
    await asyncio.to_thread(records.delete_run, run_id)


async def _closed(client: Client, run_id: str, status: RunStatus) -> WorkflowExecutionDescription | None:
    """Wait until the run's workflow has closed and return its newest link; None when Temporal knows none (any more)."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            newest = await described(client, run_id)
        except NotFound:
            return None
        if newest.status is not WorkflowExecutionStatus.RUNNING:
            return newest
        # Its end is on record a moment before its workflow's: it stores its last events.
        if time.monotonic() > deadline:
            raise NotAllowed("delete", f"{status.value}, but still storing its events", actions(status))
        await asyncio.sleep(_LOOK_SECONDS)


async def _forget_link(client: Client, run_id: str, link: str) -> None:
    request = DeleteWorkflowExecutionRequest(
        namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=run_id, run_id=link)
    )
    with suppress(NotFound):  # lists know it a little longer than it is there
        await answered(client.workflow_service.delete_workflow_execution(request), run_id)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
