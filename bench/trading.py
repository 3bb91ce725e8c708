"""How quick is live trading: from a decision to the venue, from the venue's fill to the run's history, from a bar's end to its fetch?

The venue is the tests' server that speaks Alpaca's protocol, in a process of its own; all times are of one machine's clock. A run of one
symbol gives latencies; 200 runs of a symbol each on one boundary, on the simulated exchange, show how late the last is.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from bench.stack import stack
from bench.verdict import Verdict
from tests.alpaca_server.accounts import AccountSpec
from tests.alpaca_server.process import ServerProcess
from weaver.glados.requests import RunCreate
from workflows.client import connect
from workflows.trading_client import start_trading
from workflows.trading_names import order_workflow_id

KEY, SECRET = "PKBENCH", "bench-secret-of-nobody"
ORDERS = 40
RUNS = 200
BUSY_BARS = 3

EACH_BAR = '''
"""Buys and sells in turn, one order at each bar."""
from weaver.marvin import Buy, Close, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="each-bar", name="Each bar")


class EachBar(Strategy[StrategyParams]):
    def decide(self, view):
        yield Buy(1) if view.is_flat else Close()
'''

QUICK = '''
"""Alpaca's adapter with bars of any length, made up here, so that a bench need not wait for minutes. Orders go to the venue."""
from decimal import Decimal

from weaver.broker import MarketBar
from weaver.veda import AdapterMeta
from weaver.veda.adapters.alpaca import Alpaca

META = AdapterMeta(
    id="quick",
    name="Alpaca with quick bars",
    features=("crypto_fee_in_kind",),
    modes=("paper",),
    credentials=("ALPACA_{MODE}_API_KEY", "ALPACA_{MODE}_API_SECRET"),
    options=("ALPACA_{MODE}_BASE_URL", "ALPACA_{MODE}_STREAM_URL", "ALPACA_DATA_BASE_URL", "ALPACA_DATA_STREAM_URL"),
)


