"""The activities that pin a live run's strategy and ask it: what they answer follows from the task and the recorded bars alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.beacon import Beacon
from activities.decisions import LiveDecisions
from activities.recorded_bars import RecordedBars
from tests.builders import MONDAY, Replayed, bars_of, replay, walk
from tests.walle.databases import with_tables
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.market import Bars, from_microseconds
from weaver.marvin.loader import Library, build
from weaver.orders import OrderStatus, OrderType, Side, client_order_id
from weaver.walle.counted_bars import CountedBars
from weaver.walle.decisions import Decisions
from weaver.walle.model import RunError, RunRecord
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.results import RunFiles
from weaver.walle.trading_model import FillRecord, LedgerPosition, LiveBar, OrderRecord
from weaver.walle.trading_queries import TradingQueries
from workflows.trading_inputs import DecideTask, Decision, Ledger, Pinned, PinTask

RUN, ACCOUNT = "my-run", "simulated-paper"
BARS = bars_of(walk(80), timeframe="1m")
WARMUP = 30
PLUGINS = {
    "weights": """
from weaver.marvin import Strategy, StrategyMeta, StrategyParams, StrategyState, TargetWeight

META = StrategyMeta(id="weights", name="Weights", symbols="many")


class State(StrategyState):
    asked: int = 0


class Weights(Strategy[StrategyParams, State]):
    def decide(self, view):
        view.state.asked += 1
        view.note("n" * 3_000)
        for symbol in view.symbols:
            if view[symbol].known:
                yield TargetWeight(symbol, 0.01 * view.state.asked)
""",
    "leaves": """
from weaver.marvin import Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="leaves", name="Leaves")


class Leaves(Strategy[StrategyParams]):
    def decide(self, view):
        raise SystemExit(3)
""",
    "divides": """
from weaver.marvin import Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="divides", name="Divides")


class Divides(Strategy[StrategyParams]):
    def decide(self, view):
        1 / 0
""",
    "scribbles": """
from weaver.marvin import Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="scribbles", name="Scribbles")


class Scribbles(Strategy[StrategyParams]):
    def indicators(self, bars):
        bars.close[0] = 1.0
        return {}

    def decide(self, view):
        return ()
""",
}


class Home:
    """WallE in a folder, with the test strategies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = with_tables(folder)
        self.live_bars = CountedBars(self.database)
        self.opened: list[RecordedBars] = []
        (folder / "plugins").mkdir()
        for name, text in PLUGINS.items():
            (folder / "plugins" / f"{name}.py").write_text(text)

    def steps(self, **memory: Any) -> LiveDecisions:
        """The activities as a process that has just begun has them."""
        bars = RecordedBars(self.live_bars, **({"folder": str(self.folder)} | memory))
        self.opened.append(bars)
        return LiveDecisions(
            records=Records(self.database),
            queries=Queries(self.database),
            decisions=Decisions(self.database),
            bars=bars,
            results=str(self.folder / "results"),
            folders=[self.folder / "plugins"],
            beacon=Beacon(),
        )

    def close(self) -> None:
        for bars in self.opened:
            bars.close()
        self.database.close()

    def record(self, bars: Bars, rows: slice = slice(None)) -> None:
        self.live_bars.save([_live(bars, row) for row in range(len(bars))[rows]], MONDAY)

    def pinned(self, request: RunCreate, **changed: Any) -> Pinned:
        now = datetime.now(UTC)
        run = RunRecord(
            id=RUN, strategy=request.strategy, mode="paper", status=RunStatus.PENDING, symbols=(), timeframe="1m", created_at=now
        )
        Records(self.database).register_run(run)
        return ActivityEnvironment().run(self.steps().pin, PinTask(run_id=RUN, request=request, **changed))


def _live(bars: Bars, row: int) -> LiveBar:
    prices = {name: Decimal(repr(float(getattr(bars, name)[row]))) for name in ("open", "high", "low", "close", "volume")}
    start = from_microseconds(int(bars.starts[row]))
    return LiveBar(adapter="simulated", symbol=bars.symbol, timeframe=bars.timeframe.text, start=start, **prices)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.close()


