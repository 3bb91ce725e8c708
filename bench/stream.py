"""How soon does a client hear of an event, and what does the API hold in memory, with 20 runs, 100 clients and 20 events a second?

The runs are histories without workers: each event is a signal, as an order's workflow sends it. All times are of one machine's clock.
Latency is from the time that Temporal gave the event to its arrival at the client. A bare FastAPI stream, which sends a frame to as many
clients at the same rate without any history, is there for scale. Memory is the resident size of the API's process.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time
from urllib.parse import urlsplit

import httpx
import numpy as np
from httpx_sse import aconnect_sse
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from bench.verdict import Verdict
from cli.ports import free_ports
from cli.supervisor import temporal_program
from workflows.converter import data_converter
from workflows.registering_attributes import ensure_search_attributes

RUNS, CLIENTS, EVENTS_A_SECOND = 20, 100, 20
SECONDS = float(os.environ.get("WEAVER_BENCH_STREAM_SECONDS", "30"))
FROM_EVENT, TO_EVENT = (int(part) for part in os.environ.get("WEAVER_BENCH_STREAM_EVENTS", "2000,10000").split(","))
P50_MS, P95_MS, GROWTH_MIB = 40.0, 150.0, 30.0
"""Targets."""

_EVENT = b"event: orders."

BARE = """
import asyncio, json, sys, time
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.responses import StreamingResponse

listening = set()


async def tell():
    number = 0
    while True:
        await asyncio.sleep(1 / float(sys.argv[2]))
        number += 1
        frame = f"id: {number}\\nevent: tick\\ndata: {json.dumps({'ts': time.time(), 'padding': 'x' * 600})}\\n\\n".encode()
        for queue in listening:
            queue.put_nowait(frame)


@asynccontextmanager
async def lifespan(app):
    telling = asyncio.create_task(tell())
    yield
    telling.cancel()


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def stream():
    queue = asyncio.Queue()
    listening.add(queue)

    async def frames():
        yield b"retry: 3000\\n\\n"
        while True:
            yield await queue.get()

    return StreamingResponse(frames(), media_type="text/event-stream")


print("api ready", flush=True)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
"""


def run() -> list[Verdict]:
    """Print latencies of both and the growth of the API's memory."""
    return asyncio.run(_run())


async def _run() -> list[Verdict]:
    with TemporaryDirectory(prefix="weaver-bench-") as folder:
        async with await WorkflowEnvironment.start_local(
            data_converter=data_converter, dev_server_existing_path=str(temporal_program()), dev_server_log_level="error"
        ) as server:
            await ensure_search_attributes(server.client)
            address = server.client.service_client.config.target_host
            runs = [await Told.start(server.client, f"bench-{number}") for number in range(RUNS)]
            async with _process([sys.executable, "-m", "api"], WEAVER_HOME=folder, WEAVER_TEMPORAL_ADDRESS=address) as (pid, base):
                latency = await _latencies(base, runs)
                growth = await _growth(pid, base, runs)
            bare = await _bare()
    for name, milliseconds in (("a bare stream", bare), ("weaver", latency)):
        p50, p95 = np.percentile(milliseconds, [50, 95])
        print(f"{name:14} p50 {p50:6.1f} ms, p95 {p95:6.1f} ms, worst {max(milliseconds):6.1f} ms of {len(milliseconds):,} arrivals")
    p50, p95 = np.percentile(latency, [50, 95])
    return [
        Verdict("event in history to client, p50", f"{p50:.0f} ms", f"≤ {P50_MS:g} ms", bool(p50 <= P50_MS)),
        Verdict("event in history to client, p95", f"{p95:.0f} ms", f"≤ {P95_MS:g} ms", bool(p95 <= P95_MS)),
        Verdict(
            f"growth of the API's memory, event {FROM_EVENT:,} to {TO_EVENT:,}",
            f"{growth:.1f} MiB",
            f"< {GROWTH_MIB:g} MiB",
            growth < GROWTH_MIB,
        ),
    ]


class Told:
    """A run without a worker, whose events are what it is sent."""

    def __init__(self, client: Client, run_id: str) -> None:
        self._run_id = run_id
        self._handle = client.get_workflow_handle(run_id)
        self._number = 0

    @staticmethod
    async def start(client: Client, run_id: str) -> "Told":
        await client.start_workflow("TradingRun", {"strategy": "none", "symbols": ["A"]}, id=run_id, task_queue="unattended")
        return Told(client, run_id)

    async def tell(self) -> None:
        self._number += 1
        order_id = f"{self._run_id}-{self._number}"
        order = {"id": order_id, "run_id": self._run_id, "symbol": "A", "side": "buy", "quantity": "1", "status": "pending"}
        padded = order | {"reject_reason": "x" * 400}  # an event of a real order has some 700 bytes
        await self._handle.signal(
            "order_changed", {"changes": [{"order_id": order_id, "number": 1, "event": "orders.Created", "order": padded}]}
        )


