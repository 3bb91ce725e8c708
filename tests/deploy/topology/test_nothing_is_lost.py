"""Paper runs and backtests of a whole deployment while its processes are killed in turn, and its backup, which goes on elsewhere."""

import asyncio
import json
import os
import sys
from collections import Counter
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from tests.api.streams.streaming import Listener
from tests.deploy.topology.deployment import Deployment, Service
from tests.deploy.topology.watching import ACCOUNT, Book, Reads, events_of
from tests.test_backups import postgresql_programs
from tests.walle.conftest import new_database
from tests.workflows.stack import SYMBOL, until
from weaver.walle.accounts import Accounts
from weaver.walle.dumping import copy_sqlite

IS_LONG = os.environ.get("WEAVER_TOPOLOGY") == "long"
PAPER, BACKTESTS = (50, 100) if IS_LONG else (8, 12)
TIMEFRAME, DURATION = ("15s", "6m") if IS_LONG else ("10s", "150s")
ROUNDS = 3 if IS_LONG else 1
PATIENCE = 1_500 if IS_LONG else 400
GOES_ON = "goes-on"
"""A run that no time ends: it is still going when the backup is taken, and goes on from there."""


def paper(number: int) -> dict[str, Any]:
    run = {"id": f"paper-{number}", "strategy": "trader", "mode": "paper", "symbols": [f"T{number}/USD"], "timeframe": TIMEFRAME}
    return {**run, "for": DURATION, "at_end": "flatten"}


def backtest(number: int) -> dict[str, Any]:
    return {"id": f"backtest-{number}", "strategy": "trader", "symbols": [SYMBOL], "timeframe": "1m", "window_bars": 500}


async def start(client: httpx.AsyncClient, run: dict[str, Any]) -> None:
    """Start a run, again with the same key where the answer was lost."""

    async def started() -> bool:
        try:
            answer = await client.post("/runs", json=run, headers={"Idempotency-Key": run["id"]})
        except httpx.TransportError:
            return False
        assert answer.status_code in (200, 201, 202, 502, 503, 504), answer.text
        return answer.status_code < 300

    await until(started, f"{run['id']} to be started")


async def restart_in_turn(deployment: Deployment) -> None:
    """Tell each worker to stop in the middle of what trades, as a host that restarts does, and start it again."""
    for worker in deployment.workers:
        await asyncio.to_thread(worker.stop)
        assert worker.process is not None
        assert worker.process.returncode == 0, worker.said()[-3000:]
        worker.start()
        await until(partial(deployment.is_healthy, worker), f"{worker.name} to be back", seconds=120)


async def kill_in_turn(deployment: Deployment) -> list[str]:
    """Kill each worker and each API, one after the other, and start it again, until all have died so many times."""
    killed: list[str] = []
    turns: list[Service] = [one for pair in zip(deployment.workers, deployment.apis, strict=True) for one in pair]
    for _ in range(ROUNDS):
        for service in turns:
            await asyncio.sleep(3)
            await asyncio.to_thread(service.kill)
            await asyncio.sleep(1)
            service.start()
            killed.append(service.name)
            await until(lambda one=service: ready_again(deployment, one), f"{service.name} to be back", seconds=120)
    return killed


async def ready_again(deployment: Deployment, service: Service) -> bool:
    if service in deployment.workers:
        return await deployment.is_healthy(service)
    try:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{service.environment['WEAVER_API_PORT']}/health")).status_code == 200
    except httpx.TransportError:
        return False


async def roll(deployment: Deployment) -> None:
    """Bring a new build while runs go on: its workers beside the old ones, promoted, the old ones told to stop once nothing is theirs."""
    old = list(deployment.workers)
    new = [deployment.add_worker("two") for _ in old]
    for worker in new:
        worker.start()
    for worker in new:
        await deployment.has_said(worker, "worker ready")
        await until(partial(deployment.is_healthy, worker), f"{worker.name} to be healthy", seconds=120)

    async def is_promoted() -> bool:
        return (await asyncio.to_thread(deployment.weaver, "deploy", "promote", "two")).returncode == 0

    await until(is_promoted, "the new build to be promoted", seconds=120)

    async def is_empty() -> bool:
        said = await asyncio.to_thread(deployment.weaver, "deploy", "status", "--json")
        builds = {build["build"]: build["open_runs"] for build in json.loads(said.stdout)["builds"]}
        return not sum(builds["one"].values())

    await until(is_empty, "the old build to have nothing left", seconds=PATIENCE)
    for worker in old:
        await asyncio.to_thread(worker.stop)
        deployment.workers.remove(worker)


async def statuses(deployment: Deployment) -> Counter[str]:
    """Return how many runs have which status."""
    found: Counter[str] = Counter()
    async with deployment.client() as client:
        page = 1
        while True:
            answer = (await client.get("/runs", params={"page": page, "page_size": 200})).raise_for_status().json()
            found.update(run["status"] for run in answer["items"] if run["id"] != GOES_ON)
            if page * 200 >= answer["total"]:
                return found
            page += 1


async def back_up(deployment: Deployment, folder: Path) -> None:
    """Take a backup as an operator does: Temporal first, WallE and the files after it."""
    await asyncio.to_thread(copy_sqlite, deployment.temporal_file, folder / "temporal.db")
    done = await asyncio.to_thread(deployment.weaver, "backup", str(folder / "weaver.tar"))
    assert done.returncode == 0, done.stderr


