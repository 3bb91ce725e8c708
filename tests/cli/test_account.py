"""Accounts and positions, from what is on record."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cli.main import run
from tests.cli.conftest import Shell
from tests.walle.records import NOON, a_run
from tests.walle.trading import a_bar, a_fill, a_report, admit, funds, wanted
from weaver.orders import OrderStatus
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.leases import Leases
from weaver.walle.live_bars import LiveBars
from weaver.walle.orders import Orders
from weaver.walle.records import Records
from weaver.walle.trading_model import Difference

PAPER = "simulated-paper"


@pytest.fixture
def traded(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A home whose paper account holds 10 AAPL at 100 of a run, now at 101.1; opened at 100,000, now 99,000."""
    monkeypatch.setenv("WEAVER_HOME", str(shell.home))
    monkeypatch.chdir(shell.folder)
    shell.home.mkdir()
    database = Database.open(f"sqlite:///{shell.home / 'walle.db'}")
    try:
        Records(database).register_run(a_run("r-1", mode="paper", symbols=("AAPL",), timeframe="1m"))
        Leases(database).take(PAPER, ["AAPL"], "r-1", NOON)
        orders, accounts = Orders(database), Accounts(database)
        admit(orders, wanted(run_id="r-1"), at=datetime.now(UTC))
        orders.sending("o-1", at=NOON)
        report = a_report(status=OrderStatus.FILLED, filled_quantity=Decimal(10), filled_average_price=Decimal(100))
        orders.report(PAPER, report, [a_fill(quantity=Decimal(10))], at=NOON)
        LiveBars(database).save([a_bar()], NOON)
        accounts.snapshot(PAPER, funds(), session="2024-01-02", at=NOON)
        accounts.snapshot(PAPER, funds(equity=Decimal(99_000)), session="2024-01-02", at=NOON + timedelta(minutes=1))
        accounts.drift(PAPER, [Difference(kind="position", symbol="MSFT", ours="0", theirs="3")], NOON)
        yield shell
    finally:
        database.close()


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(list(arguments)) == 0
    return capsys.readouterr().out


def test_an_account_shows_money_loss_limits_use_drift_and_leases(traded: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(_said(capsys, "account", PAPER, "--json"))
    assert (document["account_id"], document["status"], document["killed"]) == (PAPER, "ACTIVE", False)
    assert (document["equity"], document["day_loss"]) == ("99000", "1000")
    assert document["drift"] == [{"kind": "position", "symbol": "MSFT", "ours": "0", "theirs": "3"}]
    assert [(lease["symbol"], lease["run_id"]) for lease in document["leases"]] == [("AAPL", "r-1")]
    assert document["use"] == {"max_position": "1011", "max_gross_exposure": "1011", "max_orders_per_minute": 1, "max_daily_loss": "1000"}
    assert set(document["use"]) < set(document["limits"])
    assert "weaver up" in document["live_error"]
    said = _said(capsys, "account", PAPER)
    for text in ("99,000.00", "drift: position MSFT: here 0, at the venue 3", "AAPL is traded by run r-1", "1,000.00"):
        assert text in said


def test_positions_are_valued_at_the_last_close_seen(traded: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    (position,) = json.loads(_said(capsys, "positions", "--json"))
    # 10 at 100 are worth 10 x 101.1 = 1011.
    assert position == {
        "account": PAPER,
        "symbol": "AAPL",
        "quantity": "10",
        "side": "long",
        "avg_entry_price": "100",
        "market_value": "1011",
        "unrealized_pnl": "11",
        "unrealized_pnl_pct": 1.1,
        "run_ids": ["r-1"],
    }
    assert "1,011.00" in _said(capsys, "positions", "--account", PAPER)
    assert json.loads(_said(capsys, "positions", "--account", "alpaca-paper", "--json")) == []


def test_all_accounts_are_listed_and_an_unknown_one_gets_the_nearest(traded: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    assert [one["account_id"] for one in json.loads(_said(capsys, "account", "--json"))] == [PAPER]
    for arguments in (["account", "simulated-papr"], ["positions", "--account", "simulated-papr"]):
        assert run(arguments) == 2
        assert "Did you mean 'simulated-paper'?" in capsys.readouterr().err
