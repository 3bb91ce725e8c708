from tests.cli.conftest import Shell
from tests.cli.waiting import processes_naming, wait_until


def test_the_demo_backtests_every_shipped_strategy_then_trades_and_may_be_run_again(shell: Shell) -> None:
    first = shell.weaver("demo", "--skip-trading")
    assert first.code == 0, first.stderr
    for text in ("buy-and-hold", "momentum-rotation", "multi-timeframe-trend", "rsi-bracket", "sma-cross", "mean-reversion"):
        assert text in first.stdout
    assert "12,154 daily bars imported" in first.stderr
    assert "Final equity" in first.stdout
    assert "buy and hold" in first.stdout
    assert "What next" in first.stdout

    again = shell.weaver("demo", "--json")

    assert again.code == 0, again.stderr
    assert "imported already" in again.stderr
    runs = {run["id"]: run for run in shell.weaver("runs", "list", "--json").document}
    assert [run["mode"] for run in runs.values()].count("backtest") == 12
    assert all(run["stats"]["total_bars"] for run in again.document["backtests"])
    trading = again.document["trading"]
    assert (runs[trading["run_id"]]["mode"], trading["status"], trading["positions"]) == ("paper", "completed", [])
    assert trading["fills"]
    assert "filled: buy 1 SIM/USD market at" in again.stderr
    wait_until(lambda: not processes_naming(str(shell.home)), "the stack to end")


def test_the_prices_alone_are_imported_without_any_server(shell: Shell) -> None:
    done = shell.weaver("demo", "--prices-only", "--json")
    assert done.code == 0, done.stderr
    assert set(done.document["symbols"]) == {"AAPL", "FB", "GOOG", "IBM", "MSFT"}
    assert shell.weaver("data", "list", "--json").document
    assert not (shell.home / "temporal.db").exists()
