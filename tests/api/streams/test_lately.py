"""What happened lately, of all runs: from WallE and from histories alike, newest first."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from api.streams.hub import Hub
from api.streams.lately import Newest
from tests.api.streams.streaming import Puppet
from tests.api.streams.test_hub import hub_of
from tests.workflows.stack import until
from tests.workflows.trading_world import TradingWorld, local_world
from weaver.errors import BadValue, Unavailable
from weaver.walle.archive import Archived, ArchivedLink
from weaver.walle.model import EventRecord
from weaver.walle.records import Records
from workflows.histories import read_link


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TradingWorld]:
    async with local_world(tmp_path_factory.mktemp("lately")) as world:
        yield world


async def page(hub: Hub, size: int = 50, before: str | None = None, *types: str) -> Newest:
    return await hub.lately.page(types=types or None, before=before, page_size=size)


async def all_pages(hub: Hub, size: int) -> list[str]:
    found = await page(hub, size)
    ids = [told.id for told in found.events]
    while found.before:
        found = await page(hub, size, found.before)
        ids += [told.id for told in found.events]
    return ids


async def told(world: TradingWorld, run: Puppet) -> list[EventRecord]:
    """Return what a run's history says."""
    description = await world.client.get_workflow_handle(run.run_id).describe()
    return (await read_link(world.client, run.run_id, description.run_id, beside_run=True)).events


async def archive(world: TradingWorld, run: Puppet) -> list[EventRecord]:
    """Store what a run that has ended said, as the archive does."""
    description = await world.client.get_workflow_handle(run.run_id).describe()
    read = await read_link(world.client, run.run_id, description.run_id, beside_run=True)
    link = ArchivedLink(
        workflow_id=run.run_id,
        link=description.run_id,
        first_link=description.run_id,
        next_link=None,
        events=len(read.events),
        closed_at=read.reading.closed_at,
        archived_at=datetime.now(UTC),
    )
    Archived(world.database).save(link, read.events)
    return read.events


async def test_open_ended_and_archived_runs_are_told_of_in_one_order(world: TradingWorld) -> None:
    hub = hub_of(world)
    archived, ended, still = [await Puppet.start(world.client) for _ in range(3)]
    for _ in range(2):
        for run in (archived, ended, still):
            await run.tell(2)
    await archived.end()
    await ended.end()
    everything = [*await archive(world, archived), *await told(world, ended), *await told(world, still)]
    expected = [event.id for event in sorted(everything, key=lambda one: (one.ts, one.position, one.id), reverse=True)]

    async def all_are_listed() -> bool:  # visibility is written a moment after the fact
        return [one.id for one in (await page(hub)).events][: len(expected)] == expected

    await until(all_are_listed, "all of them to be listed")
    assert (await page(hub)).notice is None
    assert (await all_pages(hub, 5))[: len(expected)] == expected
    created = await page(hub, 50, None, "orders.Created")
    assert [one.id for one in created.events][:12] == [one for one in expected if one in {event.id for event in created_of(everything)}]
    assert created.events[0].document.run_id == still.run_id
    with pytest.raises(BadValue, match="next_before"):
        await page(hub, 5, "yesterday")
    await still.end()
    await hub.stop()


def created_of(events: list[EventRecord]) -> list[EventRecord]:
    return [event for event in events if event.type == "orders.Created"]


async def test_what_a_tail_no_longer_keeps_is_read_where_the_page_needs_it(world: TradingWorld) -> None:
    hub, run = hub_of(world, kept_of_a_run=4), await Puppet.start(world.client)
    await run.tell(12)
    ids = [event.id for event in reversed(await told(world, run))]

    async def newest() -> bool:
        return [one.id for one in (await page(hub, 3)).events] == ids[:3]

    await until(newest, "the newest three")
    assert [one.id for one in (await page(hub, 10)).events] == ids[:10]
    assert (await all_pages(hub, 4))[: len(ids)] == ids
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("tail of") and not task.cancelling()]
    await run.end()
    await hub.stop()


async def test_without_temporal_the_stored_events_are_given_and_it_is_said(world: TradingWorld) -> None:
    async def away() -> object:
        raise Unavailable("Temporal does not answer.")

    stored = await _stored(world)
    hub = Hub(world.database, away)
    found = await page(hub, 1)
    assert [one.id for one in found.events] == [stored.id]
    assert found.notice == "Only stored events are shown: Temporal does not answer."
    await hub.stop()


async def _stored(world: TradingWorld) -> EventRecord:
    """Store an event that is newer than all others."""
    run = await Puppet.start(world.client)
    await run.tell()
    first = replace((await told(world, run))[0], ts=datetime.now(UTC))
    Records(world.database).save_events(run.run_id, [first])
    await run.end()
    return first


async def test_what_there_is_no_time_for_is_said(world: TradingWorld) -> None:
    hub, run = hub_of(world), await Puppet.start(world.client)
    hub.lately.budget = 0

    async def is_said() -> bool:
        return "not read in time" in ((await page(hub, 200)).notice or "")

    await until(is_said, "the notice")
    await run.end()
    await hub.stop()
