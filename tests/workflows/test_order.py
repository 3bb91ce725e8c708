"""Orders placed by hand on the simulated exchange: placed, filled, cancelled, refused; their fills booked once."""

from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from tests.workflows.by_hand import (
    ACCEPTED,
    CANCELLED,
    CREATED,
    FILLED,
    PARTLY,
    SUBMITTED,
    account,
    an_id,
    at_venue,
    becomes,
    comes,
    ended,
    fills_of,
    held,
    in_seconds,
    is_on_record,
    on_record,
    place,
    placed,
    position,
    price_of,
    resting,
    start_order,
    story,
)
from tests.workflows.skipping_world import skipping_world
from tests.workflows.trading_world import TradingWorld, local_world
from weaver.errors import AlreadyExists, NotAllowed, RiskRefused
from weaver.glados.risk import RiskLimits
from weaver.orders import OrderStatus
from weaver.veda.adapters.simulated import Disconnect, Duplicate, LateFill, PartialFill, Refuse, Reorder
from weaver.walle.trading_model import AccountRecord
from workflows.attributes import KIND, MODE, STATUS, SYMBOLS
from workflows.trading_client import cancel_order, order_state
from workflows.trading_names import order_workflow_id


async def test_a_manual_market_order_fills_and_its_history_tells_its_life(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    order = await placed(trading, symbol, quantity="2")
    assert order.status is OrderStatus.FILLED
    assert (await ended(trading, order.id)).order == on_record(trading, order.id) == order
    told = await story(trading, order.id)
    assert [name for name in told if name != ACCEPTED] == [CREATED, SUBMITTED, FILLED]  # the venue may tell of both at once
    assert len(set(told)) == len(told)
    (fill,) = fills_of(trading, order.id)
    assert (fill.quantity, fill.price, fill.run_id) == (2, order.filled_avg_price, None)
    assert position(trading, symbol) == await held(trading, symbol) == 2
    described = await trading.handle(order_workflow_id(order.id)).describe()
    assert described.status is WorkflowExecutionStatus.COMPLETED
    assert [described.typed_search_attributes[key] for key in (KIND, MODE, SYMBOLS, STATUS)] == ["order", "paper", [symbol], "filled"]


async def test_a_limit_rests_until_it_is_cancelled(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    order = await resting(trading, symbol)
    assert (await order_state(trading.client, order.id)).order == order
    cancelled = await cancel_order(trading.client, order.id)
    assert cancelled.order is not None
    assert cancelled.order.status is OrderStatus.CANCELLED
    assert (await ended(trading, order.id)).order == cancelled.order
    assert await story(trading, order.id) == [CREATED, SUBMITTED, ACCEPTED, CANCELLED]
    assert symbol not in {one.symbol for one in await (await trading.exchange()).open_orders()}


async def test_a_cancel_of_a_final_order_is_refused_with_its_status(trading: TradingWorld) -> None:
    order = await placed(trading, trading.symbol(), take_profit="9999999")  # its workflow goes on, for its exits
    assert (await comes(trading, order.id, OrderStatus.FILLED)).status is OrderStatus.FILLED
    with pytest.raises(NotAllowed, match="Cannot cancel an order that is filled"):
        await cancel_order(trading.client, order.id)
    await cancel_order(trading.client, f"{order.id}.tp")
    with pytest.raises(NotAllowed, match="Cannot cancel an order that is filled"):  # now that its workflow is over, too
        await cancel_order(trading.client, order.id)


async def test_an_order_that_a_limit_forbids_is_never_an_order(tmp_path: Path) -> None:
    limits = RiskLimits(allowed_symbols=("GOOD/USD",))
    async with local_world(tmp_path, limits=limits) as world:
        order_id = an_id()
        with pytest.raises(RiskRefused, match="not among the allowed symbols") as refusal:
            await place(world, "BAD/USD", client_order_id=order_id)
        assert refusal.value.rule == "allowed_symbols"
        assert not is_on_record(world, order_id)
        assert await at_venue(world, "BAD/USD") == []
        events = await world.events(order_workflow_id(order_id))
        assert [(event.type, event.payload["rule"]) for event in events] == [("risk.Refused", "allowed_symbols")]
        assert (await ended(world, order_id)).refused is not None
        assert (await placed(world, "GOOD/USD")).status is OrderStatus.FILLED


async def test_an_order_that_the_venue_refuses_is_rejected_with_its_reason(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    await (await trading.exchange()).script([Refuse(reason="not today")])
    order = await placed(trading, symbol)
    assert (order.status, order.reject_reason) == (OrderStatus.REJECTED, "not today")
    assert await story(trading, order.id) == [CREATED, "orders.Rejected"]
    assert await at_venue(trading, symbol) == []
    assert (await ended(trading, order.id)).order == order


async def test_the_same_id_twice_is_one_order(trading: TradingWorld) -> None:
    symbol, order_id = trading.symbol(), an_id()
    first = await placed(trading, symbol, client_order_id=order_id)
    with pytest.raises(AlreadyExists, match="placed before"):
        await place(trading, symbol, client_order_id=order_id, quantity="5")
    assert on_record(trading, order_id) == first
    assert await at_venue(trading, symbol) == [order_id]


async def test_a_market_order_by_hand_is_held_to_the_limits_that_need_a_price(tmp_path: Path) -> None:
    async with local_world(tmp_path, limits=RiskLimits(max_order_notional=Decimal(1_000))) as world:
        symbol = world.symbol()
        affordable = int(1_000 / await price_of(world, symbol))
        assert affordable > 0
        with pytest.raises(RiskRefused, match="more than 1000") as refusal:
            await place(world, symbol, quantity=str(affordable + 1))
        assert refusal.value.rule == "max_order_notional"
        with pytest.raises(RiskRefused):
            await place(world, symbol, quantity=str(affordable + 1))
        assert (await placed(world, symbol, quantity=str(max(affordable - 1, 1)))).status is OrderStatus.FILLED


# Fills.


async def test_updates_that_come_twice_or_in_another_order_are_booked_once(trading: TradingWorld) -> None:
    symbol = await in_seconds(trading, trading.symbol())
    await (await trading.exchange()).script([PartialFill(fraction=0.5), LateFill(bars=1), Duplicate(), Reorder(), Duplicate()])
    order = await placed(trading, symbol, quantity="4")
    assert (await ended(trading, order.id)).order == await comes(trading, order.id, OrderStatus.FILLED)
    booked = fills_of(trading, order.id)
    assert sum(fill.quantity for fill in booked) == 4
    assert len({fill.id for fill in booked}) == len(booked) == 2
    assert position(trading, symbol) == await held(trading, symbol) == 4
    told = await story(trading, order.id)
    assert told.count(FILLED) == 1
    assert told[-1] == FILLED


async def test_a_fill_that_the_stream_lost_is_found(trading: TradingWorld) -> None:
    symbol = await in_seconds(trading, trading.symbol())
    await (await trading.exchange()).script([LateFill(bars=2), Disconnect(), Disconnect()])
    order = await placed(trading, symbol)
    assert (await ended(trading, order.id)).order == on_record(trading, order.id)
    assert on_record(trading, order.id).status is OrderStatus.FILLED
    assert [fill.quantity for fill in fills_of(trading, order.id)] == [1]


async def test_without_any_stream_an_order_is_looked_up_until_it_is_final(tmp_path: Path) -> None:
    async with skipping_world(tmp_path) as world:
        symbol = await in_seconds(world, world.symbol())
        await (await world.exchange()).script([LateFill(bars=30)])
        handle = await start_order(world, symbol, is_looked_after=False)
        state = await handle.result()
        assert state.order is not None
        assert state.order.status is OrderStatus.FILLED
        assert len(fills_of(world, state.order.id)) == 1


async def test_an_order_cancelled_in_part_keeps_its_fills(trading: TradingWorld) -> None:
    symbol = trading.symbol()  # the rest would fill a bar later, with bars of a minute in a while
    await (await trading.exchange()).script([PartialFill(fraction=0.25)])
    order = await placed(trading, symbol, quantity="8")
    order = await comes(trading, order.id, OrderStatus.PARTIAL)
    assert order.filled_quantity == 2
    state = await cancel_order(trading.client, order.id)
    assert state.order is not None
    assert (state.order.status, state.order.filled_quantity) == (OrderStatus.CANCELLED, 2)
    assert position(trading, symbol) == await held(trading, symbol) == 2
    told = await story(trading, order.id)
    assert told[-2:] == [PARTLY, CANCELLED]


async def test_a_fill_that_beats_the_cancel_stands(trading: TradingWorld) -> None:
    """The order fills while its cancellation is on its way: it is cancelled too late, and is filled."""
    symbol = await in_seconds(trading, trading.symbol())
    await (await trading.exchange()).script([LateFill(bars=2), Refuse(on="cancel", reason="too late")])
    order = await placed(trading, symbol)
    assert order.status is OrderStatus.ACCEPTED
    await trading.client.get_workflow_handle(order_workflow_id(order.id)).signal("cancel")
    assert (await ended(trading, order.id)).order == await comes(trading, order.id, OrderStatus.FILLED)
    assert position(trading, symbol) == 1


# Long lives.


async def test_an_order_outlives_many_links_of_its_own(tmp_path: Path) -> None:
    async with local_world(tmp_path, server_values=["limit.historyCount.suggestContinueAsNew=25"]) as world:
        symbol = world.symbol()
        order = await resting(world, symbol)
        handle = world.client.get_workflow_handle(order_workflow_id(order.id))

        async def has_links() -> bool:
            await handle.signal("changed", {"changes": []})
            return len(await world.links(order_workflow_id(order.id))) >= 3

        await becomes(has_links, "the order's third link")
        assert (await order_state(world.client, order.id)).order == order
        state = await cancel_order(world.client, order.id)
        assert state.order is not None
        assert state.order.status is OrderStatus.CANCELLED
        assert await story(world, order.id) == [CREATED, SUBMITTED, ACCEPTED, CANCELLED]
        assert await at_venue(world, symbol) == [order.id]


def _has_spent(account: AccountRecord) -> bool:
    cash, opening = account.cash, account.opening_equity
    return cash is not None and opening is not None and 0 < cash < opening


async def test_the_first_order_has_its_account_looked_after(tmp_path: Path) -> None:
    async with local_world(tmp_path) as world:
        await placed(world, world.symbol())
        await becomes(lambda: account(world).connected, "the account to be listened to")
        await becomes(lambda: _has_spent(account(world)), "what was spent to be seen")
