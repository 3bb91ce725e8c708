"""Start a run on a server and watch it until it ends, with a live progress bar on stderr. Loads Temporal's SDK."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from cli.render import err, say
from cli.stack import Server
from weaver.glados.requests import RunCreate
from workflows.client import connect, follow, result, start_backtest
from workflows.inputs import RUN_QUEUE, RunResult

NO_WORKER_AFTER_SECONDS = 3.0


async def start(where: Server, request: RunCreate) -> str:
    """Start a backtest and return its run id."""
    return await start_backtest(await connect(where.address, where.namespace), request)


async def run_to_end(where: Server, request: RunCreate, on_start: Callable[[str], None]) -> RunResult:
    """Start a backtest, tell its id, and return what it came to; says so on stderr when no worker takes it."""
    client = await connect(where.address, where.namespace)
    run_id = await start_backtest(client, request)
    on_start(run_id)
    async with looking_for_a_worker(client, say):
        await _show_progress(client, run_id, f"{request.strategy} on {', '.join(request.symbols[:3])}")
        return await result(client, run_id)


async def _show_progress(client: Client, run_id: str, label: str) -> None:
    with _bar() as bar:
        task: TaskID = bar.add_task(label, total=None, equity="")
        async for sight in follow(client, run_id):
            done = sight.progress
            equity = f"equity {done.equity:,.0f}" if done.equity is not None else ""
            bar.update(task, total=done.bars_total or None, completed=done.bars_done, equity=equity)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        TextColumn("{task.percentage:>3.0f} %"),
        MofNCompleteColumn(),
        TextColumn("bars  {task.fields[equity]}"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


@asynccontextmanager
async def looking_for_a_worker(client: Client, tell: Callable[[str], None]) -> AsyncGenerator[None, None]:
    """Say meanwhile, after some seconds, when no worker takes runs from the server."""
    looking = asyncio.create_task(_tell_when_no_worker(client, tell))
    try:
        yield
    finally:
        looking.cancel()


async def _tell_when_no_worker(client: Client, tell: Callable[[str], None]) -> None:
    await asyncio.sleep(NO_WORKER_AFTER_SECONDS)
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=RUN_QUEUE), task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    )
    try:
        answer = await client.workflow_service.describe_task_queue(request, timeout=timedelta(seconds=5))
    except RPCError:
        return  # the run itself is waited for, and will say what is wrong with the server
    if not answer.pollers:
        tell(f"No worker polls the queue '{RUN_QUEUE}' of this server, so the run waits. Start one with: python -m worker")
