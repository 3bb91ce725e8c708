"""A process whose worker fails while one of its activities goes on for ever: `python -m tests.processes.failing_worker <address>`."""

import asyncio
import sys
from concurrent.futures import BrokenExecutor
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from processes.fatal import end_process
from processes.process import log_to_stderr

HOUR = timedelta(hours=1)


@activity.defn
async def follow() -> None:
    """Go on for ever, as what follows a venue's updates does."""
    await asyncio.Event().wait()


@activity.defn
async def break_down() -> None:
    """Fail the worker: the SDK gives it up when the threads of its activities are broken."""
    raise BrokenExecutor("no thread can be started")


@workflow.defn
class Doomed:
    @workflow.run
    async def run(self) -> None:
        following = workflow.start_activity(follow, start_to_close_timeout=HOUR)
        await workflow.sleep(0.5)
        await workflow.execute_activity(break_down, start_to_close_timeout=HOUR)
        await following


async def main() -> None:
    log_to_stderr()
    client = await Client.connect(sys.argv[1])
    runs = Worker(client, task_queue="doomed", workflows=[Doomed], workflow_runner=UnsandboxedWorkflowRunner())
    steps = Worker(client, task_queue="doomed", activities=[follow, break_down], on_fatal_error=end_process)
    async with runs, steps:
        await client.execute_workflow(Doomed.run, id="doomed", task_queue="doomed")


if __name__ == "__main__":
    asyncio.run(main())
