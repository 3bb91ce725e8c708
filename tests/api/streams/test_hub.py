"""The hub of event streams in the test's own process: what it keeps, and that it keeps nothing too long."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.types import Message, Receive, Send
from temporalio.client import Client, WorkflowExecution

from api.main import create_app
from api.streams.all_stream import AllStream
from api.streams.event_stream import EventStream
from api.streams.frames import cursor, now_in_microseconds
from api.streams.hub import Hub
from api.streams.run_stream import RunStream
from tests.api.serving import serving
from tests.api.streams.streaming import Puppet
from tests.workflows.stack import Stack, until
from tests.workflows.trading_world import TradingWorld, local_world
from weaver.errors import Unavailable
from weaver.market import to_microseconds
from weaver.settings import Settings
from weaver.walle.database import Database
from workflows.client import connect
from workflows.looking import look


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TradingWorld]:
    async with local_world(tmp_path_factory.mktemp("hub")) as world:
        yield world


def hub_of(world: TradingWorld, **kept: int) -> Hub:
    async def client() -> object:
        return world.client

    return Hub(world.database, client, **kept)


def settings_of(world: TradingWorld) -> Settings:
    return Settings(home=world.home, temporal_address=world.address)


async def stream(hub: Hub, run_id: str, after: str | None = None, heartbeat: float = 15) -> RunStream:
    return await RunStream.open(hub, run_id, after, types=None, corr_id="test", heartbeat=heartbeat)


async def heard(frames: AsyncIterator[bytes], events: int) -> list[str]:
    """Return the ids of so many events."""
    ids: list[str] = []
    async with asyncio.timeout(20):
        while len(ids) < events:
            ids += [line.removeprefix("id: ") for line in (await anext(frames)).decode().splitlines() if line.startswith("id: ")]
    return ids


async def test_a_run_is_followed_once_for_all_its_clients_and_no_longer_than_they_listen(world: TradingWorld) -> None:
    hub, run = hub_of(world), await Puppet.start(world.client)
    await run.tell(3)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(aclosing((await stream(hub, run.run_id)).frames())) for _ in range(20)]
        first = [await heard(frames, 3) for frames in streams]
        await run.tell(2)
        then = [await heard(frames, 2) for frames in streams]
        assert (hub.figures.clients, hub.figures.tails) == (20, 1)
        ids = [event.id for event in await world.events(run.run_id)]
        assert all(one + two == ids for one, two in zip(first, then, strict=True))
    assert (hub.figures.clients, hub.figures.tails) == (0, 0)
    await until(_no_tails, "the tails' end")
    await run.end()
    await hub.stop()


async def _no_tails() -> bool:
    return not [task for task in asyncio.all_tasks() if task.get_name().startswith(("tail of", "look for"))]


async def test_nobody_is_looked_for_once_nobody_listens(world: TradingWorld) -> None:
    hub, run = hub_of(world), await Puppet.start(world.client)
    async with aclosing(AllStream(hub, None, types=None, corr_id="test").frames()) as frames:
        assert (await anext(frames)).startswith(b"retry: 3000\nid: ")
        await run.tell()
        await heard(frames, 1)
        assert hub.figures.tails >= 1
    assert (hub.figures.clients, hub.figures.tails) == (0, 0)
    await until(_no_tails, "the tails' end")
    await run.end()
    await hub.stop()


async def test_a_quiet_stream_gives_signs_of_life(world: TradingWorld) -> None:
    hub, run = hub_of(world), await Puppet.start(world.client)
    await run.tell()
    async with aclosing((await stream(hub, run.run_id, heartbeat=0.1)).frames()) as frames:
        assert await anext(frames) == b"retry: 3000\n\n"
        await heard(frames, 1)
        assert [await anext(frames) for _ in range(3)] == [b": heartbeat\n"] * 3
        await run.tell()
        await heard(frames, 1)
    await run.end()
    await hub.stop()


async def test_a_slow_client_of_all_runs_is_told_so_and_what_is_kept_is_bounded(world: TradingWorld) -> None:
    hub, run = hub_of(world, kept_of_all=10), await Puppet.start(world.client)
    async with (
        aclosing(AllStream(hub, None, types=None, corr_id="test").frames()) as slow,
        aclosing(AllStream(hub, None, types=None, corr_id="test").frames()) as quick,
    ):
        await anext(slow)
        await anext(quick)
        for _ in range(5):
            await run.tell(5)
            await heard(quick, 5)
        frames = [frame async for frame in slow]
        assert len(frames) == 1
        assert b"event: stream.Reset\n" in frames[0]
        assert not frames[0].startswith(b"id:")  # so that it goes on where it was
        assert hub.figures.resets == 1
        assert hub.everything.next - hub.everything.first == 10
    await run.end()
    await hub.stop()


async def test_a_client_of_all_that_comes_back_is_told_what_it_missed_or_that_it_is_too_much(world: TradingWorld) -> None:
    run = await Puppet.start(world.client)
    await run.tell(3)
    (first, *_) = await world.events(run.run_id)
    after = cursor(to_microseconds(first.ts), first.id)
    hub = hub_of(world)
    async with aclosing(AllStream(hub, after, types=None, corr_id="test").frames()) as frames:
        assert await anext(frames) == b"retry: 3000\n\n"
        told = (await anext(frames)).decode()
        assert told.count(run.run_id + "-") >= 3
        await run.tell()
        await heard(frames, 1)
    hub = hub_of(world, most_missed=2)
    async with aclosing(AllStream(hub, after, types=None, corr_id="test").frames()) as frames:
        await anext(frames)
        assert b"event: stream.Reset\n" in await anext(frames)
        await run.tell()
        await heard(frames, 1)
    await run.end()
    await hub.stop()


async def test_a_client_that_comes_back_misses_nothing_of_a_run_that_is_listed_only_now(
    world: TradingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is listed a little after its start: here not yet for whoever looks before the first look is over."""
    run = await Puppet.start(world.client)
    await run.tell(2)
    (first, *_) = await world.events(run.run_id)
    is_listed, has_looked_too_early = False, asyncio.Event()
    begun = count()

    async def lagging(client: Client, closed_since: datetime) -> list[WorkflowExecution]:
        nonlocal is_listed
        if next(begun) == 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await has_looked_too_early.wait()
            is_listed = True
        elif not is_listed:
            has_looked_too_early.set()
            return []
        return await look(client, closed_since)

    monkeypatch.setattr("api.streams.everything.look", lagging)
    hub = hub_of(world)
    after = cursor(to_microseconds(first.ts), "now")
    async with aclosing(AllStream(hub, after, types=["orders.Created"], corr_id="test").frames()) as frames:
        told = {one.rpartition("~")[2] for one in await heard(frames, 2)}
    assert {event.id for event in await world.events(run.run_id) if event.type == "orders.Created"} <= told
    await run.end()
    await hub.stop()