@pytest.mark.topology
@pytest.mark.timeout(3 * PATIENCE)
async def test_nothing_is_lost_while_processes_die_and_a_backup_goes_on_elsewhere(
    postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql_programs(monkeypatch)
    tmp_path.chmod(0o755)  # what nginx gives is read by another user
    with new_database(postgresql) as first, new_database(postgresql) as second:
        deployment = Deployment(tmp_path / "first", first)
        deployment.import_bars()
        try:
            await deployment.start()
            await lose_nothing(deployment, tmp_path)
        finally:
            deployment.stop()
        restored = Deployment(tmp_path / "second", second)
        try:
            await go_on(restored, tmp_path)
        finally:
            restored.stop()


async def lose_nothing(deployment: Deployment, folder: Path) -> None:
    began = monotonic()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(deployment.client())
        reads = await stack.enter_async_context(Reads().going_on(deployment))
        for run in [{**paper(0), "id": GOES_ON, "symbols": ["ON/USD"], "for": None}, *map(paper, range(1, PAPER + 1))]:
            await start(client, {name: value for name, value in run.items() if value is not None})
        followed = [f"paper-{number}" for number in (1, 2)]
        listeners = [await stack.enter_async_context(Listener(deployment, run_id=run_id).listening()) for run_id in followed]
        for number in range(1, BACKTESTS + 1):
            await start(client, backtest(number))
        await restart_in_turn(deployment)
        killing = asyncio.create_task(kill_in_turn(deployment))
        await asyncio.sleep(20)
        await back_up(deployment, folder)
        killed = await killing
        await roll(deployment)

        async def all_over() -> bool:
            found = await statuses(deployment)
            return found["completed"] == PAPER + BACKTESTS or bool(found["error"])

        await until(all_over, "every run to end", seconds=PATIENCE)
        assert await statuses(deployment) == Counter({"completed": PAPER + BACKTESTS})
        for run_id, listener in zip(followed, listeners, strict=True):
            expected = [event["id"] for event in await events_of(client, run_id)]
            await listener.has(partial(has_heard, len(expected)), f"all events of {run_id}")
            assert listener.ids == expected  # each once, in order, whatever was cut
        await flat(client, deployment)
        stop = await client.post(f"/runs/{GOES_ON}/stop", json={})
        assert stop.status_code < 300, stop.text
    assert reads.broken == []
    await compare(deployment)
    cuts = sum(listener.cuts for listener in listeners)
    sys.stdout.write(
        f"{PAPER} paper runs and {BACKTESTS} backtests in {monotonic() - began:.0f} s; each worker stopped and started; "
        f"killed: {', '.join(killed)}; "
        f"then another build took over; "
        f"reads {dict(reads.statuses)}; streams were cut {cuts} times\n"
    )


def has_heard(count: int, listener: Listener) -> bool:
    return len(listener.ids) >= count


async def flat(client: httpx.AsyncClient, deployment: Deployment) -> None:
    """Wait until no order of a run that is over works any more."""

    async def settled() -> bool:
        database = deployment.database()
        try:
            from weaver.walle.trading_queries import TradingQueries

            return not [order for order in TradingQueries(database).working(ACCOUNT) if order.run_id != GOES_ON]
        finally:
            database.close()

    await until(settled, "orders to be final", seconds=120)


async def compare(deployment: Deployment) -> None:
    """See that the venue's book and WallE's say the same: each order once, each execution once, the same positions."""
    database = deployment.database()
    try:

        async def agree() -> bool:
            venue, ours = await Book.of_the_venue(deployment, database), Book.of_walle(database)
            return venue.orders == ours.orders and venue.fills.keys() == ours.fills.keys() and venue.positions == ours.positions

        await until(agree, "the books to agree", seconds=120)
        venue = await Book.of_the_venue(deployment, database)
        assert set(venue.orders.values()) == {1}
        assert len(venue.fills) > PAPER
        sys.stdout.write(f"{len(venue.orders)} orders and {len(venue.fills)} executions, the same at the venue and in WallE\n")
    finally:
        database.close()


async def go_on(deployment: Deployment, folder: Path) -> None:
    """Restore the backup into an empty system and see that its run goes on there."""
    copy_sqlite(folder / "temporal.db", deployment.temporal_file)
    done = await asyncio.to_thread(deployment.weaver, "restore", str(folder / "weaver.tar"))
    assert done.returncode == 0, done.stderr
    assert f"Held until compared with their venues: {ACCOUNT}" in done.stdout + done.stderr
    database = deployment.database()
    try:
        before = Book.of_walle(database)
        assert Accounts(database).account(ACCOUNT).killed
        await deployment.start()

        async def is_let_go() -> bool:
            return not Accounts(database).account(ACCOUNT).killed

        await until(is_let_go, "the account to take orders again", seconds=180)

        async def has_ordered() -> bool:
            return len(Book.of_walle(database).orders) >= len(before.orders) + 3

        await until(has_ordered, "the run to go on", seconds=180)
        async with deployment.client() as client:
            run = (await client.get(f"/runs/{GOES_ON}")).raise_for_status().json()
            assert run["status"] == "running"
            known = (await client.get("/runs", params={"page_size": 200})).raise_for_status().json()
            assert known["total"] == PAPER + BACKTESTS + 1
            for one in known["items"]:
                if one["status"] in ("running", "paused", "pending") and one["mode"] == "paper":
                    await client.post(f"/runs/{one['id']}/stop", json={"flatten": True})

        async def is_over() -> bool:
            found = await statuses(deployment)
            return not found["running"] and not found["pending"] and not found["stopping"]

        await until(is_over, "every restored run to end", seconds=PATIENCE)
        await compare(deployment)
    finally:
        database.close()
