"""What is kept, and how it is forgotten: prune, export, disk."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.commands.disk import size_text
from tests.cli.conftest import Shell
from tests.walle.records import a_run
from weaver.glados.runs import RunStatus
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.records import Records
from weaver.walle.results import RunFiles


def ended(shell: Shell, run_id: str, days: int, status: RunStatus = RunStatus.COMPLETED, **changes: object) -> None:
    settings = Settings(home=shell.home)
    database = Database.open(settings.database_url)
    at = datetime.now(UTC) - timedelta(days=days)
    Records(database).register_run(a_run(run_id, status=status, created_at=at, updated_at=at, stopped_at=at, **changes))
    database.close()
    RunFiles(settings.results_location, run_id).write_text("plan", "{}")


def test_runs_that_ended_long_ago_are_deleted_and_no_others(served: Shell) -> None:
    ended(served, "prune-old", 100)
    ended(served, "prune-old-error", 100, RunStatus.ERROR)
    ended(served, "prune-old-paper", 100, mode="paper")
    ended(served, "prune-new", 10)
    ended(served, "prune-goes-on", 200, RunStatus.RUNNING)
    tried = served.weaver("runs", "prune", "--older-than", "90d", "--dry-run", "--json").document
    assert set(tried["found"]) == {"prune-old", "prune-old-error", "prune-old-paper"}
    assert tried["deleted"] == []
    only = served.weaver("runs", "prune", "--older-than", "90d", "--status", "error", "--json").document
    assert only["deleted"] == ["prune-old-error"]
    done = served.weaver("runs", "prune", "--older-than", "12w", "--mode", "backtest")
    assert (done.code, done.stderr) == (0, "1 run deleted.\n")
    left = {run["id"] for run in served.weaver("runs", "list", "--json").document}
    assert left >= {"prune-old-paper", "prune-new", "prune-goes-on"}
    assert not left & {"prune-old", "prune-old-error"}
    assert not (Path(Settings(home=served.home).results_location) / "prune-old").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--older-than", "soon"), "--older-than = 'soon': expected a number with h, d or w, such as 90d"),
        (("--older-than", "0d"), "expected a number with h, d or w"),
        (("--older-than", "9d", "--status", "complete"), "Did you mean 'completed'?"),
        (("--older-than", "9d", "--status", "running"), "No status 'running'"),
        (("--older-than", "9d", "--mode", "back"), "Did you mean 'backtest'?"),
    ],
)
def test_what_is_to_be_pruned_must_be_said_right(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    done = shell.weaver("runs", "prune", *arguments)
    assert (done.code, said in done.stderr) == (2, True), done.stderr
    assert shell.files() == set()


def test_an_export_needs_no_stack_and_says_what_is_in_it(shell: Shell, tmp_path: Path) -> None:
    assert shell.weaver("export", str(tmp_path / "none")).stderr.startswith("weaver: No run is stored in ")
    ended(shell, "mine", 1)
    folder = tmp_path / "export"
    done = shell.weaver("export", str(folder), "--json").document
    assert (done["counts"]["runs"], done["counts"]["result_files"]) == (1, 1)
    assert json.loads((folder / "export.json").read_text())["counts"] == done["counts"]
    again = shell.weaver("export", str(folder))
    assert (again.code, "not empty" in again.stderr) == (2, True)


def test_disk_names_the_largest_runs(shell: Shell) -> None:
    ended(shell, "mine", 1)
    found = shell.weaver("disk", "--json").document
    assert (found["runs"], found["results"], found["temporal"]) == ({"mine": 2}, 2, None)
    shown = shell.weaver("disk", "--largest", "0").stdout
    assert "1 more runs have results." in shown


def test_sizes_are_written_for_people() -> None:
    written = [size_text(size) for size in (None, 0, 999, 1_000, 123_456, 2_500_000_000)]
    assert written == ["-", "0 bytes", "999 bytes", "1.0 KB", "123 KB", "2.5 GB"]
