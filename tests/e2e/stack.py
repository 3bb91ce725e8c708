"""What `weaver up` serves, as a person's browser and a person's terminal reach it."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, TypeVar

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.cli.conftest import Shell, Up
from tests.cli.waiting import is_running

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Served:
    """A stack that is up, with the terminal beside it."""

    up: Up
    http: httpx.Client

    @property
    def shell(self) -> Shell:
        return self.up.shell

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.up.ports[2]}"

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object = None) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def start(self, **request: Any) -> str:
        """Start a run and return its id."""
        return str(self.post("/runs", request)["id"])

    def reached(self, run_id: str, *statuses: str) -> Any:
        """Return the run once it is in one of these statuses."""

        def run() -> Any:
            found = self.get(f"/runs/{run_id}")
            assert found["status"] in statuses or found["status"] != "error", found["error"]
            return found if found["status"] in statuses else None

        return until(run, f"{run_id} to be {' or '.join(statuses)}")

    def import_minutes(self, symbol: str, count: int) -> None:
        """Store so many one-minute bars, by upload."""
        steps = np.random.default_rng(1).normal(0, 0.0004, count)
        close = 100 * np.exp(steps.cumsum())
        first = np.concatenate([[100.0], close[:-1]])
        columns = {
            "time": pa.array(np.datetime64("2022-01-01", "us") + np.arange(count).astype("timedelta64[m]"), pa.timestamp("us", tz="UTC")),
            "open": first,
            "high": np.maximum(first, close) * 1.0002,
            "low": np.minimum(first, close) * 0.9998,
            "close": close,
            "volume": np.full(count, 10.0),
        }
        file = pa.BufferOutputStream()
        pq.write_table(pa.table(columns), file)
        form = {"symbol": symbol, "timeframe": "1m"}
        answer = self.http.post("/data/import", data=form, files={"file": ("minutes.parquet", file.getvalue().to_pybytes())})
        assert answer.is_success, answer.text

    def orders_of(self, run_id: str, *statuses: str) -> list[Any]:
        query = {"status": list(statuses)} if statuses else {}
        return list(self.get("/orders", run_id=run_id, **query)["items"])


def kill(served: Served, part: str) -> None:
    """Kill a part as a crash does; whoever brought it up starts it again."""
    pid = served.up.stack.pids[part]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_running(pid), f"{part} to be dead")


def until(condition: Callable[[], T | None], what: str, *, seconds: float = 60) -> T:
    """Return what the condition gives once it gives something. Services that are just away are asked again."""
    deadline = monotonic() + seconds
    while True:
        try:
            value = condition()
        except httpx.TransportError:
            value = None
        if value:
            return value
        assert monotonic() < deadline, f"waited {seconds:g} s for {what}"
        sleep(0.05)


BACKTEST: dict[str, Any] = {
    "strategy": "sma-cross",
    "symbols": ["AAPL"],
    "start": "2004-01-01",
    "end": "2013-01-01",
    "params": {"fast": 10, "slow": 30, "quantity": 100},
    "costs": {"commission_bps": 10, "slippage_bps": 5},
}
PAPER: dict[str, Any] = {
    "strategy": "in-and-out",
    "mode": "paper",
    "symbols": ["SIM/USD"],
    "timeframe": "1s",
    "cash": "1000",
    "at_end": "cancel",
}
IN_AND_OUT = '''
"""Buys at one bar and sells at the next, so that orders come at once."""
from weaver.marvin import Buy, Close, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="in-and-out", name="In and out", description="Buys at one bar and closes at the next.")


class Params(StrategyParams):
    quantity: int = 1


class InAndOut(Strategy[Params]):
    def decide(self, view):
        view.note("flat" if view.is_flat else "long")
        yield Buy(self.params.quantity) if view.is_flat else Close()
'''
PATIENT = """
from weaver.marvin import Buy, Strategy, StrategyMeta, StrategyParams, StrategyState

META = StrategyMeta(id="patient", name="Patient", description="Wants to buy twice at half the price, and waits.")


class State(StrategyState):
    has_asked: bool = False


class Patient(Strategy[StrategyParams, State]):
    def decide(self, view):
        if not view.state.has_asked:
            half = round(view.only.close / 2, 2)
            yield Buy(1, limit=half)
            yield Buy(2, limit=half)
            view.state.has_asked = True
"""
BROKEN = """
from weaver.marvin import Strategy, StrategyMeta

META = StrategyMeta(id="broken", name="Broken"
"""
