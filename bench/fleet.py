"""What do a second worker and the whole deployment give: backtests a minute by one and two workers, and what a process and a run take.

Temporal, WallE on PostgreSQL, workers, an API and nginx, as the compose file has them. All share this machine's cores, so two workers
of one slot each show whether they get in each other's way; that they share nothing but databases is what makes more machines more.
"""

import asyncio
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import httpx
import numpy as np

from bench.bars import SYMBOL, minute_bars
from bench.stack import family, peak
from bench.verdict import Verdict
from tests.deploy.topology.deployment import Deployment, Service
from tests.walle.conftest import a_postgresql_server, new_database
from weaver.walle.bars import Catalogue
from weaver.walle.columns import BarColumns
from weaver.walle.reading import RawBars

RUNS = 16
BARS_EACH = 500_000
PAPER_RUNS = 10
PAPER = "40s"
AT_ONCE = 8
LEAST_GAIN = 1.3


def run() -> list[Verdict]:
    """Print throughput, memory and storage."""
    with a_postgresql_server() as server:
        rates = {workers: _measured(server, workers) for workers in (1, 2)}
    gain = rates[2] / rates[1]
    print(f"two workers do {gain:.2f} times what one does")
    return [Verdict("two workers beside one, on two cores", f"{gain:.2f} times the backtests", f"≥ {LEAST_GAIN}", gain >= LEAST_GAIN)]


def _measured(server: str, workers: int) -> float:
    with TemporaryDirectory(prefix="weaver-bench-") as folder, new_database(server) as url, _running(Path(folder), url, workers) as one:
        return asyncio.run(_measure(one, workers))


@contextmanager
def _running(folder: Path, url: str, workers: int) -> Any:
    folder.chmod(0o755)
    deployment = Deployment(folder / "deployment", url, workers=workers, apis=1)
    bars = minute_bars(BARS_EACH)
    columns = BarColumns(starts=bars.starts, open=bars.open, high=bars.high, low=bars.low, close=bars.close, volume=bars.volume)
    Catalogue.open(str(deployment.home / "bars")).import_bars(RawBars(bars=columns, rows=np.arange(1, BARS_EACH + 1)), SYMBOL, "1m")
    try:
        yield deployment
    finally:
        deployment.stop()


async def _measure(deployment: Deployment, workers: int) -> float:
    await deployment.start()
    async with deployment.client() as client:
        await _all(client, [_backtest(f"warm-{number}") for number in range(2 * workers)])
        began = monotonic()
        await _all(client, [_backtest(f"run-{number}") for number in range(RUNS)])
        rate = 60 * RUNS / (monotonic() - began)
        print(f"{workers} worker(s): {rate:.0f} backtests of {BARS_EACH:,} bars a minute")
        if workers == 1:
            await _sizes(deployment, client)
    return rate


async def _sizes(deployment: Deployment, client: httpx.AsyncClient) -> None:
    """Print what processes hold and what runs leave."""
    results = sum(path.stat().st_size for path in (deployment.home / "results/run-0").rglob("*") if path.is_file())
    print(f"a backtest of {BARS_EACH:,} bars leaves {results / 1e6:.2f} MB of results and {await _events(client, 'run-0')} events")
    before = deployment.temporal_file.stat().st_size
    started = monotonic()
    await _all(client, [_paper(number) for number in range(PAPER_RUNS)])
    grown = deployment.temporal_file.stat().st_size - before
    ticks = [await _events(client, f"paper-{number}") for number in range(PAPER_RUNS)]
    took = monotonic() - started
    print(f"{PAPER_RUNS} paper runs of {PAPER} in bars of 5s took {took:.0f} s, with {sum(ticks) / PAPER_RUNS:.0f} events each")
    print(f"Temporal's file grew by {grown / 1e6 / PAPER_RUNS:.2f} MB for each")
    for service in (*deployment.workers, *deployment.apis, deployment.temporal):
        print(f"{service.name}: {_memory(service)}")


def _memory(service: Service) -> str:
    assert service.process is not None
    found = [peak(pid) for pid in family(service.process.pid)]
    return f"{sum(found):.0f} MiB at most, in {len(found)} process(es): {', '.join(f'{one:.0f}' for one in found)}"


async def _events(client: httpx.AsyncClient, run_id: str) -> int:
    answer = await client.get(f"/runs/{run_id}/events", params={"limit": "1000"})
    return len(answer.raise_for_status().json()["items"])


async def _all(client: httpx.AsyncClient, runs: Sequence[dict[str, Any]]) -> None:
    """Start the runs, some at once, and wait until all are completed."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(run: dict[str, Any]) -> None:
        async with gate:
            (await client.post("/runs", json=run)).raise_for_status()

    await asyncio.gather(*(one(run) for run in runs))
    for run in runs:
        while (status := (await client.get(f"/runs/{run['id']}")).raise_for_status().json()["status"]) != "completed":
            if status == "error":
                raise RuntimeError(f"{run['id']} ended in error")
            await asyncio.sleep(0.1)


def _backtest(run_id: str) -> dict[str, Any]:
    return {"id": run_id, "strategy": "sma-cross", "symbols": [SYMBOL], "timeframe": "1m", "params": {"fast": 10, "slow": 30}}


def _paper(number: int) -> dict[str, Any]:
    run = {"id": f"paper-{number}", "strategy": "trader", "mode": "paper", "symbols": [f"T{number}/USD"], "timeframe": "5s"}
    return {**run, "for": PAPER, "at_end": "flatten"}