async def test_streams_end_when_the_hub_closes_and_new_ones_are_refused(world: TradingWorld) -> None:
    hub, run = hub_of(world), await Puppet.start(world.client)
    await run.tell()
    frames = (await stream(hub, run.run_id)).frames()
    everything = AllStream(hub, None, types=None, corr_id="test").frames()
    await heard(frames, 1)
    await anext(everything)
    ending = asyncio.gather(_rest(frames), _rest(everything))
    hub.close()
    async with asyncio.timeout(2):
        await ending
    with pytest.raises(Unavailable, match="shutting down"):
        await stream(hub, run.run_id)
    await run.end()
    await hub.stop()


async def _rest(frames: AsyncIterator[bytes]) -> list[bytes]:
    return [frame async for frame in frames]


async def test_what_is_told_while_temporal_is_away_is_not_missed(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "home")
    database = Database.open(f"sqlite:///{tmp_path / 'home' / 'walle.db'}")
    stack.start_temporal()
    client = await stack.connected()
    run = await Puppet.start(client)
    await run.tell(2)
    hub = Hub(database, lambda: connect(stack.address))
    async with (
        aclosing((await stream(hub, run.run_id)).frames()) as one,
        aclosing(AllStream(hub, None, types=None, corr_id="test").frames()) as everything,
    ):
        await anext(everything)
        ids = await heard(one, 2)
        await run.tell()
        ids += await heard(one, 1)
        await heard(everything, 1)
        assert stack.temporal is not None
        stack.temporal.kill()
        stack.temporal.wait()
        waiting = asyncio.create_task(heard(one, 3))
        waiting_too = asyncio.create_task(heard(everything, 3))
        stack.start_temporal()
        await stack.connected()
        await run.tell(3)
        ids += await waiting
        assert len(set(ids)) == len(ids) == 6
        assert [one.partition("~")[2] for one in await waiting_too] == ids[3:]
    await hub.stop()
    database.close()
    stack.stop()


