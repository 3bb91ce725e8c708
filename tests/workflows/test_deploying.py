"""The first build of a namespace promotes itself, by however many workers at once."""

import asyncio

from temporalio import workflow
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from tests.workflows.stack import program, until
from workflows.deploying import current_build, promote_first
from workflows.deployment_names import DEPLOYMENT

MANY = 100


@workflow.defn(versioning_behavior=VersioningBehavior.PINNED)
class Nothing:
    @workflow.run
    async def run(self) -> None:
        """Do nothing."""


async def test_of_many_workers_that_begin_at_once_one_promotes_their_build_and_none_gives_up() -> None:
    version = WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id="first")
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=str(program("temporal"))) as environment:
        client = environment.client

        async def is_current() -> bool:
            return await current_build(client) == "first"

        async with Worker(
            client,
            task_queue="first",
            workflows=[Nothing],
            workflow_runner=UnsandboxedWorkflowRunner(),
            deployment_config=WorkerDeploymentConfig(version=version, use_worker_versioning=True),
        ):
            have_promoted = await asyncio.gather(*(promote_first(client, "first") for _ in range(MANY)))
            await until(is_current, "the server to say so")
    assert sum(have_promoted) <= 1, "none where the server did it and then did not answer"
