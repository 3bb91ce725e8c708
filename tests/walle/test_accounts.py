from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tests.walle.records import NOON, SECOND
from tests.walle.trading import LIVE, PAPER, funds
from weaver.errors import NotFound
from weaver.walle.accounts import Accounts
from weaver.walle.trading_model import Difference

DAY = "2024-01-02"
NEXT_DAY = "2024-01-03"


def test_a_snapshot_is_what_is_known_of_an_account(accounts: Accounts) -> None:
    money = funds(cash=Decimal("1.10"), equity=Decimal("2.20"), buying_power=Decimal("3.30"), currency="EUR")
    account = accounts.snapshot("my-broker-live", money, session=DAY, at=NOON)
    assert account == accounts.account("my-broker-live")
    assert (account.adapter, account.mode, account.status, account.currency) == ("my-broker", "live", "ACTIVE", "EUR")
    assert (account.cash, account.equity, account.buying_power, account.checked_at) == (*map(Decimal, ("1.10", "2.20", "3.30")), NOON)


def test_an_unknown_account_is_not_found_and_the_known_ones_are_named(accounts: Accounts) -> None:
    with pytest.raises(NotFound, match="None was used yet"):
        accounts.account(PAPER)
    accounts.connected(LIVE, True, NOON)
    with pytest.raises(NotFound, match="Known: alpaca-live"):
        accounts.account(PAPER)
    with pytest.raises(NotFound):
        accounts.day_loss(PAPER)


def test_accounts_are_listed_by_id(accounts: Accounts) -> None:
    accounts.connected(PAPER, True, NOON)
    accounts.connected(LIVE, False, NOON)
    assert [(account.id, account.connected) for account in accounts.accounts()] == [(LIVE, False), (PAPER, True)]


def test_a_days_loss_counts_from_the_first_equity_of_the_session(accounts: Accounts) -> None:
    accounts.snapshot(PAPER, funds(equity=Decimal(1_000)), session=DAY, at=NOON)
    accounts.snapshot(PAPER, funds(equity=Decimal(900)), session=DAY, at=NOON + SECOND)
    assert accounts.day_loss(PAPER) == 100
    accounts.snapshot(PAPER, funds(equity=Decimal(950)), session=NEXT_DAY, at=NOON + 2 * SECOND)
    assert accounts.day_loss(PAPER) == 0
    accounts.snapshot(PAPER, funds(equity=Decimal(960)), session=NEXT_DAY, at=NOON + 3 * SECOND)
    assert accounts.day_loss(PAPER) == -10


def test_before_the_first_snapshot_nothing_is_lost(accounts: Accounts) -> None:
    accounts.connected(PAPER, True, NOON)
    assert accounts.day_loss(PAPER) == 0


def test_a_snapshot_that_comes_late_is_left_alone(accounts: Accounts) -> None:
    newest = accounts.snapshot(PAPER, funds(equity=Decimal(1_000)), session=NEXT_DAY, at=NOON)
    assert accounts.snapshot(PAPER, funds(equity=Decimal(1)), session=DAY, at=NOON - SECOND) == newest


def test_the_kill_switch_keeps_its_first_reason_until_it_is_armed_again(accounts: Accounts) -> None:
    accounts.kill(PAPER, "first", NOON)
    account = accounts.kill(PAPER, "second", NOON + SECOND)
    assert (account.killed, account.killed_reason, account.killed_at) == (True, "first", NOON)
    account = accounts.rearm(PAPER, NOON + 2 * SECOND)
    assert (account.killed, account.killed_reason, account.killed_at) == (False, None, None)


def test_a_late_repeat_of_rearming_does_not_undo_a_newer_kill(accounts: Accounts) -> None:
    accounts.kill(PAPER, "newer", NOON)
    assert accounts.rearm(PAPER, NOON - SECOND).killed


def test_a_snapshot_does_not_touch_the_kill_switch(accounts: Accounts) -> None:
    accounts.kill(PAPER, "enough", NOON)
    assert accounts.snapshot(PAPER, funds(), session=DAY, at=NOON).killed


def test_drift_is_the_newest_comparison(accounts: Accounts) -> None:
    found = Difference(kind="position", symbol="AAPL", ours="10", theirs="7")
    assert accounts.drift(PAPER, [found], NOON).drift == (found,)
    assert accounts.drift(PAPER, [], NOON - SECOND).drift == (found,)
    assert accounts.drift(PAPER, [], NOON).drift == ()


def test_a_connection_that_is_told_late_is_left_alone(accounts: Accounts) -> None:
    accounts.connected(PAPER, False, NOON)
    assert not accounts.connected(PAPER, True, NOON - SECOND).connected
    assert accounts.connected(PAPER, True, NOON).connected


def test_fills_seen_never_go_back(accounts: Accounts) -> None:
    accounts.fills_seen(PAPER, NOON)
    assert accounts.fills_seen(PAPER, NOON - SECOND).fills_seen_until == NOON


def test_an_account_that_many_use_first_at_once_is_made_once(accounts: Accounts) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda number: accounts.connected(PAPER, bool(number % 2), NOON), range(32)))
    assert [account.id for account in accounts.accounts()] == [PAPER]
