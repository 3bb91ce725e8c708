"""What is stored of a finished run is read without any server."""

import csv
import io
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from weaver.report_meanings import MEANINGS


@pytest.fixture(scope="module")
def kept(finished: tuple[Shell, str], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A copy of a home with a finished run, on which nothing runs."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copytree(finished[0].home, folder / "home", ignore=shutil.ignore_patterns("stack.*", "temporal.db*", "logs"))
    (folder / "work").mkdir()
    return Shell(folder / "home", folder / "work")


def test_a_run_is_shown_with_its_result(kept: Shell) -> None:
    document = kept.weaver("runs", "show", "finished-run", "--json").document
    assert (document["status"], document["actions"], document["error"]) == ("completed", ["delete"], None)
    progress = document["progress"]
    assert (progress["bars_done"], progress["bars_total"], progress["pct"], progress["windows"]) == (2265, 2265, 100.0, 1)
    result = document["result"]
    assert set(result["stats"]) == set(MEANINGS)
    assert (result["start_time"], result["end_time"]) == ("2004-01-02T00:00:00Z", "2012-12-31T00:00:00Z")
    assert "Final equity" in kept.weaver("runs", "show", "finished-run").stdout


def test_runs_are_listed_newest_first_and_narrowed(kept: Shell) -> None:
    runs = kept.weaver("runs", "list", "--json").document
    assert [run["created_at"] for run in runs] == sorted((run["created_at"] for run in runs), reverse=True)
    assert any(run["id"] == "finished-run" for run in runs)
    assert kept.weaver("runs", "list", "--symbol", "MSFT", "--json").document == []
    assert "finished-run" in kept.weaver("runs", "list", "--strategy", "sma-cross").stdout


def test_an_empty_home_lists_nothing_and_stays_empty(shell: Shell) -> None:
    done = shell.weaver("runs", "list", "--json")
    assert (done.code, done.document) == (0, [])
    assert not shell.home.exists()


def test_trades_have_prices_as_text_and_ratios_as_numbers(kept: Shell) -> None:
    trades = kept.weaver("runs", "trades", "finished-run", "--json").document
    assert trades
    assert isinstance(trades[0]["entry_price"], str)
    assert isinstance(trades[0]["return_pct"], float)
    assert trades[0]["entry_time"] < trades[0]["exit_time"]


def test_equity_is_json_or_csv_with_the_same_rows(kept: Shell) -> None:
    points = kept.weaver("runs", "equity", "finished-run", "--json").document
    text = kept.weaver("runs", "equity", "finished-run", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(points) == len(rows) == 2265
    assert [point["equity"] for point in points] == [row["equity"] for row in rows]
    assert min(point["drawdown_pct"] for point in points) < 0 == max(point["drawdown_pct"] for point in points)
    assert "buy and hold" in kept.weaver("runs", "equity", "finished-run").stdout


def test_equity_in_two_forms_at_once_is_refused(kept: Shell) -> None:
    assert kept.weaver("runs", "equity", "finished-run", "--json", "--csv").code == 2


def test_decisions_name_the_orders_they_made(kept: Shell) -> None:
    decisions = kept.weaver("runs", "decisions", "finished-run", "--json").document
    orders = {order["id"] for order in kept.weaver("runs", "orders", "finished-run", "--json").document}
    assert orders
    assert orders == {order for decision in decisions for order in decision["orders"]}
    assert "AAPL" in decisions[0]["seen"]


def test_events_tell_the_run_from_its_creation_to_its_end(kept: Shell) -> None:
    types = [event["type"] for event in kept.weaver("runs", "events", "finished-run", "--json").document]
    assert types[0] == "run.Created"
    assert types[-1] == "run.Completed"
    only = kept.weaver("runs", "events", "finished-run", "--type", "backtest.WindowCompleted", "--json").document
    assert {event["type"] for event in only} == {"backtest.WindowCompleted"}


def test_stopping_a_run_that_has_ended_needs_no_server(kept: Shell) -> None:
    done = kept.weaver("runs", "stop", "finished-run", "--json")
    assert (done.code, done.document) == (0, {"run_id": "finished-run", "status": "completed"})


def test_the_report_is_written_as_one_page(kept: Shell, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = kept.weaver("report", "finished-run", "--html", str(page), "--json")
    assert (done.code, done.document["bytes"]) == (0, page.stat().st_size)
    assert "sma-cross on AAPL" in page.read_text()
    assert kept.weaver("report", "finished-run", "--html", str(tmp_path / "none" / "report.html")).code == 2
