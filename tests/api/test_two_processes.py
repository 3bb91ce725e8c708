"""Two API processes before one Temporal server and one database: both are right, whichever is asked."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest_asyncio
from httpx_sse import aconnect_sse

from cli.ports import free_ports
from tests.api.conftest import BACKTEST
from tests.workflows.stack import ROOT, Stack, until

ASKED_AT_ONCE = 8


@asynccontextmanager
async def process(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """Run `python -m api` before the stack and give a client of it."""
    port = free_ports(1)[0]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WEAVER_")}
    ours = {
        "WEAVER_HOME": str(stack.home),
        "WEAVER_PLUGINS": str(stack.home / "plugins"),
        "WEAVER_TEMPORAL_ADDRESS": stack.address,
        "WEAVER_API_PORT": str(port),
    }
    api = subprocess.Popen([sys.executable, "-m", "api"], cwd=ROOT, env=inherited | ours)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30) as client:

            async def serves() -> bool:
                try:
                    return (await client.get("/health")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(serves, "the API to serve")
            yield client
    finally:
        api.terminate()
        api.wait(timeout=30)


@pytest_asyncio.fixture(scope="module")
async def two(api_stack: Stack) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(process(api_stack)), await stack.enter_async_context(process(api_stack))


async def test_one_key_asked_of_both_at_once_is_one_run(two: tuple[httpx.AsyncClient, httpx.AsyncClient]) -> None:
    headers = {"Idempotency-Key": "asked of both"}
    answers = await asyncio.gather(
        *(two[number % 2].post("/runs", json=BACKTEST, headers=headers) for number in range(ASKED_AT_ONCE)),
    )
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert sum(answer.status_code == 201 for answer in answers) == 1
    (run_id,) = {answer.json()["id"] for answer in answers}
    for client in two:
        refused = await client.post("/runs", json={**BACKTEST, "cash": "5"}, headers=headers)
        assert refused.status_code == 422
        listed = (await client.get("/runs", params={"q": run_id})).json()
        assert [run["id"] for run in listed["items"]] == [run_id]


async def test_a_stream_that_one_began_goes_on_at_the_other(two: tuple[httpx.AsyncClient, httpx.AsyncClient]) -> None:
    first, second = two
    run_id = (await first.post("/runs", json=BACKTEST)).json()["id"]
    heard = [await _hear(first, run_id, None, 2)]
    heard.append(await _hear(second, run_id, heard[0][-1][0], None))
    whole = await _hear(first, run_id, None, None)
    assert heard[0] + heard[1] == whole
    assert whole[0][1] == "run.Created"
    assert whole[-1][1] == "run.Completed"


async def _hear(client: httpx.AsyncClient, run_id: str, after: str | None, most: int | None) -> list[tuple[str, str]]:
    """Return id and type of the events behind `after`, up to `most` of them or the run's end."""
    heard: list[tuple[str, str]] = []
    headers = {"Last-Event-ID": after} if after else {}
    async with aconnect_sse(client, "GET", "/events/stream", params={"run_id": run_id}, headers=headers) as source:
        async for event in source.aiter_sse():
            if event.event != "message":
                heard.append((event.id, event.event))
            if len(heard) == most or (heard and heard[-1][1] == "run.Completed"):
                return heard
    raise AssertionError("the stream ended before the run did")
