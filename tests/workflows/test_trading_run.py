"""Paper runs on a real Temporal server and the simulated exchange: what they do from start to end, and what they leave."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus

from tests.workflows.by_hand import far_limit
from tests.workflows.holding import held_end, held_tick
from tests.workflows.scripted import FAR_LIMIT, first
from tests.workflows.stack import until
from tests.workflows.trading_world import ACCOUNT, TradingWorld, local_world
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus, Side
from weaver.veda.adapters._simulated_faults import LateFill, TimeOutBefore
from weaver.walle.model import RunError
from workflows.attributes import KIND, MODE, STATUS, STRATEGY, SYMBOLS
from workflows.client import stop
from workflows.trading_client import place_order
from workflows.trading_names import data_queue, order_workflow_id

"""An order that stays: prices never come so far."""
LIFE = ["orders.Created", "orders.Submitted", "orders.Filled"]
"""Without orders.Accepted, which an order that fills at once may skip."""


async def test_a_run_trades_for_its_time_and_says_so_everywhere(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    params = {"script": {"0": [["buy", {"quantity": 2}]], "2": [["sell", {"quantity": 1}]]}}
    run_id = await trading.start("scripted", [symbol], params=params, cash="5000", duration="5s", tags=["first"])
    await trading.has_decided(run_id)
    assert trading.status(run_id) is RunStatus.RUNNING
    ended = await trading.ended(run_id)
    assert ended.status is RunStatus.COMPLETED

    record = trading.queries.run(run_id)
    assert (record.status, record.mode, record.strategy, record.symbols) == (RunStatus.COMPLETED, "paper", "scripted", (symbol,))
    assert record.strategy_sha256
    assert record.started_at
    assert record.stopped_at
    assert record.equity == ended.progress.equity
    assert (ended.progress.orders, ended.progress.fills) == (2, 2)
    description = await trading.handle(run_id).describe()
    attributes = description.typed_search_attributes
    assert [attributes[key] for key in (KIND, MODE, STRATEGY, SYMBOLS, STATUS)] == ["run", "paper", "scripted", [symbol], "completed"]

    events = await trading.events(run_id)
    ticks = [event for event in events if event.type == "clock.Tick"]
    assert ended.progress.bars_done == len(ticks) == record.bars_done
    assert 3 <= len(ticks) <= 5
    assert [event.type for event in events if event.type.startswith("run.")] == ["run.Created", "run.Started", "run.Completed"]
    bought, sold = trading.orders(run_id)
    for order in (bought, sold):
        assert order.status is OrderStatus.FILLED
        assert [event.type for event in events if event.payload.get("id") == order.id and event.type != "orders.Accepted"] == LIFE
    assert trading.queries.events(run_id) == events

    fills = trading.fills(run_id)
    ledger = trading.trading.ledger(run_id, Decimal(5000))
    assert [(fill.side, fill.quantity, fill.order_id) for fill in fills] == [
        (Side.BUY, Decimal(2), bought.id),
        (Side.SELL, Decimal(1), sold.id),
    ]
    assert ledger.cash == Decimal(5000) - 2 * fills[0].price + fills[1].price
    assert [(position.symbol, position.quantity) for position in ledger.positions] == [(symbol, Decimal(1))]
    assert ended.progress.equity == ledger.cash + Decimal(str(_last_close(trading, symbol)))
    assert (await trading.at_exchange(run_id)).keys() == {bought.id, sold.id}
    assert trading.trading.leases(ACCOUNT) == []


def _last_close(world: TradingWorld, symbol: str) -> Decimal:
    return world.trading.live_bars("simulated", symbol, "1s")[-1].close


async def test_what_a_decision_saw_and_wanted_is_on_record_and_in_history(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    run_id = await trading.start("scripted", [symbol], params=first(["buy", {"quantity": 1}]) | {"note": "because"})
    await trading.has_decided(run_id, 2)
    await trading.rests(run_id)
    await stop(trading.client, run_id)
    await trading.ended(run_id)
    decisions = trading.decisions(run_id)
    made = [event for event in await trading.events(run_id) if event.type == "strategy.DecisionMade"]
    assert len(decisions) == len(made) >= 2
    assert decisions[0].notes == ("because",)
    assert decisions[0].intents == ("Buy(quantity=1)",)
    assert list(decisions[0].orders) == made[0].payload["orders"] == [trading.orders(run_id)[0].id]
    assert made[0].payload["seen"][symbol]["close"] == decisions[0].seen[symbol]["close"]  # type: ignore[index,call-overload]  # JSON


async def test_a_run_that_wants_all_its_money_in_gets_what_may_be_used(tmp_path: Path) -> None:
    """Budget and account are 1 000; 5 % of the buying power stay free."""
    async with local_world(tmp_path, environment={"WEAVER_SIMULATED_CASH": "1000"}) as world:
        run_id = await world.start("scripted", ["SIM/USD"], params=first(["weight", {"symbol": "SIM/USD", "weight": 1.0}]), cash="1000")
        bought = await world.order(run_id, "filled")
        (decision,) = [one for one in world.decisions(run_id) if one.orders]
        seen: Any = decision.seen["SIM/USD"]
        close = Decimal(str(seen["close"]))
        assert 0 <= 950 - bought.quantity * close <= close / 10**8
        assert [event.type for event in await world.events(run_id) if event.type == "risk.Refused"] == []


async def test_a_run_of_an_unnamed_mode_is_called_a_paper_run(trading: TradingWorld) -> None:
    run_id = await trading.start("scripted", [trading.symbol()], duration="1s")
    await trading.ended(run_id)
    assert run_id.startswith("paper-scripted-")


async def test_an_order_that_begins_to_work_while_its_run_ends_is_cancelled_with_the_others(tmp_path: Path) -> None:
    """Such as the remainder of an order that was amended just before."""
    async with local_world(tmp_path) as world:
        run_id = await world.start("scripted", ["SIM/USD"], params=first(FAR_LIMIT))
        await world.order(run_id)
        await (await world.exchange()).script([TimeOutBefore(on="cancel")])  # so that its end takes a while
        await world.handle(run_id).execute_update("stop")
        placed = await place_order(world.client, far_limit(run_id), keeps_bracket=True)
        assert placed.order
        assert (await world.state(run_id)).status is RunStatus.STOPPING, "the order came too late to prove anything"
        await world.ended(run_id)
        assert [order.status for order in world.orders(run_id)] == [OrderStatus.CANCELLED] * 2


async def test_an_order_of_which_a_run_hears_last_of_all_is_cancelled_too(tmp_path: Path) -> None:
    """When nothing works any more, the run gives back its leases. That is held here until an order is there."""
    async with local_world(tmp_path) as world:
        run_id = await world.start("scripted", ["SIM/USD"])
        await world.has_decided(run_id)
        with held_end() as end:
            await world.handle(run_id).execute_update("stop")
            await end.comes()
            placed = await place_order(world.client, far_limit(run_id), keeps_bracket=True)
            assert placed.order
            assert placed.order.status is OrderStatus.ACCEPTED
            end.goes_on()
            assert (await world.ended(run_id)).status is RunStatus.STOPPED
        await world.order(run_id, "cancelled")


async def test_a_run_forgets_no_order_of_which_it_heard_while_it_fetched(tmp_path: Path) -> None:
    """A tick's fetch reads what works, and is held here until another order is there; the run stops before its next tick."""
    async with local_world(tmp_path) as world:
        run_id = await world.start("scripted", ["SIM/USD"])
        await world.has_decided(run_id)
        with held_tick() as tick:
            await tick.comes()
            placed = await place_order(world.client, far_limit(run_id), keeps_bracket=True)
            assert placed.order
            await world.hears_of(run_id, placed.order.id)
            decided = len(world.decisions(run_id))
            tick.goes_on()
            await world.has_decided(run_id, decided + 1)
            await stop(world.client, run_id)
            assert (await world.ended(run_id)).status is RunStatus.STOPPED
        await world.order(run_id, "cancelled")