async def _latencies(base: str, runs: Sequence[Told]) -> list[float]:
    """Return the milliseconds of each arrival at each client: half of them hear all, half one run each."""
    found: list[float] = []
    queries = [{} if number % 2 else {"run_id": f"bench-{number % RUNS}"} for number in range(CLIENTS)]
    async with _listening(base, queries, found):
        await _tell_for(runs, SECONDS)
    return found


async def _tell_for(runs: Sequence[Told], seconds: float) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(round(seconds * EVENTS_A_SECOND)):
        await asyncio.sleep(max(began + number / EVENTS_A_SECOND - loop.time(), 0))
        await runs[number % len(runs)].tell()


async def _growth(pid: int, base: str, runs: Sequence[Told]) -> float:
    """Return by how many MiB the process grows while all clients hear so many events, as fast as they can be told."""
    heard = [0] * CLIENTS
    async with _counting(base, heard):
        before = 0.0
        for first in range(0, TO_EVENT, len(runs)):
            await asyncio.gather(*(one.tell() for one in runs))
            await _until(lambda want=first: min(heard) >= want - 200)
            if first + len(runs) >= FROM_EVENT and not before:
                before = _resident(pid)
        await _until(lambda: min(heard) >= TO_EVENT)
        after = _resident(pid)
    print(f"{'memory':14} {before:.0f} MiB at event {FROM_EVENT:,}, {after:.0f} MiB at {TO_EVENT:,}")
    return after - before


@asynccontextmanager
async def _counting(base: str, heard: list[int]) -> AsyncIterator[None]:
    """Let clients of all runs count their events, without a parser that would be the slowest part."""
    address = urlsplit(base)
    begun = asyncio.Semaphore(0)

    async def count(number: int) -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"GET {address.path}/events/stream HTTP/1.1\r\nHost: {address.hostname}\r\n\r\n".encode())
        await reader.readuntil(b"retry: 3000")
        begun.release()
        rest = b""
        try:
            while part := await reader.read(1 << 16):
                text = rest + part
                heard[number] += text.count(_EVENT)
                rest = text[-len(_EVENT) + 1 :]
            raise RuntimeError("the stream ended")
        finally:
            writer.close()

    tasks = [asyncio.create_task(count(number)) for number in range(len(heard))]
    for _ in tasks:
        await begun.acquire()
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def _bare() -> list[float]:
    found: list[float] = []
    async with (
        _process([sys.executable, "-c", BARE], str(EVENTS_A_SECOND)) as (_, base),
        _listening(base, [{}] * CLIENTS, found, path="/"),
    ):
        await asyncio.sleep(SECONDS)
    return found


@asynccontextmanager
async def _process(command: list[str], *more: str, **environment: str) -> AsyncIterator[tuple[int, str]]:
    (port,) = free_ports(1)
    is_bare = "-c" in command
    process = subprocess.Popen(
        [*command, *([str(port), *more] if is_bare else [])],
        env={**os.environ, **environment, "WEAVER_API_PORT": str(port)},
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    await asyncio.to_thread(process.stdout.readline)
    base = f"http://127.0.0.1:{port}" + ("" if is_bare else "/api/v1")
    try:
        async with httpx.AsyncClient() as asking:
            await _answers(asking, base)
        yield process.pid, base
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


async def _answers(asking: httpx.AsyncClient, base: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await asking.get(f"{base}/openapi.json")
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
            else:
                return


@asynccontextmanager
async def _listening(
    base: str, queries: Sequence[dict[str, str]], found: list[float], *, path: str = "/events/stream"
) -> AsyncIterator[None]:
    begun = asyncio.Semaphore(0)

    async def listen(client: httpx.AsyncClient, query: dict[str, str]) -> None:
        async with aconnect_sse(client, "GET", path, params=query) as source:
            async for event in source.aiter_sse():
                if event.retry:
                    begun.release()
                if event.data:
                    said = json.loads(event.data)["ts"]
                    at = said if isinstance(said, float) else datetime.fromisoformat(said).astimezone(UTC).timestamp()
                    found.append((time() - at) * 1_000)

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=base, timeout=None, limits=limits) as client:
        tasks = [asyncio.create_task(listen(client, query)) for query in queries]
        for _ in tasks:
            await begun.acquire()
        await asyncio.sleep(0.5)  # what a run told before comes first, and late
        found.clear()
        try:
            yield
            await asyncio.sleep(0.5)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _resident(pid: int) -> float:
    line = next(one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
