from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.walle.order_steps import told
from tests.walle.records import NOON, SECOND
from tests.walle.trading import PAPER, a_fill, a_report, admit, wanted
from weaver.broker import OrderReport
from weaver.orders import OrderStatus, OrderType, Role, Side
from weaver.walle.database import Database
from weaver.walle.leases import Leases
from weaver.walle.orders import Orders
from weaver.walle.trading_queries import TradingQueries

S = OrderStatus


def a_bracket(**changes: Any) -> OrderReport:
    profit = a_report("random-1", side=Side.SELL, order_type=OrderType.LIMIT, limit_price=Decimal(110), role=Role.TAKE_PROFIT)
    stop = a_report("random-2", side=Side.SELL, order_type=OrderType.STOP, stop_price=Decimal(90))
    return a_report(legs=(profit, stop), **changes)


def test_the_legs_of_a_bracket_are_adopted_as_orders_of_the_same_run(orders: Orders, database: Database) -> None:
    Leases(database).take(PAPER, ["AAPL"], "run-1", NOON)
    admit(orders, wanted(run_id="run-1", take_profit="110", stop_loss="90"))
    changes = orders.report(PAPER, a_bracket(), at=NOON)
    assert [(change.order_id, change.event) for change in changes if change.order_id != "o-1"] == [
        ("o-1.tp", "orders.Created"),
        ("o-1.sl", "orders.Created"),
        ("o-1.tp", "orders.Submitted"),
        ("o-1.tp", "orders.Accepted"),
        ("o-1.sl", "orders.Submitted"),
        ("o-1.sl", "orders.Accepted"),
    ]
    assert told([change for change in changes if change.order_id == "o-1"]) == ["Submitted", "Accepted"]
    stop, profit = orders.legs("o-1")
    assert (profit.id, profit.role, profit.exchange_order_id, profit.limit_price) == ("o-1.tp", Role.TAKE_PROFIT, "x-random-1", 110)
    assert (stop.id, stop.role, stop.exchange_order_id, stop.stop_price) == ("o-1.sl", Role.STOP_LOSS, "x-random-2", 90)
    assert {(leg.run_id, leg.parent_id, leg.side, leg.quantity) for leg in (profit, stop)} == {("run-1", "o-1", Side.SELL, Decimal(10))}
    assert orders.report(PAPER, a_bracket(), at=NOON) == []


def test_a_leg_speaks_for_itself_by_its_id_at_the_venue(orders: Orders) -> None:
    admit(orders, wanted(take_profit="110", stop_loss="90"))
    orders.report(PAPER, a_bracket(), at=NOON)
    profit = replace(a_bracket().legs[0], status=S.FILLED, filled_quantity=Decimal(10))
    fill = a_fill("e-9", "random-1", side=Side.SELL, quantity=Decimal(10), price=Decimal(110))
    assert [(change.order_id, change.event) for change in orders.report(PAPER, profit, [fill], at=NOON)] == [("o-1.tp", "orders.Filled")]
    both = replace(a_bracket().legs[1], status=S.CANCELLED)
    assert told(orders.report(PAPER, both, at=NOON)) == ["Cancelled"]


def test_fills_of_legs_in_a_report_of_the_parent_are_booked_to_the_legs(orders: Orders, queries: TradingQueries) -> None:
    admit(orders, wanted(take_profit="110", stop_loss="90"))
    exit_fill = a_fill("e-2", "random-1", side=Side.SELL, quantity=Decimal(10), price=Decimal(110), client_order_id=None)
    orders.report(PAPER, a_bracket(status=S.FILLED, filled_quantity=Decimal(10)), [a_fill(quantity=Decimal(10)), exit_fill], at=NOON)
    assert [fill.order_id for fill in queries.fills(account=PAPER).items] == ["o-1", "o-1.tp"]
    assert queries.positions(PAPER) == []


def test_a_leg_that_takes_anothers_place_gets_an_id_of_its_own(orders: Orders) -> None:
    admit(orders, wanted(take_profit="110", stop_loss="90"))
    orders.report(PAPER, a_bracket(), at=NOON)
    moved = replace(a_bracket().legs[1], exchange_order_id="x-moved", client_order_id="random-3", stop_price=Decimal(95))
    orders.report(PAPER, a_report(legs=(moved,)), at=NOON + SECOND)
    assert [leg.id for leg in orders.legs("o-1")] == ["o-1.sl", "o-1.tp", "o-1.sl2"]


def test_legs_that_weaver_itself_sent_are_found_by_their_ids_and_not_adopted(orders: Orders) -> None:
    admit(orders, wanted())
    admit(
        orders,
        wanted(
            "o-1.tp",
            side=Side.SELL,
            order_type=OrderType.LIMIT,
            limit_price="110",
            reduce_only=True,
            parent_id="o-1",
            role=Role.TAKE_PROFIT,
        ),
    )
    leg = a_report("o-1.tp", side=Side.SELL, order_type=OrderType.LIMIT, limit_price=Decimal(110), role=Role.TAKE_PROFIT)
    orders.report(PAPER, a_report(legs=(leg,)), at=NOON)
    assert [(one.id, one.status) for one in orders.legs("o-1")] == [("o-1.tp", S.ACCEPTED)]


def test_the_remainder_of_an_amended_order_is_no_leg(orders: Orders) -> None:
    admit(orders, wanted(), wanted("o-1.r1", parent_id="o-1"))
    assert orders.legs("o-1") == []
    assert orders.order("o-1.r1").parent_id == "o-1"
