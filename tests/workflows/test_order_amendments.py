"""An amended order is cancelled, and what it left is placed with the new terms under the next id."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.workflows.by_hand import at_venue, comes, ended, far_below, in_seconds, is_on_record, on_record, placed, position, resting, story
from tests.workflows.holding import held_remainder
from tests.workflows.scripted import FAR_LIMIT, first
from tests.workflows.trading_world import TradingWorld, local_world
from weaver.errors import BadInput, NotAllowed
from weaver.glados.risk import RiskLimits
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus
from weaver.veda.adapters.simulated import LateFill, PartialFill, Refuse, TimeOutBefore
from workflows.client import stop
from workflows.order_inputs import AmendRequest, CancelRequest
from workflows.trading_client import amend_order, cancel_order
from workflows.trading_names import order_workflow_id


async def test_the_remainder_has_the_new_terms_and_the_next_id(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    order = await resting(trading, symbol, quantity="4")
    price = Decimal(await far_below(trading, symbol, 40))
    await amend_order(trading.client, order.id, AmendRequest(limit_price=price))
    assert on_record(trading, order.id).status is OrderStatus.CANCELLED
    remainder = await comes(trading, f"{order.id}.r1", OrderStatus.ACCEPTED)
    assert (remainder.quantity, remainder.limit_price, remainder.parent_id) == (4, price, order.id)
    await amend_order(trading.client, remainder.id, AmendRequest(quantity=Decimal(3)))
    second = await comes(trading, f"{order.id}.r2", OrderStatus.ACCEPTED)
    assert (second.quantity, second.limit_price, second.parent_id) == (3, price, remainder.id)
    await cancel_order(trading.client, second.id)
    assert await at_venue(trading, symbol) == [order.id, remainder.id, second.id]
    assert (await story(trading, second.id))[-1] == "orders.Cancelled"


async def test_what_is_filled_counts_for_the_quantity_of_the_whole_order(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    await (await trading.exchange()).script([PartialFill(fraction=0.25)])
    order = await placed(trading, symbol, quantity="8")
    await comes(trading, order.id, OrderStatus.PARTIAL)
    await amend_order(trading.client, order.id, AmendRequest(quantity=Decimal(6)))
    assert on_record(trading, order.id).filled_quantity == 2
    remainder = await comes(trading, f"{order.id}.r1", OrderStatus.FILLED)
    assert remainder.quantity == 4
    assert position(trading, symbol) == 6


async def test_a_quantity_that_is_filled_already_leaves_nothing_to_place(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    await (await trading.exchange()).script([PartialFill(fraction=0.5)])
    order = await placed(trading, symbol, quantity="8")
    await comes(trading, order.id, OrderStatus.PARTIAL)
    await amend_order(trading.client, order.id, AmendRequest(quantity=Decimal(4)))
    assert (await ended(trading, order.id)).order == on_record(trading, order.id)
    assert not is_on_record(trading, f"{order.id}.r1")
    assert position(trading, symbol) == 4


async def test_a_fill_that_beats_the_amendment_leaves_no_remainder(trading: TradingWorld) -> None:
    symbol = await in_seconds(trading, trading.symbol())
    await (await trading.exchange()).script([LateFill(bars=2), Refuse(on="cancel", reason="too late")])
    order = await placed(trading, symbol, quantity="2")
    await trading.handle(order_workflow_id(order.id)).signal("amend", AmendRequest(quantity=Decimal(5)))
    state = await ended(trading, order.id)
    assert state.order is not None
    assert (state.order.status, state.order.filled_quantity) == (OrderStatus.FILLED, 2)
    assert await at_venue(trading, symbol) == [order.id]


async def test_a_cancellation_ends_an_amendment_that_is_under_way(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    await (await trading.exchange()).script([TimeOutBefore()])
    order = await placed(trading, symbol, order_type="limit", limit_price=await far_below(trading, symbol))
    handle = trading.handle(order_workflow_id(order.id))
    await handle.signal("amend", AmendRequest(quantity=Decimal(5)))
    await handle.signal("cancel", CancelRequest())
    with pytest.raises(NotAllowed, match="Cannot amend an order that is being cancelled"):
        await amend_order(trading.client, order.id, AmendRequest(quantity=Decimal(5)))
    assert not is_on_record(trading, f"{order.id}.r1")
    await handle.terminate(reason="it is in doubt for half a minute more, and nothing of it is at the venue")
    assert await at_venue(trading, symbol) == []


async def test_an_amendment_without_terms_and_one_of_a_final_order_are_refused(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    order = await resting(trading, symbol)
    with pytest.raises(BadInput, match="expected a quantity, limit_price or stop_price"):
        await amend_order(trading.client, order.id, AmendRequest())
    await cancel_order(trading.client, order.id)
    with pytest.raises(NotAllowed, match="Cannot amend an order that is cancelled"):
        await amend_order(trading.client, order.id, AmendRequest(quantity=Decimal(2)))
    assert await at_venue(trading, symbol) == [order.id]


async def test_a_remainder_that_a_limit_forbids_is_told_of(tmp_path: Path) -> None:
    async with local_world(tmp_path, limits=RiskLimits(max_position=Decimal(1_000_000))) as world:
        symbol = world.symbol()
        order = await resting(world, symbol)
        await amend_order(world.client, order.id, AmendRequest(quantity=Decimal(10_000_000)))
        remainder = await ended(world, f"{order.id}.r1")
        assert remainder.refused is not None
        assert remainder.refused[0] == "max_position"
        told = [event.payload["rule"] for event in await world.events(order_workflow_id(f"{order.id}.r1"))]
        assert told == ["max_position"]
        assert await at_venue(world, symbol) == [order.id]


async def test_a_run_amends_its_order_and_hears_what_became_of_it(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    script = {
        "0": [["buy", {"quantity": 2, "limit_pct": -20}]],
        "2": [["replace", {"limit_pct": -25}]],
        "4": [["replace", {"quantity": 1}]],
    }
    run_id = await trading.start("scripted", [symbol], params={"script": script}, duration="8s")
    ended_run = await trading.ended(run_id)
    assert ended_run.status is RunStatus.COMPLETED
    first, second, third = trading.orders(run_id)
    assert (second.id, third.id) == (f"{first.id}.r1", f"{first.id}.r2")
    assert [order.status for order in (first, second, third)] == [OrderStatus.CANCELLED] * 3
    assert (second.quantity, third.quantity, third.limit_price) == (2, 1, second.limit_price)
    events = await trading.events(run_id)
    for order in (first, second, third):
        told = [event.type for event in events if event.payload.get("id") == order.id]
        assert told == ["orders.Created", "orders.Submitted", "orders.Accepted", "orders.Cancelled"]


@pytest.mark.parametrize(("at_end", "status"), [("cancel", OrderStatus.CANCELLED), ("keep", OrderStatus.ACCEPTED)])
async def test_a_remainder_of_which_its_run_could_not_hear_any_more_ends_with_it(tmp_path: Path, at_end: str, status: OrderStatus) -> None:
    """The run ends while the remainder is being admitted, when nothing works of which it knows."""
    async with local_world(tmp_path) as world:
        run_id = await world.start("scripted", ["SIM/USD"], params=first(FAR_LIMIT), at_end=at_end)
        order = await world.order(run_id)
        with held_remainder() as admission:
            await world.handle(order_workflow_id(order.id)).signal("amend", AmendRequest(quantity=Decimal(2)))
            await admission.comes()
            await stop(world.client, run_id)
            await world.ended(run_id)
            admission.goes_on()
            remainder = await comes(world, f"{order.id}.r1", status)
        assert (remainder.id in await at_venue(world, "SIM/USD")) is (status is OrderStatus.ACCEPTED)


async def test_who_amends_an_order_after_its_run_has_ended_gets_the_remainder(tmp_path: Path) -> None:
    """A run that is terminated leaves its orders as they are."""
    async with local_world(tmp_path) as world:
        run_id = await world.start("scripted", ["SIM/USD"], params=first(FAR_LIMIT))
        order = await world.order(run_id)
        await world.handle(run_id).terminate()
        await amend_order(world.client, order.id, AmendRequest(quantity=Decimal(2)))
        remainder = await comes(world, f"{order.id}.r1", OrderStatus.ACCEPTED)
        await cancel_order(world.client, remainder.id)
