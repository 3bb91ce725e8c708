"""A strategy trades on the simulated exchange from one command, and what cannot trade is refused before anything starts."""

import json
import signal
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cli.main import run
from cli.trading_news import RunNews
from cli.trading_records import trading_records
from tests.cli.conftest import Shell, new_shell
from tests.cli.waiting import processes_naming, wait_until
from tests.walle.records import NOON, a_run
from tests.walle.trading import PAPER, a_fill, a_report, admit, wanted
from weaver.orders import OrderStatus, Side
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.leases import Leases
from weaver.walle.live_bars import LiveBars
from weaver.walle.orders import Orders
from weaver.walle.records import Records
from weaver.walle.run_money import TradingRecords, money_of
from weaver.walle.trading_model import DecisionRecord, LiveBar

FAST = ("--timeframe", "1s", "--param", "fast=1", "--param", "slow=2")

RESTING = """
from weaver.marvin import Buy, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="resting", name="Resting")


class Params(StrategyParams):
    pass


class Resting(Strategy[Params]):
    def decide(self, view):
        if not view.working_orders:
            yield Buy(1, limit=1)
"""

BROKEN = """
from weaver.marvin import Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="broken", name="Broken")


class Params(StrategyParams):
    pass


class Broken(Strategy[Params]):
    def decide(self, view):
        return [1 / 0]
"""


def test_one_command_trades_on_the_simulated_exchange_and_leaves_nothing_running(shell: Shell) -> None:
    done = shell.weaver("trade", "sma-cross", "--symbol", "SIM/USD", *FAST, "--for", "12s", "--at-end", "flatten", "--id", "r", "--json")

    assert done.code == 0, done.stderr
    document = done.document
    assert {"run_id", "status", "equity", "orders", "fills", "positions"} <= set(document)
    assert (document["run_id"], document["status"], document["positions"]) == ("r", "completed", [])
    assert document["orders"]
    assert {order["status"] for order in document["orders"]} <= {"filled", "cancelled"}
    flows = [
        Decimal(fill["price"]) * Decimal(fill["quantity"]) * (-1 if fill["side"] == "buy" else 1) - Decimal(fill["commission"])
        for fill in document["fills"]
    ]
    assert Decimal(document["equity"]) == 100_000 + sum(flows)
    assert "filled: buy 1 SIM/USD market at" in done.stderr
    assert "wants Buy(quantity=1)" in done.stderr
    wait_until(lambda: not processes_naming(str(shell.home)), "the stack to end with its command")
    listed = shell.weaver("runs", "list", "--mode", "paper", "--json").document
    assert [(one["id"], one["mode"]) for one in listed] == [("r", "paper")]
    assert len(shell.weaver("runs", "orders", "r", "--json").document) == len(document["orders"])
    assert shell.weaver("runs", "fills", "r", "--json").document == document["fills"]
    shown = shell.weaver("runs", "show", "r", "--json").document
    assert (shown["account"], shown["equity"], shown["actions"]) == ("simulated-paper", document["equity"], ["delete"])
    decisions = shell.weaver("runs", "decisions", "r", "--json").document
    made = {order for decision in decisions for order in decision["orders"]}
    assert made <= {order["id"] for order in document["orders"]}
    seen = [decision["seen"] for decision in decisions if decision["skipped"] is None]  # a busy machine may miss a bar
    assert seen
    assert all({"close", "position", "fast", "slow"} <= set(one["SIM/USD"]) for one in seen)
    assert {fill["id"] for decision in decisions for fill in decision["fills"]} <= {fill["id"] for fill in document["fills"]}
    refused = shell.weaver("runs", "trades", "r")
    assert refused.code == 2
    assert "only backtests have trades" in refused.stderr


def test_ctrl_c_stops_the_run_as_it_was_asked_to_end(served: Shell) -> None:
    _plugin(served, "resting", RESTING)
    trading = served.start("trade", "resting", "--symbol", "STOP/USD", "--timeframe", "1s", "--id", "ctrl-c", "--json")
    wait_until(lambda: _statuses(served, "ctrl-c") == ["accepted"], "an order to rest at the exchange")

    trading.send_signal(signal.SIGINT)

    out, err = trading.communicate(timeout=60)
    assert trading.returncode == 0, err
    document = json.loads(out)
    assert document["status"] == "stopped"
    assert [order["status"] for order in document["orders"]] == ["cancelled"]
    assert "Stopping the run" in err


