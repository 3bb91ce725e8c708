"""`python -m api` as a process: what it refuses to start with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.ports import free_ports
from tests.workflows.stack import ROOT


def started(home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the API until it ends by itself."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WEAVER_")}
    return subprocess.run(
        [sys.executable, "-m", "api"],
        cwd=ROOT,
        env={**inherited, "WEAVER_HOME": str(home), "WEAVER_API_PORT": str(free_ports(1)[0]), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"WEAVER_API_HOST": "0.0.0.0"}, "WEAVER_API_TOKEN"),
        ({"WEAVER_API_TOKEN": "short"}, "16"),
        ({"WEAVER_API_PORT": "many"}, "WEAVER_API_PORT"),
        ({"WEAVER_DB_URL": "mysql://nowhere/x"}, "db_url"),
    ],
)
def test_what_it_cannot_serve_with_is_said_in_one_line(tmp_path: Path, variables: dict[str, str], expected: str) -> None:
    done = started(tmp_path, **variables)
    assert done.returncode == 2
    assert done.stderr.startswith("weaver: ")
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_home_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file where the home should be")
    done = started(home)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert str(home) in done.stderr


def test_a_database_that_does_not_answer_is_exit_3(tmp_path: Path) -> None:
    done = started(tmp_path, WEAVER_DB_URL="postgresql://127.0.0.1:1/weaver")
    assert done.returncode == 3
    assert "does not answer" in done.stderr
