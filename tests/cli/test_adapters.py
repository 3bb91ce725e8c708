"""Where can be traded: listed without running anything, variables by name alone."""

import json

import pytest

from cli.main import run
from tests.cli.conftest import Shell

MINE = """
from weaver.veda import AdapterMeta

META = AdapterMeta(id="mine", name="Mine", modes=("paper",), credentials=("MINE_{MODE}_KEY",), features=("brackets",))
"""


def _listed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    assert run(["adapters", "--json"]) == 0
    return {entry["id"]: entry for entry in json.loads(capsys.readouterr().out)}


def test_the_shipped_adapters_are_listed_with_modes_features_and_what_is_missing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shell.folder)
    for name in ("ALPACA_LIVE_API_KEY", "ALPACA_LIVE_API_SECRET", "ALPACA_PAPER_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALPACA_PAPER_API_KEY", "planted-key")
    listed = _listed(capsys)
    assert (listed["simulated"]["modes"], listed["alpaca"]["modes"]) == (["paper"], ["paper", "live"])
    variables = listed["alpaca"]["variables"]
    assert isinstance(variables, dict)
    assert variables["paper"]["set"] == ["ALPACA_PAPER_API_KEY"]
    assert variables["paper"]["missing"] == ["ALPACA_PAPER_API_SECRET"]
    assert variables["live"]["missing"] == ["ALPACA_LIVE_API_KEY", "ALPACA_LIVE_API_SECRET"]
    assert "ALPACA_PAPER_BASE_URL" in variables["paper"]["options"]
    assert "planted" not in json.dumps(listed)
    assert run(["adapters"]) == 0
    said = capsys.readouterr().out
    assert "ALPACA_PAPER_API_SECRET" in said
    assert "planted" not in said


def test_a_dropped_in_adapter_is_listed_and_a_torn_one_breaks_nothing_else(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shell.folder / "plugins" / "adapters"
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(MINE)
    (folder / "torn.py").write_text("def (:")
    monkeypatch.chdir(shell.folder)

    listed = _listed(capsys)

    assert (listed["mine"]["source"], listed["simulated"]["source"]) == ("plugin", "builtin")
    assert listed["mine"]["variables"] == {"paper": {"set": [], "missing": ["MINE_PAPER_KEY"], "options": []}}
    error = listed["torn"]["error"]
    assert isinstance(error, dict)
    assert "syntax error" in error["message"]
    assert run(["trade", "sma-cross", "--symbol", "X", "--adapter", "torn"]) == 2
    assert "torn.py:1" in capsys.readouterr().err
