"""How quickly are things read over HTTP: a page of runs out of 10,000, one run, the equity of a million bars, beside a bare FastAPI route?

The API is a process of its own, without any Temporal server: what is read of runs that have ended is WallE's alone. Contenders take turns.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, sleep

import httpx
import numpy as np

from bench.bars import minute_bars
from bench.homes import environment
from bench.verdict import Verdict
from cli.ports import free_ports
from weaver.glados.runs import RunStatus
from weaver.greta.records import EquityColumns, Window
from weaver.market import from_microseconds
from weaver.walle.database import Database
from weaver.walle.model import Counts, StoredResult
from weaver.walle.records import Records
from weaver.walle.results import RunFiles
from weaver.walle.tables import RunRow, RunSymbolRow

RUNS = 10_000
BARS = 1_000_000
ROUNDS = 200
CURVES = 20
POINTS = 2_000
LONG = "long"

BARE = """
import sys

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def nothing() -> dict[str, str]:
    return {"status": "ok"}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
"""


def run() -> list[Verdict]:
    """Print p50 and p95 of each contender, and how much of the equity's extremes is kept."""
    with TemporaryDirectory(prefix="weaver-bench-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        equity = _fill(home)
        with _serving(home) as (api, bare):
            curve = f"{api}/runs/{LONG}/equity?points={POINTS}"
            contenders = {
                "a bare route": lambda: bare,
                "GET /runs": _pages(f"{api}/runs"),
                "GET /runs?q=": _pages(f"{api}/runs?q=sma"),
                "GET /runs/{id}": lambda: f"{api}/runs/run-{np.random.default_rng().integers(RUNS):05}",
            }
            with httpx.Client() as client:
                times = {name: _Times() for name in contenders}
                for address in (*(make() for make in contenders.values()), curve):
                    client.get(address).raise_for_status()
                for _ in range(ROUNDS):
                    for name, make in contenders.items():
                        times[name].ask(client, make())
                curves = _Times()
                for _ in range(CURVES):
                    answer = curves.ask(client, curve)
    for name, taken in (*times.items(), (f"equity of {BARS:,} bars in {POINTS:,} points", curves)):
        print(f"{name:45} p50 {taken.p(50):6.1f} ms, p95 {taken.p(95):6.1f} ms")
    values = [float(text) for text in answer.json()["equity"]]
    kept = len(values) <= POINTS and max(values) == round(float(equity.max()), 8) and min(values) == round(float(equity.min()), 8)
    return [
        Verdict(f"GET /runs of {RUNS:,}, p95", f"{times['GET /runs'].p(95):.1f} ms", "≤ 50 ms", times["GET /runs"].p(95) <= 50),
        Verdict("GET /runs/{id}, p95", f"{times['GET /runs/{id}'].p(95):.1f} ms", "≤ 30 ms", times["GET /runs/{id}"].p(95) <= 30),
        Verdict("equity of 1 M bars, p95", f"{curves.p(95):.1f} ms", "≤ 150 ms, extremes kept", curves.p(95) <= 150 and kept),
    ]


class _Times:
    """What requests took, in milliseconds."""

    def __init__(self) -> None:
        self._taken: list[float] = []

    def ask(self, client: httpx.Client, address: str) -> httpx.Response:
        began = perf_counter()
        answer = client.get(address)
        self._taken.append(1_000 * (perf_counter() - began))
        answer.raise_for_status()
        return answer

    def p(self, percent: float) -> float:
        return float(np.percentile(self._taken, percent))


def _pages(address: str) -> Callable[[], str]:
    """Return what makes addresses of pages all over the list."""
    random = np.random.default_rng(1)
    joined = "&" if "?" in address else "?"
    return lambda: f"{address}{joined}page_size=50&page={random.integers(1, 100)}"


def _fill(home: Path) -> np.ndarray:
    """Put runs on record, and the equity of a long one; return that."""
    database = Database.open(f"sqlite:///{home / 'walle.db'}")
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    with database.write() as session:  # at once: ten thousand commits would take longer than what is measured
        session.add_all(_a_run(f"run-{number:05}", begun + timedelta(minutes=number)) for number in range(RUNS))
        session.add(_a_run(LONG, begun))
    records = Records(database)
    bars = minute_bars(BARS)
    equity = 100_000 + 10 * np.round(bars.close, 2)
    files = RunFiles(str(home / "results"), LONG)
    columns = EquityColumns(bars.starts, equity, np.full(BARS, 100_000.0))
    files.write_window(0, Window(columns, [], [], [], []))
    records.save_result(
        LONG,
        StoredResult(
            run_id=LONG,
            result_digest="0" * 64,
            provenance={},
            start_time=from_microseconds(int(bars.starts[0])),
            end_time=from_microseconds(int(bars.starts[-1])),
            timeframe="1m",
            symbols=("SIM/USD",),
            final_equity=Decimal(str(equity[-1])),
            counts=Counts(bars=BARS, windows=1, orders=0, fills=0, trades=0),
            duration_ms=1,
            stats={},
        ),
    )
    database.close()
    return equity


def _a_run(run_id: str, created: datetime) -> RunRow:
    return RunRow(
        id=run_id,
        strategy="sma-cross",
        mode="backtest",
        status=RunStatus.COMPLETED.value,
        symbols=[RunSymbolRow(position=0, symbol="SIM/USD")],
        timeframe="1m",
        params={"fast": 10, "slow": 30},
        config={"strategy": "sma-cross", "symbols": ["SIM/USD"], "timeframe": "1m", "params": {"fast": 10, "slow": 30}},
        tags=[],
        bars_done=BARS,
        bars_total=BARS,
        windows=1,
        created_at=created,
        started_at=created,
        stopped_at=created + timedelta(seconds=4),
    )


@contextmanager
def _serving(home: Path) -> Iterator[tuple[str, str]]:
    """Run the API on the home, and the bare route; give their addresses."""
    ours, bare = free_ports(2)
    settings = environment(home) | {"WEAVER_API_PORT": str(ours), "WEAVER_TEMPORAL_ADDRESS": "127.0.0.1:1"}
    commands = [([sys.executable, "-m", "api"], settings), ([sys.executable, "-c", BARE, str(bare)], dict(os.environ))]
    processes = [subprocess.Popen(command, env=given, cwd=Path(__file__).parents[1]) for command, given in commands]
    try:
        for address in (f"http://127.0.0.1:{ours}/api/v1/health", f"http://127.0.0.1:{bare}/"):
            _wait_for(address)
        yield f"http://127.0.0.1:{ours}/api/v1", f"http://127.0.0.1:{bare}/"
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _wait_for(address: str) -> None:
    deadline = monotonic() + 30
    while True:
        try:
            httpx.get(address).raise_for_status()
        except httpx.HTTPError:
            if monotonic() > deadline:
                raise
            sleep(0.05)
        else:
            return
