"""How orders come to their ends."""

from decimal import Decimal

import pytest
from alpaca.common.exceptions import APIError

from . import ledger
from .clients import Trader, events, trade_updates, until
from .faults import Race
from .server import AlpacaServer


def status(server: AlpacaServer, name: str) -> str:
    return server.commands.order(name)["status"]


async def test_a_market_order_is_pending_then_new_then_filled(server: AlpacaServer, trader: Trader):
    async with trade_updates(server) as updates:
        assert (await trader.order("a", qty="3"))["status"] == "pending_new"
        await until(lambda: events(updates) == ["new", "fill"])
    fill = updates[1]
    assert (fill["price"], fill["qty"], fill["position_qty"], fill["order"]["filled_qty"]) == ("200", "3", "3", "3")
    assert fill["execution_id"] == ledger.fills(server.ledger)[0].execution_id


async def test_parts_fill_one_after_another(server: AlpacaServer, trader: Trader):
    server.commands.set_fill_mode("AAPL", parts=3, delay=0.01)
    async with trade_updates(server) as updates:
        await trader.order("a", qty="10")
        await until(lambda: len(updates) == 4)
    assert events(updates) == ["new", "partial_fill", "partial_fill", "fill"]
    assert [update["qty"] for update in updates[1:]] == ["3", "3", "4"]
    rows = await trader.get("/account/activities/FILL", {"direction": "asc"})
    assert [(row["type"], row["qty"], row["cum_qty"], row["leaves_qty"]) for row in rows] == [
        ("partial_fill", "3", "3", "7"),
        ("partial_fill", "3", "6", "4"),
        ("fill", "4", "10", "0"),
    ]


async def test_a_partly_filled_order_that_is_canceled_keeps_its_fills(server: AlpacaServer, trader: Trader):
    server.commands.set_fill_mode("AAPL", parts=4, stop_after=1)
    order = await trader.order("a", qty="8")
    await until(lambda: status(server, "a") == "partially_filled")
    await trader.cancel_order_by_id(order["id"])
    await until(lambda: status(server, "a") == "canceled")
    seen = await trader.get_order_by_id(order["id"])
    assert (seen["filled_qty"], seen["filled_avg_price"]) == ("2", "200")
    assert (await trader.get_open_position("AAPL"))["qty"] == "2"


async def test_a_cancel_is_a_request_that_takes_effect_later(server: AlpacaServer, trader: Trader):
    server.commands.set_pace(cancel=0.05)
    order = await trader.order("a", type="limit", limit_price="150")
    await trader.cancel_order_by_id(order["id"])
    assert status(server, "a") == "pending_cancel"
    await until(lambda: status(server, "a") == "canceled")
    with pytest.raises(APIError) as caught:
        await trader.cancel_order_by_id(order["id"])
    assert (caught.value.status_code, caught.value.code) == (422, 42210000)
    assert caught.value.message == 'order is already in "canceled" state'


@pytest.mark.parametrize(("race", "end", "filled"), [("fill_beats_cancel", "filled", "4"), ("partial_beats_cancel", "canceled", "2")])
async def test_a_fill_beats_a_cancel(server: AlpacaServer, trader: Trader, race, end, filled):
    server.commands.add_race(Race(kind=race, symbol="AAPL"))
    order = await trader.order("a", type="limit", limit_price="150", qty="4")
    async with trade_updates(server) as updates:
        assert await trader.cancel_order_by_id(order["id"]) is None, "the cancel was taken"
        await until(lambda: status(server, "a") == end)
        await until(lambda: len(updates) == (1 if end == "filled" else 2))
    assert (await trader.get_order_by_id(order["id"]))["filled_qty"] == filled
    assert [entry.kind for entry in server.ledger if entry.order_id == order["id"]][1:3] == ["cancel_requested", "fill"]