def asked(strategy: str = "sma-cross", symbols: Sequence[str] = (BARS.symbol,), **params: object) -> RunCreate:
    return RunCreate.model_validate({"strategy": strategy, "symbols": list(symbols), "timeframe": "1m", "params": params})


CROSS = {"fast": 2, "slow": 5, "quantity": "3"}


def end_of(row: int, bars: Bars = BARS) -> datetime:
    return from_microseconds(int(bars.ends[row]))


def a_task(pinned: Pinned, row: int, *, strategy: str = "sma-cross", **known: Any) -> DecideTask:
    fields: dict[str, Any] = {
        "run_id": RUN,
        "strategy": strategy,
        "plan": pinned.plan,
        "account": ACCOUNT,
        "end": end_of(row),
        "first_end": end_of(WARMUP),
        "fresh": [BARS.symbol],
        "ledger": Ledger(cash=Decimal(100_000)),
    }
    return DecideTask(**(fields | known))


def decided(steps: LiveDecisions, task: DecideTask) -> Decision:
    return ActivityEnvironment().run(steps.decide, DecideTask.model_validate_json(task.model_dump_json()))


def backtested(warmup: int) -> Replayed:
    """The run as a backtest that starts with the first bar acted on."""
    loaded = build(Library.open(()).source("sma-cross"))
    return replay(BARS[WARMUP - warmup :], loaded.create(loaded.parse_params(CROSS)), start=from_microseconds(int(BARS.starts[WARMUP])))


def ledger_before(result: Replayed, row: int) -> Ledger:
    """What the run had when the bar at `row` ended: the fills until then, booked."""
    fills = [fill for fill in result.fills if fill.time < BARS.ends[row]]
    cash, held, price = Decimal(100_000), Decimal(0), Decimal(0)
    for fill in fills:
        quantity, price = Decimal(repr(fill.quantity)), Decimal(repr(fill.price))
        signed = quantity if fill.side == "buy" else -quantity
        cash, held = cash - signed * price, held + signed
    positions = [LedgerPosition(symbol=BARS.symbol, quantity=held, average_price=price if held else None)]
    records = [
        FillRecord(
            id=str(number),
            number=number,
            order_id=client_order_id(RUN, fill.order_id),
            run_id=RUN,
            account=ACCOUNT,
            symbol=fill.symbol,
            side=Side(fill.side),
            quantity=Decimal(repr(fill.quantity)),
            price=Decimal(repr(fill.price)),
            time=from_microseconds(fill.time),
        )
        for number, fill in enumerate(fills)
    ]
    return Ledger(cash=cash, positions=positions, fills=records[-1:])


def test_every_decision_is_the_backtests(home: Home) -> None:
    home.record(BARS, slice(0, WARMUP))
    pinned = home.pinned(asked(**CROSS))
    result = backtested(pinned.warmup)
    steps = home.steps()
    live: list[tuple[str, str, Decimal]] = []
    for row in range(WARMUP, len(BARS)):
        home.record(BARS, slice(row, row + 1))
        decision = decided(steps, a_task(pinned, row, ledger=ledger_before(result, row)))
        live += [(one.request.client_order_id, one.request.side.value, one.request.quantity) for one in decision.orders]
    expected = [(client_order_id(RUN, one.id), one.side, Decimal(repr(one.quantity))) for one in result.orders]
    assert live == expected
    assert len(live) > 4


def test_a_repeat_in_another_process_answers_the_same(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked(**CROSS))
    task = a_task(pinned, 50)
    old = home.steps()
    decided(old, a_task(pinned, 79))
    assert decided(old, task) == decided(home.steps(), task) == decided(old, task)


def test_series_that_had_to_leave_memory_give_the_same(home: Home) -> None:
    symbols = ("A/USD", "B/USD", "C/USD")
    request = asked("weights", symbols)
    for number, symbol in enumerate(symbols):
        home.record(replace(bars_of(walk(60, seed=number)), symbol=symbol))
    pinned = home.pinned(request)
    tasks = [a_task(pinned, row, strategy="weights", fresh=list(symbols)) for row in (40, 50, 59, 45)]
    roomy = [decided(home.steps(), task) for task in tasks]
    for memory in ({"memory_bytes": 1}, {"memory_bytes": 200_000}, {"memory_bytes": 1, "disk_bytes": 1}):
        tight = home.steps(**memory)
        assert [decided(tight, task) for task in tasks] == roomy


