from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.walle.databases import with_tables
from tests.walle.records import NOON, SECOND, a_result, a_run, an_event
from weaver.errors import AlreadyExists, BadValue, NotAllowed, NotFound, UnknownName
from weaver.glados.runs import RunStatus
from weaver.walle.database import Database
from weaver.walle.model import RunError, StrategySourceRecord
from weaver.walle.queries import Queries
from weaver.walle.records import Records


@pytest.fixture
def records(database: Database) -> Records:
    return Records(database)


@pytest.fixture
def queries(database: Database) -> Queries:
    return Queries(database)


def test_a_run_comes_back_as_it_was_registered(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    assert queries.run("run-1") == a_run()


def test_a_run_registered_twice_is_one_run(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    records.register_run(a_run())
    assert queries.runs().items == (a_run(),)


def test_times_come_back_in_utc_whatever_zone_they_had(records: Records, queries: Queries) -> None:
    east = NOON.astimezone(timezone(timedelta(hours=9)))
    records.register_run(a_run(created_at=east, updated_at=east))
    created = queries.run("run-1").created_at
    assert created == NOON
    assert created.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(records: Records) -> None:
    with pytest.raises(Exception, match="no time zone"):
        records.register_run(a_run(created_at=NOON.replace(tzinfo=None)))


def test_what_a_finder_does_not_know_of_a_run_does_not_erase_what_the_run_said(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    found = a_run(strategy_sha256=None, symbols=(), params={}, config={}, tags=(), bars_total=None, temporal_run_id=None)
    records.register_run(found)
    assert queries.run("run-1") == a_run()


def test_a_run_completes_what_a_finder_registered(records: Records, queries: Queries) -> None:
    records.register_run(
        a_run(strategy="", strategy_sha256=None, symbols=(), params={}, config={}, tags=(), timeframe="", created_at=NOON + SECOND)
    )
    records.register_run(a_run())
    assert replace(queries.run("run-1"), updated_at=NOON) == a_run()


def test_parameters_that_are_pinned_stay_when_the_run_is_announced_late(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    records.register_run(a_run(strategy_sha256=None, params={"fast": 10}))
    assert queries.run("run-1").params == a_run().params


def test_what_is_left_of_a_deleted_run_does_not_bring_it_back(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    records.set_status("run-1", RunStatus.STOPPED, at=NOON)
    records.delete_run("run-1")
    with pytest.raises(AlreadyExists, match="it was deleted"):
        records.register_run(a_run())
    with pytest.raises(NotFound):
        queries.run("run-1")
    records.register_run(a_run(temporal_run_id="22222222"))
    assert queries.run("run-1").status is RunStatus.PENDING


def test_the_id_of_another_execution_is_taken(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    with pytest.raises(AlreadyExists, match="pending"):
        records.register_run(a_run(temporal_run_id="22222222", strategy="other"))
    assert queries.run("run-1").strategy == "sma-cross"


def test_registering_again_does_not_take_a_run_back(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    records.set_status("run-1", RunStatus.COMPLETED, at=NOON)
    records.register_run(a_run(status=RunStatus.RUNNING))
    assert queries.run("run-1").status is RunStatus.COMPLETED


def test_a_final_status_stays(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    assert records.set_status("run-1", RunStatus.RUNNING, at=NOON + SECOND) is RunStatus.RUNNING
    assert records.set_status("run-1", RunStatus.STOPPED, at=NOON + 2 * SECOND) is RunStatus.STOPPED
    for late in RunStatus:
        assert records.set_status("run-1", late, at=NOON + 3 * SECOND) is RunStatus.STOPPED
    run = queries.run("run-1")
    assert (run.started_at, run.stopped_at) == (NOON + SECOND, NOON + 2 * SECOND)


def test_a_run_whose_middle_was_missed_still_comes_to_its_end(records: Records) -> None:
    records.register_run(a_run())
    assert records.set_status("run-1", RunStatus.COMPLETED, at=NOON) is RunStatus.COMPLETED


def test_a_run_that_is_stopping_does_not_run_again(records: Records) -> None:
    records.register_run(a_run(status=RunStatus.STOPPING))
    assert records.set_status("run-1", RunStatus.RUNNING, at=NOON) is RunStatus.STOPPING


def test_an_error_is_kept_with_its_place_and_the_first_one_stays(records: Records, queries: Queries) -> None:
    error = RunError(message="division by zero\0", code="strategy_broken", file="mine.py", line=7)
    records.register_run(a_run())
    records.set_status("run-1", RunStatus.ERROR, at=NOON, error=error)
    records.set_status("run-1", RunStatus.ERROR, at=NOON, error=RunError(message="terminated", code="terminated"))
    assert queries.run("run-1").error == replace(error, message="division by zero\ufffd")


def test_progress_does_not_go_back(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    equity = Decimal("100000.1234567890123456789")
    records.set_progress("run-1", bars_done=50, bars_total=100, equity=equity, at=NOON + SECOND, windows=2)
    records.set_progress("run-1", bars_done=25, bars_total=100, equity=Decimal(1), at=NOON, windows=1)
    run = queries.run("run-1")
    assert (run.bars_done, run.equity, run.windows, run.updated_at) == (50, equity, 2, NOON + SECOND)


def test_what_is_said_of_an_unknown_run_is_not_found(records: Records) -> None:
    with pytest.raises(NotFound):
        records.set_status("none", RunStatus.RUNNING, at=NOON)
    with pytest.raises(NotFound):
        records.set_progress("none", bars_done=1, bars_total=1, equity=None, at=NOON)
    with pytest.raises(NotFound):
        records.save_result("none", a_result("none"))
    with pytest.raises(NotFound):
        records.delete_run("none")


def test_a_result_comes_back_exactly_and_the_last_one_counts(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    records.save_result("run-1", a_result(result_digest="first"))
    records.save_result("run-1", a_result())
    assert queries.result("run-1") == a_result()


def test_a_statistic_that_is_no_number_is_refused(records: Records) -> None:
    records.register_run(a_run())
    with pytest.raises(Exception, match="not JSON compliant"):
        records.save_result("run-1", a_result(stats={"sharpe_ratio": float("nan")}))


def test_a_run_without_a_result_says_its_status(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    with pytest.raises(NotFound, match="pending"):
        queries.result("run-1")


def test_an_unknown_run_names_the_nearest(records: Records, queries: Queries) -> None:
    records.register_run(a_run("my-first-run"))
    with pytest.raises(NotFound, match="my-first-run"):
        queries.run("my-frist-run")
    with pytest.raises(NotFound, match="my-first-run"):
        queries.result("my-frist-run")


def test_a_source_is_stored_once_by_its_digest(records: Records, queries: Queries) -> None:
    source = StrategySourceRecord(sha256="ab" * 32, strategy="sma-cross", source='{"files": ["é"]}', saved_at=NOON)
    records.save_source(source)
    records.save_source(replace(source, saved_at=NOON + SECOND))
    assert queries.source("ab" * 32) == source
    with pytest.raises(NotFound):
        queries.source("cd" * 32)


def test_events_come_back_in_order_each_once(records: Records, queries: Queries) -> None:
    records.save_events("run-1", [an_event(position) for position in range(2, 1_200)])
    records.save_events("run-1", [an_event(1, type="run.Started"), an_event(2)])
    records.save_events("run-2", [an_event(1, run_id="run-2")])
    assert [event.position for event in queries.events("run-1")] == list(range(1, 1_200))
    assert queries.events("run-1", ["run.Started"]) == [an_event(1, type="run.Started")]
    assert queries.events("nobody") == []


def test_a_finished_run_can_be_forgotten_with_all_that_belongs_to_it(records: Records, queries: Queries) -> None:
    records.register_run(a_run())
    records.save_result("run-1", a_result())
    records.save_events("run-1", [an_event(1)])
    with pytest.raises(NotAllowed):
        records.delete_run("run-1")
    records.set_status("run-1", RunStatus.COMPLETED, at=NOON)
    records.delete_run("run-1")
    assert queries.runs().total == 0
    assert queries.events("run-1") == []
    with pytest.raises(NotFound):
        queries.result("run-1")


def test_runs_are_found_by_what_they_are(records: Records, queries: Queries) -> None:
    records.register_run(a_run("one", created_at=NOON, symbols=("AAPL",), tags=("Breakfast",)))
    records.register_run(a_run("two", created_at=NOON + SECOND, strategy="buy-and-hold", symbols=("BTC/USD",), mode="paper", tags=()))
    records.register_run(a_run("three", created_at=NOON + 2 * SECOND, status=RunStatus.RUNNING, symbols=("AAPL", "MSFT"), tags=("100%",)))

    def found(**how: object) -> list[str]:
        return [run.id for run in queries.runs(**how).items]

    assert found() == ["three", "two", "one"]
    assert found(sort="created_at") == ["one", "two", "three"]
    assert found(sort="id") == ["one", "three", "two"]
    assert found(sort="started_at") == ["three", "one", "two"]
    assert found(status=RunStatus.RUNNING) == ["three"]
    assert found(status=[RunStatus.RUNNING, RunStatus.PENDING], symbol="AAPL") == ["three", "one"]
    assert found(mode="paper") == ["two"]
    assert found(strategy="buy-and-hold") == ["two"]
    assert found(symbol="MSFT") == ["three"]
    assert found(q="btc") == ["two"]
    assert found(q="breakFAST") == ["one"]
    assert found(q="100%") == ["three"]
    assert found(q="%") == ["three"]
    assert found(created_after=NOON + SECOND) == ["three", "two"]
    assert found(created_before=NOON + SECOND) == ["one"]


def test_pages_follow_each_other_without_overlap(records: Records, queries: Queries) -> None:
    for number in range(5):
        records.register_run(a_run(f"run-{number}"))
    pages = [queries.runs(page=page, page_size=2) for page in (1, 2, 3, 4)]
    assert [[run.id for run in page.items] for page in pages] == [["run-4", "run-3"], ["run-2", "run-1"], ["run-0"], []]
    assert {page.total for page in pages} == {5}


def test_a_sort_or_page_that_cannot_be_is_refused(queries: Queries) -> None:
    with pytest.raises(UnknownName, match="created_at"):
        queries.runs(sort="createdat")
    with pytest.raises(BadValue):
        queries.runs(page=0)
    with pytest.raises(BadValue):
        queries.runs(page_size=0)


def test_runs_of_a_symbol_are_found_in_steps_that_grow_with_the_runs(tmp_path: Path) -> None:
    database = with_tables(tmp_path)
    records, count = Records(database), 300
    for number in range(count):
        records.register_run(a_run(f"run-{number}", symbols=("AAPL",), temporal_run_id=str(number)))
    steps: list[int] = []

    @event.listens_for(database.engine, "checkout")
    def count_steps(connection: Any, *_: object) -> None:
        connection.set_progress_handler(lambda: steps.append(100), 100)

    assert Queries(database).runs(symbol="AAPL", page_size=1).total == count
    database.close()
    assert sum(steps) < 200 * count  # not with their square
