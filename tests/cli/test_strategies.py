import subprocess
import sys

from tests.cli.conftest import Shell

CHEAT = """
import numpy as np

from weaver.marvin import Bars, Indicators, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="cheat", name="Cheat")


class Params(StrategyParams):
    pass


class Cheat(Strategy[Params]):
    def indicators(self, bars: Bars) -> Indicators:
        return {"tomorrow": np.append(bars.close[1:], np.nan)}

    def decide(self, view):
        return []
"""


def test_strategies_are_listed_with_schema_digest_and_what_is_broken(shell: Shell) -> None:
    folder = shell.folder / "plugins" / "strategies"
    folder.mkdir(parents=True)
    (folder / "cheat.py").write_text(CHEAT)
    (folder / "torn.py").write_text("def (:")

    listed = {entry["id"]: entry for entry in shell.weaver("strategies", "--json").document}

    assert {"sma-cross", "mean-reversion", "rsi-bracket", "momentum-rotation", "multi-timeframe-trend", "buy-and-hold"} < set(listed)
    assert set(listed["sma-cross"]["params_schema"]["properties"]) == {"fast", "slow", "quantity"}
    assert (listed["sma-cross"]["source"], listed["cheat"]["source"]) == ("builtin", "plugin")
    assert len(listed["cheat"]["sha256"]) == 64
    assert "syntax error" in listed["torn"]["error"]["message"]
    assert "torn.py:1" in shell.weaver("strategies").stdout
    assert not shell.home.exists()


def test_one_strategy_is_shown_with_its_parameters(shell: Shell) -> None:
    done = shell.weaver("strategies", "sma-cross")
    assert done.code == 0
    assert "bars in the fast mean" in done.stdout
    assert "integer ≥ 1" in done.stdout


def test_a_starter_is_written_once_passes_its_check_and_its_test(shell: Shell) -> None:
    done = shell.weaver("new", "strategy", "my-idea", "--json")
    assert done.code == 0, done.stderr
    assert done.document["files"] == ["plugins/strategies/my_idea.py", "plugins/tests/test_my_idea.py"]

    again = shell.weaver("new", "strategy", "my-idea")
    assert again.code == 2
    assert "exists already" in again.stderr

    assert shell.weaver("check", "my-idea", "--json").document == {"strategy": "my-idea", "ok": True, "findings": []}
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "plugins/tests"], cwd=shell.folder, capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout


def test_a_starter_of_a_bad_or_shipped_name_is_refused(shell: Shell) -> None:
    for name in ("My Idea", "sma-cross"):
        assert shell.weaver("new", "strategy", name).code == 2
    assert list(shell.folder.iterdir()) == []


def test_a_cheat_is_found_with_the_first_bar_that_differs(shell: Shell) -> None:
    folder = shell.folder / "plugins" / "strategies"
    folder.mkdir(parents=True)
    (folder / "cheat.py").write_text(CHEAT)
    shell.import_demo("MSFT")

    done = shell.weaver("check", "cheat", "--symbol", "MSFT", "--json")

    assert done.code == 1
    (finding,) = done.document["findings"]
    assert (finding["kind"], finding["name"], finding["symbol"], finding["time"]) == ("future", "tomorrow", "MSFT", "2000-03-01T00:00:00Z")
