"""Finding a server, names for runs, and asking them."""

import asyncio
import re
import socket
from time import monotonic

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from weaver.errors import Unavailable
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from workflows.client import connect, run_id_for, state
from workflows.inputs import RunState


async def test_a_server_that_is_not_there_is_said_within_seconds() -> None:
    began = monotonic()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match=r"No Temporal server answers at 127\.0\.0\.1:"):
            await connect(f"127.0.0.1:{closed.getsockname()[1]}")
    assert monotonic() - began < 10


async def test_a_port_that_is_silent_is_no_server() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(Unavailable, match="No Temporal server answers"):
            await connect(f"127.0.0.1:{silent.getsockname()[1]}")


async def test_a_connection_that_is_not_wanted_any_more_when_it_comes_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def connected(*_: object, **__: object) -> Client:
        asyncio.get_running_loop().call_soon(connecting.cancel)
        return client

    monkeypatch.setattr(Client, "connect", connected)
    connecting = asyncio.create_task(connect("127.0.0.1:9"))
    with pytest.raises(asyncio.CancelledError):
        await connecting


def test_made_up_ids_are_readable_and_valid() -> None:
    request = RunCreate(strategy="my strategy/1", symbols=["AAPL"])
    made = run_id_for(request)
    assert re.fullmatch(r"bt-my-strategy-1-\d{8}T\d{6}Z-[0-9a-f]{4}", made)
    assert RunCreate(id=made, strategy="x", symbols=["AAPL"]).id == made
    assert run_id_for(RunCreate(id="mine", strategy="x", symbols=["AAPL"])) == "mine"


@workflow.defn
class Restless:
    """Is in a new link all the time."""

    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(0.01)
        workflow.continue_as_new()

    @workflow.query
    def state(self) -> RunState:
        return RunState(run_id="restless", status=RunStatus.RUNNING, strategy="s", symbols=["A"], timeframe="1m")


async def test_a_run_that_begins_a_new_link_just_then_has_not_ended(client: Client) -> None:
    async with Worker(client, task_queue="restless", workflows=[Restless], workflow_runner=UnsandboxedWorkflowRunner()):
        handle = await client.start_workflow(Restless.run, id="restless", task_queue="restless")
        try:
            for _ in range(100):
                await asyncio.gather(*(state(client, "restless") for _ in range(8)))
        finally:
            await handle.terminate()
