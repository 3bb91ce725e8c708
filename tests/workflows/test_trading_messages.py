"""What a paper run is told while it trades: as an update, as the signal of the same name, by the stock Temporal CLI."""

import json
from decimal import Decimal
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus

from tests.workflows.scripted import FAR_LIMIT, first
from tests.workflows.stack import until
from tests.workflows.trading_world import ACCOUNT, TradingWorld
from weaver.errors import BadInput, NotAllowed
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus
from weaver.walle.model import EventRecord
from workflows.client import stop, tell
from workflows.inputs import Ask, ParamsChange, StopRequest
from workflows.trading_names import MARVIN_QUEUE

BUY = ["buy", {"quantity": 1}]
BUDGET = Decimal(100_000)
BOTH_WAYS = pytest.mark.parametrize("how", ["update", "signal"])


async def send(world: TradingWorld, how: str, run_id: str, message: str, ask: Ask | None = None) -> None:
    """Tell a run something in one of the two ways."""
    if how == "signal":
        await world.handle(run_id).signal(message, ask or Ask())
    elif message == "stop":
        await stop(world.client, run_id, ask if isinstance(ask, StopRequest) else None)
    else:
        await tell(world.client, run_id, message, ask)


async def running(world: TradingWorld, **asked: Any) -> str:
    """Start a run that trades until told otherwise, and return its id once it has decided."""
    run_id = await world.start("scripted", [world.symbol()], **asked)
    await world.has_decided(run_id)
    return run_id


async def ends(world: TradingWorld, run_id: str) -> list[EventRecord]:
    """Stop a run and return all its events."""
    await stop(world.client, run_id)
    await world.ended(run_id)
    return await world.events(run_id)


def ticks(events: list[EventRecord]) -> list[bool]:
    """Return for each tick whether it came while the run was paused."""
    return [bool(event.payload.get("paused")) for event in events if event.type == "clock.Tick"]


@BOTH_WAYS
async def test_a_run_that_starts_paused_trades_once_it_is_told_to(trading: TradingWorld, how: str) -> None:
    run_id = await trading.start("scripted", [trading.symbol()], params={"script": {"0": [BUY]}}, start_paused=True, duration="2s")
    await trading.is_ready(run_id)
    assert [lease.run_id for lease in trading.trading.leases(ACCOUNT)] == [run_id]
    await send(trading, how, run_id, "start")
    ended = await trading.ended(run_id)
    assert ended.status is RunStatus.COMPLETED
    assert [order.status for order in trading.orders(run_id)] == [OrderStatus.FILLED]
    assert trading.queries.run(run_id).started_at


@BOTH_WAYS
async def test_a_paused_run_decides_nothing_and_keeps_its_orders_until_it_is_resumed(trading: TradingWorld, how: str) -> None:
    run_id = await running(trading, params=first(FAR_LIMIT))
    order = await trading.order(run_id)
    await send(trading, how, run_id, "pause")
    await trading.has_status(run_id, RunStatus.PAUSED)

    async def paused_ticks() -> bool:
        return sum(ticks(await trading.events(run_id))) >= 2

    await until(paused_ticks, "two ticks of the paused run")
    decided = len(trading.decisions(run_id))
    assert trading.status(run_id) is RunStatus.PAUSED
    assert (await trading.at_exchange(run_id))[order.id].status is OrderStatus.ACCEPTED
    await send(trading, how, run_id, "resume")
    await trading.has_decided(run_id, decided + 1)
    await trading.rests(run_id)
    events = await ends(trading, run_id)
    seen = ticks(events)
    assert seen.count(False) == sum(event.type == "strategy.DecisionMade" for event in events) == len(trading.decisions(run_id))
    kinds = [event.type for event in events]
    meanwhile = ticks(events[kinds.index("run.Paused") : kinds.index("run.Resumed")])
    assert all(meanwhile), "the fetch that waited when the pause came knew of it"
    bars = [event.payload["bar_end"] for event in events if event.type == "clock.Tick"]
    assert len(set(bars)) == len(bars)
    assert [event.type for event in events if event.type.startswith("run.")] == [
        "run.Created",
        "run.Started",
        "run.Paused",
        "run.Resumed",
        "run.Paused",
        "run.Stopping",
        "run.Stopped",
    ]