async def test_a_tick_takes_few_events(trading: TradingWorld) -> None:
    """At most 20 for a bare one, 45 with a filled order: what a history of days is made of."""
    bare = await trading.start("scripted", [trading.symbol()], duration="5s")
    await trading.ended(bare)
    filled = await trading.start(
        "scripted", [trading.symbol()], params={"always": [["buy", {"quantity": 1}]]}, duration="6s", at_end="keep"
    )
    await trading.ended(filled)
    assert 10 <= await _events_a_tick(trading, bare) <= 20
    assert len(trading.fills(filled)) >= 3
    assert 25 <= await _events_a_tick(trading, filled) <= 45


async def _events_a_tick(world: TradingWorld, run_id: str) -> float:
    """Return Temporal's events between the first tick's fetch and the last one's, for each tick."""
    ((_, history),) = await world.links(run_id)
    asked = [
        event.event_id for event in history.events if event.activity_task_scheduled_event_attributes.task_queue.name == data_queue(ACCOUNT)
    ]
    return (asked[-1] - asked[0]) / (len(asked) - 1)


# The end.


@pytest.mark.parametrize(
    ("at_end", "status", "left"),
    [("cancel", OrderStatus.CANCELLED, 3), ("keep", OrderStatus.ACCEPTED, 3), ("flatten", OrderStatus.CANCELLED, 0)],
)
async def test_orders_and_positions_are_left_as_the_run_says(trading: TradingWorld, at_end: str, status: OrderStatus, left: int) -> None:
    symbol = trading.symbol()
    run_id = await trading.start("scripted", [symbol], params=first(["buy", {"quantity": 3}], FAR_LIMIT), at_end=at_end, duration="3s")
    assert (await trading.ended(run_id)).status is RunStatus.COMPLETED
    limit = next(order for order in trading.orders(run_id) if order.limit_price)
    assert limit.status is status
    assert (await trading.at_exchange(run_id))[limit.id].status is status
    assert _position(trading, run_id, symbol) == left
    held = {holding.symbol: holding.quantity for holding in await (await trading.exchange()).positions()}
    assert held.get(symbol, 0) == left
    if at_end == "flatten":
        closing = trading.orders(run_id)[-1]
        assert (closing.side, closing.quantity, closing.reduce_only, closing.status) == (Side.SELL, 3, True, OrderStatus.FILLED)


