"""Notifications with a real server and a real worker that is killed: nothing is lost, and a repeat has the same id."""

import json
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from standardwebhooks.webhooks import Webhook
from temporalio.client import Client

from tests.notify.servers import Posted, Receiver, receiver
from tests.workflows.stack import SYMBOL, Stack, until
from weaver.glados.requests import RunCreate
from weaver.walle.database import Database
from weaver.walle.notifications import Notifications
from workflows.client import result, start_backtest
from workflows.notifier_inputs import NOTIFIER_ID, delivery_id
from workflows.trading_client import start_trading

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB3ZWJob29r"
HEAD = """
[channels.ops]
kind = "webhook"
modes = ["backtest", "paper"]
types = ["run.Completed", "run.Error", "orders.Filled"]
"""


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest_asyncio.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory, hook: Receiver) -> AsyncIterator[Stack]:
    home = tmp_path_factory.mktemp("notifier") / "home"
    own = {"WEAVER_NOTIFY_OPS_URL": hook.url, "WEAVER_NOTIFY_OPS_SECRET": SECRET, "WEAVER_GRETA_SLOTS": "1", "WEAVER_MARVIN_SLOTS": "1"}
    stack = Stack(home, own)
    (home / "notify.toml").write_text(HEAD + "most_a_minute = 1000\n")
    try:
        await stack.start()
        await started(stack)
        yield stack
    finally:
        stack.stop()


def store(stack: Stack) -> Notifications:
    return Notifications(Database.open(f"sqlite:///{stack.home / 'walle.db'}", migrate=False))


async def started(stack: Stack) -> None:
    """Wait until histories are followed: what happened before that for the first time is not told."""

    async def is_followed() -> bool:
        return store(stack).seen_until() is not None

    await until(is_followed, "histories to be followed")


async def backtest(client: Client, run_id: str) -> None:
    request = RunCreate(id=run_id, strategy="buy-and-hold", mode="backtest", symbols=(SYMBOL,), timeframe="1m")
    await start_backtest(client, request)
    await result(client, run_id)


def about(hook: Receiver, run_id: str) -> list[tuple[int, Posted]]:
    return [(status, posted) for status, posted in hook.posted if f'"run_id":"{run_id}"' in posted.body.decode()]


async def told(hook: Receiver, run_id: str, count: int = 1) -> list[Posted]:
    """Return what was taken about a run, once there is enough of it."""

    async def is_told() -> list[Posted] | None:
        taken = [posted for status, posted in about(hook, run_id) if status < 300]
        return taken if len(taken) >= count else None

    return await until(is_told, f"{count} notifications about {run_id}; there are {hook.posted}", seconds=40)


def kill(stack: Stack) -> None:
    assert stack.worker
    os.kill(stack.worker.pid, signal.SIGKILL)
    stack.worker.wait()


async def test_a_webhook_that_fails_twice_is_told_in_the_end_with_one_id(stack: Stack, hook: Receiver) -> None:
    client = await stack.connected()
    hook.answers[:] = [500, 503]
    await backtest(client, "fails-twice")

    (posted,) = await told(hook, "fails-twice")
    tries = about(hook, "fails-twice")
    assert [status for status, _ in tries] == [500, 503, 204]
    assert len({one.headers["webhook-id"] for _, one in tries}) == 1
    said = Webhook(SECRET).verify(posted.body, posted.headers)
    assert said["events"][0]["type"] == "run.Completed"
    assert said["events"][0]["id"] == posted.headers["webhook-id"]


async def test_fills_of_a_paper_run_and_its_end_are_told(stack: Stack, hook: Receiver) -> None:
    client = await stack.connected()
    given = {"id": "paper", "strategy": "buy-and-hold", "symbols": ["SIM/USD"], "timeframe": "1s", "mode": "paper", "for": "3s"}
    await start_trading(client, RunCreate.model_validate(given | {"at_end": "flatten", "params": {"invested": 0.5}}))

    posted = await told(hook, "paper", 3)
    kinds = [json.loads(one.body)["events"][0]["type"] for one in posted]
    assert kinds == ["orders.Filled", "orders.Filled", "run.Completed"]


async def test_a_worker_killed_between_event_and_delivery_loses_nothing_nor_what_happens_while_it_is_dead(
    stack: Stack, hook: Receiver
) -> None:
    client = await stack.connected()
    hook.then = 500
    await backtest(client, "killed-between")

    async def is_tried() -> bool:
        return bool(about(hook, "killed-between"))

    await until(is_tried, "a first try")
    kill(stack)
    request = RunCreate(id="ended-unseen", strategy="buy-and-hold", mode="backtest", symbols=(SYMBOL,), timeframe="1m")
    await start_backtest(client, request)
    await client.get_workflow_handle("ended-unseen").terminate(reason="nobody looks")
    hook.then = 204
    stack.start_worker()
    await stack.ready()

    (posted,) = await told(hook, "killed-between")
    ids = {one.headers["webhook-id"] for _, one in about(hook, "killed-between")}
    assert ids == {posted.headers["webhook-id"]}
    (unseen,) = await told(hook, "ended-unseen")
    assert "nobody looks" in json.loads(unseen.body)["text"]

    async def is_settled() -> bool:
        (count,) = store(stack).counts()
        return count.waiting == count.failed == 0

    await until(is_settled, "nothing to wait")


async def test_a_flood_becomes_few_digests_that_hold_every_event(stack: Stack, hook: Receiver) -> None:
    client = await stack.connected()
    stack.stop_worker()
    (stack.home / "notify.toml").write_text(HEAD + "most_a_minute = 2\n")
    runs = [f"flood-{number}" for number in range(12)]
    for run_id in runs:
        await start_backtest(client, RunCreate(id=run_id, strategy="buy-and-hold", mode="backtest", symbols=(SYMBOL,), timeframe="1m"))
        await client.get_workflow_handle(run_id).terminate(reason="flood")
    before = len(hook.posted)
    stack.start_worker()
    await stack.ready()

    async def all_are_told() -> bool:
        bodies = [json.loads(posted.body) for status, posted in hook.posted[before:] if status < 300]
        return {event["run_id"] for body in bodies for event in body["events"]} >= set(runs)

    await until(all_are_told, "all twelve to be told", seconds=75)
    assert len(hook.posted) - before <= 4


async def test_no_history_holds_an_address_or_a_secret(stack: Stack, hook: Receiver) -> None:
    client = await stack.connected()
    texts = [stack.log("worker")]
    for workflow_id in (NOTIFIER_ID, delivery_id("ops")):
        async for execution in client.list_workflows(f"WorkflowId = '{workflow_id}'"):
            handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
            texts.append((await handle.fetch_history()).to_json())

    assert len(texts) > 3
    for text in texts:
        assert hook.url not in text
        assert SECRET not in text