@BOTH_WAYS
async def test_a_stopped_run_cancels_its_orders_and_keeps_what_it_holds(trading: TradingWorld, how: str) -> None:
    run_id = await running(trading, params=first(["buy", {"quantity": 2}], FAR_LIMIT))
    await trading.order(run_id, "filled")
    await send(trading, how, run_id, "stop", StopRequest())
    assert (await trading.ended(run_id)).status is RunStatus.STOPPED
    assert sorted(order.status for order in trading.orders(run_id)) == [OrderStatus.CANCELLED, OrderStatus.FILLED]
    assert [position.quantity for position in trading.trading.ledger(run_id, BUDGET).positions] == [2]
    assert trading.trading.leases(ACCOUNT) == []


@BOTH_WAYS
async def test_a_run_that_is_told_to_flatten_closes_its_own_positions_only(trading: TradingWorld, how: str) -> None:
    symbol = trading.symbol()
    before = await trading.start("scripted", [symbol], params={"script": {"0": [["buy", {"quantity": 5}]]}}, duration="2s", at_end="keep")
    await trading.ended(before)
    await trading.order(before, "filled")
    run_id = await trading.start("scripted", [symbol], params={"script": {"0": [["buy", {"quantity": 2}]]}})
    await trading.order(run_id, "filled")
    await send(trading, how, run_id, "stop", StopRequest(flatten=True))
    assert (await trading.ended(run_id)).status is RunStatus.STOPPED
    held = {holding.symbol: holding.quantity for holding in await (await trading.exchange()).positions()}
    assert held[symbol] == 5


@BOTH_WAYS
async def test_the_next_decision_works_with_the_parameters_that_were_set(trading: TradingWorld, how: str) -> None:
    run_id = await running(trading, params={"note": "before", "script": {"1000": [BUY]}})
    await send(trading, how, run_id, "set_params", ParamsChange(params={"note": "after"}, corr_id="my-request"))

    async def uses_them() -> bool:
        return trading.decisions(run_id)[-1].notes == ("after",)

    await until(uses_them, "a decision with the new parameters")
    assert trading.queries.run(run_id).params["note"] == "after"
    events = await ends(trading, run_id)
    (changed,) = [event for event in events if event.type == "run.ParamsChanged"]
    assert changed.corr_id == "my-request"
    assert changed.payload["params"]["note"] == "after"  # type: ignore[index,call-overload]  # JSON
    assert "1000" in changed.payload["params"]["script"]  # type: ignore[index,call-overload]  # what was not named stays
    notes = [decision.notes for decision in trading.decisions(run_id)]
    assert notes == sorted(notes, reverse=True)
    assert {"before", "after"} == {note for said in notes for note in said}


@pytest.mark.parametrize(("params", "message"), [({"raise_at": "soon"}, "raise_at"), ({"nots": "x"}, "Did you mean 'note'?")])
async def test_parameters_that_do_not_fit_change_nothing(trading: TradingWorld, params: dict[str, Any], message: str) -> None:
    run_id = await running(trading, params={"note": "before"})
    with pytest.raises(BadInput, match=message.replace("?", r"\?")):
        await tell(trading.client, run_id, "set_params", ParamsChange(params=params))
    await trading.handle(run_id).signal("set_params", ParamsChange(params=params))

    async def is_noted() -> bool:
        return any(message in note for note in (await trading.state(run_id)).ignored)

    await until(is_noted, "the note of what was refused")
    await trading.has_decided(run_id, len(trading.decisions(run_id)) + 1)
    assert trading.queries.run(run_id).params["note"] == "before"
    assert "run.ParamsChanged" not in [event.type for event in await ends(trading, run_id)]
    assert {decision.notes for decision in trading.decisions(run_id)} == {("before",)}


