"""The kill switch, with a worker, without one, and with nothing running at all."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from cli.homes import Home
from cli.trading_records import trading_records
from tests.cli.conftest import Shell, Up, end_up, new_shell, start_up
from tests.cli.waiting import processes_naming, wait_until
from weaver.orders import OrderStatus
from weaver.settings import Settings

PAPER = "simulated-paper"


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """A stack of its own: a kill switch is the whole account's."""
    started = start_up(new_shell(tmp_path))
    yield started
    end_up(started)


def _place(shell: Shell, order_id: str, *more: str) -> None:
    done = shell.weaver("orders", "place", "buy", "1", "SIM/USD", "--id", order_id, *more)
    assert done.code == 0, done.stderr


def _becomes(shell: Shell, order_id: str, status: OrderStatus) -> None:
    def is_so() -> bool:
        with trading_records(Settings(home=shell.home)) as records:
            return records is not None and records.trading.order(order_id).status is status

    wait_until(is_so, f"{order_id} to be {status}")


def test_a_kill_cancels_and_closes_everything_and_holds_until_re_armed(up: Up) -> None:
    shell = up.shell
    _place(shell, "held")
    _place(shell, "rests", "--limit", "1")
    _becomes(shell, "held", OrderStatus.FILLED)

    killed = shell.weaver("kill", PAPER, "--flatten", "--reason", "a test", "--json")

    assert killed.code == 0, killed.stderr
    document = killed.document
    assert (document["killed"], document["reason"], document["cancelled"]) == (True, "a test", ["rests"])
    assert (document["open_orders"], document["positions"], len(document["closing"])) == ([], {}, 1)
    account = shell.weaver("account", PAPER, "--json").document
    assert (account["killed"], account["killed_reason"]) == (True, "a test")
    refused = shell.weaver("orders", "place", "buy", "1", "SIM/USD", "--json")
    assert refused.code == 2
    assert refused.document["error"] | {"message": ""} == {"type": "RiskRefused", "message": "", "rule": "killed"}
    again = shell.weaver("kill", PAPER, "--json")
    assert (again.code, again.document["cancelled"], again.document["open_orders"]) == (0, [], [])

    assert shell.weaver("rearm", PAPER, "--json").document == {"account": PAPER, "killed": False}

    assert shell.weaver("account", PAPER, "--json").document["killed"] is False
    _place(shell, "after")


def test_a_kill_works_with_the_workers_down_and_with_nothing_running(up: Up) -> None:
    shell = up.shell
    _place(shell, "first", "--limit", "1")
    others = {up.stack.pids["temporal"], up.process.pid, os.getpid()}
    workers = [pid for pid in processes_naming(str(shell.home)) if pid not in others]
    assert up.stack.pids["worker"] in workers
    with closing(sqlite3.connect(shell.home / "walle.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")  # so that none of them is halted with the database's lock in its hands
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
    try:
        killed = shell.weaver("kill", PAPER, "--json")
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    assert killed.code == 0, killed.stderr
    assert "No worker has done it within 5 s" in killed.stderr
    assert (killed.document["by"], killed.document["cancelled"], killed.document["open_orders"]) == ("command", ["first"], [])

    assert shell.weaver("rearm", PAPER).code == 0
    _place(shell, "second", "--limit", "1")
    _place(shell, "third")
    _becomes(shell, "third", OrderStatus.FILLED)
    end_up(up)
    wait_until(lambda: Home(shell.home).running() is None, "the stack to end")

    alone = shell.weaver("kill", PAPER, "--flatten", "--json")

    assert alone.code == 0, alone.stderr
    document = alone.document
    assert (document["by"], document["cancelled"], document["open_orders"], document["positions"]) == ("command", ["second"], [], {})
    assert [order["status"] for order in shell.weaver("orders", "list", "--json").document if order["id"].startswith("k-")] == ["filled"]
    assert shell.weaver("positions", "--json").document == []
    assert shell.weaver("rearm", PAPER).code == 0  # with nobody to tell
    assert shell.weaver("account", PAPER, "--json").document["killed"] is False


def test_a_kill_after_everything_was_killed_holds_in_the_next_stack(up: Up, bring_up: Callable[[Shell], Up]) -> None:
    """Nobody was told: what the next stack's workers know of it they read."""
    shell = up.shell
    _place(shell, "held")
    _place(shell, "rests", "--limit", "1")
    _becomes(shell, "held", OrderStatus.FILLED)
    _becomes(shell, "rests", OrderStatus.ACCEPTED)
    for pid in processes_naming(str(shell.home)):
        with suppress(ProcessLookupError):  # it died with its parent
            os.kill(pid, signal.SIGKILL)
    up.process.wait(timeout=30)
    wait_until(lambda: Home(shell.home).running() is None and not processes_naming(str(shell.home)), "everything to be gone")

    killed = shell.weaver("kill", PAPER, "--flatten", "--reason", "all is lost")

    assert killed.code == 0, killed.stderr
    assert "this command cancelled 1 order" in killed.stdout
    assert "cancelled  rests" in killed.stdout
    assert "STILL" not in killed.stdout
    assert f"weaver rearm {PAPER}" in killed.stderr
    assert not processes_naming(str(shell.home))  # it started nothing
    orders = {order["id"]: order["status"] for order in shell.weaver("orders", "list", "--json").document}
    (closing,) = orders.keys() - {"held", "rests"}
    assert orders == {"held": "filled", "rests": "cancelled", closing: "filled"}

    bring_up(shell)
    refused = shell.weaver("orders", "place", "buy", "1", "SIM/USD", "--id", "early", "--json")
    assert (refused.code, refused.document["error"]["rule"]) == (2, "killed")
    assert shell.weaver("rearm", PAPER).code == 0
    _place(shell, "late", "--limit", "1")
    _becomes(shell, "late", OrderStatus.ACCEPTED)


def test_an_account_that_does_not_exist_gets_the_nearest(shell: Shell) -> None:
    for command in ("kill", "rearm"):
        done = shell.weaver(command, "simulated-papr", "--json")
        assert done.code == 2
        assert "Did you mean 'simulated-paper'?" in done.stderr
    assert not shell.home.exists()


def test_without_credentials_and_without_a_worker_the_switch_is_on_and_says_what_is_missing(shell: Shell) -> None:
    missing = {"ALPACA_PAPER_API_KEY": "", "ALPACA_PAPER_API_SECRET": ""}
    done = shell.weaver("kill", "alpaca-paper", "--json", **missing)
    assert done.code == 2
    assert "new orders are refused from now on" in done.stderr
    assert done.document["error"]["variables"] == list(missing)
    assert shell.weaver("account", "alpaca-paper", "--json").document["killed"] is True