def test_a_second_ctrl_c_leaves_the_run_alone_and_says_how_to_look_at_it(served: Shell) -> None:
    _plugin(served, "resting", RESTING)
    trading = served.start("trade", "resting", "--symbol", "LEFT/USD", "--timeframe", "1s", "--at-end", "keep", "--id", "left")
    wait_until(lambda: _statuses(served, "left") == ["accepted"], "an order to rest at the exchange")
    trading.send_signal(signal.SIGINT)
    said: list[str] = []
    assert trading.stderr is not None
    wait_until(lambda: said.append(trading.stderr.readline()) or "Stopping the run" in said[-1], "the first one to be taken")

    trading.send_signal(signal.SIGINT)

    _, err = trading.communicate(timeout=60)
    # The run may have stopped before the second one came; otherwise the command left before it did.
    assert trading.returncode in (0, 130), err
    if trading.returncode == 130:
        assert "weaver runs show left" in err
    wait_until(lambda: _status(served, "left") == "stopped", "the run to stop")
    assert _statuses(served, "left") == ["accepted"]  # kept, as it was asked to be
    assert served.weaver("orders", "cancel", served.weaver("runs", "orders", "left", "--json").document[0]["id"]).code == 0


def test_a_detached_run_goes_on_and_a_second_one_on_its_symbol_is_refused(served: Shell) -> None:
    started = served.weaver("trade", "sma-cross", "--symbol", "GO/USD", *FAST, "--id", "detached", "--detach", "--json")
    assert started.document == {"run_id": "detached", "status": "pending"}
    wait_until(lambda: _decided(served, "detached") > 1, "some decisions")

    second = served.weaver("trade", "sma-cross", "--symbol", "GO/USD", *FAST, "--json")

    assert second.code == 2
    assert "by run 'detached'" in second.stderr
    live = served.weaver("runs", "show", "detached", "--json").document["live"]
    assert live["next_tick"]
    assert served.weaver("runs", "stop", "detached", "--flatten", "--json").code == 0
    wait_until(lambda: _status(served, "detached") == "stopped", "the run to stop")
    assert served.weaver("runs", "show", "detached", "--json").document["positions"] == []


def test_a_strategy_that_fails_ends_with_exit_1_and_its_line(served: Shell) -> None:
    _plugin(served, "broken", BROKEN)
    done = served.weaver("trade", "broken", "--symbol", "BAD/USD", "--timeframe", "1s", "--id", "breaks", "--json")
    assert done.code == 1
    assert (done.document["status"], done.document["error"]["line"]) == ("error", 13)
    assert "ended in error" in done.stderr
    assert "broken.py:13" in done.stderr


def _plugin(shell: Shell, name: str, text: str) -> None:
    # The stack of `served` was started in this folder, so its worker finds the file there as well.
    folder = shell.folder / "plugins" / "strategies"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(text)


def _statuses(shell: Shell, run_id: str) -> list[str]:
    with trading_records(Settings(home=shell.home)) as records:
        return [order.status.value for order in records.orders(run_id=run_id)] if records else []


def _status(shell: Shell, run_id: str) -> str:
    with trading_records(Settings(home=shell.home)) as records:
        assert records is not None
        return records.runs.run(run_id).status.value


def _decided(shell: Shell, run_id: str) -> int:
    with trading_records(Settings(home=shell.home)) as records:
        return len(records.trading.decisions(run_id)) if records else 0


# What is refused.

PAPER_RUN = ("trade", "sma-cross", "--symbol", "SIM/USD", "--timeframe", "5s")
LIVE_RUN = ("trade", "sma-cross", "--symbol", "AAPL", "--timeframe", "1m", "--mode", "live", "--adapter", "alpaca")

