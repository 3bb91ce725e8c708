import json
import re
import signal
import subprocess
from decimal import Decimal
from pathlib import Path

from cli.homes import Home
from cli.ports import answers, free_ports
from cli.supervisor import temporal_program
from tests.cli.conftest import Shell
from tests.cli.waiting import processes_naming, wait_until
from weaver.orders import client_order_id

RUN = ("backtest", "sma-cross", "--symbol", "AAPL", "--param", "quantity=100")

BROKEN = """
from weaver.marvin import Bars, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="broken", name="Broken")


class Params(StrategyParams):
    pass


class Broken(Strategy[Params]):
    def decide(self, view):
        return [1 / 0]
"""


def test_with_nothing_running_a_stack_is_brought_up_for_the_run_and_nothing_of_it_is_left(shell: Shell) -> None:
    shell.import_demo("AAPL")

    done = shell.weaver(*RUN, "--start", "2004-01-01", "--end", "2013-01-01", "--json")

    assert done.code == 0, done.stderr
    document = done.document
    assert list(document) == ["run_id", "status", "result_digest", "provenance", "stats", "counts"]
    assert document["status"] == "completed"
    assert set(document["counts"]) == {"bars", "windows", "orders", "fills", "trades"}
    assert document["counts"]["bars"] == 2265
    assert re.fullmatch(r"\d+\.?\d*", document["stats"]["final_equity"])
    assert isinstance(document["stats"]["total_return_pct"], float)
    assert "start 2004-01-01 has no time zone: taken as UTC" in done.stderr
    home = Home(shell.home)
    wait_until(lambda: not processes_naming(str(shell.home)), "the stack to end with its command")
    assert home.running() is None
    assert not home.stack_file.exists()


def test_a_result_can_be_read_by_a_stranger(served: Shell) -> None:
    done = served.weaver(*RUN, "--commission-bps", "10")
    assert done.code == 0, done.stderr
    for text in (
        "sma-cross on AAPL, 1d bars, 2000-03-01 to 2013-03-01",
        "Final equity",
        "Max drawdown %",
        "Sharpe",
        "Commission",
        "digest ",
    ):
        assert text in done.stdout


def test_fills_are_listed_in_time_order_with_decimal_strings(finished: tuple[Shell, str]) -> None:
    shell, run_id = finished
    fills = shell.weaver("runs", "fills", run_id, "--json").document
    assert fills
    assert {"time", "symbol", "side", "quantity", "price", "commission", "order_id"} <= set(fills[0])
    assert [fill["time"] for fill in fills] == sorted(fill["time"] for fill in fills)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", fill["time"]) for fill in fills)
    assert [fill["side"] for fill in fills[:2]] == ["buy", "sell"]
    for fill in fills:
        assert fill["order_id"].startswith(client_order_id(run_id, ""))
        assert fill["quantity"] == "100"
        assert abs(Decimal(fill["commission"]) - Decimal(fill["price"]) * 100 / 1000) < Decimal("1e-9")


def test_an_id_that_is_taken_is_refused_with_its_status(finished: tuple[Shell, str]) -> None:
    shell, run_id = finished
    done = shell.weaver(*RUN, "--id", run_id, "--json")
    assert done.code == 2
    assert f"run '{run_id}' exists already: completed" in done.stderr
    assert done.document["error"]["state"] == "completed"


def test_flags_win_over_the_request_file(served: Shell, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(
        json.dumps({"strategy": "sma-cross", "symbols": ["AAPL"], "params": {"fast": 5, "slow": 20}, "costs": {"commission_bps": "5"}})
    )

    done = served.weaver(
        "backtest", "--file", str(file), "--param", "fast=7", "--window-bars", "500", "--slippage-bps", "1", "--id", "by-file", "--json"
    )

    assert done.code == 0, done.stderr
    assert done.document["counts"]["windows"] == 7
    config = served.weaver("runs", "show", "by-file", "--json").document["config"]
    assert (config["params"]["fast"], config["params"]["slow"]) == (7, 20)
    assert (config["costs"]["commission_bps"], config["costs"]["slippage_bps"]) == ("5", "1")


def test_the_result_does_not_depend_on_the_windows(served: Shell) -> None:
    digests = {served.weaver(*RUN, "--window-bars", str(size), "--json").document["result_digest"] for size in (97, 5000)}
    assert len(digests) == 1


def test_a_strategy_that_fails_is_exit_1_with_file_and_line(served: Shell) -> None:
    plugins = served.folder / "plugins" / "strategies"
    plugins.mkdir(parents=True, exist_ok=True)
    (plugins / "broken.py").write_text(BROKEN)
    try:
        done = served.weaver("backtest", "broken", "--symbol", "AAPL", "--json")
    finally:
        (plugins / "broken.py").unlink()
    assert done.code == 1, done.stderr
    assert done.document["status"] == "error"
    assert done.document["result_digest"] is None
    assert done.document["error"]["line"] == 13
    assert "broken.py:13" in done.stderr
    shown = served.weaver("runs", "show", done.document["run_id"], "--json")
    assert shown.code == 0
    assert shown.document["error"]["line"] == 13


def test_a_detached_run_goes_on_and_can_be_looked_at(served: Shell) -> None:
    started = served.weaver(*RUN, "--detach", "--id", "detached-backtest", "--json")
    assert (started.code, started.document) == (0, {"run_id": "detached-backtest", "status": "pending"})
    wait_until(
        lambda: served.weaver("runs", "list", "--status", "completed", "--json").stdout.count('"detached-backtest"') > 0,
        "the run to complete",
    )
    assert served.weaver("runs", "stop", "detached-backtest").code == 0  # stopping what has ended is no error


def test_with_a_server_of_its_own_and_no_worker_it_says_so_and_ctrl_c_leaves_the_run(shell: Shell) -> None:
    shell.import_demo("AAPL")
    port, ui = free_ports(2)
    arguments = ["server", "start-dev", "--ip", "127.0.0.1", "--port", str(port), "--ui-port", str(ui), "--log-level", "error"]
    temporal = subprocess.Popen([str(temporal_program()), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(f"127.0.0.1:{port}"), "Temporal to answer")
        process = shell.start(*RUN, "--id", "waits", "--json", WEAVER_TEMPORAL_ADDRESS=f"127.0.0.1:{port}")
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "No worker polls the queue 'weaver'" in line
        process.send_signal(signal.SIGINT)
        answer, rest = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "weaver runs stop waits" in rest
        assert json.loads(answer)["error"]["message"] == "Interrupted."
    finally:
        temporal.kill()
        temporal.wait()
    assert not (shell.home / "temporal.db").exists()
