import subprocess
import sys

import pytest

from cli.main import COMMANDS, run
from tests.cli.conftest import Shell

HEAVY = ("temporalio", "pandas", "numpy", "sqlalchemy", "pyarrow", "exchange_calendars", "plotly", "alembic")
LEAVES = [
    *([name] for name, entry in COMMANDS.items() if not entry.is_group),
    *(["runs", name] for name in ("list", "show", "fills", "orders", "trades", "equity", "decisions", "events")),
    *(["runs", name] for name in ("start", "pause", "resume", "stop", "params")),
    *(["orders", name] for name in ("place", "show", "list", "cancel", "amend")),
    *(["data", name] for name in ("import", "list", "show", "export")),
    ["new", "strategy"],
]


def test_help_loads_nothing_heavy() -> None:
    program = (
        f"import sys; from cli.main import run; run(['--help']); print('loaded:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout
    assert all(name in done.stdout for name in COMMANDS)


def test_no_command_loads_what_only_the_api_needs() -> None:
    server = ("fastapi", "starlette", "uvicorn", "prometheus_client", "limits")
    program = (
        "import sys; from importlib import import_module; from cli.main import COMMANDS; import cli.supervisor; "
        "[import_module(f'cli.commands.{entry.module}') for entry in COMMANDS.values()]; "
        f"print('loaded:', [name for name in {server!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout


@pytest.mark.parametrize("command", LEAVES, ids=" ".join)
def test_every_command_has_help_with_an_example_and_takes_json(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run([*command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Example: weaver {' '.join(command)}" in said
    assert "--json" in said


@pytest.mark.parametrize("group", [name for name, entry in COMMANDS.items() if entry.is_group])
def test_a_group_alone_shows_its_commands(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([group]) == 0
    assert "Commands" in capsys.readouterr().out


def test_an_unknown_command_is_bad_input_with_the_nearest(shell: Shell) -> None:
    done = shell.weaver("backtst")
    assert (done.code, done.stdout) == (2, "")
    assert "backtest" in done.stderr


def test_a_wrong_option_with_json_is_one_document(shell: Shell) -> None:
    done = shell.weaver("backtest", "sma-cross", "--simbol", "AAPL", "--json")
    assert done.code == 2
    assert done.document["error"]["type"] == "BadUsage"
    assert "--symbol" in done.stderr


def test_an_environment_variable_that_does_not_fit_is_named(shell: Shell) -> None:
    done = shell.weaver("runs", "list", WEAVER_STEP_LIMIT_SECONDS="soon")
    assert done.code == 2
    assert "WEAVER_STEP_LIMIT_SECONDS = 'soon'" in done.stderr
