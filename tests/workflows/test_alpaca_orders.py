"""Orders through the `alpaca` adapter, with a venue on which everything goes wrong that can; its ledger says what really happened."""

import asyncio
import time
from decimal import Decimal

import pytest

from tests.alpaca_server.server import AlpacaServer
from tests.workflows.alpaca_world import a_coin, a_share, accepted, open_at
from tests.workflows.by_hand import (
    FILLED,
    an_id,
    becomes,
    comes,
    ended,
    fills_of,
    held,
    on_record,
    place,
    placed,
    position,
    start_order,
    story,
)
from tests.workflows.trading_world import TradingWorld
from weaver.orders import OrderStatus, OrderType
from workflows.order_inputs import CancelRequest
from workflows.trading_client import cancel_order
from workflows.trading_names import order_workflow_id

Both = tuple[TradingWorld, AlpacaServer]


async def _is_one_filled_order(world: TradingWorld, server: AlpacaServer, symbol: str, order_id: str) -> None:
    """Assert that the venue took the order once and that record and ledger agree on what came of it."""
    order = await comes(world, order_id, OrderStatus.FILLED)
    await ended(world, order_id)
    assert accepted(server, symbol) == [order_id]
    executions = [entry for entry in server.ledger if entry.kind == "fill" and entry.symbol == symbol]
    assert sorted((fill.quantity, fill.price) for fill in fills_of(world, order_id)) == sorted(
        (entry.quantity, entry.price) for entry in executions if entry.quantity is not None and entry.price is not None
    )
    assert order.filled_quantity == sum(entry.quantity or 0 for entry in executions)
    assert position(world, symbol) == await held(world, symbol)
    told = await story(world, order_id)
    assert told.count(FILLED) == 1
    assert "orders.Rejected" not in told


ANSWERS = [
    {"kind": "reset"},
    {"kind": "close"},
    {"kind": "error", "status": 500, "html": True},
    {"kind": "error", "status": 504},
]
CUT = [{"kind": "cut"}, {"kind": "half_json"}]


@pytest.mark.parametrize(
    "fault", [*({**one, "when": "after"} for one in ANSWERS), *CUT], ids=lambda fault: "-".join(map(str, fault.values()))
)
async def test_an_answer_that_is_lost_after_the_order_was_taken_makes_no_second_order(alpaca: Both, fault: dict[str, object]) -> None:
    world, server = alpaca
    share, order_id = a_share(world, server), an_id()
    server.commands.add_fault({**fault, "method": "POST", "client_order_id": order_id})
    await place(world, share, client_order_id=order_id, quantity="3")
    await _is_one_filled_order(world, server, share, order_id)


@pytest.mark.parametrize("fault", ANSWERS, ids=lambda fault: "-".join(map(str, fault.values())))
async def test_an_order_that_was_not_taken_is_sent_again_under_its_id(alpaca: Both, fault: dict[str, object]) -> None:
    world, server = alpaca
    share, order_id = a_share(world, server), an_id()
    server.commands.add_fault({**fault, "when": "before", "method": "POST", "client_order_id": order_id})
    await place(world, share, client_order_id=order_id, quantity="3")
    await _is_one_filled_order(world, server, share, order_id)
    posted = [one for one in server.commands.requests() if one["method"] == "POST" and one["client_order_id"] == order_id]
    assert len(posted) == 2


