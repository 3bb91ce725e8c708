"""Alive, ready, and the numbers, beside a real Temporal server and worker that come and go."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from api.main import create_app
from api.streams.frames import Told
from tests.api.guards.guarded import asking, guarded
from tests.workflows.stack import SYMBOL, Stack, until
from weaver.settings import Settings
from weaver.walle.model import EventRecord

Samples = dict[tuple[str, ...], float]


@pytest_asyncio.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    stack = Stack(tmp_path / "home", {"WEAVER_GRETA_SLOTS": "1", "WEAVER_MARVIN_SLOTS": "1"})
    try:
        yield stack
    finally:
        stack.stop()


def api_of(stack: Stack) -> FastAPI:
    return create_app(Settings(home=stack.home, temporal_address=stack.address))


def a_frame() -> Told:
    now = datetime.now(UTC)
    return Told(
        EventRecord(id="link-1", type="run.Created", run_id="some-run", position=1, corr_id="x", ts=now, producer="a test", payload={})
    )


def parts(answer: httpx.Response) -> dict[str, str]:
    return {part["name"]: part["state"] for part in answer.json()["parts"]}


def samples(text: str, name: str) -> Samples:
    """Return the samples of a name by the values of their labels, in the labels' order."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                found[tuple(sample.labels[label] for label in sorted(sample.labels))] = sample.value
    return found


async def test_it_is_alive_though_nothing_else_is_and_says_what_is_missing(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path)) as client:
        for path in ("/health", "/api/v1/health"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        for path in ("/ready", "/api/v1/ready"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
            assert parts(answer)["temporal"] == "failing"
            assert parts(answer)["walle"] == "ok"
            assert "127.0.0.1:1" in answer.json()["detail"]


async def test_it_is_ready_with_its_worker_and_not_without(stack: Stack) -> None:
    stack.start_temporal()
    await stack.connected()
    async with asking(api_of(stack)) as client:
        without = await client.get("/api/v1/ready")
        assert without.status_code == 503
        assert {name for name, state in parts(without).items() if state == "failing"} == {
            "queue weaver",
            "queue weaver-greta",
            "queue weaver-marvin",
        }
        assert "no worker asks for its tasks" in without.json()["detail"]
        stack.start_worker()
        await stack.ready()

        async def ready() -> dict[str, Any] | None:
            answer = await client.get("/api/v1/ready")
            return answer.json() if answer.status_code == 200 else None

        found = await until(ready, "the API to be ready")
        assert all(part["state"] != "failing" and part["reason"] for part in found["parts"])


async def test_a_database_that_is_lost_fails_and_the_numbers_are_still_given(tmp_path: Path) -> None:
    app = guarded(tmp_path)
    async with asking(app) as client:
        app.state.parts.database.close()  # else an open connection would go on with the file that it has
        for file in tmp_path.glob("walle.db*"):
            file.write_text("no database any more, and long enough to be looked at as one" * 100)
        answer = await client.get("/ready")
        assert parts(answer)["walle"] == "failing"
        text = (await client.get("/metrics")).text
        assert samples(text, "weaver_reachable") == {("walle",): 0, ("temporal",): 0}
        assert samples(text, "weaver_runs") == {}


async def test_the_numbers_tell_runs_and_what_waits_for_a_worker(stack: Stack) -> None:
    stack.start_temporal()
    client = await stack.connected()
    async with asking(api_of(stack)) as asked:
        started = stack.cli(
            *("workflow", "start", "--type", "BacktestRun", "--task-queue", "weaver", "--workflow-id", "waits"),
            *("--input", f'{{"strategy":"sma-cross","symbols":["{SYMBOL}"],"timeframe":"1m"}}'),
        )
        assert started.returncode == 0, started.stderr

        async def told() -> str | None:
            text = (await asked.get("/metrics")).text
            return text if samples(text, "weaver_task_queue_backlog").get(("workflow", "weaver")) else None

        text = await until(told, "the waiting task to be counted")
        assert samples(text, "weaver_reachable") == {("walle",): 1, ("temporal",): 1}
        assert sum(samples(text, "weaver_runs").values()) == 0
        stack.start_worker()
        await stack.ready()
        await client.get_workflow_handle("waits").result()

        async def counted() -> bool:
            return samples((await asked.get("/metrics")).text, "weaver_runs").get(("completed",)) == 1

        await until(counted, "the run to be counted")


async def test_event_streams_are_counted_by_what_their_hub_says(tmp_path: Path) -> None:
    app = guarded(tmp_path)
    async with asking(app) as client:
        figures = app.state.parts.hub.figures
        figures.clients, figures.tails = 3, 2
        figures.heard([a_frame()])
        for told in (1, 2):
            text = (await client.get("/metrics")).text
            assert samples(text, "weaver_sse_clients") == {(): 3}
            assert samples(text, "weaver_sse_tails") == {(): 2}
            assert samples(text, "weaver_sse_lag_seconds_count") == {(): told}
            figures.heard([a_frame()])


async def test_requests_are_counted_by_route_and_not_by_path(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path)) as client:
        for path in ("/api/v1/probe", "/api/v1/probe", "/api/v1/probe/one/report", "/api/v1/probe/two/report", "/guessed/1", "/guessed/2"):
            await client.get(path)
        await client.get("/api/v1/probe/fails")
        await client.request("GUESS", "/api/v1/probe")
        counted = samples((await client.get("/api/v1/metrics")).text, "weaver_http_request_duration_seconds_count")
    assert counted[("GET", "/api/v1/probe", "200")] == 2
    assert counted[("GET", "/api/v1/probe/{name}/report", "200")] == 2
    assert counted[("GET", "none", "404")] == 2
    assert counted[("GET", "/api/v1/probe/fails", "500")] == 1
    assert not any("GUESS" in labels or "guessed" in label for labels in counted for label in labels)
