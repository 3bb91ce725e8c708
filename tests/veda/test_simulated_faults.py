from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.veda.conftest import NOON, Simulated
from tests.veda.contract import listening, updates
from tests.veda.simulated_orders import limit, on, order
from weaver.broker import OrderReport, StreamDown, StreamUp, TradeUpdate
from weaver.errors import Refused, Unavailable, Unknown
from weaver.orders import OrderRequest, OrderStatus
from weaver.veda.adapters.simulated import (
    Disconnect,
    Duplicate,
    LateFill,
    Outage,
    PartialFill,
    Refuse,
    Reorder,
    SimulatedExchange,
    TimeOutAfter,
    TimeOutBefore,
)
from weaver.walle.database import Database
from weaver.walle.simulated_tables import SimulatedMessageRow


async def outcome(exchange: SimulatedExchange, request: OrderRequest) -> OrderReport | None:
    """Send an order that a fault befalls, and return what became of it."""
    with pytest.raises((Refused, Unavailable, Unknown)):
        await exchange.submit(request)
    return await exchange.find(request.client_order_id)


@pytest.mark.parametrize(
    ("fault", "problem", "placed"),
    [
        (Refuse(reason="no such luck"), Refused, False),
        (Outage(), Unavailable, False),
        (TimeOutBefore(), Unknown, False),
        (TimeOutAfter(), Unknown, True),
    ],
)
async def test_a_submit_goes_wrong_once_as_scripted(simulated: Simulated, fault: Any, problem: type[Exception], placed: bool) -> None:
    exchange = await on(simulated)
    await exchange.script([fault])
    with pytest.raises(problem):
        await exchange.submit(order())
    assert (await exchange.find("w-1") is not None) is placed
    assert (await exchange.submit(order())).status is OrderStatus.FILLED
    (held,) = await exchange.positions()
    assert held.quantity == 10


async def test_a_refusal_gives_its_reason(simulated: Simulated) -> None:
    exchange = await on(simulated)
    await exchange.script([Refuse(reason="no such luck")])
    with pytest.raises(Refused, match="no such luck"):
        await exchange.submit(order())


@pytest.mark.parametrize(
    ("fault", "cancelled"), [(Outage(on="cancel"), False), (TimeOutBefore(on="cancel"), False), (TimeOutAfter(on="cancel"), True)]
)
async def test_a_cancel_goes_wrong_once_as_scripted(simulated: Simulated, fault: Any, cancelled: bool) -> None:
    exchange = await on(simulated)
    await exchange.script([fault])
    placed = await exchange.submit(limit("1"))
    with pytest.raises((Unavailable, Unknown)):
        await exchange.cancel(placed.exchange_order_id)
    assert ((await exchange.order(placed.exchange_order_id)).status is OrderStatus.CANCELLED) is cancelled
    await exchange.cancel(placed.exchange_order_id)
    assert (await exchange.order(placed.exchange_order_id)).status is OrderStatus.CANCELLED


async def test_faults_come_in_the_order_of_the_script_whoever_wrote_it(simulated: Simulated) -> None:
    exchange, other = await on(simulated), await on(simulated)
    await other.script([Refuse(), Outage()])
    await other.script([TimeOutBefore()])
    for problem in (Refused, Unavailable, Unknown):
        with pytest.raises(problem):
            await exchange.submit(order())
    assert (await exchange.submit(order())).status is OrderStatus.FILLED


async def test_a_partial_fill_is_completed_in_the_next_bar(simulated: Simulated) -> None:
    exchange = await on(simulated)
    await exchange.script([PartialFill(fraction=0.3)])
    report = await exchange.submit(order())
    assert (report.status, report.filled_quantity) == (OrderStatus.PARTIAL, 3)
    simulated.clock.move(5)
    assert (await exchange.order(report.exchange_order_id)).filled_quantity == 3  # the next bar is in progress
    simulated.clock.move(5)
    assert (await exchange.order(report.exchange_order_id)).status is OrderStatus.FILLED
    assert [(fill.quantity, fill.time) for fill in await exchange.fills_since(NOON)] == [(3, NOON), (7, NOON + timedelta(seconds=5))]


async def test_a_late_fill_comes_some_bars_later(simulated: Simulated) -> None:
    exchange = await on(simulated)
    await exchange.script([LateFill(bars=3)])
    report = await exchange.submit(order())
    simulated.clock.move(14)
    assert (await exchange.order(report.exchange_order_id)).status is OrderStatus.ACCEPTED
    simulated.clock.move(6)
    (fill,) = await exchange.fills_since(NOON)
    assert fill.time == NOON + timedelta(seconds=15)


async def test_updates_come_twice_and_out_of_order_as_scripted(simulated: Simulated) -> None:
    exchange = await on(simulated)
    await exchange.script([Reorder(), Duplicate()])
    async with listening(exchange.trade_updates()) as listener:
        await exchange.submit(order())
        await exchange.submit(limit("1", "w-2"))
        heard = await listener.until(lambda heard: len(heard) == 5)
    told = [(one.order.client_order_id, one.event) for one in heard if isinstance(one, TradeUpdate)]
    assert told == [("w-1", "fill"), ("w-1", "fill"), ("w-1", "new"), ("w-2", "new")]


async def test_a_cut_stream_loses_an_update_and_comes_back(simulated: Simulated) -> None:
    exchange = await on(simulated)
    placed = await exchange.submit(limit("1"))
    await exchange.script([Disconnect()])
    async with listening(exchange.trade_updates()) as listener:
        await exchange.cancel(placed.exchange_order_id)
        await listener.until(lambda heard: len(heard) == 3)
        report = await exchange.submit(order("w-2"))
        heard = await listener.until(lambda heard: len(heard) == 5)
    assert [type(one) for one in heard] == [StreamUp, StreamDown, StreamUp, TradeUpdate, TradeUpdate]
    assert updates(heard, placed.exchange_order_id) == []
    assert len(updates(heard, report.exchange_order_id)) == 2


async def test_a_message_is_stored_once_however_many_listen(simulated: Simulated, simulated_database: Database) -> None:
    exchange, other = await on(simulated), await on(simulated)
    async with listening(exchange.trade_updates()) as first, listening(other.trade_updates()) as second:
        await exchange.submit(order())
        for listener in (first, second):
            await listener.until(lambda heard: len(heard) == 3)
    with simulated_database.read() as session:
        count = session.scalar(select(func.count()).where(SimulatedMessageRow.account == simulated.account))
    assert count == 2
