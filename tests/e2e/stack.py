"""What `weaver up` serves, as a person's browser and a person's terminal reach it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sin
from time import monotonic, sleep
from typing import Any, TypeVar

import httpx

from tests.cli.conftest import Shell, Up

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
        begins = datetime(2024, 1, 1, tzinfo=UTC)
        rows = ["time,open,high,low,close,volume"]
        for number in range(count):
            price = 100 + 10 * sin(number / 500) + sin(number / 7)
            time = (begins + timedelta(minutes=number)).isoformat()
            rows.append(f"{time},{price:.2f},{price + 0.5:.2f},{price - 0.5:.2f},{price + 0.1:.2f},10")
        form = {"symbol": symbol, "timeframe": "1m"}
        answer = self.http.post("/data/import", data=form, files={"file": ("minutes.csv", "\n".join(rows).encode())})
        assert answer.is_success, answer.text

    def orders_of(self, run_id: str, *statuses: str) -> list[Any]:
        query = {"status": list(statuses)} if statuses else {}
        return list(self.get("/orders", run_id=run_id, **query)["items"])


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
BROKEN = """
from weaver.marvin import Strategy, StrategyMeta

META = StrategyMeta(id="broken", name="Broken"
"""
