"""What a run can be told, and what it says when it cannot."""

import json

import pytest

from cli.main import run
from cli.trading_records import trading_records
from tests.cli.conftest import Shell
from tests.cli.waiting import wait_until
from tests.walle.records import NOON, a_run
from weaver.glados.runs import RunStatus
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.records import Records


def _becomes(shell: Shell, run_id: str, status: str) -> None:
    def is_so() -> bool:
        with trading_records(Settings(home=shell.home)) as records:
            return records is not None and (known := records.known_run(run_id)) is not None and known.status.value == status

    wait_until(is_so, f"{run_id} to be {status}")


def _is_prepared(run: dict[str, object]) -> bool:
    live = run["live"]
    return isinstance(live, dict) and bool(live["next_tick"])


def test_a_run_is_started_paused_resumed_changed_and_stopped(
    served: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEAVER_HOME", str(served.home))
    monkeypatch.chdir(served.folder)

    def told(*arguments: str) -> dict[str, object]:
        code = run([*arguments, "--json"])
        said = capsys.readouterr()
        assert code == 0, said.err
        return json.loads(said.out)

    def refused(*arguments: str) -> str:
        assert run([*arguments]) == 2
        return capsys.readouterr().err

    trade = ("trade", "sma-cross", "--symbol", "TOLD/USD", "--timeframe", "1s", "--id", "told", "--start-paused", "--detach")
    assert told(*trade) == {"run_id": "told", "status": "pending"}
    _becomes(served, "told", "pending")
    assert "Possible now: start, stop" in refused("runs", "pause", "told")
    # A stack that has just come up takes a while until it has prepared a run; until then nobody answers in time.
    wait_until(lambda: _is_prepared(told("runs", "show", "told")), "the run to be prepared")
    told("runs", "start", "told")
    _becomes(served, "told", "running")
    assert "Cannot start a run that is running" in refused("runs", "start", "told")
    assert "Cannot delete a run that is running" in refused("runs", "delete", "told")
    assert told("runs", "pause", "told") == {"run_id": "told", "status": "paused"}
    changed = told("runs", "params", "told", "--param", "fast=3")
    assert (changed["status"], changed["params"]) == ("paused", {"fast": 3})
    params = told("runs", "show", "told")["params"]
    assert isinstance(params, dict)
    assert (params["fast"], params["slow"]) == (3, 30)
    assert "Did you mean 'fast'?" in refused("runs", "params", "told", "--param", "fsat=3")
    assert "fast = 'x'" in refused("runs", "params", "told", "--param", "fast=x")
    assert "expected name=value" in refused("runs", "params", "told", "--param", "fast")
    assert told("runs", "resume", "told") == {"run_id": "told", "status": "running"}
    told("runs", "stop", "told")
    _becomes(served, "told", "stopped")
    assert told("runs", "stop", "told") == {"run_id": "told", "status": "stopped"}
    assert "Possible now: delete" in refused("runs", "resume", "told")
    assert "Did you mean 'told'?" in refused("runs", "pause", "tolt")
    assert told("runs", "delete", "told") == {"run_id": "told", "deleted": True}
    assert "No run 'told'" in refused("runs", "delete", "told")


@pytest.mark.parametrize("message", ["start", "pause", "resume", "params"])
def test_a_run_that_has_ended_says_what_is_possible_without_any_server(
    message: str, shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEAVER_HOME", str(shell.home))
    shell.home.mkdir()
    database = Database.open(f"sqlite:///{shell.home / 'walle.db'}")
    Records(database).register_run(a_run("over", mode="paper"))
    Records(database).set_status("over", RunStatus.STOPPED, at=NOON)
    database.close()

    assert run(["runs", message, "over", *(["--param", "fast=3"] if message == "params" else []), "--json"]) == 2

    said = json.loads(capsys.readouterr().out)
    assert said["error"]["type"] == "NotAllowed"
    assert said["error"]["status"] == "stopped"


def test_telling_a_run_something_needs_a_stack(shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WEAVER_HOME", str(shell.home))
    assert run(["runs", "pause", "some-run"]) == 3
    assert "weaver up" in capsys.readouterr().err
