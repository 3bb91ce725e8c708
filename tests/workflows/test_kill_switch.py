"""The kill switch: nothing new, nothing working, and with `flatten` nothing held; until it is taken back."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.alpaca_server.server import AlpacaServer
from tests.workflows.alpaca_world import a_coin, a_share, accepted, open_at
from tests.workflows.by_hand import (
    ShiftedClock,
    account,
    an_id,
    at_venue,
    becomes,
    comes,
    ended,
    held,
    on_record,
    place,
    placed,
    position,
    resting,
    start_order,
)
from tests.workflows.trading_world import TradingWorld, local_world
from weaver.errors import RiskRefused
from weaver.glados.runs import RunStatus
from weaver.orders import OrderRequest, OrderStatus, OrderType, Side
from weaver.veda.adapters.simulated import TimeOutAfter, TimeOutBefore
from workflows.account_inputs import KillRequest
from workflows.inputs import Ask
from workflows.trading_client import kill_account, rearm_account
from workflows.trading_names import account_workflow_id


async def _kill(world: TradingWorld, *, flatten: bool = False, times: int = 1) -> None:
    """Work the switch and wait until all of it is done."""
    done = len(await _kills(world))
    for _ in range(times):
        await kill_account(world.client, world.account, KillRequest(flatten=flatten, reason="enough"))

    async def is_done() -> bool:
        return len(await _kills(world)) > done

    await becomes(is_done, "the kill switch to have worked")


async def _kills(world: TradingWorld) -> list[dict[str, object]]:
    return [event.payload for event in await world.events(account_workflow_id(world.account)) if event.type == "account.Killed"]


async def _rearm(world: TradingWorld) -> None:
    await rearm_account(world.client, world.account, Ask())
    await becomes(lambda: not account(world).killed, "the account to be armed")


async def test_a_killed_account_cancels_all_and_takes_nothing_until_it_is_armed_again(tmp_path: Path) -> None:
    async with local_world(tmp_path) as world:
        symbol = world.symbol()
        held_before = await placed(world, world.symbol())
        working = [await resting(world, symbol) for _ in range(3)]
        bracket = await placed(world, world.symbol(), take_profit="9999999", stop_loss="0.01")
        foreign = OrderRequest(
            client_order_id=an_id(),
            symbol=symbol,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            quantity=Decimal(1),
            limit_price=Decimal("0.01"),
        )
        await (await world.exchange()).submit(foreign)
        await _kill(world)
        assert await (await world.exchange()).open_orders() == []
        for order in (*working, on_record(world, f"{bracket.id}.tp"), on_record(world, f"{bracket.id}.sl")):
            assert (await comes(world, order.id, OrderStatus.CANCELLED)).status is OrderStatus.CANCELLED
        for order in working:
            assert (await ended(world, order.id)).order == on_record(world, order.id)
        assert await held(world, held_before.symbol) == 1  # it was not asked to be closed
        with pytest.raises(RiskRefused, match="kill switch") as refusal:
            await place(world, symbol)
        assert refusal.value.rule == "killed"
        run_id = await world.start("scripted", [world.symbol()], params={"script": {"0": [["buy", {"quantity": 1}]]}}, duration="3s")
        await world.ended(run_id)
        assert world.orders(run_id) == []
        assert [event.payload["rule"] for event in await world.events(run_id) if event.type == "risk.Refused"] == ["killed"]
        assert account(world).killed
        await _rearm(world)
        assert (await placed(world, symbol)).status is OrderStatus.FILLED


async def test_flattening_closes_everything_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    async with local_world(tmp_path) as world:
        first, second, foreign = world.symbol(), world.symbol(), world.symbol()
        await placed(world, first, quantity="3")
        run_id = await world.start("scripted", [second], params={"script": {"0": [["buy", {"quantity": 2}]]}})
        await world.order(run_id, "filled")
        request = OrderRequest(client_order_id=an_id(), symbol=foreign, side=Side.BUY, order_type=OrderType.MARKET, quantity=Decimal(5))
        await (await world.exchange()).submit(request)
        await _kill(world, flatten=True, times=3)
        assert (await world.ended(run_id)).status is RunStatus.STOPPED

        async def is_flat() -> bool:
            return [holding for holding in await (await world.exchange()).positions() if holding.quantity] == []

        await becomes(is_flat, "everything to be closed")
        for symbol in (first, second, foreign):
            ids = await at_venue(world, symbol)
            assert len([one for one in ids if one.startswith("k-")]) == 1, ids
        await becomes(lambda: position(world, first) == position(world, second) == 0, "what was closed to be booked")


async def test_a_kill_reaches_an_order_in_doubt_that_arrived(tmp_path: Path) -> None:
    async with local_world(tmp_path) as world:
        symbol, order_id = world.symbol(), an_id()
        await (await world.exchange()).script([TimeOutAfter()])
        terms = {"order_type": OrderType.LIMIT, "limit_price": Decimal("0.01")}
        await start_order(world, symbol, order_id=order_id, terms=terms)
        await comes(world, order_id, lambda order: order.status is not OrderStatus.PENDING)
        await _kill(world)
        assert (await comes(world, order_id, OrderStatus.CANCELLED)).status is OrderStatus.CANCELLED
        assert await (await world.exchange()).open_orders() == []


async def test_a_kill_waits_for_an_order_in_doubt_that_may_still_arrive_and_it_is_never_sent_again(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with local_world(tmp_path, clock=clock) as world:
        symbol, order_id = world.symbol(), an_id()
        await (await world.exchange()).script([TimeOutBefore()])
        await start_order(world, symbol, order_id=order_id)
        await comes(world, order_id, OrderStatus.IN_DOUBT)
        await kill_account(world.client, world.account, KillRequest())
        await becomes(lambda: account(world).killed, "the kill switch to be on")
        assert await _kills(world) == []
        clock.ahead = timedelta(minutes=1)

        async def is_done() -> bool:
            return len(await _kills(world)) == 1

        await becomes(is_done, "the kill switch to have worked")
        state = await ended(world, order_id)
        assert state.order is not None
        assert state.order.status is OrderStatus.CANCELLED
        assert await at_venue(world, symbol) == []


async def test_a_kill_while_no_worker_works_is_done_when_one_does(tmp_path: Path) -> None:
    async with local_world(tmp_path) as world:
        order = await resting(world, world.symbol())
        await world.stop()
        await kill_account(world.client, world.account, KillRequest(reason="nobody is there"))
        await world.go()
        assert (await comes(world, order.id, OrderStatus.CANCELLED)).status is OrderStatus.CANCELLED
        assert account(world).killed_reason == "nobody is there"


# At a venue with troubles of its own.


async def test_an_order_that_is_on_its_way_when_the_switch_is_worked_is_cancelled_there(alpaca: tuple[TradingWorld, AlpacaServer]) -> None:
    world, server = alpaca
    coin, order_id = a_coin(world, server), an_id()
    server.commands.add_fault({"kind": "hang", "when": "before", "method": "POST", "client_order_id": order_id})
    sending = asyncio.create_task(place(world, coin, client_order_id=order_id, order_type="limit", limit_price="40000"))
    await comes(world, order_id, OrderStatus.SUBMITTING)
    await kill_account(world.client, world.account, KillRequest())
    await becomes(lambda: account(world).killed, "the kill switch to be on")
    server.commands.release()
    await sending
    assert (await comes(world, order_id, OrderStatus.CANCELLED)).status is OrderStatus.CANCELLED
    assert accepted(server, coin) == [order_id]
    assert open_at(server, coin) == []
    await _all_done(world)


async def _all_done(world: TradingWorld) -> None:
    """Wait until the switch has worked, and take it back."""

    async def is_done() -> bool:
        return bool(await _kills(world))

    await becomes(is_done, "the kill switch to have worked")
    await _rearm(world)


@pytest.mark.parametrize("trouble", ["500", "401", "down"])
async def test_a_kill_goes_on_until_a_venue_in_trouble_has_done_it(alpaca: tuple[TradingWorld, AlpacaServer], trouble: str) -> None:
    world, server = alpaca
    share = a_share(world, server)
    order = await placed(world, share, order_type="limit", limit_price="150")
    await placed(world, share, quantity="2")
    await comes(world, order.id, OrderStatus.ACCEPTED)
    before = len(await _kills(world))
    if trouble == "down":
        server.commands.go_down()
    else:
        server.commands.add_fault(
            {"kind": "error", "status": int(trouble), "html": True, "path": "orders|positions|account", "times": None}
        )
    await kill_account(world.client, world.account, KillRequest(flatten=True))
    await becomes(lambda: account(world).killed, "the kill switch to be on")
    with pytest.raises(RiskRefused):  # at once, whatever the venue does
        await place(world, share)
    assert open_at(server, share) == [order.id]
    assert len(await _kills(world)) == before
    server.commands.clear_faults()
    assert (await comes(world, order.id, OrderStatus.CANCELLED)).status is OrderStatus.CANCELLED

    async def is_flat() -> bool:
        return await held(world, share) == 0

    await becomes(is_flat, "the position to be closed")
    await becomes(lambda: position(world, share) == 0, "that to be booked")
    assert len([one for one in accepted(server, share) if one.startswith("k-")]) == 1

    async def is_done() -> bool:
        return len(await _kills(world)) > before

    await becomes(is_done, "the kill switch to have worked")
    await _rearm(world)
