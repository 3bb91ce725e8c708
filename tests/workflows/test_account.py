"""Accounts: followed, compared with their venue, their losses bounded; for ever, link by link."""

import asyncio
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.alpaca_server.server import AlpacaServer
from tests.workflows.alpaca_world import a_coin, a_share, accepted
from tests.workflows.by_hand import account, an_id, at_venue, becomes, comes, fills_of, in_seconds, on_record, placed, position, story
from tests.workflows.trading_world import TradingWorld, local_world
from weaver.glados.risk import RiskLimits
from weaver.glados.runs import RunStatus
from weaver.orders import OrderRequest, OrderStatus, OrderType, Side
from workflows.account_inputs import AccountState, KillRequest
from workflows.inputs import Ask
from workflows.trading_client import account_state, kill_account, look_after_account, look_at_account, rearm_account
from workflows.trading_names import account_workflow_id, order_workflow_id


async def _told(world: TradingWorld, kind: str) -> list[dict[str, Any]]:
    return [event.payload for event in await world.events(account_workflow_id(world.account)) if event.type == kind]


async def _compared(world: TradingWorld) -> AccountState:
    """Have the account compared with its venue, and return its state after that.

    Twice, since the first comparison that ends may have begun before."""
    for _ in range(2):
        known = await becomes(lambda: account_state(world.client, world.account), "the account to answer")
        await look_at_account(world.client, world.account)
        state = await becomes(partial(_compared_since, world, known.last_reconciled), "the account to be compared")
    return state


async def _compared_since(world: TradingWorld, before: datetime | None) -> AccountState | None:
    state = await account_state(world.client, world.account)
    return state if state.last_reconciled is not None and state.last_reconciled != before else None


async def test_a_run_has_its_account_looked_after(tmp_path: Path) -> None:
    async with local_world(tmp_path) as world:
        run_id = await world.start("scripted", [world.symbol()], duration="1s")
        await world.ended(run_id)
        await becomes(lambda: account(world).connected, "the account to be listened to")
        state = await _compared(world)
        assert (state.account, state.killed, state.is_listening, state.problem) == (world.account, False, True, None)
        assert len(await _told(world, "account.Connected")) == 1
        assert account(world).drift == ()


async def test_what_is_foreign_is_told_of_once_and_left_alone(tmp_path: Path) -> None:
    async with local_world(tmp_path) as world:
        ours = await placed(world, world.symbol())
        symbol = await in_seconds(world, world.symbol())
        exchange = await world.exchange()
        market = OrderRequest(client_order_id=an_id(), symbol=symbol, side=Side.BUY, order_type=OrderType.MARKET, quantity=Decimal(3))
        limit = OrderRequest(
            client_order_id=an_id(),
            symbol=symbol,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            quantity=Decimal(1),
            limit_price=Decimal("0.01"),
        )
        for request in (market, limit):
            await exchange.submit(request)
        for _ in range(3):
            await _compared(world)
        told = [one["drift"] for one in await _told(world, "account.Drift")]
        position_drift = {"kind": "position", "symbol": symbol, "ours": "0", "theirs": "3"}
        order_drift = {"kind": "foreign_order", "symbol": symbol, "ours": "none", "theirs": limit.client_order_id}
        assert told[-1] == [position_drift, order_drift]
        assert told[:-1] in ([], [[position_drift]])  # the account may be compared between the two orders
        assert [one.kind for one in account(world).drift] == ["position", "foreign_order"]
        assert await at_venue(world, symbol) == [market.client_order_id, limit.client_order_id]
        assert await at_venue(world, ours.symbol) == [ours.id]
        report = await exchange.find(limit.client_order_id)
        assert report is not None
        await exchange.cancel(report.exchange_order_id)
        await _compared(world)
        assert [one.kind for one in account(world).drift] == ["position"]


async def test_what_nobody_was_told_of_is_booked_when_the_account_is_compared(alpaca: tuple[TradingWorld, AlpacaServer]) -> None:
    """The order's workflow is gone, and the stream is mute."""
    world, server = alpaca
    share = a_share(world, server)
    order = await placed(world, share, order_type="limit", limit_price="150", quantity="4")
    await world.handle(order_workflow_id(order.id)).terminate(reason="enough")
    server.commands.mute_streams(True)
    server.commands.fill(order.id, "1")
    server.commands.fill(order.id, "3")
    server.commands.mute_streams(False)
    await _compared(world)
    assert (await comes(world, order.id, OrderStatus.FILLED)).filled_quantity == 4
    assert sorted(fill.quantity for fill in fills_of(world, order.id)) == [1, 3]
    await _compared(world)
    assert position(world, share) == 4
    assert accepted(server, share) == [order.id]