def test_bars_that_no_file_can_take_are_read_again(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.record(BARS)
    pinned = home.pinned(asked(**CROSS))
    nowhere = home.steps(folder=str(home.folder / "nowhere"), memory_bytes=1)
    assert [decided(nowhere, a_task(pinned, 40)) for _ in range(2)] == [decided(home.steps(), a_task(pinned, 40))] * 2
    assert "could not be kept in a file: No such file or directory" in caplog.text


def test_bars_that_were_stored_late_are_seen(home: Home) -> None:
    pinned = home.pinned(asked(**CROSS))
    home.record(BARS, slice(0, 36))
    home.record(BARS, slice(37, 45))
    steps = home.steps()
    with_gap = decided(steps, a_task(pinned, 38))
    home.record(BARS)
    assert decided(steps, a_task(pinned, 38)) == decided(home.steps(), a_task(pinned, 38)) != with_gap


def test_a_run_with_a_longer_warm_up_sees_the_bars_stored_for_it(home: Home) -> None:
    pinned = home.pinned(asked(**CROSS))
    home.record(BARS, slice(20, None))
    steps = home.steps()
    short = decided(steps, a_task(pinned, 40, first_end=end_of(20)))
    home.record(BARS)
    long = decided(steps, a_task(pinned, 40, first_end=end_of(0)))
    assert long == decided(home.steps(), a_task(pinned, 40, first_end=end_of(0)))
    assert decided(steps, a_task(pinned, 40, first_end=end_of(20))) == short


def test_what_was_seen_is_told_and_on_record(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked(**CROSS))
    decision = decided(home.steps(), a_task(pinned, 40))
    (event,) = decision.events
    seen = decision.seen[BARS.symbol]
    assert seen["close"] == BARS.close[40]
    assert seen["fast"] == pytest.approx(np.mean(BARS.close[39:41]))
    assert seen["position"] == 0
    assert event.type == "strategy.DecisionMade"
    assert event.payload["bar_end"] == "2024-01-01T00:41:00Z"
    assert event.payload["seen"] == decision.seen
    assert event.corr_id == f"{RUN}:2024-01-01T00:41:00Z"
    (record,) = TradingQueries(home.database).decisions(RUN)
    assert record.seen == decision.seen
    assert list(record.orders) == [one.request.client_order_id for one in decision.orders]


def test_an_indicator_without_a_value_is_none(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked(fast=10, slow=60))
    assert decided(home.steps(), a_task(pinned, 35)).seen[BARS.symbol]["slow"] is None


def test_only_the_bars_from_the_first_warm_up_bar_on_count(home: Home) -> None:
    pinned = home.pinned(asked(**CROSS))
    home.record(BARS)
    shown = decided(home.steps(), a_task(pinned, 40)).seen
    plan = RunFiles(str(home.folder / "results"), RUN).read_text(pinned.plan)
    assert f'"warmup":{pinned.warmup}' in plan
    (home.folder / "fewer").mkdir()
    fewer = Home(home.folder / "fewer")
    fewer.record(BARS, slice(WARMUP - pinned.warmup, None))
    assert decided(fewer.steps(), a_task(fewer.pinned(asked(**CROSS)), 40)).seen == shown
    fewer.close()


def test_a_symbol_whose_bar_came_after_the_tick_is_not_seen_fresh(home: Home) -> None:
    symbols = ("A/USD", "B/USD")
    for symbol in symbols:
        home.record(replace(bars_of(walk(60)), symbol=symbol))
    pinned = home.pinned(asked("weights", symbols))
    decision = decided(home.steps(), a_task(pinned, 40, strategy="weights", fresh=["A/USD"]))
    prices = bars_of(walk(60)).close
    assert (decision.seen["A/USD"]["close"], decision.seen["B/USD"]["close"]) == (prices[40], prices[39])


def test_a_fresh_bar_that_is_not_stored_is_asked_for_again(home: Home) -> None:
    home.record(BARS, slice(0, 40))
    pinned = home.pinned(asked(**CROSS))
    with pytest.raises(ApplicationError, match="is not in WallE") as failure:
        decided(home.steps(), a_task(pinned, 40))
    assert not failure.value.non_retryable


def test_many_symbols_are_told_within_a_payload_and_the_held_ones_first(home: Home) -> None:
    symbols = [f"S{number:03}/USD" for number in range(500)]
    for symbol in (symbols[0], symbols[499]):
        home.record(replace(bars_of(walk(60)), symbol=symbol))
    pinned = home.pinned(asked("weights", symbols))
    position = LedgerPosition(symbol=symbols[499], quantity=Decimal(7), average_price=Decimal(100))
    ledger = Ledger(cash=Decimal(100_000), positions=[position])
    decision = decided(home.steps(), a_task(pinned, 40, strategy="weights", fresh=[symbols[0], symbols[499]], ledger=ledger))
    payload = decision.events[0].payload
    assert decision.seen[symbols[499]]["position"] == 7
    assert 100 < len(decision.seen) == 500 - payload["left_out"]["seen"]
    assert len(decision.notes[0]) == 1_000
    assert len(decision.model_dump_json()) < 100_000
    (record,) = TradingQueries(home.database).decisions(RUN)
    assert len(record.seen) == 500


def a_working_order(order_id: str, **terms: Any) -> OrderRecord:
    known: dict[str, Any] = {"symbol": BARS.symbol, "side": Side.BUY, "order_type": OrderType.MARKET, "quantity": Decimal(10)}
    rest = {"id": order_id, "run_id": RUN, "account": ACCOUNT, "status": OrderStatus.ACCEPTED, "created_at": end_of(39)}
    return OrderRecord(**(known | rest | terms))


def test_a_target_weight_takes_back_what_an_earlier_one_ordered(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked("weights"))
    steps = home.steps()
    first = decided(steps, a_task(pinned, 40, strategy="weights"))
    assert first.state == '{"asked":1}'
    assert first.weighted == [one.request.client_order_id for one in first.orders]
    other = a_working_order("w-by-hand-1")
    ledger = Ledger(cash=Decimal(100_000), working=[a_working_order(first.weighted[0]), other])
    task = a_task(pinned, 41, strategy="weights", ledger=ledger, state=first.state, weighted=first.weighted)
    second = decided(steps, task)
    assert second.cancels == first.weighted
    assert second.weighted == [one.request.client_order_id for one in second.orders]
    assert second.state == '{"asked":2}'


def error_of(failure: ApplicationError) -> RunError:
    (detail,) = failure.details
    assert isinstance(detail, RunError)
    return detail


@pytest.mark.parametrize(("strategy", "message", "line"), [("leaves", "SystemExit: 3", None), ("divides", "ZeroDivisionError", 9)])
def test_a_strategy_that_breaks_is_named_with_its_line(home: Home, strategy: str, message: str, line: int | None) -> None:
    home.record(BARS)
    pinned = home.pinned(asked(strategy))
    with pytest.raises(ApplicationError, match=message) as failure:
        decided(home.steps(), a_task(pinned, 40, strategy=strategy))
    assert failure.value.type == "StrategyBroken"
    assert failure.value.non_retryable
    assert error_of(failure.value).line == line


def test_a_strategy_cannot_change_the_bars_of_others(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked("scribbles"))
    with pytest.raises(ApplicationError, match="read-only"):
        decided(home.steps(), a_task(pinned, 40, strategy="scribbles"))


def test_daily_bars_of_equities_end_at_the_close_and_make_weeks(home: Home) -> None:
    """The venue's bars start at New York's midnight: 05:00Z in winter. Juneteenth (Wednesday 2024-06-19) has no session."""
    (home.folder / "plugins" / "weekly.py").write_text(
        PLUGINS["leaves"]
        .replace('id="leaves"', 'id="weekly"')
        .replace("raise SystemExit(3)", "week = view.timeframe('1w'); view.note(f'{view.only.row} {week.known} {week.fresh}'); return ()")
    )
    days = [datetime(2024, 6, day, 4, tzinfo=UTC) for day in (10, 11, 12, 13, 14, 17, 18, 20)]
    price = {name: Decimal(100) for name in ("open", "high", "low", "close", "volume")}
    bars = [LiveBar(adapter="simulated", symbol="AAPL", timeframe="1d", start=day, **price) for day in days]
    pinned = home.pinned(asked("weekly", ["AAPL"]).model_copy(update={"timeframe": "1d"}))
    steps, notes = home.steps(), list[str]()
    for bar in bars:
        home.live_bars.save([bar], MONDAY)
        end, first_end = bar.start.replace(hour=20), days[0].replace(hour=20)
        task = a_task(pinned, 0, strategy="weekly", fresh=["AAPL"], end=end, first_end=first_end)
        decision = decided(steps, task)
        assert decision == decided(home.steps(), task)
        notes += decision.notes
    weeks = ["False False"] * 4 + ["True True"] + ["True False"] * 3
    assert notes == [f"{row} {week}" for row, week in enumerate(weeks)]


# Pinning.


def test_a_run_keeps_the_text_its_strategy_had(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked("weights"))
    file = home.folder / "plugins" / "weights.py"
    file.write_text(file.read_text().replace("0.01", "0.5"))
    assert home.pinned(asked("weights"), sha256=pinned.strategy_sha256, params={}).strategy_sha256 == pinned.strategy_sha256
    assert home.pinned(asked("weights")).strategy_sha256 != pinned.strategy_sha256
    before = decided(home.steps(), a_task(pinned, 40, strategy="weights"))
    assert before.orders[0].request.quantity * before.orders[0].price == pytest.approx(Decimal(1_000), rel=Decimal("1e-6"))


def test_new_parameters_are_on_record_and_told(home: Home) -> None:
    pinned = home.pinned(asked(**CROSS))
    changed = home.pinned(asked(**CROSS), sha256=pinned.strategy_sha256, params=pinned.params | {"slow": "9"}, corr_id="asked")
    assert changed.params["slow"] == 9
    assert changed.plan != pinned.plan
    assert changed.strategy_sha256 == pinned.strategy_sha256
    (event,) = changed.events
    assert (event.type, event.payload["params"], event.corr_id) == ("run.ParamsChanged", changed.params, "asked")
    run = Queries(home.database).run(RUN)
    assert run.params == changed.params
    assert run.strategy_sha256 == changed.strategy_sha256


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (asked("sma-cros"), "Did you mean 'sma-cross'"),
        (asked(fast=0), "fast"),
        (asked(fats=3), "Did you mean 'fast'"),
        (asked(symbols=("A/USD", "B/USD")), "expected one symbol"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(home: Home, request_: RunCreate, message: str) -> None:
    with pytest.raises(ApplicationError, match=message) as failure:
        home.pinned(request_)
    assert failure.value.non_retryable
    assert Queries(home.database).run(RUN).strategy_sha256 is None


def test_a_plan_is_the_same_for_the_same_request(home: Home) -> None:
    assert home.pinned(asked(**CROSS)) == home.pinned(asked(**CROSS))


def test_a_decision_long_after_its_first_bar_still_begins_at_it(home: Home) -> None:
    """`view.row` counts from the first warm-up bar, however much was recorded before."""
    (home.folder / "plugins" / "rows.py").write_text(
        PLUGINS["leaves"]
        .replace('id="leaves"', 'id="rows"')
        .replace("raise SystemExit(3)", "view.note(str(view.only.row)); return ()")
        .replace("    def decide", "    def warmup(self):\n        return 7\n\n    def decide")
    )
    home.record(BARS)
    pinned = home.pinned(asked("rows"))
    assert pinned.warmup == 7
    steps = home.steps()
    assert [decided(steps, a_task(pinned, row, strategy="rows")).notes for row in (WARMUP, 79)] == [["7"], ["56"]]
    assert decided(steps, a_task(pinned, 40, strategy="rows", first_end=end_of(0) - timedelta(minutes=1))).notes == ["40"]
