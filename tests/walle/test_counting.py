from decimal import Decimal

from tests.walle.records import NOON, a_run
from tests.walle.trading import PAPER, a_fill, a_report, admit, wanted
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus
from weaver.walle.counting import orders_by_status, runs_by_status
from weaver.walle.database import Database
from weaver.walle.orders import Orders
from weaver.walle.records import Records


def test_runs_are_counted_by_status_with_zeros(database: Database) -> None:
    assert runs_by_status(database) == dict.fromkeys(RunStatus, 0)
    records = Records(database)
    for number, status in enumerate((RunStatus.PENDING, RunStatus.PENDING, RunStatus.ERROR)):
        records.register_run(a_run(f"run-{number}", status=status))
    assert runs_by_status(database) == dict.fromkeys(RunStatus, 0) | {RunStatus.PENDING: 2, RunStatus.ERROR: 1}


def test_orders_are_counted_by_status_with_zeros(database: Database) -> None:
    orders = Orders(database)
    for name in "abc":
        admit(orders, wanted(name))
    report = a_report("a", status=OrderStatus.FILLED, filled_quantity=Decimal(10))
    orders.report(PAPER, report, [a_fill("e-a", "a", quantity=report.filled_quantity)], at=NOON)
    orders.reject("b", reason="no", at=NOON)
    counted = orders_by_status(database)
    assert counted == dict.fromkeys(OrderStatus, 0) | {OrderStatus.PENDING: 1, OrderStatus.FILLED: 1, OrderStatus.REJECTED: 1}
