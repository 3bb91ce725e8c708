"""What alerts look at, on both databases."""

from datetime import timedelta

from tests.walle.records import NOON, SECOND, a_run
from tests.walle.trading import PAPER, admit, wanted
from weaver.glados.runs import RunStatus
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.leases import Leases
from weaver.walle.orders import Orders
from weaver.walle.records import Records
from weaver.walle.watching import accounts_in_use, orders_in_doubt, ticking_runs


def test_runs_that_tick_are_told_with_their_last_bars_end(database: Database) -> None:
    records = Records(database)
    for run_id, mode, status in (
        ("ticked", "paper", RunStatus.RUNNING),
        ("paused", "live", RunStatus.PAUSED),
        ("ended", "paper", RunStatus.STOPPED),
        ("waits", "paper", RunStatus.PENDING),
        ("backtest", "backtest", RunStatus.RUNNING),
    ):
        records.register_run(a_run(run_id, mode=mode, status=RunStatus.PENDING))
        if status is not RunStatus.PENDING:
            records.set_status(run_id, RunStatus.RUNNING, at=NOON + SECOND)
            records.set_status(run_id, status, at=NOON + SECOND)
    Decisions(database).skip("ticked", [NOON + timedelta(minutes=minute) for minute in (1, 3, 2)], "no bar")

    paused, ticked = ticking_runs(database)
    assert (ticked.id, ticked.last, ticked.symbols) == ("ticked", NOON + timedelta(minutes=3), ("AAPL", "BTC/USD"))
    assert (paused.id, paused.mode, paused.last) == ("paused", "live", NOON + SECOND)


def test_orders_in_doubt_are_told_since_when(database: Database) -> None:
    orders = Orders(database)
    admit(orders, wanted("o-1"), wanted("o-2"))
    for order_id in ("o-1", "o-2"):
        orders.sending(order_id, at=NOON + SECOND)
    assert orders_in_doubt(database) == []
    orders.doubt("o-2", reason="time-out", at=NOON + 2 * SECOND)

    (doubt,) = orders_in_doubt(database)
    assert (doubt.order_id, doubt.account, doubt.since) == ("o-2", PAPER, NOON + 2 * SECOND)


def test_an_account_is_in_use_while_a_run_trades_there_or_an_order_works(database: Database) -> None:
    orders = Orders(database)
    assert accounts_in_use(database) == set()
    Records(database).register_run(a_run("first", mode="paper"))
    Leases(database).take("other-paper", ["AAPL"], "first", NOON)
    admit(orders, wanted("o-1"))
    assert accounts_in_use(database) == {"other-paper", PAPER}
    orders.cancel_unsent("o-1", reason="enough", at=NOON)
    assert accounts_in_use(database) == {"other-paper"}
