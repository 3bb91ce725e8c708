"""Orders that a restored backup does not know are put on record again, and until then no account takes new ones."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from tests.walle.records import NOON, a_run
from tests.walle.trading import NO_LIMITS, PAPER, a_fill, a_report, admit, wanted
from weaver.orders import OrderStatus, client_order_id
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.orders import Orders
from weaver.walle.records import Records
from weaver.walle.recovering import FOUND, HELD, LostOrders
from weaver.walle.trading_model import NotAdmitted
from weaver.walle.trading_queries import TradingQueries

ORDER = client_order_id("live-run", "t1-1")


def a_trading_run(database: Database, run_id: str = "live-run") -> None:
    Records(database).register_run(a_run(run_id, mode="paper", config={"adapter": "simulated"}))


def test_an_order_of_a_known_run_is_on_record_again_and_its_fill_is_the_runs(database: Database) -> None:
    a_trading_run(database)
    report = a_report(ORDER, status=OrderStatus.FILLED, filled_quantity=Decimal(10), filled_average_price=Decimal(100))

    order = LostOrders(database).recover(PAPER, report, NOON)
    changes = Orders(database).report(PAPER, report, [a_fill("e-1", ORDER, quantity=Decimal(10))], at=NOON)

    assert order is not None
    assert (order.id, order.run_id, order.quantity) == (ORDER, "live-run", Decimal(10))
    assert changes[-1].order.status is OrderStatus.FILLED
    assert Orders(database).changes(ORDER)[0].reason == FOUND
    assert TradingQueries(database).ledger("live-run", Decimal(1_000_000)).positions[0].quantity == Decimal(10)


def test_it_is_put_there_once(database: Database) -> None:
    a_trading_run(database)
    lost = LostOrders(database)
    lost.recover(PAPER, a_report(ORDER), NOON)

    assert lost.recover(PAPER, a_report(ORDER), NOON) is None


def test_an_order_of_nobody_here_stays_foreign(database: Database) -> None:
    a_trading_run(database)
    lost = LostOrders(database)

    assert lost.recover(PAPER, a_report("somebody-elses"), NOON) is None
    assert lost.recover(PAPER, a_report(client_order_id("a run that is not on record", "t1-1")), NOON) is None
    assert lost.recover("alpaca-paper", a_report(ORDER), NOON) is None


def test_an_exit_that_weaver_ran_belongs_to_its_entry(database: Database) -> None:
    a_trading_run(database)
    lost = LostOrders(database)
    lost.recover(PAPER, a_report(ORDER), NOON)

    leg = lost.recover(PAPER, a_report(f"{ORDER}.tp"), NOON)

    assert leg is not None
    assert (leg.parent_id, leg.role) == (ORDER, "take_profit")


def test_an_account_that_is_held_admits_nothing_and_what_waited_is_asked_about_first(database: Database) -> None:
    orders, lost = Orders(database), LostOrders(database)
    admit(orders, wanted("waiting"))

    assert lost.hold_all(NOON, backup=NOON - timedelta(hours=1)) == [PAPER]

    (refused,) = orders.admit([wanted("new")], limits=NO_LIMITS, run_limits=None, at=NOON)
    assert isinstance(refused, NotAdmitted)
    assert orders.order("waiting").status is OrderStatus.SUBMITTING
    assert lost.is_unsettled(PAPER)
    assert (Accounts(database).account(PAPER).killed_reason or "").startswith(f"{HELD} of 20")


def test_the_reason_of_an_account_that_was_killed_before_stays(database: Database) -> None:
    Accounts(database).kill(PAPER, "by hand", NOON)

    LostOrders(database).hold_all(NOON, backup=NOON)

    assert Accounts(database).account(PAPER).killed_reason == "by hand"


def test_only_ids_that_no_order_has_are_unknown(database: Database) -> None:
    a_trading_run(database)
    LostOrders(database).recover(PAPER, a_report(ORDER), NOON)
    Orders(database).report(PAPER, replace(a_report(ORDER), exchange_order_id="x-known"), at=NOON)

    assert LostOrders(database).unknown(PAPER, {"x-known", "x-new"}) == {"x-new"}