def _position(world: TradingWorld, run_id: str, symbol: str) -> Decimal:
    positions = {one.symbol: one.quantity for one in world.trading.ledger(run_id, Decimal(100_000)).positions}
    return positions.get(symbol, Decimal(0))


@pytest.mark.parametrize(("at_end", "status"), [("cancel", OrderStatus.CANCELLED), ("keep", OrderStatus.ACCEPTED)])
async def test_a_strategy_that_raises_ends_the_run_with_file_and_line(trading: TradingWorld, at_end: str, status: OrderStatus) -> None:
    symbol = trading.symbol()
    run_id = await trading.start("scripted", [symbol], params=first(FAR_LIMIT) | {"raise_at": 2}, at_end=at_end)
    ended = await trading.ended(run_id)
    file = trading.home / "plugins" / "scripted.py"
    line = 1 + file.read_text().splitlines().index("            1 / 0")
    assert ended.error == RunError(message="ZeroDivisionError: division by zero", code="strategy_broken", file=str(file), line=line)
    record = trading.queries.run(run_id)
    assert (record.status, record.error) == (RunStatus.ERROR, ended.error)
    assert (await trading.handle(run_id).describe()).status is WorkflowExecutionStatus.FAILED
    assert trading.queries.events(run_id)[-1].type == "run.Error"
    (order,) = trading.orders(run_id)
    assert (await trading.at_exchange(run_id))[order.id].status is order.status is status
    assert trading.trading.leases(ACCOUNT) == []


