"""A real Temporal server and a real worker for tests: processes of their own, on free ports, in a folder of their own."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import TypeVar

import numpy as np
from temporalio.client import Client

from cli.ports import free_ports
from tests.walle.databases import give_tables
from weaver.errors import Unavailable
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.queries import Queries
from workflows.client import connect

ROOT = Path(__file__).parents[2]
SYMBOL, OTHER = "SEED/USD", "SOME/USD"
BARS = 3_000

T = TypeVar("T")

PLUGINS = {
    "spinner": '''
"""Trades now and then, and takes its time over each bar."""
from weaver.marvin import Buy, Close, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="spinner", name="Spinner")


class Params(StrategyParams):
    spin: int = 0


class Spinner(Strategy[Params]):
    def decide(self, view):
        for _ in range(self.params.spin):
            pass
        minute = view.time.minute
        if minute % 7 == 0 and view.is_flat:
            yield Buy(1)
        elif minute % 7 == 3 and view.is_long:
            yield Close()
''',
    "never_ends": """
from weaver.marvin import Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="never-ends", name="Never ends")


class NeverEnds(Strategy[StrategyParams]):
    def decide(self, view):
        while True:
            pass
""",
    "holds_the_lock": """
import re

from weaver.marvin import Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="holds-the-lock", name="Holds the interpreter's lock")


class HoldsTheLock(Strategy[StrategyParams]):
    def decide(self, view):
        re.match("(a+)+$", "a" * 60 + "b")
""",
    "divides": """
from weaver.marvin import Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="divides", name="Divides by zero at noon")


class Divides(Strategy[StrategyParams]):
    def decide(self, view):
        if view.time.hour == 12:
            1 / 0
        return ()
""",
}


def program(name: str) -> Path:
    """Return a program that a package brings; fail with what to install."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"no '{name}' program: pip install {name}-bin"
    return Path(found)


async def until(condition: Callable[[], Awaitable[T | None]], what: str, *, seconds: float = 60) -> T:
    """Return what the condition gives once it gives something."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        value = await condition()
        if value:
            return value
        await asyncio.sleep(0.05)
    raise AssertionError(f"waited {seconds:g} s for {what}")


class Stack:
    """A home with bars and strategies, a Temporal server with a file, and a worker, each to be killed and started again."""

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = free_ports(1)[0]
        self.address = f"127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "WEAVER_HOME": str(home),
            "WEAVER_PLUGINS": str(home / "plugins"),
            "WEAVER_TEMPORAL_ADDRESS": self.address,
            "WEAVER_GRETA_SLOTS": "2",
            "WEAVER_STEP_LIMIT_SECONDS": "2",
            **(settings or {}),
        }
        self.temporal: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self._write_plugins()
        give_tables(home)
        import_seeded(self.catalogue, home)

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue.open(str(self.home / "bars"))

    @property
    def queries(self) -> Queries:
        return Queries(Database.open(f"sqlite:///{self.home / 'walle.db'}", migrate=False))

    def log(self, name: str) -> str:
        path = self.home / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    async def start(self) -> Client:
        """Start both and return a client once the worker is ready."""
        self.start_temporal()
        self.start_worker()
        return await self.ready()

    def start_temporal(self) -> None:
        database = str(self.home / "temporal.db")
        command = [str(program("temporal")), "server", "start-dev", "--headless", "--port", str(self.port), "--db-filename", database]
        # Few events to a link, so that a run of many windows continues as new within a test.
        values = ("limit.historyCount.suggestContinueAsNew=150", "history.transferProcessorMaxPollRPS=500", "matching.enableFairness=true")
        command += [part for value in values for part in ("--dynamic-config-value", value)]
        self.temporal = self._spawn([*command, "--log-level", "error"], "temporal")

    def start_worker(self) -> None:
        (self.home / "worker.log").unlink(missing_ok=True)
        self.worker = self._spawn([sys.executable, "-m", "worker"], "worker")

    def stop_worker(self) -> None:
        """Stop the worker as a deploy does."""
        assert self.worker
        self.worker.send_signal(signal.SIGTERM)
        self.worker.wait(15)

    async def ready(self) -> Client:
        """Return a client once server and worker are ready."""

        async def is_ready() -> bool:
            assert self.worker is None or self.worker.poll() is None, self.log("worker")
            return "worker ready" in self.log("worker")

        connected = await self.connected()
        await until(is_ready, "the worker")
        return connected

    async def connected(self) -> Client:
        """Return a client once the server answers."""

        async def client() -> Client | None:
            try:
                return await connect(self.address)
            except Unavailable:
                return None

        return await until(client, f"the Temporal server; its log: {self.log('temporal')}")

    def slots(self) -> list[int]:
        """Return the worker's single-slot processes."""
        assert self.worker
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.worker.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in listed.stdout.split()]

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the stock Temporal CLI against this server."""
        return subprocess.run(
            [str(program("temporal")), *arguments, "--address", self.address], capture_output=True, text=True, timeout=30, check=False
        )

    def stop(self) -> None:
        for process in (self.worker, self.temporal):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def _spawn(self, command: list[str], name: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _write_plugins(self) -> None:
        folder = self.home / "plugins"
        folder.mkdir(parents=True)
        for name, text in PLUGINS.items():
            (folder / f"{name}.py").write_text(text)


def import_seeded(catalogue: Catalogue, folder: Path) -> None:
    """Store a day or two of seeded one-minute bars of two symbols."""
    for seed, symbol in enumerate((SYMBOL, OTHER)):
        steps = np.random.default_rng(seed).normal(0, 0.5, BARS).cumsum()
        closes = np.round(500 + steps, 2)
        opens = np.concatenate([[500.0], closes[:-1]])
        highs, lows = np.maximum(opens, closes) + 0.25, np.minimum(opens, closes) - 0.25
        times = np.datetime64("2024-01-01T00:00:00") + np.arange(BARS).astype("timedelta64[m]")
        rows = zip(times, opens, highs, lows, closes, strict=True)
        lines = [f"{time}Z,{first:.2f},{high:.2f},{low:.2f},{last:.2f},100" for time, first, high, low, last in rows]
        file = folder / f"seed{seed}.csv"
        file.write_text("time,open,high,low,close,volume\n" + "\n".join(lines) + "\n")
        catalogue.import_file(file, symbol, "1m")
