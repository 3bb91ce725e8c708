from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.walle.records import NOON, a_run
from tests.walle.trading import LIVE, PAPER
from weaver.errors import BadInput
from weaver.glados.runs import RunStatus
from weaver.walle.database import Database
from weaver.walle.leases import Leases, SymbolLeased
from weaver.walle.records import Records
from weaver.walle.trading_model import Lease
from weaver.walle.trading_queries import TradingQueries


@pytest.fixture
def leases(database: Database) -> Leases:
    return Leases(database)


def test_a_symbol_is_traded_by_one_run_per_account(leases: Leases) -> None:
    leases.take(PAPER, ["AAPL"], "run-1", NOON)
    with pytest.raises(SymbolLeased, match="run-1") as refused:
        leases.take(PAPER, ["AAPL"], "run-2", NOON)
    assert (refused.value.holder, refused.value.symbol) == ("run-1", "AAPL")
    leases.take(LIVE, ["AAPL"], "run-2", NOON)
    assert (leases.holder(PAPER, "AAPL"), leases.holder(LIVE, "AAPL"), leases.holder(PAPER, "MSFT")) == ("run-1", "run-2", None)


def test_a_run_gets_all_its_symbols_or_none(leases: Leases, database: Database) -> None:
    leases.take(PAPER, ["MSFT"], "run-1", NOON)
    with pytest.raises(SymbolLeased):
        leases.take(PAPER, ["AAPL", "MSFT", "NVDA"], "run-2", NOON)
    assert TradingQueries(database).leases(PAPER) == [Lease(account=PAPER, symbol="MSFT", run_id="run-1", taken_at=NOON)]


def test_taking_again_what_is_held_already_changes_nothing(leases: Leases) -> None:
    leases.take(PAPER, ["AAPL"], "run-1", NOON)
    leases.take(PAPER, ["AAPL", "MSFT"], "run-1", NOON)
    assert leases.holder(PAPER, "MSFT") == "run-1"


def test_released_symbols_are_free_for_others(leases: Leases) -> None:
    leases.take(PAPER, ["AAPL", "MSFT"], "run-1", NOON)
    leases.release("run-1")
    leases.release("run-1")
    leases.take(PAPER, ["AAPL"], "run-2", NOON)
    assert (leases.holder(PAPER, "AAPL"), leases.holder(PAPER, "MSFT")) == ("run-2", None)


@pytest.mark.parametrize("status", [status for status in RunStatus if status.is_final])
def test_a_run_that_reaches_its_end_returns_its_symbols(leases: Leases, database: Database, status: RunStatus) -> None:
    records = Records(database)
    records.register_run(a_run(mode="paper", status=RunStatus.RUNNING))
    leases.take(PAPER, ["AAPL"], "run-1", NOON)
    records.set_status("run-1", RunStatus.PAUSED, at=NOON)
    assert leases.holder(PAPER, "AAPL") == "run-1"
    records.set_status("run-1", RunStatus.RUNNING, at=NOON)
    records.set_status("run-1", status, at=NOON)
    assert leases.holder(PAPER, "AAPL") is None


def test_a_run_that_is_found_ended_returns_its_symbols(leases: Leases, database: Database) -> None:
    leases.take(PAPER, ["AAPL"], "run-1", NOON)
    Records(database).register_run(a_run(mode="paper", status=RunStatus.ERROR))
    assert leases.holder(PAPER, "AAPL") is None


def test_a_run_that_is_over_gets_no_symbols_since_nobody_would_return_them(leases: Leases, database: Database) -> None:
    Records(database).register_run(a_run(mode="paper", status=RunStatus.STOPPED))
    with pytest.raises(BadInput, match="stopped"):
        leases.take(PAPER, ["AAPL"], "run-1", NOON)
    assert leases.holder(PAPER, "AAPL") is None


def test_of_many_runs_at_once_one_gets_the_symbols_and_all_others_are_refused(leases: Leases) -> None:
    def take(number: int) -> bool:
        gate.wait(60)
        symbols = ["AAPL", "MSFT", "NVDA"]
        try:
            leases.take(PAPER, symbols if number % 2 else symbols[::-1], f"run-{number}", NOON)
        except SymbolLeased:
            return False
        return True

    gate = Barrier(30)
    with ThreadPoolExecutor(30) as threads:
        won = [number for number, got in enumerate(threads.map(take, range(30))) if got]
    assert len(won) == 1
    assert {leases.holder(PAPER, symbol) for symbol in ("AAPL", "MSFT", "NVDA")} == {f"run-{won[0]}"}
