"""Two builds of the code on one server, each with real workers: who runs where, and who moves when."""

import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from itertools import count
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.workflows.stack import ROOT, SYMBOL, Stack, until
from weaver.errors import Unavailable
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from workflows.client import result, start_backtest, state
from workflows.trading_client import start_trading
from workflows.trading_names import account_workflow_id

ACCOUNT = account_workflow_id("simulated-paper")
PAPER = {"mode": "paper", "strategy": "sma-cross", "params": {"fast": 1, "slow": 2}, "cash": "1000"}


class Fleet:
    """A server with workers of several builds, and the `weaver deploy` that a person would type."""

    def __init__(self, stack: Stack, client: Client) -> None:
        self.stack = stack
        self.client = client
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def start_worker(self, build: str) -> None:
        self.stack.environment["WEAVER_BUILD_ID"] = build
        self.stack.start_worker()
        assert self.stack.worker
        self.workers[build] = self.stack.worker

    def deploy(self, *arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "cli.main", "deploy", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.stack.environment, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    async def done(self, *arguments: str) -> None:
        """Have `weaver deploy` do something as soon as it can be done: a new build's workers may not all ask for tasks yet."""

        async def is_done() -> bool:
            return self.deploy(*arguments)[0] == 0

        await until(is_done, f"weaver deploy {' '.join(arguments)}")

    async def build_of(self, workflow_id: str) -> str:
        described = await self.client.get_workflow_handle(workflow_id).describe()
        return described.raw_description.workflow_execution_info.versioning_info.deployment_version.build_id

    async def moved(self, workflow_id: str, build: str) -> None:
        async def is_there() -> bool:
            return await self.build_of(workflow_id) == build

        await until(is_there, f"{workflow_id} on build {build}", seconds=40)

    async def begins_on(self, build: str) -> None:
        """Wait until what starts begins on a build: its task queues hear of it one after the other."""
        numbers = count()

        async def begins() -> bool:
            run_id = f"to-{build}-{next(numbers)}"
            await self.backtest(run_id, 0)
            assert (await result(self.client, run_id)).status is RunStatus.COMPLETED
            return await self.build_of(run_id) == build

        await until(begins, f"what starts to begin on build {build}", seconds=30)

    async def ticked(self, run_id: str, *, beyond: int) -> int:
        async def bars() -> int | None:
            try:
                done = (await state(self.client, run_id)).progress.bars_done
            except Unavailable:  # no worker has it at this moment
                return None
            return done if done > beyond else None

        return await until(bars, f"bar {beyond + 1} of {run_id}")

    async def trade(self, run_id: str, **asked: object) -> None:
        request = {**PAPER, "id": run_id, "symbols": [f"{run_id.upper()}/USD"], **asked}
        await start_trading(self.client, RunCreate.model_validate(request))

    async def backtest(self, run_id: str, spin: int) -> None:
        body = {"id": run_id, "strategy": "spinner", "symbols": [SYMBOL], "timeframe": "1m", "params": {"spin": spin}, "window_bars": 300}
        await start_backtest(self.client, RunCreate.model_validate(body))

    def stop(self) -> None:
        for worker in self.workers.values():
            worker.terminate()
        for worker in self.workers.values():
            worker.wait(20)
        self.stack.stop()


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncGenerator[Fleet, None]:
    stack = Stack(tmp_path / "home", {"WEAVER_VERSIONING": "pinned", "WEAVER_MARVIN_SLOTS": "1", "WEAVER_GRETA_SLOTS": "1"})
    stack.start_temporal()
    fleet = Fleet(stack, await stack.connected())
    try:
        fleet.start_worker("one")
        await stack.ready()
        yield fleet
    finally:
        fleet.stop()


async def test_live_runs_move_to_a_promoted_build_and_backtests_end_where_they_began(fleet: Fleet) -> None:
    await fleet.trade("quick", timeframe="1s")
    await fleet.trade("daily", timeframe="1d")
    await fleet.trade("waits", timeframe="1d", start_paused=True)
    await fleet.backtest("slow", 40_000)
    bars = await fleet.ticked("quick", beyond=2)
    assert {await fleet.build_of(one) for one in ("quick", "daily", "waits", "slow", ACCOUNT)} == {"one"}  # the first promotes itself

    fleet.start_worker("two")
    await fleet.stack.ready()
    code, said = fleet.deploy("promote", "tow")
    assert (code, said.strip()) == (2, "weaver: No build 'tow'. Did you mean 'two'?")
    await fleet.done("ramp", "two", "--percent", "100")
    await fleet.begins_on("two")
    assert json.loads(fleet.deploy("status", "--json")[1])["current"] == "one"
    await fleet.done("ramp", "two", "--percent", "0")
    await fleet.begins_on("one")

    await fleet.done("promote", "two")
    await fleet.backtest("new", 0)
    assert (await result(fleet.client, "new")).status is RunStatus.COMPLETED
    assert await fleet.build_of("new") == "two"
    for moving in ("quick", "daily", "waits", ACCOUNT):
        await fleet.moved(moving, "two")
    bars = await fleet.ticked("quick", beyond=bars + 1)
    waits = await fleet.client.get_workflow_handle("waits").query("state")
    assert waits["status"] == "pending"
    assert (await result(fleet.client, "slow")).status is RunStatus.COMPLETED
    assert await fleet.build_of("slow") == "one"

    async def all_on_two() -> dict[str, dict[str, dict[str, int]]] | None:
        said = json.loads(fleet.deploy("status", "--json")[1])
        builds = {one["build"]: one for one in said["builds"]}
        return builds if said["current"] == "two" and not builds["one"]["open_runs"] else None

    builds = await until(all_on_two, "the status to tell of it")
    open_runs = builds["two"]["open_runs"]
    assert (open_runs["TradingRun"], open_runs["Account"]) == (3, 1)
    assert builds["two"]["pollers"]["weaver-marvin"] == 1

    # The build before is promoted again after the new one has died: what the new one had is taken over.
    await fleet.backtest("stranded", 30_000)
    await fleet.moved("stranded", "two")
    fleet.workers["two"].kill()
    fleet.workers["two"].wait()
    assert fleet.deploy("promote", "one")[0] == 0
    code, said = fleet.deploy("move", "two")
    assert (code, said.strip().endswith("open workflows go on with build one.")) == (0, True)
    await fleet.ticked("quick", beyond=bars)
    assert (await result(fleet.client, "stranded")).status is RunStatus.COMPLETED
    histories = fleet.stack.home / "histories"
    assert fleet.deploy("export", str(histories))[0] == 0
    code, said = fleet.deploy("check", str(histories))
    assert (code, "histories replay with this code." in said) == (0, True)
