"""What does durability cost: the same backtest as a workflow through the embedded stack, beside the engine alone?

In-process: bars from the catalogue, indicators, replay, summary. Durable: from asking the server to start the run until its
result is stored. Each round has another cash, so that no process has the round's plan ready from the one before.
"""

import asyncio
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from temporalio.client import Client

from bench.bars import SYMBOL, minute_bars
from bench.case import CASH, COSTS, FAST, SLOW, STRATEGY, replay_and_summarise
from bench.interleaved import interleave
from bench.stack import stack
from bench.verdict import Verdict
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.market import Bars
from weaver.walle.bars import Catalogue
from weaver.walle.columns import BarColumns
from weaver.walle.reading import RawBars
from workflows.client import connect, result, start_backtest

BARS = 1_000_000
REPEATS = 5
SLACK_SECONDS = 2.0
PEAK_MIB = 450


def run() -> list[Verdict]:
    """Print both times and what each process of the stack held."""
    with TemporaryDirectory(prefix="weaver-bench-") as folder:
        home = Path(folder) / "home"
        location = str(home / "bars")
        _import(location)
        digests: dict[str, list[str]] = {"in-process": [], "durable": []}
        with stack(home) as embedded, asyncio.Runner() as runner:
            client = runner.run(connect(embedded.address))

            def in_process() -> None:
                cash = CASH + len(digests["in-process"])
                digests["in-process"].append(replay_and_summarise(_load(location), cash).digest)

            def durable() -> None:
                cash = CASH + len(digests["durable"])
                digests["durable"].append(runner.run(_through_temporal(client, cash)))

            contenders = {"in-process": in_process, "durable": durable}
            interleave(contenders, 1)  # imports, and the first connection of each worker process
            first = max(embedded.peaks().values())
            times = interleave(contenders, REPEATS)
            peaks = embedded.peaks()
    if digests["in-process"] != digests["durable"]:
        raise RuntimeError(f"the digests differ: {digests}")
    for name, taken in times.items():
        print(f"{name:12} {taken}")
    for process, peak in sorted(peaks.items(), key=lambda item: -item[1]):
        print(f"{peak:6.0f} MiB  {process}")
    print(f"{first:6.0f} MiB  the busiest after one run")
    alone, whole = times["in-process"].middle, times["durable"].middle
    limit = 1.5 * alone + SLACK_SECONDS
    busiest = max(peaks.values())
    return [
        Verdict("durable run", f"{whole:.2f} s = {whole / alone:.2f} x {alone:.2f} s", f"≤ 1.5 x + 2 s = {limit:.2f} s", whole <= limit),
        Verdict("peak of the busiest process", f"{busiest:.0f} MiB", f"≤ {PEAK_MIB} MiB", busiest <= PEAK_MIB),
    ]


async def _through_temporal(client: Client, cash: int) -> str:
    request = RunCreate(
        strategy=STRATEGY, symbols=[SYMBOL], timeframe="1m", params={"fast": FAST, "slow": SLOW}, cash=Decimal(cash), costs=COSTS
    )
    ended = await result(client, await start_backtest(client, request))
    if ended.status is not RunStatus.COMPLETED or ended.result_digest is None:
        raise RuntimeError(f"the run ended {ended.status}: {ended.error}")
    return ended.result_digest


def _import(location: str) -> None:
    bars = minute_bars(BARS)
    columns = BarColumns(starts=bars.starts, open=bars.open, high=bars.high, low=bars.low, close=bars.close, volume=bars.volume)
    Catalogue.open(location).import_bars(RawBars(bars=columns, rows=np.arange(1, BARS + 1)), SYMBOL, "1m")


def _load(location: str) -> Bars:
    catalogue = Catalogue.open(location)
    return catalogue.load(catalogue.pin([SYMBOL], "1m").series[0])