async def test_a_replace_makes_a_new_order(server: AlpacaServer, trader: Trader):
    old = await trader.order("a", type="limit", limit_price="150", qty="4")
    await until(lambda: status(server, "a") == "new")
    async with trade_updates(server) as updates:
        new = await trader.patch(f"/orders/{old['id']}", {"limit_price": "151", "qty": "5", "client_order_id": "b"})
        await until(lambda: events(updates) == ["replaced", "new"])
    old = await trader.get_order_by_id(old["id"])
    assert (old["status"], old["replaced_by"]) == ("replaced", new["id"])
    new = await trader.get_order_by_id(new["id"])
    assert (new["status"], new["replaces"], new["client_order_id"], new["qty"], new["limit_price"]) == ("new", old["id"], "b", "5", "151")


async def test_a_fill_beats_a_replace(server: AlpacaServer, trader: Trader):
    server.commands.add_race(Race(kind="fill_beats_replace"))
    old = await trader.order("a", type="limit", limit_price="150")
    await until(lambda: status(server, "a") == "new")
    new = await trader.patch(f"/orders/{old['id']}", {"limit_price": "151", "client_order_id": "b"})
    await until(lambda: status(server, "b") == "rejected")
    assert status(server, "a") == "filled"
    assert (await trader.get_order_by_id(new["id"]))["replaces"] == old["id"]
    assert server.commands.positions()["paper"] == {"AAPL": Decimal(1)}


async def test_an_order_that_is_not_at_the_market_cannot_be_replaced(server: AlpacaServer, trader: Trader):
    server.commands.set_pace(new=60)
    order = await trader.order("a", type="limit", limit_price="150")
    with pytest.raises(APIError) as caught:
        await trader.patch(f"/orders/{order['id']}", {"limit_price": "151"})
    assert (caught.value.status_code, caught.value.code) == (422, 42210000)


async def test_market_closed_queueing_works_orders_at_the_next_open(server: AlpacaServer, trader: Trader):
    server.commands.set_market("closed")
    order = await trader.order("a")
    assert order["status"] == "accepted"
    assert not (await trader.get_clock())["is_open"]
    server.commands.set_market("open")
    assert status(server, "a") == "filled"


async def test_the_clock_is_under_the_tests_control(server: AlpacaServer, trader: Trader):
    server.commands.set_market(None)
    server.commands.set_clock("2025-07-03T12:59:00-04:00", frozen=True)  # the day before a holiday closes at 13:00
    clock = await trader.get_clock()
    assert clock == {
        "timestamp": "2025-07-03T12:59:00-04:00",
        "is_open": True,
        "next_open": "2025-07-07T09:30:00-04:00",
        "next_close": "2025-07-03T13:00:00-04:00",
    }
    day = await trader.order("day", type="limit", limit_price="150")
    await trader.order("gtc", type="limit", limit_price="150", time_in_force="gtc")
    assert day["submitted_at"].startswith("2025-07-03T16:59:00")
    await until(lambda: status(server, "gtc") == "new")
    server.commands.set_clock("2025-07-03T13:00:00-04:00", frozen=True)
    assert (status(server, "day"), status(server, "gtc")) == ("expired", "new")
    await trader.order("monday")
    assert status(server, "monday") == "accepted"
    server.commands.set_clock("2025-07-07T09:30:00-04:00", frozen=True)
    assert status(server, "monday") == "filled"
    server.commands.set_clock("2025-10-03T09:30:00-04:00", frozen=True)
    assert status(server, "gtc") == "expired", "after 90 days"


async def test_extended_hours_orders_work_outside_the_session(server: AlpacaServer, trader: Trader):
    server.commands.set_market("extended")
    await trader.order("early", type="limit", limit_price="201", extended_hours=True)
    await trader.order("regular", type="limit", limit_price="201")
    await until(lambda: status(server, "early") == "filled")
    assert status(server, "regular") == "accepted"


async def test_limits_and_stops_fill_when_the_price_crosses_them(server: AlpacaServer, trader: Trader):
    await trader.order("have", qty="10")
    await until(lambda: status(server, "have") == "filled")
    await trader.order("target", side="sell", type="limit", limit_price="210", qty="5")
    await trader.order("stop", side="sell", type="stop", stop_price="190", qty="2")
    await trader.order("trail", side="sell", type="trailing_stop", trail_price="12", qty="2")
    await until(lambda: status(server, "trail") == "new")
    server.commands.set_price("AAPL", "211")
    assert server.commands.order("target")["filled_avg_price"] == "210"
    assert (server.commands.order("trail")["hwm"], server.commands.order("trail")["stop_price"]) == ("211", "199")
    server.commands.set_price("AAPL", "199")
    assert status(server, "trail") == "filled"
    server.commands.set_price("AAPL", "189")
    assert server.commands.order("stop")["filled_avg_price"] == "189"


