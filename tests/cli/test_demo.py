from tests.cli.conftest import Shell
from tests.cli.waiting import processes_naming, wait_until


def test_the_demo_backtests_every_shipped_strategy_and_may_be_run_again(shell: Shell) -> None:
    first = shell.weaver("demo")
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
    assert len(runs) == 12
    assert all(run["stats"]["total_bars"] for run in again.document)
    wait_until(lambda: not processes_naming(str(shell.home)), "the stack to end")
