"""The first build of a namespace promotes itself, by however many workers at once."""

import asyncio

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from tests.workflows.stack import program, until
from weaver.errors import BadInput
from workflows.deploying import current_build, deployment, promote_first, ramp
from workflows.deployment_names import DEPLOYMENT

MANY = 100


@workflow.defn(versioning_behavior=VersioningBehavior.PINNED)
class Nothing:
    @workflow.run
    async def run(self) -> None:
        """Do nothing."""


def a_worker(client: Client, build: str, queue: str) -> Worker:
    version = WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build)
    config = WorkerDeploymentConfig(version=version, use_worker_versioning=True)
    return Worker(client, task_queue=queue, workflows=[Nothing], workflow_runner=UnsandboxedWorkflowRunner(), deployment_config=config)


async def test_of_many_workers_that_begin_at_once_one_promotes_their_build_and_none_gives_up() -> None:
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=str(program("temporal"))) as environment:
        client = environment.client

        async def is_current() -> bool:
            return await current_build(client) == "first"

        async with a_worker(client, "first", "one"):
            have_promoted = await asyncio.gather(*(promote_first(client, "first") for _ in range(MANY)))
            await until(is_current, "the server to say so")
    assert sum(have_promoted) <= 1, "none where the server did it and then did not answer"


async def test_a_build_without_workers_on_a_queue_that_is_served_gets_no_part_of_what_starts() -> None:
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=str(program("temporal"))) as environment:
        client = environment.client
        async with a_worker(client, "first", "one"), a_worker(client, "first", "other"), a_worker(client, "second", "one"):
            await promote_first(client, "first")

            async def are_known() -> bool:
                builds = {state.build: state.pollers for state in (await deployment(client)).builds}
                return set(builds.get("first", ())) == {"one", "other"} and set(builds.get("second", ())) == {"one"}

            await until(are_known, "both builds and their queues")
            with pytest.raises(BadInput, match="Build 'second' has no worker on other, which build 'first' serves"):
                await ramp(client, "second", 10)
            assert (await deployment(client)).ramping is None
            await ramp(client, "second", 0)
