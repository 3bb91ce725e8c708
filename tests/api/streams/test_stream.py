"""Event streams against a real server, a real API process, and a client library that is not ours."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from tests.api.streams.streaming import Api, Listener, Puppet, heard
from tests.workflows.by_hand import ended as order_ended
from tests.workflows.by_hand import placed
from tests.workflows.stack import until
from tests.workflows.trading_world import TradingWorld, local_world
from weaver.veda.adapters.simulated import LateFill


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TradingWorld]:
    async with local_world(tmp_path_factory.mktemp("stream"), server_values=["limit.historyCount.suggestContinueAsNew=70"]) as world:
        yield world


@pytest_asyncio.fixture(scope="module")
async def api(world: TradingWorld) -> AsyncIterator[Api]:
    api = await Api(world).start()
    yield api
    api.stop()


@pytest_asyncio.fixture
async def asking(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=api.base, timeout=30) as client:
        yield client


async def test_a_run_is_told_from_its_first_event_over_all_links_each_once(world: TradingWorld, api: Api) -> None:
    run_id = await world.start("scripted", [world.symbol()], params={"script": {"0": [["buy", {"quantity": 1}]]}}, duration="9s")
    await until(lambda: _answered(world, run_id), "the run to begin")
    async with Listener(api, run_id=run_id).listening() as client:
        await world.ended(run_id)
        await client.has(lambda heard: "run.Completed" in heard.types, "the run's end")
    assert len(await world.links(run_id)) >= 2
    assert client.ids == [event.id for event in await world.events(run_id)]
    assert client.types[0] == "run.Created"


async def _answered(world: TradingWorld, run_id: str) -> bool:
    return world.status(run_id) is not None


async def test_a_run_that_has_ended_is_told_whole_and_from_any_event_on(world: TradingWorld, api: Api, asking: httpx.AsyncClient) -> None:
    run_id = await world.start("scripted", [world.symbol()], duration="2s")
    await world.ended(run_id)
    ids = [event.id for event in await world.events(run_id)]
    for behind in (0, 3, len(ids) - 1):
        async with Listener(api, run_id=run_id, last_event_id=ids[behind - 1] if behind else "").listening() as client:
            await client.has(lambda heard: ids[-1] in heard.ids, "the last event")
        assert client.ids == ids[behind:]
    async for event in heard(asking, run_id=run_id, last_event_id=ids[2]):
        if event.data:
            assert event.id == ids[3]
            break


async def test_types_are_filtered(world: TradingWorld, api: Api) -> None:
    run_id = await world.start("scripted", [world.symbol()], duration="2s")
    async with Listener(api, types="run.Completed,run.Started").listening() as client:
        await world.ended(run_id)
        await client.has(lambda heard: "run.Completed" in heard.types, "the run's end")
    assert set(client.types) == {"run.Started", "run.Completed"}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"run_id": "nobody"}, 404, "not_found"),
        ({"last_event_id": "nonsense"}, 422, "bad_value"),
        ({"types": "run.Startd"}, 422, "unknown_name"),
    ],
)
async def test_what_cannot_be_streamed_is_refused(asking: httpx.AsyncClient, query: dict[str, str], status: int, code: str) -> None:
    answer = await asking.get("/events/stream", params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_id_of_another_run_is_refused(world: TradingWorld, asking: httpx.AsyncClient) -> None:
    run_id = await world.start("scripted", [world.symbol()], duration="1s")
    await world.ended(run_id)
    for wrong in ("nonsense", "01a22332-5e98-7ad6-9556-3f30a92aa246-8"):
        answer = await asking.get("/events/stream", params={"run_id": run_id, "last_event_id": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_value")


async def test_a_run_started_by_the_stock_command_is_told_within_two_seconds(world: TradingWorld, api: Api) -> None:
    async with Listener(api).listening() as client:
        await client.has(lambda heard: heard.last_id != "", "the stream to begin")
        await world.cli_start("by-the-stock-command", {"strategy": "scripted", "symbols": [world.symbol()], "timeframe": "1s"})
        began = time.monotonic()
        await client.has(lambda heard: "by-the-stock-command" in {one["run_id"] for one in heard.documents}, "its first event", seconds=10)
        assert time.monotonic() - began < 2
        await world.handle("by-the-stock-command").execute_update("stop")
        await world.ended("by-the-stock-command")


async def test_runs_orders_placed_by_hand_and_accounts_are_told_together_each_change_once(world: TradingWorld, api: Api) -> None:
    symbol = world.symbol()
    await (await world.exchange()).script([LateFill(bars=5)])
    limit = ["buy", {"quantity": 1, "limit_pct": 5}]
    async with Listener(api).listening() as client:
        await client.has(lambda heard: heard.last_id != "", "the stream to begin")
        run_id = await world.start("scripted", [symbol], params={"script": {"0": [limit]}}, duration="2s", at_end="keep")
        await world.ended(run_id)  # its order fills after it
        (outliving,) = world.orders(run_id)
        by_hand = await placed(world, world.symbol())
        for order_id in (outliving.id, by_hand.id):
            await order_ended(world, order_id)
            await client.has(
                lambda heard, want=order_id: ("orders.Filled", want) in _changes(heard), f"{order_id} to be told as filled", seconds=20
            )
    changes = _changes(client)
    assert len(changes) == len(set(changes))
    for order_id, run in ((outliving.id, run_id), (by_hand.id, None)):
        mine = [(one["type"], one["run_id"]) for one in client.documents if one["payload"].get("id") == order_id]
        assert [kind for kind, _ in mine] == [change.event for change in world.trading.history(order_id)]
        assert {about for _, about in mine} == {run}
    assert len(client.ids) == len(set(client.ids))


def _changes(client: Listener) -> list[tuple[str, str]]:
    return [(one["type"], one["payload"]["id"]) for one in client.documents if one["type"].startswith("orders.")]


async def test_fifty_clients_of_an_api_that_is_killed_miss_nothing_and_hear_nothing_twice(world: TradingWorld) -> None:
    api = await Api(world).start()
    run = await Puppet.start(world.client)
    await run.tell(5)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Listener(api, run_id=run.run_id).listening()) for _ in range(50)]
        telling = asyncio.create_task(run.tell(60))
        for client in clients:
            await client.has(lambda heard: len(heard.ids) >= 8, "the first events")
        api.kill()
        await api.start()
        await telling
        await run.tell(5)
        ids = [event.id for event in await world.events(run.run_id)]
        assert len(ids) == 70
        for client in clients:
            await client.has(lambda heard: len(heard.ids) >= 70, "all events")
            assert client.cuts >= 1
            assert client.ids == ids
    await run.end()
    api.stop()


async def test_clients_of_all_runs_miss_nothing_when_the_api_is_killed_and_repeats_are_recognised(world: TradingWorld) -> None:
    api = await Api(world).start()
    runs = [await Puppet.start(world.client) for _ in range(4)]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Listener(api).listening()) for _ in range(10)]
        for client in clients:
            await client.has(lambda heard: heard.last_id != "", "the stream to begin")
        await asyncio.gather(*(run.tell(10) for run in runs))
        for client in clients:
            await client.has(lambda heard: len(_of(heard, runs)) >= 40, "the first events")
        api.kill()
        await asyncio.gather(*(run.tell(10) for run in runs))
        await runs[0].end()
        late = await Puppet.start(world.client)
        await late.tell(5)
        await late.end()
        await api.start()
        told = {event.id for run in [*runs, late] for event in await world.events(run.run_id)}
        for client in clients:
            await client.has(lambda heard: told <= set(heard.ids), "what was told meanwhile")
            repeats = len(client.ids) - len(set(client.ids))
            assert repeats > 0  # from five seconds before
            assert "stream.Reset" not in client.types
    for run in runs[1:]:
        await run.end()
    api.stop()


def _of(client: Listener, runs: list[Puppet]) -> list[str]:
    names = {run.run_id for run in runs}
    return [one["id"] for one in client.documents if one["run_id"] in names]


async def test_a_client_that_was_away_too_long_is_told_to_fetch_anew_and_goes_on_from_now(world: TradingWorld, api: Api) -> None:
    old = f"{int((time.time() - 7_200) * 1_000_000)}~01a22332-5e98-7ad6-9556-3f30a92aa246-8"
    async with Listener(api, last_event_id=old).listening() as client:
        await client.has(lambda heard: heard.types == ["stream.Reset"], "the reset")
        assert client.documents[0]["payload"]["reason"] == "too_old"
        assert int(client.last_id.partition("~")[0]) > (time.time() - 60) * 1_000_000
        run = await Puppet.start(world.client)
        await run.tell(2)
        await client.has(lambda heard: len(_of(heard, [run])) == 2, "what follows")
        await run.end()


async def test_a_server_that_is_told_to_stop_ends_its_streams_at_once(world: TradingWorld) -> None:
    api = await Api(world).start()
    run = await Puppet.start(world.client)
    await run.tell()
    async with httpx.AsyncClient(base_url=api.base, timeout=30) as client, asyncio.TaskGroup() as group:
        streams = [group.create_task(_whole(client, **query)) for query in [{"run_id": run.run_id}] * 10 + [{}] * 10]
        await until(lambda: _all_begun(streams), "the streams to begin")
        began = time.monotonic()
        await asyncio.to_thread(api.stop)  # a stream that was cut off would raise in its client
        assert time.monotonic() - began < 3
    await run.end()


_begun: set[asyncio.Task[None]] = set()


async def _whole(client: httpx.AsyncClient, **query: str) -> None:
    async for _ in heard(client, **query):
        task = asyncio.current_task()
        assert task is not None
        _begun.add(task)


async def _all_begun(streams: list[asyncio.Task[None]]) -> bool:
    return _begun >= set(streams)


async def test_a_runs_events_are_listed_page_by_page(world: TradingWorld, asking: httpx.AsyncClient) -> None:
    run_id = await world.start("scripted", [world.symbol()], duration="9s")
    await world.ended(run_id)
    expected = [event.id for event in await world.events(run_id)]
    found: list[str] = []
    query: dict[str, str | int] = {"page_size": 4}
    while True:
        page = (await asking.get(f"/runs/{run_id}/events", params=query)).json()
        assert page["total"] == len(expected)
        assert page["page"] == len(found) // 4 + 1
        found += [event["id"] for event in page["items"]]
        if page["next_after"] is None:
            break
        query["after"] = page["next_after"]
    assert found == expected
    only = (await asking.get(f"/runs/{run_id}/events", params={"types": "run.Created,run.Completed"})).json()
    assert [event["type"] for event in only["items"]] == ["run.Created", "run.Completed"]
    assert only["total"] == 2
    assert (await asking.get(f"/runs/{run_id}/events", params={"after": "nonsense"})).status_code == 422
    assert (await asking.get("/runs/nobody/events")).status_code == 404
