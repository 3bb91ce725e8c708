"""What tests of event streams work with: a server process to kill, a client library, and runs that say what they are told."""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse
from temporalio.client import Client

from cli.ports import free_ports
from tests.workflows.stack import ROOT, until
from tests.workflows.trading_world import TradingWorld

UNATTENDED = "unattended"
"""A task queue without workers: a run there does nothing, and its history is what it is sent."""

_numbers = itertools.count(1)


class Reached(Protocol):
    """Where an API is reached, and what every request to it says."""

    @property
    def base(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class Api:
    """The API as a process of its own on one port, to be killed and started again."""

    headers: Mapping[str, str] = {}

    def __init__(self, world: TradingWorld) -> None:
        self.port = free_ports(1)[0]
        self.base = f"http://127.0.0.1:{self.port}/api/v1"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WEAVER_")}
        self._environment = inherited | {
            "WEAVER_HOME": str(world.home),
            "WEAVER_TEMPORAL_ADDRESS": world.address,
            "WEAVER_API_PORT": str(self.port),
        }
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> "Api":
        self._process = subprocess.Popen([sys.executable, "-m", "api"], env=self._environment, cwd=ROOT, stdout=subprocess.PIPE)
        said = await asyncio.to_thread(self._process.stdout.readline)
        assert said == b"api ready\n", said
        return self

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.send_signal(how)
        self._process.wait(20)
        self._process.stdout.close()


class Puppet:
    """A run without a worker. Each event that it tells is a change of one of its orders, as an order's workflow would signal it."""

    def __init__(self, client: Client, run_id: str) -> None:
        self.run_id = run_id
        self._handle = client.get_workflow_handle(run_id)
        self._told = itertools.count(1)

    @staticmethod
    async def start(client: Client) -> "Puppet":
        run_id = f"puppet-{next(_numbers)}"
        await client.start_workflow("TradingRun", {"strategy": "none", "symbols": ["A"]}, id=run_id, task_queue=UNATTENDED)
        return Puppet(client, run_id)

    async def tell(self, events: int = 1, *, padding: int = 0) -> None:
        """Tell so many events, one after the other; each at least `padding` bytes long."""
        for _ in range(events):
            number = next(self._told)
            order_id = f"{self.run_id}-{number}"
            order = {"id": order_id, "run_id": self.run_id, "symbol": "A", "quantity": "1", "status": "pending"}
            change = {"order_id": order_id, "number": 1, "event": "orders.Created", "order": order, "reason": "x" * padding}
            await self._handle.signal("order_changed", {"changes": [change]})

    async def end(self) -> None:
        await self._handle.terminate(reason="the test is over")


class Listener:
    """A client that notes what it hears, and connects again behind its last id when it is cut off, as a browser does."""

    def __init__(self, api: Reached, **query: str) -> None:
        self.ids: list[str] = []
        self.types: list[str] = []
        self.documents: list[dict[str, Any]] = []
        self.last_id = query.pop("last_event_id", "")
        self.cuts = 0
        self._api = api
        self._query = query
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Listener"]:
        self._task = asyncio.create_task(self._listen())
        try:
            yield self
        finally:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def has(self, enough: Callable[["Listener"], bool], what: str, *, seconds: float = 60) -> None:
        async def heard() -> bool:
            assert self._task is not None
            if self._task.done():
                self._task.result()
            return enough(self)

        await until(heard, what, seconds=seconds)

    async def _listen(self) -> None:
        async with httpx.AsyncClient(base_url=self._api.base, headers=self._api.headers, timeout=httpx.Timeout(30)) as client:
            while True:
                try:
                    async for event in heard(client, self.last_id, **self._query):
                        self._note(event)
                except (httpx.TransportError, httpx.RemoteProtocolError):
                    self.cuts += 1
                await asyncio.sleep(0.02)  # as `retry` asks, in a test's time

    def _note(self, event: ServerSentEvent) -> None:
        self.last_id = event.id or self.last_id
        if not event.data:
            return
        document = json.loads(event.data)
        assert document["type"] == event.event
        self.ids.append(document["id"])
        self.types.append(event.event)
        self.documents.append(document)


async def heard(client: httpx.AsyncClient, last_id: str = "", **query: str) -> AsyncIterator[ServerSentEvent]:
    """Yield what one connection brings until it ends."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with aconnect_sse(client, "GET", "/events/stream", params=query, headers=headers) as source:
        source.response.raise_for_status()
        async for event in source.aiter_sse():
            yield event