async def test_a_client_that_comes_while_temporal_is_away_gets_what_it_has_missed_later(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "home")
    database = Database.open(f"sqlite:///{tmp_path / 'home' / 'walle.db'}")
    stack.start_temporal()
    run = await Puppet.start(await stack.connected())
    await run.tell(2)
    hub = Hub(database, lambda: connect(stack.address))
    assert stack.temporal is not None
    stack.temporal.kill()
    stack.temporal.wait()
    after = cursor(now_in_microseconds() - 60_000_000, "now")
    async with aclosing(AllStream(hub, after, types=None, corr_id="test", heartbeat=0.2).frames()) as frames:
        assert await anext(frames) == b"retry: 3000\n\n"
        assert await anext(frames) == b": heartbeat\n"
        stack.start_temporal()
        await stack.connected()
        assert len(await heard(frames, 2)) == 2
    await hub.stop()
    database.close()
    stack.stop()


async def test_a_thousand_connections_leave_nothing_behind(world: TradingWorld) -> None:
    run = await Puppet.start(world.client)
    await run.tell(3)
    app = create_app(settings_of(world))
    async with serving(app) as base:
        host, port = base.removeprefix("http://").split(":")

        async def visit(number: int) -> None:
            reader, writer = await asyncio.open_connection(host, int(port))
            query = f"?run_id={run.run_id}" if number % 2 else ""
            writer.write(f"GET /api/v1/events/stream{query} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            await reader.readuntil(b"retry: 3000")
            writer.close()
            await writer.wait_closed()

        async def visits(first: int, last: int) -> None:
            for start in range(first, last, 20):
                await asyncio.gather(*(visit(number) for number in range(start, start + 20)))
            figures = app.state.parts.hub.figures
            await until(lambda: _is(figures.clients == 0 and figures.tails == 0), "the clients to be let go")
            await until(_no_tails, "the tails' end")

        async def _is(true: bool) -> bool:
            return true

        await visits(0, 200)
        gc.collect()
        tasks, files, memory = len(asyncio.all_tasks()), _open_files(), _resident()
        await visits(200, 1_200)
        gc.collect()
        await until(lambda: _is(len(asyncio.all_tasks()) <= tasks + 2), "the tasks' end")
        await until(lambda: _is(_open_files() <= files + 2), "the sockets' end")
        assert _resident() - memory < 12 * 1024
    await run.end()


async def test_a_slow_client_is_told_so_and_goes_on_where_it_was(world: TradingWorld) -> None:
    run = await Puppet.start(world.client)
    await run.tell()
    app = create_app(settings_of(world))
    async with serving(app) as base:
        app.state.parts = replace(app.state.parts, hub=hub_of(world, kept_of_a_run=8))
        host, port = base.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 12)
        writer.write(f"GET /api/v1/events/stream?run_id={run.run_id} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        await reader.readuntil(b"orders.Created")
        await run.tell(150, padding=80_000)  # more than the sockets between them hold
        text = (await reader.read(-1)).decode()
        writer.close()
        assert "event: stream.Reset" in text
        assert '"reason":"slow"' in text
        ids = [event.id for event in await world.events(run.run_id)]
        got = [line.removeprefix("id: ") for line in text.splitlines() if line.startswith("id: ")]
        assert 0 < len(got) < len(ids) - 1
        assert got == ids[1 : len(got) + 1]
        async with aclosing((await stream(app.state.parts.hub, run.run_id, got[-1])).frames()) as frames:
            rest = ids[len(got) + 1 :]
            assert await heard(frames, len(rest)) == rest
        await app.state.parts.hub.stop()
    await run.end()


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def _resident() -> int:
    """KiB."""
    return int(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")).split()[1])


async def test_a_client_that_takes_nothing_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    async def frames() -> AsyncIterator[bytes]:
        while True:
            yield b"data: more\n\n"

    async def stalled(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def silent() -> Message:
        return await asyncio.Event().wait()

    send: Send = stalled
    receive: Receive = silent
    async with asyncio.timeout(5):
        await EventStream(frames(), stall_seconds=0.1)({"type": "http"}, receive, send)
    assert "took nothing" in caplog.text