@pytest.mark.parametrize("at_end", ["flatten", "keep"])
async def test_a_strategy_that_raises_leaves_what_its_run_says(trading: TradingWorld, at_end: str) -> None:
    symbol = trading.symbol()
    params = first(["buy", {"quantity": 3}], FAR_LIMIT) | {"raise_at": 2}
    run_id = await trading.start("scripted", [symbol], params=params, at_end=at_end)
    ended = await trading.ended(run_id)
    assert ended.status is RunStatus.ERROR
    assert ended.error is not None
    file = trading.home / "plugins" / "scripted.py"
    line = 1 + file.read_text().splitlines().index("            1 / 0")
    assert (ended.error.code, ended.error.file, ended.error.line) == ("strategy_broken", str(file), line)
    bought, resting, *closing = trading.orders(run_id)
    at_exchange = await trading.at_exchange(run_id)
    assert bought.status is OrderStatus.FILLED
    if at_end == "keep":
        assert closing == []
        assert at_exchange[resting.id].status is resting.status is OrderStatus.ACCEPTED
        assert _position(trading, run_id, symbol) == 3
    else:
        (sold,) = closing
        assert (sold.side, sold.quantity, sold.reduce_only, sold.status) == (Side.SELL, 3, True, OrderStatus.FILLED)
        assert at_exchange[resting.id].status is resting.status is OrderStatus.CANCELLED
        assert _position(trading, run_id, symbol) == 0
        told = [event.type for event in trading.queries.events(run_id)]
        assert told[-1] == "run.Error"
        assert told.index("orders.Cancelled") < len(told) - 1 - told[::-1].index("orders.Filled")
    assert trading.trading.leases(ACCOUNT) == []


# What must not trade.


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"mode": "backtest"}, "bad_input", "expected paper or live"),
        ({"mode": "live", "cash": "100"}, "bad_value", "trades in no other"),
        ({"mode": "live", "adapter": "alpaca", "cash": "100", "confirm_live": True}, "live_not_armed", "set WEAVER_ARM_LIVE=yes"),
        ({"adapter": "simulatd"}, "unknown_adapter", "Did you mean 'simulated'?"),
        ({"adapter": "alpaca"}, "missing_credentials", "ALPACA_PAPER_API_KEY"),
        ({"strategy": "scriptd"}, "unknown_name", "Did you mean 'scripted'?"),
        ({"params": {"nots": "x"}}, "unknown_name", "Did you mean 'note'?"),
        ({"params": {"raise_at": "never"}}, "bad_value", "raise_at"),
    ],
)
async def test_what_must_not_trade_is_refused_before_anything_is_leased(
    trading: TradingWorld, changes: dict[str, Any], code: str, message: str
) -> None:
    await _is_refused(trading, changes, code, message)


async def _is_refused(world: TradingWorld, changes: dict[str, Any], code: str, message: str) -> None:
    asked = {"strategy": "scripted", "symbols": [world.symbol()], **changes}
    run_id = await world.start(asked.pop("strategy"), asked.pop("symbols"), **asked)
    ended = await world.ended(run_id)
    assert ended.error
    assert message in ended.error.message
    assert ended.error.code == code
    assert [event.type for event in world.queries.events(run_id)] == ["run.Created", "run.Error"]
    assert world.trading.leases(ACCOUNT) == []
    account = f"{changes.get('adapter', 'simulated')}-{changes.get('mode', 'paper')}"
    looked_after = [one.id async for one in world.client.list_workflows("WorkflowType = 'Account'")]
    assert account == ACCOUNT or f"account-{account}" not in looked_after


async def test_an_armed_worker_still_wants_confirmation_budget_and_the_keys_of_the_live_account(tmp_path: Path) -> None:
    paper_keys = {"ALPACA_PAPER_API_KEY": "a-key", "ALPACA_PAPER_API_SECRET": "a-secret"}
    live = {"mode": "live", "adapter": "alpaca"}
    async with local_world(tmp_path, is_live_armed=True, environment=paper_keys, looks_after=False) as world:
        await _is_refused(world, {**live, "cash": "100"}, "live_not_armed", "--confirm-live")
        await _is_refused(world, {**live, "confirm_live": True}, "bad_input", "cash")
        await _is_refused(world, {**live, "confirm_live": True, "cash": "100"}, "missing_credentials", "ALPACA_LIVE_API_KEY")


