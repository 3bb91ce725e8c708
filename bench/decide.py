"""How long does a live decision take when many runs have long histories, and what memory does their process need?

Each run has its own symbol. The first decision of each finds nothing in memory; those after it are what a run waits for at each bar.
"""

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import insert, literal, select
from temporalio.testing import ActivityEnvironment

from activities.beacon import Beacon
from activities.decisions import LiveDecisions
from activities.recorded_bars import MEMORY_BYTES, RecordedBars
from bench.bars import minute_bars
from bench.case import FAST, SLOW, strategy
from bench.verdict import Verdict
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.market import Bars, from_microseconds
from weaver.walle.counted_bars import CountedBars
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.model import RunRecord
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.trading_model import LiveBar
from weaver.walle.trading_tables import LiveBarRow
from workflows.trading_inputs import DecideTask, Ledger, Pinned, PinTask

RUNS = 200
BARS = 100_000
ROUNDS = 5
P95_SECONDS = 0.2
ADAPTER = "simulated"


def run(runs: int = RUNS, bars: int = BARS) -> list[Verdict]:
    """Print what the first decisions and those after them took, in indicator passes too, and the memory."""
    columns = minute_bars(bars + ROUNDS)
    with TemporaryDirectory(prefix="weaver-bench-") as folder:
        home = _Home(Path(folder), runs, columns)
        memory_before = _memory()
        seconds = [home.round(bars + number - 1) for number in range(ROUNDS + 1)]
        memory, in_memory = _memory(), home.bars.in_memory
        home.close()
    first, later = seconds[0], [one for each in seconds[1:] for one in each]
    one_pass = min(_indicator_passes(columns[:bars]))
    print(f"{runs} runs, {bars:,} bars each; one pass of the indicators {one_pass * 1e3:.1f} ms")
    for name, times in (("first", first), ("later", later)):
        middle, most = _middle(times), _p95(times)
        print(f"{name}: p50 {middle * 1e3:.0f} ms, p95 {most * 1e3:.0f} ms, {middle / one_pass:.1f} and {most / one_pass:.1f} passes")
    print(
        f"memory {memory_before} MB before, {memory} MB after; bars in memory {in_memory / 1e6:.0f} MB of at most {MEMORY_BYTES / 1e6:.0f}"
    )
    return [Verdict(f"decide, {runs} runs x {bars:,} bars, p95", f"{_p95(later) * 1e3:.0f} ms", "≤ 200 ms", _p95(later) <= P95_SECONDS)]


class _Home:
    """WallE in a folder with the bars of all runs but the last `ROUNDS`, and the activities of one process."""

    def __init__(self, folder: Path, runs: int, columns: Bars) -> None:
        self._columns = columns
        self._first = len(columns) - ROUNDS
        self._database = Database.open(f"sqlite:///{folder / 'walle.db'}")
        self._live_bars = CountedBars(self._database)
        self.bars = RecordedBars(self._live_bars, folder=str(folder))
        self._steps = LiveDecisions(
            records=Records(self._database),
            queries=Queries(self._database),
            decisions=Decisions(self._database),
            bars=self.bars,
            results=str(folder / "results"),
            folders=[],
            beacon=Beacon(),
        )
        self._symbols = [f"S{number:03}/USD" for number in range(runs)]
        self._store()
        self._pinned = [self._pin(symbol) for symbol in self._symbols]

    def round(self, row: int) -> list[float]:
        """Record the bar at `row` for all runs and have each decide; return the seconds that each decision took."""
        now = datetime.now(UTC)
        self._live_bars.save([_live_bar(self._columns, row, symbol) for symbol in self._symbols], now)
        seconds: list[float] = []
        for symbol, pinned in zip(self._symbols, self._pinned, strict=True):
            task = DecideTask(
                run_id=symbol,
                strategy="sma-cross",
                plan=pinned.plan,
                account=f"{ADAPTER}-paper",
                end=from_microseconds(int(self._columns.ends[row])),
                first_end=from_microseconds(int(self._columns.ends[0])),
                fresh=[symbol],
                ledger=Ledger(cash=Decimal(100_000)),
            )
            began = perf_counter()
            ActivityEnvironment().run(self._steps.decide, task)
            seconds.append(perf_counter() - began)
        return seconds

    def close(self) -> None:
        self.bars.close()
        self._database.close()

    def _pin(self, symbol: str) -> Pinned:
        request = RunCreate(strategy="sma-cross", symbols=[symbol], timeframe="1m", params={"fast": FAST, "slow": SLOW})
        run = RunRecord(
            id=symbol,
            strategy=request.strategy,
            mode="paper",
            status=RunStatus.RUNNING,
            symbols=(symbol,),
            timeframe="1m",
            created_at=datetime.now(UTC),
        )
        Records(self._database).register_run(run)
        return ActivityEnvironment().run(self._steps.pin, PinTask(run_id=symbol, request=request))

    def _store(self) -> None:
        """Save one symbol's bars, and have the database copy them for the others."""
        first, *others = self._symbols
        self._live_bars.save([_live_bar(self._columns, row, first) for row in range(self._first)], datetime.now(UTC))
        names = [column.name for column in LiveBarRow.__table__.columns]
        for symbol in others:
            values = [literal(symbol) if name == "symbol" else getattr(LiveBarRow, name) for name in names]
            with self._database.write() as session:
                session.execute(insert(LiveBarRow).from_select(names, select(*values).where(LiveBarRow.symbol == first)))


def _live_bar(bars: Bars, row: int, symbol: str) -> LiveBar:
    prices = {name: Decimal(repr(getattr(bars, name).item(row))) for name in ("open", "high", "low", "close", "volume")}
    return LiveBar(adapter=ADAPTER, symbol=symbol, timeframe="1m", start=from_microseconds(int(bars.starts[row])), **prices)


def _indicator_passes(bars: Bars) -> Iterator[float]:
    chosen = strategy()
    for _ in range(5):
        gc.collect()
        began = perf_counter()
        chosen.indicators(bars)
        yield perf_counter() - began


def _middle(seconds: list[float]) -> float:
    return quantiles(seconds, n=2)[0]


def _p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]


def _memory() -> int:
    """Return this process's resident memory in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    raise RuntimeError("no VmRSS in /proc/self/status")