async def test_what_the_status_forbids_is_refused_as_an_update_and_noted_as_a_signal(trading: TradingWorld) -> None:
    run_id = await running(trading)
    with pytest.raises(NotAllowed):
        await tell(trading.client, run_id, "resume")
    await trading.handle(run_id).signal("resume")

    async def is_noted() -> bool:
        return any("resume" in note for note in (await trading.state(run_id)).ignored)

    await until(is_noted, "the note of what was ignored")
    assert (await trading.state(run_id)).status is RunStatus.RUNNING
    assert "run.Resumed" not in [event.type for event in await ends(trading, run_id)]


async def test_a_cancelled_run_is_stopped_and_its_orders_too(trading: TradingWorld) -> None:
    run_id = await running(trading, params=first(FAR_LIMIT))
    order = await trading.order(run_id)
    await trading.handle(run_id).cancel()
    assert (await trading.ended(run_id)).status is RunStatus.STOPPED
    assert (await trading.handle(run_id).describe()).status is WorkflowExecutionStatus.CANCELED
    assert trading.status(run_id) is RunStatus.STOPPED
    assert trading.queries.events(run_id)[-1].type == "run.Stopped"
    assert (await trading.at_exchange(run_id))[order.id].status is OrderStatus.CANCELLED
    assert trading.trading.leases(ACCOUNT) == []


async def test_the_stock_cli_starts_asks_and_stops_a_run(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    body = {"strategy": "scripted", "symbols": [symbol], "timeframe": "1s", "params": {"script": {"0": [BUY]}}, "cash": "5000.50"}
    await trading.cli_start("by-hand", body)

    async def holds_it() -> bool:
        asked = await trading.cli("workflow", "query", "--workflow-id", "by-hand", "--type", "state", "-o", "json")
        state = json.loads(asked.stdout)["queryResult"][0]
        return (state["status"], state["live"]["positions"]) == ("running", {symbol: "1"})

    await until(holds_it, "the run to say what it holds")
    signal = ("workflow", "signal", "--workflow-id", "by-hand", "--name", "stop", "--input", '{"flatten": true}')
    assert (await trading.cli(*signal)).returncode == 0
    assert (await trading.ended("by-hand")).status is RunStatus.STOPPED
    assert trading.queries.run("by-hand").config["cash"] == "5000.50"
    assert trading.trading.ledger("by-hand", BUDGET).positions == ()


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("no-strategy", '{"symbols": ["SIM/USD"]}', "strategy: Field required"),
        ("odd-key", '{"strategy": "scripted", "symbols": ["SIM/USD"], "at_and": "keep"}', "at_and: Extra inputs are not permitted"),
        ("bad-for", '{"strategy": "scripted", "symbols": ["SIM/USD"], "for": "soon"}', "for: expected a number and one of s, m, h, d"),
        ("no-object", "[1, 2]", "bad input"),
        ("null", "null", "expected a RunCreate"),
        ("other-id", '{"id": "mine", "strategy": "scripted", "symbols": ["SIM/USD"]}', "expected 'other-id'"),
        ("live-default-budget", '{"strategy": "scripted", "symbols": ["SIM/USD"], "mode": "live", "confirm_live": true}', "cash: expected"),
    ],
)
async def test_a_malformed_input_fails_the_run_with_the_reason(trading: TradingWorld, name: str, body: str, message: str) -> None:
    await trading.cli_start(name, body)
    ended = await trading.ended(name)
    assert ended.error
    assert ended.error.code == "bad_input"
    assert message in ended.error.message

    async def is_recorded() -> bool:
        return trading.status(name) is RunStatus.ERROR

    await until(is_recorded, "the run on record")
    history = await trading.handle(name).fetch_history()
    assert MARVIN_QUEUE not in {event.activity_task_scheduled_event_attributes.task_queue.name for event in history.events}
