"""Writes histories as files, so that other code can be tried on them before it takes them over."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from temporalio.client import Client, WorkflowExecution

from workflows.archive_inputs import ARCHIVE
from workflows.client import answered
from workflows.inputs import BACKTEST_RUN
from workflows.trading_names import ACCOUNT, ORDER, TRADING_RUN

KINDS = (TRADING_RUN, ORDER, ACCOUNT, BACKTEST_RUN, ARCHIVE)


async def export_histories(client: Client, folder: Path, *, closed: int) -> list[Path]:
    """Write the history of each open workflow, and of the newest `closed` ones of each kind that have ended. Raises Unavailable."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    async for found in _found(client, closed):
        handle = client.get_workflow_handle(found.id, run_id=found.run_id)
        history = await answered(handle.fetch_history(), found.id)
        file = folder / f"{quote(found.id, safe='')}.{found.run_id}.json"
        file.write_text(history.to_json())
        files.append(file)
    return files


async def _found(client: Client, closed: int) -> AsyncIterator[WorkflowExecution]:
    async for one in client.list_workflows("ExecutionStatus = 'Running'"):
        yield one
    for kind in KINDS if closed else ():
        async for one in client.list_workflows(f"WorkflowType = '{kind}' AND ExecutionStatus != 'Running'", limit=closed):
            yield one