async def test_a_cut_stream_is_told_of_and_nothing_of_it_is_missed(alpaca: tuple[TradingWorld, AlpacaServer]) -> None:
    world, server = alpaca
    coin = a_coin(world, server)
    order = await placed(world, coin, order_type="limit", limit_price="40000")
    await becomes(lambda: account(world).connected, "the account to be listened to")
    before = len(await _told(world, "account.Connected"))
    server.commands.add_stream_fault({"kind": "refuse", "times": 1})
    assert server.commands.cut_streams("trade") == 1
    server.commands.fill(order.id)

    async def is_back() -> bool:
        return len(await _told(world, "account.Connected")) > before

    await becomes(is_back, "the stream to be back")
    assert (await comes(world, order.id, OrderStatus.FILLED)).filled_quantity == 1
    assert len(fills_of(world, order.id)) == 1
    down = await _told(world, "account.Disconnected")
    assert down
    assert all(one["reason"] for one in down)
    assert account(world).connected


@pytest.mark.parametrize(("on_daily_loss", "left"), [("stop", 2), ("flatten", 0)])
async def test_a_loss_beyond_the_days_limit_stops_the_accounts_runs(tmp_path: Path, on_daily_loss: str, left: int) -> None:
    limits = RiskLimits.model_validate({"max_daily_loss": "500", "on_daily_loss": on_daily_loss})
    costly = {"WEAVER_SIMULATED_COSTS": '{"commission_per_order": "1000"}'}
    async with local_world(tmp_path, limits=limits, environment=costly) as world:
        symbol, other = world.symbol(), world.symbol()
        idle = await world.start("scripted", [other])
        await world.has_status(idle, RunStatus.RUNNING)
        run_id = await world.start("scripted", [symbol], params={"script": {"0": [["buy", {"quantity": 2}]]}})
        for each in (run_id, idle):
            assert (await world.ended(each)).status is RunStatus.STOPPED
        assert position(world, symbol) == left
        breached = await _told(world, "risk.Breached")
        assert breached
        assert {(one["account"], one["rule"]) for one in breached} == {(world.account, "max_daily_loss")}


# Links.


async def test_an_account_is_looked_after_link_by_link_and_forgets_no_kill(tmp_path: Path) -> None:
    async with local_world(tmp_path, server_values=["limit.historyCount.suggestContinueAsNew=40"]) as world:
        await look_after_account(world.client, world.account)
        await becomes(lambda: account(world).connected if world.venue.accounts.accounts() else False, "the account to be listened to")
        order = await placed(world, world.symbol(), order_type="limit", limit_price="0.01")
        links = await _next_link(world)
        looks = [look_at_account(world.client, world.account) for _ in range(30)]
        await asyncio.gather(*looks, kill_account(world.client, world.account, KillRequest(reason="too much")))
        await becomes(lambda: account(world).killed, "the kill switch to be on")
        await comes(world, order.id, OrderStatus.CANCELLED)
        assert await _next_link(world) > links
        state = await _compared(world)
        assert (state.killed, state.is_listening, account(world).killed_reason) == (True, True, "too much")
        assert account(world).connected
        assert (await _told(world, "account.Killed"))[0]["reason"] == "too much"
        await rearm_account(world.client, world.account, Ask())
        await becomes(lambda: not account(world).killed, "the account to be armed")
        await _next_link(world)
        assert not (await _compared(world)).killed
        assert (await placed(world, world.symbol())).status is OrderStatus.FILLED
        assert (await story(world, order.id))[-1] == "orders.Cancelled"


async def _next_link(world: TradingWorld) -> int:
    """Make the account's history longer until it goes on in another link; return how many it has."""
    had = len(await world.links(account_workflow_id(world.account)))

    async def has_more() -> int | None:
        await look_at_account(world.client, world.account)
        count = len(await world.links(account_workflow_id(world.account)))
        return count if count > had else None

    return await becomes(has_more, "the account's next link")


async def test_an_account_that_was_terminated_is_looked_after_again(tmp_path: Path) -> None:
    async with local_world(tmp_path) as world:
        order = await placed(world, world.symbol(), order_type="limit", limit_price="0.01")
        handle = world.handle(account_workflow_id(world.account))
        await handle.terminate(reason="enough")
        await placed(world, world.symbol())
        assert (await _compared(world)).problem is None
        assert on_record(world, order.id).status is OrderStatus.ACCEPTED