class Quick(Alpaca):
    async def bars(self, symbols, timeframe, start, end):
        now = await self.context.clock.now()
        price = Decimal(100)
        found = {}
        for symbol in symbols:
            length = timeframe.seconds
            first = -(-int(start.timestamp()) // length)
            last = min(int(now.timestamp()), int(end.timestamp())) // length
            found[symbol] = [
                MarketBar(
                    symbol=symbol, timeframe=timeframe.text, start=start.fromtimestamp(number * length, start.tzinfo),
                    open=price, high=price, low=price, close=price, volume=Decimal(1),
                )
                for number in range(first, last)
            ]
        return found
'''


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds."""

    p50: float
    p95: float
    count: int

    @staticmethod
    def of(values: Sequence[float]) -> "Spread":
        return Spread(float(np.percentile(values, 50)), float(np.percentile(values, 95)), len(values))

    def __str__(self) -> str:
        return f"p50 {self.p50:.0f} ms, p95 {self.p95:.0f} ms of {self.count}"


def run() -> list[Verdict]:
    """Print all latencies."""
    with TemporaryDirectory(prefix="weaver-bench-") as folder:
        home = Path(folder) / "home"
        plugins = Path(folder) / "plugins"  # where a stack looks that is started beside it
        (plugins / "strategies").mkdir(parents=True)
        (plugins / "adapters").mkdir()
        (plugins / "strategies" / "each_bar.py").write_text(EACH_BAR)
        (plugins / "adapters" / "quick.py").write_text(QUICK)
        account = AccountSpec(name="paper", key=KEY, secret=SECRET)
        with ServerProcess(accounts=[account]) as venue, _environment(venue.urls), stack(home) as embedded:
            venue.control.set_limits(1_000_000)
            return asyncio.run(_measure(embedded.address, venue))


@contextmanager
def _environment(urls: dict[str, str]) -> Iterator[None]:
    """Point the stack's processes at the venue."""
    settings = {
        "ALPACA_PAPER_API_KEY": KEY,
        "ALPACA_PAPER_API_SECRET": SECRET,
        "ALPACA_PAPER_BASE_URL": urls["paper_url"],
        "ALPACA_PAPER_STREAM_URL": urls["paper_stream_url"],
        "ALPACA_DATA_BASE_URL": urls["data_url"],
        "ALPACA_DATA_STREAM_URL": urls["url"].replace("http", "ws", 1),
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


async def _measure(address: str, venue: ServerProcess) -> list[Verdict]:
    client = await connect(address)
    verdicts = await _one_run(client, venue)
    return verdicts + await _many_runs(client)


async def _one_run(client: Client, venue: ServerProcess) -> list[Verdict]:
    """Measure a run that places an order at each bar of two seconds."""
    await _run(client, {"id": "one", "adapter": "quick", "symbols": ["BTC/USD"], "timeframe": "2s", "for": f"{2 * (ORDERS + 3)}s"})
    history = [event async for event in _events(client, "one")]
    decided = _decided(history)
    received = {one["client_order_id"]: _seconds(one["time"]) for one in venue.control.requests() if one["method"] == "POST"}
    sent = [1_000 * (received[order] - time) for order, time in decided.items() if order in received]
    filled = {entry.client_order_id: _seconds(entry.time) for entry in venue.control.ledger() if entry.kind == "fill"}
    of_orders = {order: await _first_told(client, order) for order in filled}
    told = [1_000 * (time - filled[order]) for order, time in of_orders.items() if time is not None]
    heard = [1_000 * (time - filled[order]) for order, time in _told_filled(history).items() if order in filled]
    late = [float(ms) for ms in _late(history)]
    events = _events_per_tick(history)
    to_venue, to_history, to_run, fetch = Spread.of(sent), Spread.of(told), Spread.of(heard), Spread.of(late)
    print(f"decision recorded to the venue's receipt    {to_venue}")
    print(f"fill at the venue to orders.Filled          {to_history}")
    print(f"... and in the run's history                {to_run}")
    print(f"bar end to fetch, one run                   {fetch}")
    print(f"events of a tick with a filled order        most {max(events)}, median {int(np.median(events))}")
    return [
        Verdict("decision to venue", str(to_venue), "p50 ≤ 120 ms, p95 ≤ 300 ms", to_venue.p50 <= 120 and to_venue.p95 <= 300),
        Verdict("fill to history", str(to_history), "p50 ≤ 60 ms", to_history.p50 <= 60),
        Verdict("bar end to fetch, one run", str(fetch), "p95 ≤ 100 ms", fetch.p95 <= 100),
        Verdict("events of a tick with a filled order", f"median {int(np.median(events))}", "≤ 45", float(np.median(events)) <= 45),
    ]


async def _many_runs(client: Client) -> list[Verdict]:
    """Measure 200 runs that wait for the same minute, on the simulated exchange."""
    requests = [
        {"id": f"many-{number}", "strategy": "buy-and-hold", "symbols": [f"S{number}/USD"], "timeframe": "1m", "for": f"{BUSY_BARS + 2}m"}
        for number in range(RUNS)
    ]
    await asyncio.gather(*(_run(client, request) for request in requests))
    late: list[float] = []
    took: list[float] = []
    for request in requests:
        history = [event async for event in _events(client, str(request["id"]))]
        late += [float(ms) for ms in _late(history)]
        took += _handled(history)
    fetch, handled = Spread.of(late), Spread.of([1_000 * seconds for seconds in took])
    print(f"bar end to fetch, {RUNS} runs                {fetch}")
    print(f"bar end to the tick handled, {RUNS} runs     {handled}, worst {max(took):.1f} s")
    return [
        Verdict(f"bar end to fetch, {RUNS} runs", str(fetch), "p95 ≤ 1500 ms", fetch.p95 <= 1_500),
        Verdict(f"tick handled, {RUNS} runs", f"worst {max(took):.1f} s", "inside its minute", max(took) < 60),
    ]


async def _run(client: Client, request: dict[str, Any]) -> None:
    """Start a run and wait for its end."""
    asked = RunCreate.model_validate({"strategy": "each-bar", "mode": "paper"} | request)
    run_id = await start_trading(client, asked)
    await client.get_workflow_handle(run_id).result()


async def _events(client: Client, run_id: str) -> AsyncIterator[HistoryEvent]:
    """Yield the history of the newest link; a bench's run has one."""
    async for event in client.get_workflow_handle(run_id).fetch_history_events():
        yield event


def _results(history: Sequence[HistoryEvent], name: str) -> Iterator[tuple[HistoryEvent, dict[str, Any]]]:
    """Yield the completions of one activity with their results."""
    scheduled = {
        event.event_id
        for event in history
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        and event.activity_task_scheduled_event_attributes.activity_type.name == name
    }
    for event in history:
        attributes = event.activity_task_completed_event_attributes
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED and attributes.scheduled_event_id in scheduled:
            yield event, json.loads(attributes.result.payloads[0].data)


def _decided(history: Sequence[HistoryEvent]) -> dict[str, float]:
    """Return when the decision for each order was recorded."""
    return {
        order["request"]["client_order_id"]: _time(event) for event, result in _results(history, "decide") for order in result["orders"]
    }


def _told_filled(history: Sequence[HistoryEvent]) -> dict[str, float]:
    """Return when the run's history had each order's fill."""
    told: dict[str, float] = {}
    for event in history:
        attributes = event.workflow_execution_signaled_event_attributes
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED and attributes.signal_name == "order_changed":
            for change in json.loads(attributes.input.payloads[0].data)["changes"] or ():
                if change["event"] == "orders.Filled":
                    told[change["order_id"]] = _time(event)
    return told


async def _first_told(client: Client, order_id: str) -> float | None:
    """Return when the order's own history had its fill, by the venue's answer or by its stream."""
    async for event in client.get_workflow_handle(order_workflow_id(order_id)).fetch_history_events():
        match event.event_type:
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                payloads = event.activity_task_completed_event_attributes.result.payloads
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                payloads = event.workflow_execution_signaled_event_attributes.input.payloads
            case _:
                continue
        if any(change["event"] == "orders.Filled" for change in json.loads(payloads[0].data).get("changes") or ()):
            return _time(event)
    return None


def _late(history: Sequence[HistoryEvent]) -> list[int]:
    """Return how late each fetch began, in milliseconds."""
    ticks = [event for _, result in _results(history, "fetch_bars") for event in result["events"] or () if event["type"] == "clock.Tick"]
    return [tick["payload"]["late_ms"] for tick in ticks]


def _handled(history: Sequence[HistoryEvent]) -> list[float]:
    """Return the seconds from each bar's end to its decision."""
    return [_time(event) - datetime.fromisoformat(result["end"]).timestamp() for event, result in _results(history, "decide")]


def _events_per_tick(history: Sequence[HistoryEvent]) -> list[int]:
    """Return how many events lie between two fetches."""
    fetches = [event.event_id for event, _ in _results(history, "fetch_bars")]
    return [after - before for before, after in pairwise(fetches)]


def _time(event: HistoryEvent) -> float:
    return event.event_time.ToDatetime(tzinfo=UTC).timestamp()


def _seconds(text: str) -> float:
    """Read an RFC 3339 time with nanoseconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp() + float(f"0.{fraction or 0}")
