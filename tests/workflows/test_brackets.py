"""Brackets: kept by the venue, or run by Weaver where it keeps none."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from tests.alpaca_server.ledger import Entry
from tests.alpaca_server.server import AlpacaServer
from tests.workflows.alpaca_world import a_coin, open_at
from tests.workflows.by_hand import (
    at_venue,
    becomes,
    comes,
    ended,
    far_below,
    held,
    in_seconds,
    on_record,
    placed,
    position,
    price_of,
    story,
)
from tests.workflows.trading_world import TradingWorld
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus, Role
from workflows.order_inputs import CancelRequest
from workflows.trading_client import cancel_order
from workflows.trading_names import order_workflow_id

FAR = {"take_profit": "99999999", "stop_loss": "0.01"}


# Kept by the venue.


async def test_the_legs_of_a_bracket_belong_to_their_parent(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    order = await placed(trading, symbol, quantity="2", **FAR)
    profit, stop = [await comes(trading, f"{order.id}.{suffix}", OrderStatus.ACCEPTED) for suffix in ("tp", "sl")]
    assert (profit.role, stop.role) == (Role.TAKE_PROFIT, Role.STOP_LOSS)
    assert {profit.parent_id, stop.parent_id} == {order.id}
    assert (profit.limit_price, stop.stop_price, profit.quantity, stop.quantity) == (Decimal("99999999"), Decimal("0.01"), 2, 2)
    await cancel_order(trading.client, profit.id)
    await cancel_order(trading.client, stop.id)
    assert (await ended(trading, order.id)).order == on_record(trading, order.id)
    assert on_record(trading, stop.id).status is on_record(trading, profit.id).status is OrderStatus.CANCELLED
    assert position(trading, symbol) == 2
    for leg in (profit, stop):
        told = await story(trading, order.id, of=leg.id)
        assert (told[0], told[-1]) == ("orders.Created", "orders.Cancelled")
        assert len(set(told)) == len(told)


@pytest.mark.parametrize(("profit", "stop", "done", "gone"), [(90, 50, "tp", "sl"), (200, 110, "sl", "tp")])
async def test_one_exit_cancels_the_other(trading: TradingWorld, profit: int, stop: int, done: str, gone: str) -> None:
    """An exit at a price that is reached already is filled at once."""
    symbol = await in_seconds(trading, trading.symbol())
    price = await price_of(trading, symbol)
    levels = {"take_profit": str(round(price * profit / 100, 2)), "stop_loss": str(round(price * stop / 100, 2))}
    order = await placed(trading, symbol, quantity="3", **levels)
    assert (await ended(trading, order.id)).order == on_record(trading, order.id)
    assert on_record(trading, f"{order.id}.{done}").status is OrderStatus.FILLED
    assert on_record(trading, f"{order.id}.{gone}").status is OrderStatus.CANCELLED
    assert position(trading, symbol) == await held(trading, symbol) == 0


async def test_a_bracket_that_is_cancelled_before_its_entry_fills_leaves_nothing(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    order = await placed(trading, symbol, order_type="limit", limit_price=await far_below(trading, symbol), **FAR)
    await cancel_order(trading.client, order.id)
    await ended(trading, order.id)
    open_orders = await (await trading.exchange()).open_orders()
    assert [report for report in open_orders if report.symbol == symbol] == []
    assert [one for one in trading.trading.working(trading.account) if one.symbol == symbol] == []


async def test_a_signal_to_the_parent_of_open_legs_cancels_them(trading: TradingWorld) -> None:
    """What a run sends when it must make room."""
    symbol = trading.symbol()
    order = await placed(trading, symbol, **FAR)
    await comes(trading, f"{order.id}.sl", OrderStatus.ACCEPTED)
    await trading.handle(order_workflow_id(order.id)).signal("cancel", CancelRequest())
    await ended(trading, order.id)
    assert {on_record(trading, f"{order.id}.{suffix}").status for suffix in ("tp", "sl")} == {OrderStatus.CANCELLED}
    assert position(trading, symbol) == 1


async def test_a_close_ends_the_legs(trading: TradingWorld) -> None:
    symbol = trading.symbol()
    bracket = ["bracket", {"quantity": 2, "take_profit_pct": 50, "stop_loss_pct": -50}]
    run_id = await trading.start("scripted", [symbol], params={"script": {"0": [bracket], "3": [["close", {}]]}}, duration="8s")
    assert (await trading.ended(run_id)).status is RunStatus.COMPLETED
    orders = {order.id.rpartition(".")[2] if "." in order.id else str(order.side): order for order in trading.orders(run_id)}
    assert orders["buy"].status is orders["sell"].status is OrderStatus.FILLED
    assert orders["tp"].status is orders["sl"].status is OrderStatus.CANCELLED
    assert orders["sell"].quantity == 2
    assert position(trading, symbol) == await held(trading, symbol) == 0


# Run by Weaver.


LEVELS = {"take_profit": "55000", "stop_loss": "45000"}
RECEIVED = Decimal("0.09975")
"""Of 0.1 bought: the fee is a quarter of a percent, in kind."""


def _exits(server: AlpacaServer, order_id: str) -> list[str]:
    """Return the exits that the venue ever took, in order, having made sure that no two of them were open at a time."""
    exits: list[str] = []
    is_open: str | None = None
    ids: dict[str | None, str] = {}
    for entry in _of(server.ledger, order_id):
        if entry.kind == "accepted":
            assert entry.client_order_id is not None
            ids[entry.order_id] = entry.client_order_id
            assert is_open is None, f"{entry.client_order_id} beside {is_open}"
            is_open = entry.client_order_id
            exits.append(is_open)
        elif entry.kind in ("canceled", "expired", "rejected"):
            is_open = None
        elif entry.kind == "fill":
            order = server.accounts["paper"].orders[str(entry.order_id)]
            is_open = None if order.is_terminal else is_open
    return exits


def _of(ledger: Sequence[Entry], order_id: str) -> list[Entry]:
    ids = {entry.order_id for entry in ledger if (entry.client_order_id or "").startswith(f"{order_id}.")}
    return [entry for entry in ledger if entry.order_id in ids]


async def test_a_stop_rests_until_the_profit_is_reached_and_gives_way_to_it(alpaca: tuple[TradingWorld, AlpacaServer]) -> None:
    world, server = alpaca
    coin = a_coin(world, server)
    order = await placed(world, coin, quantity="0.1", keeps_bracket=False, **LEVELS)
    stop = await comes(world, f"{order.id}.sl", OrderStatus.ACCEPTED)
    assert position(world, coin) == await held(world, coin) == RECEIVED
    assert (stop.quantity, stop.stop_price, stop.limit_price, stop.parent_id) == (RECEIVED, 45000, 44550, order.id)
    assert open_at(server, coin) == [stop.id]
    server.commands.set_price(coin, "55100")
    await ended(world, order.id)
    profit = on_record(world, f"{order.id}.tp")
    assert (profit.status, profit.quantity, profit.limit_price) == (OrderStatus.FILLED, RECEIVED, 55000)
    assert on_record(world, stop.id).status is OrderStatus.CANCELLED
    assert _exits(server, order.id) == [stop.id, profit.id]
    assert position(world, coin) == await held(world, coin) == 0


async def test_a_stop_that_is_hit_is_the_end_of_it(alpaca: tuple[TradingWorld, AlpacaServer]) -> None:
    world, server = alpaca
    coin = a_coin(world, server)
    order = await placed(world, coin, quantity="0.1", keeps_bracket=False, **LEVELS)
    stop = await comes(world, f"{order.id}.sl", OrderStatus.ACCEPTED)
    server.commands.set_price(coin, "44900")
    await ended(world, order.id)
    assert on_record(world, stop.id).status is OrderStatus.FILLED
    assert await at_venue(world, coin) == [order.id, stop.id]
    assert position(world, coin) == await held(world, coin) == 0


async def test_exits_that_weaver_runs_end_with_the_wish_for_them(alpaca: tuple[TradingWorld, AlpacaServer]) -> None:
    world, server = alpaca
    coin = a_coin(world, server)
    order = await placed(world, coin, quantity="0.1", keeps_bracket=False, **LEVELS)
    stop = await comes(world, f"{order.id}.sl", OrderStatus.ACCEPTED)
    await world.handle(order_workflow_id(order.id)).signal("cancel", CancelRequest())
    await ended(world, order.id)
    assert on_record(world, stop.id).status is OrderStatus.CANCELLED
    assert open_at(server, coin) == []
    assert position(world, coin) == await held(world, coin) == RECEIVED


async def test_exits_that_weaver_runs_go_on_after_an_outage_of_everything(alpaca: tuple[TradingWorld, AlpacaServer]) -> None:
    world, server = alpaca
    coin = a_coin(world, server)
    order = await placed(world, coin, quantity="0.1", keeps_bracket=False, **LEVELS)
    stop = await comes(world, f"{order.id}.sl", OrderStatus.ACCEPTED)
    await world.stop()
    server.commands.set_price(coin, "55100")
    await world.go()
    await ended(world, order.id)
    assert _exits(server, order.id) == [stop.id, f"{order.id}.tp"]
    assert position(world, coin) == await held(world, coin) == 0


async def test_an_exit_whose_answer_is_lost_is_one_exit(alpaca: tuple[TradingWorld, AlpacaServer]) -> None:
    world, server = alpaca
    coin = a_coin(world, server)
    server.commands.add_fault({"kind": "reset", "when": "after", "method": "POST", "client_order_id": r"\.(sl|tp)$", "times": 2})
    order = await placed(world, coin, quantity="0.1", keeps_bracket=False, **LEVELS)
    await comes(world, f"{order.id}.sl", OrderStatus.ACCEPTED)
    await becomes(lambda: open_at(server, coin) == [f"{order.id}.sl"], "the stop to rest")
    server.commands.set_price(coin, "55100")
    await ended(world, order.id)
    assert _exits(server, order.id) == [f"{order.id}.sl", f"{order.id}.tp"]
    assert position(world, coin) == await held(world, coin) == 0
