"""What bad input gets: the field, the value, what was expected, the nearest valid name; exit 2; nothing written."""

import json
from pathlib import Path

import pytest

from cli.main import run
from tests.cli.conftest import Shell, new_shell

RUN = ("backtest", "sma-cross", "--symbol", "AAPL")


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = new_shell(tmp_path_factory.mktemp("stocked"))
    shell.import_demo("AAPL", "MSFT")
    return shell


CASES = {
    "unknown strategy": (("backtest", "sma-cros", "--symbol", "AAPL"), "No strategy 'sma-cros'. Did you mean 'sma-cross'?"),
    "unknown param": ((*RUN, "--param", "fsat=3"), "No param 'fsat'. Did you mean 'fast'?"),
    "param of the wrong type": ((*RUN, "--param", "fast=quick"), "fast = 'quick': expected a valid integer"),
    "param out of range": ((*RUN, "--param", "fast=0"), "fast = 0: expected greater than or equal to 1"),
    "param without a value": ((*RUN, "--param", "fast"), "--param = 'fast': expected name=value"),
    "param twice": ((*RUN, "--param", "fast=3", "--param", "fast=4"), "each parameter once"),
    "unknown symbol": (("backtest", "sma-cross", "--symbol", "APL"), "No symbol 'APL'. Did you mean 'AAPL'?"),
    "no symbol": (("backtest", "sma-cross"), "symbols = None: expected at least one symbol"),
    "no strategy": (("backtest", "--symbol", "AAPL"), "strategy = None: expected the id of a strategy"),
    "several symbols for one": ((*RUN, "--symbol", "MSFT"), "trades one symbol"),
    "timeframe that is none": ((*RUN, "--timeframe", "1day"), "timeframe = '1day': expected a number and one of s, m, h, d, w"),
    "timeframe nearest": ((*RUN, "--timeframe", "1D"), "nearest: 1d"),
    "timeframe that is not stored": ((*RUN, "--timeframe", "1h"), "No timeframe '1h'"),
    "end before start": (
        (*RUN, "--start", "2005-01-01", "--end", "2004-01-01"),
        "end 2004-01-01T00:00:00+00:00: expected a time after start",
    ),
    "a time that is none": ((*RUN, "--start", "soon"), "start = 'soon': expected a time such as 2004-01-01"),
    "a bare year": ((*RUN, "--start", "2004"), "start = '2004': expected a time such as 2004-01-01"),
    "no bars in range": ((*RUN, "--start", "2020-01-01"), "Stored: 2000-03-01 to 2013-03-01"),
    "cash that is none": ((*RUN, "--cash", "much"), "cash = 'much': expected a valid decimal"),
    "no cash": ((*RUN, "--cash", "0"), "cash = '0': expected greater than 0"),
    "a negative cost": ((*RUN, "--commission-bps", "-1"), "costs.commission_bps"),
    "a cost that is none": ((*RUN, "--slippage-bps", "x"), "costs.slippage_bps = 'x': expected a valid decimal"),
    "a bad run id": ((*RUN, "--id", "a/b"), "id = 'a/b': expected letters, digits"),
    "a file that is not there": (("backtest", "--file", "none.json"), "--file none.json: No such file"),
    "unknown series to show": (("data", "show", "APL"), "No symbol 'APL'. Did you mean 'AAPL'?"),
    "unknown run": (("runs", "show", "nothing"), "No run 'nothing'"),
    "unknown status": (("runs", "list", "--status", "complete"), "No status 'complete'. Did you mean 'completed'?"),
    "strategy to show": (("strategies", "momentum"), "Did you mean 'momentum-rotation'?"),
    "import of nothing": (("data", "import", "none.csv", "--symbol", "X"), "none.csv"),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bad_input_says_what_was_expected_and_writes_nothing(
    case: str, stocked: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, expected = CASES[case]
    before = stocked.files()
    monkeypatch.setenv("WEAVER_HOME", str(stocked.home))
    monkeypatch.chdir(stocked.folder)

    code = run([*arguments, "--json"])  # in this process: so many cases would load everything anew each

    said = capsys.readouterr()
    assert code == 2
    assert expected in said.err
    assert json.loads(said.out)["error"]["message"]
    assert stocked.files() == before


def test_the_installed_command_refuses_alike(stocked: Shell) -> None:
    done = stocked.weaver("backtest", "sma-cros", "--symbol", "AAPL", "--json")
    assert done.code == 2
    assert done.document["error"]["nearest"] == "sma-cross"
    assert done.stderr == "weaver: No strategy 'sma-cros'. Did you mean 'sma-cross'?\n"


def test_a_request_file_is_checked_key_by_key(stocked: Shell, tmp_path: Path) -> None:
    def outcome(document: object) -> str:
        file = tmp_path / "run.json"
        file.write_text(json.dumps(document))
        done = stocked.weaver("backtest", "--file", str(file))
        assert done.code == 2
        return done.stderr

    good = {"strategy": "sma-cross", "symbols": ["AAPL"]}
    assert "No field 'symbls'. Did you mean 'symbols'?" in outcome({"strategy": "sma-cross", "symbls": ["AAPL"]})
    assert "No field in costs 'comission_bps'. Did you mean 'commission_bps'?" in outcome({**good, "costs": {"comission_bps": 1}})
    assert "mode = 'live': expected backtest" in outcome({**good, "mode": "live"})
    assert "expected a JSON object" in outcome(["sma-cross"])


def test_no_bars_at_all_names_the_ways_to_get_some(shell: Shell) -> None:
    done = shell.weaver(*RUN)
    assert done.code == 2
    assert "weaver data import" in done.stderr
    assert not shell.home.exists()


def test_a_home_that_cannot_be_written_is_bad_input(shell: Shell) -> None:
    shell.home.write_text("a file where the home should be")
    for arguments in (("up",), ("demo",), ("data", "import", "x.csv", "--symbol", "X")):
        done = shell.weaver(*arguments)
        assert done.code == 2, arguments
        assert "WEAVER_HOME" in done.stderr


def test_a_temporal_server_that_does_not_answer_is_exit_3(stocked: Shell) -> None:
    before = stocked.files()
    done = stocked.weaver(*RUN, "--json", WEAVER_TEMPORAL_ADDRESS="127.0.0.1:1")
    assert done.code == 3
    assert done.document["error"]["type"] == "Unavailable"
    assert "127.0.0.1:1" in done.stderr
    assert stocked.files() == before


def test_an_address_that_is_none_is_bad_input(stocked: Shell) -> None:
    done = stocked.weaver(*RUN, WEAVER_TEMPORAL_ADDRESS="localhost")
    assert done.code == 2
    assert "host:port" in done.stderr


def test_what_needs_a_running_stack_names_weaver_up(stocked: Shell) -> None:
    for arguments in ((*RUN, "--detach"), ("runs", "stop", "some-run")):
        done = stocked.weaver(*arguments)
        assert done.code == 3
        assert "weaver up" in done.stderr
