"""Two workers with homes of their own: what one has written the other goes on with, and many backtests leave room for what trades."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from pathlib import Path

import boto3
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from cli.ports import answers, free_ports
from processes.accounts import Places
from tests.workflows.in_process import outcome
from tests.workflows.stack import ROOT, SYMBOL, Stack, import_seeded, until
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.settings import Settings
from weaver.veda.clocks import SystemClock
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.results import RunFiles
from workflows.client import result, start_backtest
from workflows.histories import read_link
from workflows.registering_attributes import ensure_search_attributes
from workflows.trading_client import start_trading

WINDOWS = 6
BODY = {"strategy": "spinner", "symbols": [SYMBOL], "timeframe": "1m", "params": {"spin": 40_000}, "window_bars": 3_000 // WINDOWS}
AWS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
async def s3() -> AsyncGenerator[dict[str, str], None]:
    """Give the variables by which a server that speaks S3 is reached; it has the bucket `weaver`."""
    port = free_ports(1)[0]
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    variables = {**AWS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}

    async def is_up() -> bool:
        return answers(f"127.0.0.1:{port}")

    try:
        await until(is_up, "the S3 server")
        client = boto3.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL"], aws_access_key_id="tests", aws_secret_access_key="tests")
        client.create_bucket(Bucket="weaver")
        yield variables
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(params=["folder", "s3"])
async def shared(
    request: pytest.FixtureRequest, s3: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Stack, None]:
    """Give a stack whose bars and results are in a place that any worker reaches."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    place = "s3://weaver" if request.param == "s3" else str(tmp_path / "shared")
    where = {"WEAVER_BARS_URL": f"{place}/bars", "WEAVER_RESULTS_URL": f"{place}/results"}
    stack = Stack(tmp_path / "home", {**where, "WEAVER_GRETA_SLOTS": "1", "WEAVER_MARVIN_SLOTS": "1", "WEAVER_STEP_LIMIT_SECONDS": "20"})
    stack.environment["WEAVER_DB_URL"] = f"sqlite:///{stack.home / 'walle.db'}"
    import_seeded(Catalogue.open(where["WEAVER_BARS_URL"]), stack.home)
    try:
        yield stack
    finally:
        stack.stop()


def another_worker(stack: Stack, home: Path) -> subprocess.Popen[bytes]:
    home.mkdir()
    with (home / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "worker"], cwd=ROOT, env={**stack.environment, "WEAVER_HOME": str(home)}, stdout=log, stderr=log
        )


Worker = subprocess.Popen[bytes]


async def in_the_middle(client: Client, run_id: str, workers: Sequence[Worker]) -> Worker:
    """Wait until a window that is neither the first nor the last is under way, and return the worker that has it: chance decides."""
    by_pid = {worker.pid: worker for worker in workers}

    async def holder() -> Worker | None:
        described = await client.get_workflow_handle(run_id).describe()
        for activity in described.raw_description.pending_activities:
            pid = activity.last_worker_identity.partition("@")[0]
            if activity.activity_type.name == "replay_window" and activity.heartbeat_details.payloads and pid.isdecimal():
                (beat,) = await client.data_converter.decode(activity.heartbeat_details.payloads)
                return by_pid.get(_parent(int(pid))) if 500 < beat["bars_done"] < 2_400 else None
        return None

    return await until(holder, "a window under way in one of the workers")


async def is_ready(home: Path) -> bool:
    return "worker ready" in (home / "worker.log").read_text()


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return 0


async def attempts(client: Client, run_id: str) -> list[int]:
    """Return how often each window was begun."""
    history = await client.get_workflow_handle(run_id).fetch_history()
    begun = (event.activity_task_started_event_attributes for event in history.events)
    return [one.attempt for one in begun if one.attempt]


async def test_a_worker_that_dies_or_drains_leaves_its_windows_to_the_other(shared: Stack, tmp_path: Path) -> None:
    client = await shared.start()
    assert shared.worker
    workers = [shared.worker, another_worker(shared, tmp_path / "other")]
    expected = outcome(Catalogue.open(shared.environment["WEAVER_BARS_URL"]), shared.home / "plugins", "spinner", [SYMBOL]).digest
    try:
        await until(partial(is_ready, tmp_path / "other"), "the other worker")
        run_id = await start_backtest(client, RunCreate.model_validate({**BODY, "id": "drains"}))
        drains = await in_the_middle(client, run_id, workers)
        drains.terminate()
        assert await asyncio.to_thread(drains.wait, 15) == 0
        ended = await result(client, run_id)
        assert (ended.status, ended.result_digest) == (RunStatus.COMPLETED, expected)
        assert max(await attempts(client, run_id)) <= 2
        assert ended.progress.windows == WINDOWS

        workers.append(another_worker(shared, tmp_path / "third"))
        await until(partial(is_ready, tmp_path / "third"), "the third worker")
        run_id = await start_backtest(client, RunCreate.model_validate({**BODY, "id": "dies"}))
        dies = await in_the_middle(client, run_id, workers)
        dies.kill()
        await asyncio.to_thread(dies.wait)
        ended = await result(client, run_id)
        assert (ended.status, ended.result_digest) == (RunStatus.COMPLETED, expected)
        files = RunFiles(shared.environment["WEAVER_RESULTS_URL"], run_id)
        assert len(files.fills(WINDOWS)) == ended.progress.fills
    finally:
        for worker in workers:
            worker.terminate()
            await asyncio.to_thread(worker.wait, 20)


