"""Finds the workflows whose events are told to all: those that are open, and those that closed meanwhile."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.service import RPCError

from weaver.errors import Unavailable
from workflows.inputs import BACKTEST_RUN
from workflows.trading_names import ACCOUNT, ORDER, TRADING_RUN

LIMIT = timedelta(seconds=5)
_RUNS = (BACKTEST_RUN, TRADING_RUN)
_TYPES = ", ".join(f"'{one}'" for one in (*_RUNS, ORDER, ACCOUNT))


async def look(client: Client, closed_since: datetime) -> list[WorkflowExecution]:
    """Return each open link of Weaver's workflows, and each that closed since then; Raises Unavailable."""
    query = f"WorkflowType IN ({_TYPES}) AND (ExecutionStatus = 'Running' OR CloseTime >= '{closed_since.isoformat()}')"
    try:
        return [execution async for execution in client.list_workflows(query, rpc_timeout=LIMIT)]
    except RPCError as problem:
        raise Unavailable(f"Temporal does not list workflows: {problem.message}") from problem


def is_open(execution: WorkflowExecution) -> bool:
    return execution.status is WorkflowExecutionStatus.RUNNING


def with_events_of_their_own(executions: Sequence[WorkflowExecution]) -> list[WorkflowExecution]:
    """Leave out the orders of runs that are open: those runs tell of them."""
    open_runs = {execution.id for execution in executions if execution.workflow_type in _RUNS and is_open(execution)}
    return [execution for execution in executions if execution.workflow_type != ORDER or execution.root_id not in open_runs]