async def test_immediate_orders_do_not_wait(server: AlpacaServer, trader: Trader):
    server.commands.set_fill_mode(parts=2, stop_after=1)
    await trader.order("ioc", time_in_force="ioc", qty="4")
    await until(lambda: status(server, "ioc") == "canceled")
    assert server.commands.order("ioc")["filled_qty"] == "2"


async def bracket(trader: Trader, name: str) -> dict:
    return await trader.order(
        name, qty="4", order_class="bracket", take_profit={"limit_price": "220"}, stop_loss={"stop_price": "180"}, time_in_force="gtc"
    )


async def test_bracket_legs_wait_until_the_entry_has_filled_completely(server: AlpacaServer, trader: Trader):
    server.commands.set_fill_mode("AAPL", parts=2, stop_after=1)
    entry = await bracket(trader, "entry")
    await until(lambda: status(server, "entry") == "partially_filled")
    assert [leg["status"] for leg in server.commands.order("entry")["legs"]] == ["held", "held"]
    server.commands.set_fill_mode("AAPL")
    nested = await trader.get("/orders", {"nested": True, "status": "all"})
    assert [(order["id"], order["status"], len(order["legs"])) for order in nested] == [(entry["id"], "filled", 2)]
    assert [leg["status"] for leg in nested[0]["legs"]] == ["new", "new"]
    assert len({leg["client_order_id"] for leg in nested[0]["legs"]} | {"entry"}) == 3


async def test_a_waiting_leg_can_be_replaced_and_still_waits(server: AlpacaServer, trader: Trader):
    server.commands.set_fill_mode(stop_after=0)
    entry = await bracket(trader, "entry")
    new = await trader.patch(f"/orders/{entry['legs'][1]['id']}", {"stop_price": "170", "client_order_id": "lower"})
    await until(lambda: server.commands.order("lower")["status"] == "held")
    server.commands.set_fill_mode()
    await until(lambda: server.commands.order("lower")["status"] == "new")
    server.commands.set_price("AAPL", "171")
    server.commands.set_price("AAPL", "169")
    legs = {leg["id"]: leg["status"] for leg in server.commands.order("entry")["legs"]}
    assert legs == {entry["legs"][0]["id"]: "canceled", new["id"]: "filled"}


async def test_auction_orders_fill_at_the_open_and_at_the_close(server: AlpacaServer, trader: Trader):
    server.commands.set_market(None)
    server.commands.set_clock("2025-07-07T08:00:00-04:00", frozen=True)
    await trader.order("open", time_in_force="opg")
    await trader.order("too low", time_in_force="opg", type="limit", limit_price="150")
    await trader.order("close", time_in_force="cls")
    server.commands.set_clock("2025-07-07T09:30:00-04:00", frozen=True)
    assert [status(server, name) for name in ("open", "too low", "close")] == ["filled", "canceled", "new"]
    server.commands.set_clock("2025-07-07T16:00:00-04:00", frozen=True)
    assert status(server, "close") == "filled"


async def test_one_exit_cancels_the_other(server: AlpacaServer, trader: Trader):
    await bracket(trader, "entry")
    await until(lambda: server.commands.order("entry")["legs"][0]["status"] == "new")
    server.commands.set_price("AAPL", "221")
    assert [leg["status"] for leg in server.commands.order("entry")["legs"]] == ["filled", "canceled"]
    assert server.commands.positions()["paper"] == {}


async def test_canceling_one_order_of_a_bracket_cancels_its_group(server: AlpacaServer, trader: Trader):
    server.commands.set_fill_mode(stop_after=0)
    entry = await bracket(trader, "entry")
    await trader.cancel_order_by_id(entry["legs"][1]["id"])
    assert {status(server, "entry"), *(leg["status"] for leg in server.commands.order("entry")["legs"])} == {"canceled"}