CASES = {
    "unknown strategy": (("trade", "sma-cros", "--symbol", "SIM/USD"), "Did you mean 'sma-cross'?"),
    "unknown param": ((*PAPER_RUN, "--param", "fsat=3"), "No param 'fsat'. Did you mean 'fast'?"),
    "unknown adapter": ((*PAPER_RUN, "--adapter", "simulatd"), "No adapter 'simulatd'. Did you mean 'simulated'?"),
    "a mode that is none": ((*PAPER_RUN, "--mode", "backtest"), "mode = 'backtest': expected paper or live"),
    "no symbol": (("trade", "sma-cross"), "symbols = None: expected at least one symbol, such as --symbol SIM/USD"),
    "a duration that is none": ((*PAPER_RUN, "--for", "2 minutes"), "for = '2 minutes': expected a number and one of s, m, h, d"),
    "an end that is none": ((*PAPER_RUN, "--at-end", "sell"), "at_end = 'sell': expected 'cancel', 'keep' or 'flatten'"),
    "an unknown limit": ((*PAPER_RUN, "--risk", "max_positon=1"), "No limit 'max_positon'. Did you mean 'max_position'?"),
    "a limit that is none": ((*PAPER_RUN, "--risk", "max_position=all"), "max_position = 'all': expected a valid decimal"),
    "a limit without a value": ((*PAPER_RUN, "--risk", "max_position"), "--risk = 'max_position': expected name=value"),
    "no credentials": (
        (*PAPER_RUN, "--adapter", "alpaca"),
        "in mode paper needs ALPACA_PAPER_API_KEY and ALPACA_PAPER_API_SECRET in the environment",
    ),
    "live money that is simulated": ((*PAPER_RUN, "--mode", "live", "--confirm-live", "--cash", "1"), "mode = 'live': expected paper"),
    "live unconfirmed": (LIVE_RUN, "--confirm-live"),
    "live without a budget": ((*LIVE_RUN, "--confirm-live"), "cash = None: expected the run's budget in live trading"),
    "live unarmed": ((*LIVE_RUN, "--confirm-live", "--cash", "1000"), "WEAVER_ARM_LIVE=yes"),
    "nobody to detach to": ((*PAPER_RUN, "--detach"), "weaver up"),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_cannot_trade_is_refused_before_anything_starts(
    case: str, shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, expected = CASES[case]
    monkeypatch.setenv("WEAVER_HOME", str(shell.home))
    monkeypatch.chdir(shell.folder)

    code = run([*arguments, "--json"])

    said = capsys.readouterr()
    assert code == (3 if "--detach" in arguments else 2)
    assert expected in said.err
    assert json.loads(said.out)["error"]["message"]
    assert not shell.home.exists()


def test_armed_live_trading_still_needs_its_own_credentials(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"WEAVER_HOME": str(shell.home), "WEAVER_ARM_LIVE": "yes", "ALPACA_PAPER_API_KEY": "planted-key"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALPACA_PAPER_API_SECRET", "planted-secret")
    monkeypatch.chdir(shell.folder)

    assert run([*LIVE_RUN, "--confirm-live", "--cash", "1000", "--json"]) == 2

    said = capsys.readouterr()
    assert json.loads(said.out)["error"]["variables"] == ["ALPACA_LIVE_API_KEY", "ALPACA_LIVE_API_SECRET"]
    assert "planted" not in said.out + said.err


def test_a_request_file_takes_the_fields_of_a_run_and_flags_win(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(
        json.dumps({"strategy": "sma-cross", "symbols": ["SIM/USD"], "timeframe": "5s", "for": "1m", "risk": {"max_positon": 1}})
    )
    assert "No limit 'max_positon'" in shell.weaver("trade", "--file", str(file)).stderr
    file.write_text(json.dumps({"strategy": "sma-cross", "symbols": ["SIM/USD"], "for": "1m", "risk": {"max_position": "1"}}))
    assert "for = 'soon'" in shell.weaver("trade", "--file", str(file), "--for", "soon").stderr


# What is told of a run, from WallE alone.


def _run(database: Database) -> None:
    Records(database).register_run(a_run("r-1", mode="paper", symbols=("AAPL",), timeframe="1m", config={"cash": "1000"}))
    Leases(database).take(PAPER, ["AAPL"], "r-1", NOON)


def test_news_are_told_once_and_in_the_order_of_time(database: Database) -> None:
    _run(database)
    orders, records, news = Orders(database), TradingRecords.of(database), RunNews("r-1")
    decisions = Decisions(database)
    bar = DecisionRecord(
        run_id="r-1", bar_end=NOON, seen={"AAPL": {"close": 100.0}}, notes=("high",), intents=("Buy(10)",), orders=("o-1", "o-2")
    )
    decisions.save(bar)
    admit(orders, wanted(run_id="r-1"), at=NOON + timedelta(seconds=1))

    assert news.lines(records) == ["12:00:00  bar AAPL 100: high; wants Buy(10)", "12:00:01  created: buy 10 AAPL market  o-1"]
    assert news.lines(records) == []

    decisions.verdicts("r-1", NOON, [{"order_id": "o-1", "admitted": True}, {"order_id": "o-2", "admitted": False, "rule": "max_position"}])
    orders.sending("o-1", at=NOON + timedelta(seconds=2))
    report = a_report(status=OrderStatus.FILLED, filled_quantity=Decimal(10), filled_average_price=Decimal(101))
    orders.report(PAPER, report, [a_fill(quantity=Decimal(10), price=Decimal(101))], at=NOON + timedelta(seconds=3))

    lines = news.lines(records)
    assert lines[0] == "12:00:00  refused by max_position  o-2"
    assert lines[-1] == "12:00:03  filled: buy 10 AAPL market at 101  o-1"
    decisions.save(replace(bar, bar_end=NOON + timedelta(minutes=1), notes=(), intents=(), orders=(), skipped="paused"))
    assert news.lines(records) == ["12:01:00  bar AAPL 100: skipped: paused"]
    assert news.lines(records) == []


def test_a_runs_money_is_its_budget_and_what_it_realised_and_has_not(database: Database) -> None:
    _run(database)
    orders, records = Orders(database), TradingRecords.of(database)
    admit(orders, wanted(run_id="r-1"), wanted("o-2", run_id="r-1", side=Side.SELL))
    for order_id, side, quantity, price in (("o-1", Side.BUY, 10, 20), ("o-2", Side.SELL, 4, 25)):
        orders.sending(order_id, at=NOON)
        report = a_report(order_id, side=side, quantity=Decimal(10), status=OrderStatus.PARTIAL, filled_quantity=Decimal(quantity))
        fill = a_fill(f"e-{order_id}", order_id, side=side, quantity=Decimal(quantity), price=Decimal(price), commission=Decimal(1))
        orders.report(PAPER, report, [fill], at=NOON)

    unpriced = money_of(records, records.runs.run("r-1"))
    assert (unpriced.cash, unpriced.equity, unpriced.realised) == (Decimal(898), None, None)

    bar = LiveBar(
        adapter="simulated",
        symbol="AAPL",
        timeframe="1m",
        start=NOON,
        open=Decimal(1),
        high=Decimal(30),
        low=Decimal(1),
        close=Decimal(22),
        volume=Decimal(0),
    )
    LiveBars(database).save([bar], NOON)
    money = money_of(records, records.runs.run("r-1"))
    # 1000 - 10 x 20 - 1 + 4 x 25 - 1 = 898; 6 are left, worth 22 each: 898 + 132 = 1030; 6 x (22 - 20) of the 30 gained are not realised.
    assert (money.cash, money.equity, money.unrealised, money.realised) == (Decimal(898), Decimal(1030), Decimal(12), Decimal(18))


def test_a_home_of_trading_is_made_by_nobody_who_only_looks(tmp_path: Path) -> None:
    shell = new_shell(tmp_path)
    for arguments in (("orders", "list"), ("positions",), ("account",), ("account", "simulated-paper"), ("adapters",)):
        assert shell.weaver(*arguments, "--json").code == 0, arguments
    assert shell.weaver("orders", "show", "nothing").code == 2
    assert not shell.home.exists()