async def test_a_rate_limit_is_waited_out_as_told(alpaca: Both) -> None:
    world, server = alpaca
    share, order_id = a_share(world, server), an_id()
    reset = int(time.time()) + 2
    headers = {"X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
    server.commands.add_fault(
        {"kind": "error", "status": 429, "code": 42910000, "headers": headers, "method": "POST", "client_order_id": order_id}
    )
    await place(world, share, client_order_id=order_id)
    await _is_one_filled_order(world, server, share, order_id)
    assert time.time() >= reset


async def test_workers_that_die_between_acceptance_and_record_make_no_second_order(alpaca: Both) -> None:
    world, server = alpaca
    share, order_id = a_share(world, server), an_id()
    server.commands.add_fault({"kind": "hang", "when": "after", "method": "POST", "client_order_id": order_id})
    await start_order(world, share, order_id=order_id)
    await becomes(lambda: accepted(server, share) == [order_id], "the order to be taken")
    assert on_record(world, order_id).status is OrderStatus.SUBMITTING or on_record(world, order_id).exchange_order_id
    await world.stop()
    server.commands.release()
    await world.go()
    await _is_one_filled_order(world, server, share, order_id)


async def test_an_order_that_fills_before_its_sender_is_answered_is_filled_once(alpaca: Both) -> None:
    world, server = alpaca
    share, order_id = a_share(world, server), an_id()
    server.commands.add_fault({"kind": "fill_first", "method": "POST", "client_order_id": order_id, "seconds": 5})
    await place(world, share, client_order_id=order_id, quantity="2")
    await _is_one_filled_order(world, server, share, order_id)


@pytest.mark.parametrize("kind", ["repeat", "reorder", "drop"])
async def test_updates_that_the_stream_mangles_are_booked_once(alpaca: Both, kind: str) -> None:
    world, server = alpaca
    share = a_share(world, server)
    server.commands.set_fill_mode(share, parts=4)
    server.commands.add_stream_fault({"kind": kind, "times": 4})
    order = await placed(world, share, quantity="8")
    await _is_one_filled_order(world, server, share, order.id)
    server.commands.clear_faults()


async def test_a_fee_that_is_kept_in_coins_is_off_the_position(alpaca: Both) -> None:
    world, server = alpaca
    coin = a_coin(world, server, "1000")
    server.commands.set_fill_mode(coin, parts=3)
    order = await placed(world, coin, quantity="1.5")
    await _is_one_filled_order(world, server, coin, order.id)
    assert position(world, coin) == Decimal("1.5") * Decimal("0.9975")
    second = await placed(world, coin, quantity="0.5")
    await comes(world, second.id, OrderStatus.FILLED)
    kept = Decimal(2) * Decimal("0.9975")
    assert position(world, coin) == await held(world, coin)
    assert abs(position(world, coin) - kept) < Decimal("1e-6")  # the venue rounds the fee of each execution


async def test_an_order_cancelled_in_part_keeps_what_filled(alpaca: Both) -> None:
    world, server = alpaca
    share = a_share(world, server)
    order = await placed(world, share, order_type="limit", limit_price="150", quantity="5")
    server.commands.fill(order.id, "2", "149")
    server.commands.add_race({"kind": "partial_beats_cancel", "symbol": share})
    state = await cancel_order(world.client, order.id)
    assert state.order is not None
    assert state.order.status is OrderStatus.CANCELLED
    assert state.order.filled_quantity > 2
    await ended(world, order.id)
    await becomes(lambda: position(world, share) == state.order.filled_quantity, "the fills to be booked")
    assert position(world, share) == await held(world, share)


async def test_a_fill_that_beats_the_cancel_stands(alpaca: Both) -> None:
    world, server = alpaca
    share = a_share(world, server)
    order = await placed(world, share, order_type="limit", limit_price="150", quantity="5")
    server.commands.add_race({"kind": "fill_beats_cancel", "symbol": share})
    await world.handle(order_workflow_id(order.id)).signal("cancel", CancelRequest())
    await _is_one_filled_order(world, server, share, order.id)


async def test_a_cancellation_that_takes_its_time_is_asked_for_once(alpaca: Both) -> None:
    world, server = alpaca
    share = a_share(world, server)
    order = await placed(world, share, order_type="limit", limit_price="150")
    server.commands.set_pace(cancel=3)
    state = await cancel_order(world.client, order.id)
    server.commands.set_pace()
    assert state.order is not None
    assert state.order.status is OrderStatus.CANCELLED
    deletes = [one for one in server.commands.requests() if one["method"] == "DELETE" and str(order.exchange_order_id) in one["path"]]
    assert len(deletes) == 1


async def test_an_order_of_an_unknown_symbol_is_rejected_with_the_venues_words(alpaca: Both) -> None:
    world, _ = alpaca
    state = await (await start_order(world, "NOSUCHTHING", terms={"order_type": OrderType.LIMIT, "limit_price": Decimal(5)})).result()
    assert state.order is not None
    assert state.order.status is OrderStatus.REJECTED
    assert state.order.reject_reason


async def test_keys_that_stop_working_lose_no_order(alpaca: Both) -> None:
    """While a resting order is looked after, the venue does not accept the keys; a person puts that right."""
    world, server = alpaca
    share = a_share(world, server)
    order = await placed(world, share, order_type="limit", limit_price="150")
    server.commands.mute_streams(True)
    server.commands.add_fault(
        {"kind": "error", "status": 401, "code": 40110000, "message": "request is not authorized", "path": "orders", "times": None}
    )
    cancelling = asyncio.create_task(cancel_order(world.client, order.id))

    async def was_refused() -> bool:
        return any(fault["fired"] > 1 for fault in server.commands.faults()["requests"])

    await becomes(was_refused, "the keys to be refused")
    assert open_at(server, share) == [order.id]
    server.commands.clear_faults()
    await cancelling
    assert (await comes(world, order.id, OrderStatus.CANCELLED)).status is OrderStatus.CANCELLED
    await ended(world, order.id)