def test_an_object_store_without_credentials_says_which_are_needed(s3: dict[str, str]) -> None:
    code = "from weaver.walle.bars import Catalogue; Catalogue.open('s3://weaver/bars').series()"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    bare |= {"AWS_ENDPOINT_URL": s3["AWS_ENDPOINT_URL"], "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60, check=False)
    assert "Unusable: s3://weaver/bars needs credentials: AWS_ACCESS_KEY_ID" in done.stderr


async def first_task(client: Client, workflow_id: str) -> float:
    """Return when a worker first had a workflow's task."""
    async for event in client.get_workflow_handle(workflow_id).fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
            return event.event_time.ToDatetime().timestamp()
    raise AssertionError(f"{workflow_id} was not begun")


@pytest.fixture
async def unattended(tmp_path: Path) -> AsyncGenerator[tuple[Stack, Client], None]:
    """Give a server that no worker asks for tasks yet: what is started waits. A worker will have one process for windows."""
    stack = Stack(tmp_path / "home", {"WEAVER_GRETA_SLOTS": "1", "WEAVER_MARVIN_SLOTS": "1"})
    try:
        stack.start_temporal()
        client = await stack.connected()
        await ensure_search_attributes(client)
        yield stack, client
    finally:
        stack.stop()


async def test_what_trades_goes_first_and_keeps_time_beside_many_backtests(unattended: tuple[Stack, Client]) -> None:
    stack, client = unattended
    body = {"strategy": "spinner", "symbols": [SYMBOL], "timeframe": "1m", "window_bars": 1_000, "params": {"spin": 20_000}}
    backtests = [f"bt-{number}" for number in range(80)]
    await asyncio.gather(*(start_backtest(client, RunCreate.model_validate({**body, "id": one})) for one in backtests))
    paper = {"id": "paper", "mode": "paper", "strategy": "sma-cross", "symbols": ["SIM/USD"], "timeframe": "5s", "for": "20s"}
    await start_trading(client, RunCreate.model_validate(paper))  # the last to come
    stack.start_worker()
    await stack.ready()
    assert (await result(client, "paper")).status is RunStatus.COMPLETED
    waiting = (await client.count_workflows("WorkflowType = 'BacktestRun' AND ExecutionStatus = 'Running'")).count
    assert waiting > 5, "the backtests were over before the run was: they proved nothing"
    began = await first_task(client, "paper")
    before = [one for one in backtests if await first_task(client, one) < began]
    assert len(before) < len(backtests) / 4
    link = (await client.get_workflow_handle("paper").describe()).run_id
    events = (await read_link(client, "paper", link)).events
    late = sorted(event.payload["late_ms"] for event in events if event.type == "clock.Tick")
    assert late[len(late) // 2] < 2_500, late


async def test_one_strategys_many_backtests_leave_room_for_anothers(unattended: tuple[Stack, Client]) -> None:
    stack, client = unattended
    asked = {"symbols": [SYMBOL], "timeframe": "1m"}
    many = [{**asked, "id": f"many-{number}", "strategy": "spinner"} for number in range(60)]
    few = [{**asked, "id": f"few-{number}", "strategy": "sma-cross"} for number in range(3)]
    for body in (*many, *few):  # the few come last
        await start_backtest(client, RunCreate.model_validate(body))
    stack.start_worker()
    await stack.ready()
    assert {(await result(client, one["id"])).status for one in few} == {RunStatus.COMPLETED}
    waiting = (await client.count_workflows("WeaverStrategy = 'spinner' AND ExecutionStatus = 'Running'")).count
    assert waiting > len(many) / 2, "some 15 where the server takes what came first"


async def test_what_is_asked_of_a_venue_is_limited_for_all_workers_together(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "home")
    database = Database.open(f"sqlite:///{tmp_path / 'walle.db'}")
    try:
        stack.start_temporal()
        client = await stack.connected()
        given = {"home": tmp_path, "venue_orders_per_second": "5", "venue_reads_per_second": "20"}
        places = Places(Settings.model_validate(given), database, client, SystemClock())
        venue = places.venue("simulated-paper")
        workers = places.workers(venue, places.ticks(venue), [])
        assert [worker.config().get("max_task_queue_activities_per_second") for worker in workers] == [5.0, 20.0]
    finally:
        database.close()
        stack.stop()
