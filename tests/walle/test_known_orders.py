"""What is on record of orders that a venue speaks of, and orders that are put on record whatever the limits say."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.walle.records import NOON
from tests.walle.trading import PAPER, a_fill, a_report, admit, wanted
from weaver.orders import OrderStatus
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.known_orders import KnownOrders
from weaver.walle.orders import Orders
from weaver.walle.trading_model import NotAdmitted


@pytest.fixture
def known(database: Database) -> KnownOrders:
    return KnownOrders(database)


def test_an_order_is_ours_by_either_id_and_in_its_own_account_only(orders: Orders, known: KnownOrders) -> None:
    admit(orders, wanted())
    assert known.is_ours(PAPER, a_report())
    assert not known.is_ours("alpaca-live", a_report())
    assert not known.is_ours(PAPER, a_report("o-2"))
    orders.report(PAPER, a_report(), at=NOON)
    assert known.is_ours(PAPER, replace(a_report(), client_order_id="renamed"))


def test_a_report_lacks_executions_until_they_are_booked_or_brought(orders: Orders, known: KnownOrders) -> None:
    admit(orders, wanted())
    report = a_report(status=OrderStatus.PARTIAL, filled_quantity=Decimal(8))
    first, second = a_fill("e-1"), a_fill("e-2")
    assert known.lacks_executions(PAPER, report, [])
    assert known.lacks_executions(PAPER, report, [first])
    assert not known.lacks_executions(PAPER, report, [first, second])
    orders.report(PAPER, report, [first], at=NOON)
    assert known.lacks_executions(PAPER, report, [first])  # the one that is booked already is no second one
    assert not known.lacks_executions(PAPER, report, [second])


def test_only_what_is_not_booked_and_ours_is_unbooked(orders: Orders, known: KnownOrders) -> None:
    admit(orders, wanted())
    orders.report(PAPER, a_report(), [a_fill("e-1")], at=NOON)
    assert known.unbooked(PAPER, [a_fill("e-1"), a_fill("e-2"), a_fill("e-3", "foreign")]) == [a_fill("e-2")]
    by_name = replace(a_fill("e-4"), exchange_order_id="unknown yet")
    assert known.unbooked(PAPER, [by_name]) == [by_name]


def test_a_closing_order_is_put_on_record_although_the_kill_switch_is_on(orders: Orders, database: Database) -> None:
    Accounts(database).kill(PAPER, "asked for", NOON)
    closing = wanted("k-1", reduce_only=True)
    assert orders.insist(closing, at=NOON).status is OrderStatus.SUBMITTING
    assert orders.insist(closing, at=NOON).changes == 1  # a repeat is the same order
    refused = admit(orders, wanted("o-2"))
    assert [answer.rule for answer in refused if isinstance(answer, NotAdmitted)] == ["killed"]


def test_an_order_that_never_arrived_is_cancelled_and_one_that_is_filled_is_not(orders: Orders) -> None:
    admit(orders, wanted("o-1"), wanted("o-2"))
    for order_id in ("o-1", "o-2"):
        orders.sending(order_id, at=NOON)
        orders.doubt(order_id, reason="no answer", at=NOON)
    orders.report(PAPER, a_report("o-2", status=OrderStatus.FILLED, filled_quantity=Decimal(10)), at=NOON)
    assert [change.event for change in orders.never_arrived("o-1", reason="too late", at=NOON)] == ["orders.Cancelled"]
    assert orders.never_arrived("o-2", reason="too late", at=NOON) == []
    assert orders.order("o-2").status is OrderStatus.FILLED
