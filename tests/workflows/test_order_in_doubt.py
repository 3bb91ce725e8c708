"""Orders whose sending went wrong: asked for, adopted, sent again under their id, or given up; never taken for rejected."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.workflows.by_hand import (
    ACCEPTED,
    CANCELLED,
    CREATED,
    FILLED,
    IN_DOUBT,
    SUBMITTED,
    ShiftedClock,
    an_id,
    at_venue,
    becomes,
    comes,
    ended,
    far_below,
    fills_of,
    on_record,
    placed,
    position,
    start_order,
    story,
)
from tests.workflows.trading_world import TradingWorld, local_world
from weaver.broker import OrderReport
from weaver.glados.runs import RunStatus
from weaver.orders import OrderRequest, OrderStatus, OrderType, Side, client_order_id, order_number
from weaver.veda.adapters.simulated import Fault, Outage, TimeOutAfter, TimeOutBefore
from weaver.walle.orders import Orders
from weaver.walle.trading_model import Wanted
from workflows.inputs import RUN_QUEUE
from workflows.order_inputs import CancelRequest, OrderInput
from workflows.trading_client import look_at_account
from workflows.trading_names import ORDER, order_workflow_id


async def _script(world: TradingWorld, *faults: Fault) -> None:
    await (await world.exchange()).script(faults)


async def filled_story(world: TradingWorld, order_id: str) -> list[str]:
    """The story of an order that filled as soon as it was there: whether it was told to be accepted before is a matter of moments."""
    return [event for event in await story(world, order_id) if event != ACCEPTED]


async def test_a_send_that_timed_out_before_it_was_taken_is_sent_again_under_its_id(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    await _script(trading, TimeOutBefore())
    order = await placed(trading, symbol)
    assert order.status is OrderStatus.IN_DOUBT  # what a person is told first
    state = await ended(trading, order.id)
    assert state.order is not None
    assert state.order.status is OrderStatus.FILLED
    assert await at_venue(trading, symbol) == [order.id]
    assert await filled_story(trading, order.id) == [CREATED, IN_DOUBT, SUBMITTED, FILLED]
    assert len(fills_of(trading, order.id)) == 1


async def test_a_send_that_timed_out_after_it_was_taken_is_adopted(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    await _script(trading, TimeOutAfter())
    order = await placed(trading, symbol, order_type="limit", limit_price=await far_below(trading, symbol))
    await comes(trading, order.id, OrderStatus.ACCEPTED)
    assert await at_venue(trading, symbol) == [order.id]
    await trading.handle(order_workflow_id(order.id)).execute_update("cancel")
    told = await story(trading, order.id)
    assert "orders.Rejected" not in told
    # The stream may tell of it before the sender knows that it is in doubt.
    assert [event for event in told if event != IN_DOUBT] == [CREATED, SUBMITTED, ACCEPTED, CANCELLED]


async def test_an_order_that_may_have_been_sent_is_asked_for_when_it_is_called_off_at_once(trading: TradingWorld) -> None:
    """Its record says that an earlier workflow was about to send it, and nobody knows whether it did."""
    symbol, order_id, long_ago = trading.symbol(), an_id(), datetime.now(UTC) - timedelta(minutes=1)
    request = OrderRequest(
        client_order_id=order_id, symbol=symbol, side=Side.BUY, order_type=OrderType.LIMIT, quantity=Decimal(1), limit_price=Decimal(1)
    )
    wanted = Wanted(request=request, account=trading.account, run_id=None, price=None)
    order = Orders(trading.database).insist(wanted, at=long_ago)
    assert order.status is OrderStatus.SUBMITTING
    await trading.client.start_workflow(
        ORDER,
        OrderInput(account=trading.account, order=order),
        id=order_workflow_id(order_id),
        task_queue=RUN_QUEUE,
        start_signal="cancel",
        start_signal_args=[CancelRequest()],
    )
    assert (await ended(trading, order_id)).order == on_record(trading, order_id)
    assert on_record(trading, order_id).status is OrderStatus.CANCELLED
    history = await trading.handle(order_workflow_id(order_id)).fetch_history()
    steps = [event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events]
    assert [step for step in steps if step] == ["cancel_order", "find_order", "find_order", "submit_order"]
    assert await at_venue(trading, symbol) == []


async def test_many_lost_answers_are_one_order(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    await _script(trading, TimeOutBefore(), Outage(), TimeOutAfter())
    order = await placed(trading, symbol)
    state = await ended(trading, order.id)
    assert state.order is not None
    assert state.order.status is OrderStatus.FILLED
    assert await at_venue(trading, symbol) == [order.id]
    assert position(trading, symbol) == 1


async def test_a_venue_that_is_away_is_asked_again_with_the_same_id(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    await _script(trading, Outage(), Outage())
    order = await placed(trading, symbol)
    assert order.status is OrderStatus.FILLED
    assert await at_venue(trading, symbol) == [order.id]
    assert await filled_story(trading, order.id) == [CREATED, SUBMITTED, FILLED]


async def test_a_lost_answer_to_a_cancel_is_no_matter(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    order = await placed(trading, symbol, order_type="limit", limit_price=await far_below(trading, symbol))
    await _script(trading, TimeOutAfter(on="cancel"))
    await trading.handle(order_workflow_id(order.id)).signal("cancel")
    state = await ended(trading, order.id)
    assert state.order is not None
    assert state.order.status is OrderStatus.CANCELLED


async def test_an_order_that_is_too_late_is_never_sent(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    handle = await start_order(trading, symbol, send_before=datetime.now(UTC) - timedelta(seconds=1))
    state = await handle.result()
    assert state.order is not None
    assert state.order.status is OrderStatus.CANCELLED
    (last,) = [change for change in trading.trading.history(state.order.id) if change.event == CANCELLED]
    assert last.reason == "it could not be sent in time"
    assert await at_venue(trading, symbol) == []


async def test_an_order_in_doubt_whose_time_is_over_is_given_up_once_it_cannot_arrive_any_more(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with local_world(tmp_path, clock=clock) as world:
        symbol, order_id = world.symbol(), an_id()
        await _script(world, TimeOutBefore())
        handle = await start_order(world, symbol, order_id=order_id, send_before=datetime.now(UTC) + timedelta(minutes=5))
        await comes(world, order_id, OrderStatus.IN_DOUBT)
        clock.ahead = timedelta(minutes=6)
        state = await handle.result()
        assert state.order is not None
        assert state.order.status is OrderStatus.CANCELLED
        assert world.trading.history(order_id)[-1].reason == "it did not reach the venue in time"
        assert await at_venue(world, symbol) == []


async def test_an_order_in_doubt_that_is_to_be_cancelled_is_not_sent_again(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with local_world(tmp_path, clock=clock) as world:
        symbol, order_id = world.symbol(), an_id()
        await _script(world, TimeOutBefore())
        handle = await start_order(world, symbol, order_id=order_id)
        await comes(world, order_id, OrderStatus.IN_DOUBT)
        await handle.signal("cancel", CancelRequest())
        clock.ahead = timedelta(minutes=6)
        state = await handle.result()
        assert state.order is not None
        assert state.order.status is OrderStatus.CANCELLED
        assert await at_venue(world, symbol) == []


async def test_an_order_in_doubt_that_is_to_be_cancelled_and_did_arrive_is_cancelled_there(trading: TradingWorld) -> None:
    symbol, order_id = trading.symbol(), an_id()
    await _script(trading, TimeOutAfter())
    terms = {"order_type": OrderType.LIMIT, "limit_price": Decimal(await far_below(trading, symbol))}
    handle = await start_order(trading, symbol, order_id=order_id, terms=terms)
    await comes(trading, order_id, lambda order: order.status is OrderStatus.IN_DOUBT or order.exchange_order_id is not None)
    await handle.signal("cancel", CancelRequest())
    state = await handle.result()
    assert state.order is not None
    assert state.order.status is OrderStatus.CANCELLED
    report = await (await trading.exchange()).find(order_id)
    assert report is not None
    assert report.status is OrderStatus.CANCELLED


# Other terms.


async def _somebody_elses(world: TradingWorld, symbol: str, order_id: str) -> OrderReport:
    """Place an order of this id past Weaver, with terms of its own."""
    request = OrderRequest(
        client_order_id=order_id,
        symbol=symbol,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal(7),
        limit_price=Decimal(await far_below(world, symbol)),
    )
    return await (await world.exchange()).submit(request)


async def test_an_order_of_the_same_id_and_other_terms_is_not_adopted(tmp_path: Path) -> None:
    async with local_world(tmp_path) as world:
        symbol, order_id = world.symbol(), an_id()
        theirs = await _somebody_elses(world, symbol, order_id)
        state = await (await start_order(world, symbol, order_id=order_id)).result()
        assert state.order is not None
        assert state.order.status is OrderStatus.REJECTED
        assert state.error is not None
        assert "quantity" in state.error
        exchange = await world.exchange()
        assert (await exchange.order(theirs.exchange_order_id)).status is OrderStatus.ACCEPTED  # left alone, it is not ours
        await look_at_account(world.client, world.account)

        def drift() -> object:
            return [one for one in world.venue.accounts.account(world.account).drift if one.kind == "foreign_order"]

        assert await becomes(drift, "the foreign order to be shown")
        assert on_record(world, order_id) == state.order


async def test_a_run_whose_order_exists_with_other_terms_is_paused_with_the_reason(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    run_id = await trading.start("scripted", [symbol], params={"script": {"3": [["buy", {"quantity": 1}]]}})
    state = await trading.has_status(run_id, RunStatus.RUNNING)
    # An order's id follows from its run and bar, so that somebody can be there before.
    await trading.has_decided(run_id, 1)
    first = trading.decisions(run_id)[0].bar_end
    theirs = [
        await _somebody_elses(trading, symbol, client_order_id(run_id, order_number(int(first.timestamp()) + second, 1)))
        for second in range(2, 6)
    ]
    state = await trading.has_status(run_id, RunStatus.PAUSED)
    assert state.live is not None
    assert state.live.pause_reason is not None
    assert "7" in state.live.pause_reason
    await trading.handle(run_id).execute_update("stop")
    await trading.ended(run_id)
    exchange = await trading.exchange()
    assert position(trading, symbol) == 0
    for report in theirs:
        assert (await exchange.order(report.exchange_order_id)).status is OrderStatus.ACCEPTED
        await exchange.cancel(report.exchange_order_id)


# Workers that die.


@pytest.mark.parametrize("fault", [TimeOutBefore(), TimeOutAfter()], ids=["before it was taken", "after it was taken"])
async def test_an_order_in_doubt_survives_its_workers(tmp_path: Path, fault: Fault) -> None:
    async with local_world(tmp_path, looks_after=False) as world:
        symbol, order_id = world.symbol(), an_id()
        await _script(world, fault)
        handle = await start_order(world, symbol, order_id=order_id, is_looked_after=False)
        await comes(world, order_id, OrderStatus.IN_DOUBT)
        await world.stop()
        await world.go()
        async with asyncio.timeout(60):
            state = await handle.result()
        assert state.order is not None
        assert state.order.status is OrderStatus.FILLED
        assert await at_venue(world, symbol) == [order_id]
        assert len(fills_of(world, order_id)) == 1