async def test_both_exits_can_fill_in_a_fast_market(server: AlpacaServer, trader: Trader):
    await bracket(trader, "entry")
    await until(lambda: server.commands.order("entry")["legs"][0]["status"] == "new")
    server.commands.add_race(Race(kind="both_legs"))
    server.commands.set_price("AAPL", "221")
    assert [leg["status"] for leg in server.commands.order("entry")["legs"]] == ["filled", "filled"]
    assert server.commands.positions()["paper"] == {"AAPL": Decimal(-4)}
    assert (await trader.get_open_position("AAPL"))["side"] == "short"


async def test_an_exit_pair_holds_its_shares_once(server: AlpacaServer, trader: Trader):
    await trader.order("have", qty="4")
    await until(lambda: status(server, "have") == "filled")
    pair = {"order_class": "oco", "take_profit": {"limit_price": "220"}, "stop_loss": {"stop_price": "180"}}
    order = await trader.order("pair", side="sell", type="limit", qty="4", time_in_force="gtc", **pair)
    assert [(leg["type"], leg["stop_price"]) for leg in order["legs"]] == [("stop", "180")]
    await until(lambda: status(server, "pair") == "new")
    assert (await trader.get_open_position("AAPL"))["qty_available"] == "0"
    server.commands.set_price("AAPL", "179")
    assert status(server, "pair") == "canceled"
    assert server.commands.positions()["paper"] == {}


async def test_crypto_pays_its_fee_from_what_it_receives(server: AlpacaServer, trader: Trader):
    server.commands.set_market("closed")
    server.commands.set_price("BTC/USD", "60000")
    await trader.order("a", symbol="BTC/USD", qty="0.5", time_in_force="gtc")
    await until(lambda: status(server, "a") == "filled")
    position = await trader.get_open_position("BTCUSD")
    assert (server.commands.order("a")["filled_qty"], server.commands.order("a")["symbol"]) == ("0.5", "BTC/USD")
    assert (position["qty"], position["symbol"]) == ("0.49875", "BTCUSD")
    assert (await trader.get_open_position("BTC%2FUSD"))["qty"] == "0.49875"
    with pytest.raises(APIError, match="endpoint not found"):
        await trader.get_open_position("BTC/USD")
    fees = await trader.get("/account/activities/CFEE")
    assert [(row["symbol"], row["qty"]) for row in fees] == [("BTCUSD", "-0.00125")]
    with pytest.raises(APIError, match="insufficient balance for BTC/USD"):
        await trader.order("b", symbol="BTC/USD", side="sell", qty="0.5", time_in_force="gtc")
    await trader.order("c", symbol="BTC/USD", side="sell", qty="0.49875", time_in_force="gtc")
    await until(lambda: status(server, "c") == "filled")
    assert await trader.get_all_positions() == []
    assert Decimal((await trader.get_account())["cash"]) == Decimal("99850.19")  # -30000 + 29925 - 74.8125 of fee


async def test_a_notional_order_has_no_quantity_but_fills_one(server: AlpacaServer, trader: Trader):
    order = await trader.order("a", notional="500")
    assert (order["qty"], order["notional"]) == (None, "500")
    await until(lambda: status(server, "a") == "filled")
    assert (server.commands.order("a")["qty"], server.commands.order("a")["filled_qty"]) == (None, "2.5")


async def test_the_venue_can_fill_and_end_orders_unasked(server: AlpacaServer, trader: Trader):
    server.commands.set_fill_mode(stop_after=0)
    await trader.order("a", qty="4")
    await trader.order("b")
    await until(lambda: status(server, "b") == "new")
    server.commands.fill("a", quantity="1", price="199.5")
    server.commands.end("a", "canceled")
    server.commands.end("b", "rejected")
    assert [(server.commands.order(name)["status"], server.commands.order(name)["filled_qty"]) for name in ("a", "b")] == [
        ("canceled", "1"),
        ("rejected", "0"),
    ]
