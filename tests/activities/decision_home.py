"""A home where a live run's strategy is pinned and asked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.beacon import Beacon
from activities.decisions import LiveDecisions
from activities.recorded_bars import RecordedBars
from tests.builders import MONDAY, bars_of, walk
from tests.walle.databases import with_tables
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.market import Bars, from_microseconds
from weaver.walle.counted_bars import CountedBars
from weaver.walle.decisions import Decisions
from weaver.walle.model import RunError, RunRecord
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.trading_model import LiveBar
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


def error_of(failure: ApplicationError) -> RunError:
    (detail,) = failure.details
    assert isinstance(detail, RunError)
    return detail