async def test_a_symbol_is_traded_by_one_run_of_an_account_at_a_time(trading: TradingWorld) -> None:
    symbol, other = trading.symbol(), trading.symbol()
    holder = await trading.start("scripted", [symbol])
    await trading.has_status(holder, RunStatus.RUNNING)
    second = await trading.start("scripted", [other, symbol])
    refused = await trading.ended(second)
    assert refused.error
    assert f"{symbol} is traded on {ACCOUNT} by run '{holder}'" in refused.error.message
    assert [lease.symbol for lease in trading.trading.leases(ACCOUNT)] == [symbol]
    await trading.handle(holder).signal("stop")
    await trading.ended(holder)
    third = await trading.start("scripted", [symbol], duration="1s")
    assert (await trading.ended(third)).status is RunStatus.COMPLETED


# Orders outlive their run.


@pytest.mark.parametrize("how", ["fails", "is_terminated"])
async def test_an_order_outlives_a_run_that_is_gone(trading: TradingWorld, how: str) -> None:
    """Its fill comes seconds after the run's end, and is booked as the run's."""
    symbol = trading.symbol()
    await (await trading.exchange()).script([LateFill(bars=5)])
    raising = {"raise_at": 1} if how == "fails" else {}
    run_id = await trading.start("scripted", [symbol], params=first(["buy", {"quantity": 2, "limit_pct": 5}]) | raising, at_end="keep")
    await trading.order(run_id)
    if how == "is_terminated":
        await trading.handle(run_id).terminate(reason="enough")
    ended = await trading.ended(run_id)
    assert ended.status is RunStatus.ERROR
    assert ended.error
    assert ended.error.code == ("terminated" if how == "is_terminated" else "strategy_broken")
    assert trading.orders(run_id)[0].status is OrderStatus.ACCEPTED

    async def is_settled() -> bool:
        return trading.status(run_id) is RunStatus.ERROR and not trading.trading.leases(ACCOUNT)

    await until(is_settled, "the watcher to give the run its end and return its lease")
    order = await trading.order(run_id, "filled")
    assert _position(trading, run_id, symbol) == 2
    (fill,) = trading.fills(run_id)
    assert (fill.order_id, fill.run_id) == (order.id, run_id)
    told = [event.type for event in await trading.events(order_workflow_id(order.id)) if event.payload.get("id") == order.id]
    assert told[-1] == "orders.Filled"


async def test_a_run_goes_on_in_its_next_link_with_its_order_position_and_state(tmp_path: Path) -> None:
    async with local_world(tmp_path, server_values=["limit.historyCount.suggestContinueAsNew=70"]) as world:
        await (await world.exchange()).script([LateFill(bars=8)])
        script = {"0": [["buy", {"quantity": 2, "limit_pct": 5}]], "6": [["buy", {"quantity": 1}]]}
        run_id = await world.start("scripted", ["LINKS/USD"], params={"script": script}, duration="20s", at_end="flatten")
        placed = await world.order(run_id)

        async def has_three_links() -> bool:
            return len(await world.links(run_id)) >= 3

        await until(has_three_links, "the run's third link")
        await world.order(run_id, "filled", order_id=placed.id)
        await world.handle(run_id).execute_update("stop")
        assert (await world.ended(run_id)).status is RunStatus.STOPPED
        events = await world.events(run_id)
        assert world.queries.events(run_id) == events
        for order in world.orders(run_id):
            assert [event.type for event in events if event.payload.get("id") == order.id and event.type != "orders.Accepted"] == LIFE
        assert len(world.orders(run_id)) == 3  # the third closes what the two others bought
        assert world.orders(run_id)[-1].quantity == 3
        ends = [event.payload["bar_end"] for event in events if event.type == "clock.Tick"]
        assert Counter(ends).most_common(1)[0][1] == 1
        assert [event.type for event in events if event.type.startswith("run.")] == [
            "run.Created",
            "run.Started",
            "run.Stopping",
            "run.Stopped",
        ]
