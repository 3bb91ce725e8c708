"""What has closed is copied into WallE, and outlives the histories."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, ScheduleOverlapPolicy
from temporalio.service import RPCError, RPCStatusCode

from tests.workflows.by_hand import ended as order_ended
from tests.workflows.by_hand import placed
from tests.workflows.stack import until
from tests.workflows.trading_world import TradingWorld, local_world
from weaver.errors import NotFound, Unavailable
from weaver.glados.runs import RunStatus
from weaver.veda.adapters.simulated import LateFill
from weaver.walle.archive import Archived
from weaver.walle.model import EventRecord
from workflows.archive_inputs import ARCHIVE, Pass
from workflows.archive_schedule import SCHEDULE_ID, ensure_archive_schedule
from workflows.inputs import RUN_QUEUE
from workflows.run_events import RunEvents
from workflows.trading_names import account_workflow_id, order_workflow_id


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TradingWorld]:
    values = ["limit.historyCount.suggestContinueAsNew=70", 'history.transferProcessorUpdateAckInterval="500ms"']
    async with local_world(tmp_path_factory.mktemp("archive"), server_values=values) as world:
        yield world


async def archive(world: TradingWorld) -> Pass:
    """Have all that has closed archived now."""
    return await world.client.execute_workflow(ARCHIVE, id=f"archive-{uuid.uuid4().hex}", task_queue=RUN_QUEUE, result_type=Pass)


async def closed_links(world: TradingWorld, workflow_id: str) -> list[str]:
    """Return a workflow's closed links as visibility lists them, once it lists as many as there are."""
    links = await world.links(workflow_id)
    is_open = (await world.handle(workflow_id).describe()).close_time is None
    wanted = [link for link, _ in (links[:-1] if is_open else links)]

    async def listed() -> bool:
        query = f"WorkflowId = '{workflow_id}' AND ExecutionStatus != 'Running'"
        return {one.run_id async for one in world.client.list_workflows(query)} >= set(wanted)

    await until(listed, f"visibility to list the links of {workflow_id}")
    return wanted


async def delete_histories(client: Client, workflow_id: str, links: list[str]) -> None:
    for link in links:
        await client.workflow_service.delete_workflow_execution(
            DeleteWorkflowExecutionRequest(
                namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=link)
            )
        )

        async def is_gone(link: str = link) -> bool:
            try:
                await client.get_workflow_handle(workflow_id, run_id=link).fetch_history()
            except RPCError as gone:
                return gone.status is RPCStatusCode.NOT_FOUND
            return False

        await until(is_gone, f"{link} to be deleted")


def reader(world: TradingWorld) -> RunEvents:
    async def client() -> Client:
        return world.client

    return RunEvents(world.database, client)


async def told(world: TradingWorld, run_id: str) -> list[EventRecord]:
    """Return all that can be told of a run now."""
    events = reader(world)
    story = await events.story(run_id)
    return [event async for page in events.after(story, -1) for event in page]


async def test_a_run_of_many_links_is_told_when_its_histories_are_deleted(world: TradingWorld) -> None:
    run_id = await world.start("scripted", [world.symbol()], params={"note": "n"}, duration="10s")
    await world.ended(run_id)
    before = await world.events(run_id)
    links = await closed_links(world, run_id)
    assert len(links) >= 3
    await archive(world)
    await delete_histories(world.client, run_id, links)
    assert await told(world, run_id) == before
    story = await reader(world).story(run_id)
    assert (story.recent, story.notice) == ([], None)


async def test_links_of_a_run_that_still_goes_on_are_archived_and_the_rest_comes_from_temporal(world: TradingWorld) -> None:
    run_id = await world.start("scripted", [world.symbol()], params={"note": "n"})

    async def has_two_links() -> bool:
        return len(await world.links(run_id)) >= 2

    await until(has_two_links, "the second link")
    links = await closed_links(world, run_id)
    await archive(world)
    assert [link.link for link in Archived(world.database).chain(run_id, links[0])][: len(links)] == links
    before = await world.events(run_id)
    await delete_histories(world.client, run_id, links)
    assert (await told(world, run_id))[: len(before)] == before
    story = await reader(world).story(run_id)
    assert story.open_link is not None
    assert story.notice is None
    await world.handle(run_id).execute_update("stop")
    await world.ended(run_id)
    assert (await told(world, run_id))[-1].type == "run.Stopped"


async def test_a_terminated_run_is_archived_with_its_end(world: TradingWorld) -> None:
    run_id = await world.start("scripted", [world.symbol()])
    await world.has_decided(run_id)
    await world.handle(run_id).terminate(reason="enough")
    links = await closed_links(world, run_id)
    await archive(world)
    await delete_histories(world.client, run_id, links)
    assert (await told(world, run_id))[-1].payload["error"] == {"message": "enough", "code": "terminated"}


async def test_a_repeat_stores_nothing_new_and_the_same(world: TradingWorld) -> None:
    run_id = await world.start("scripted", [world.symbol()], duration="2s")
    await world.ended(run_id)
    await closed_links(world, run_id)
    await archive(world)
    before = world.queries.events(run_id)
    again = await archive(world)
    assert again.links < 5  # an account's link may close meanwhile
    assert world.queries.events(run_id) == before


async def test_an_order_placed_by_hand_is_archived_under_its_workflow(world: TradingWorld) -> None:
    order = await placed(world, world.symbol())
    await order_ended(world, order.id)
    workflow_id = order_workflow_id(order.id)
    before = await world.events(workflow_id)
    links = await closed_links(world, workflow_id)
    await archive(world)
    await delete_histories(world.client, workflow_id, links)
    assert world.queries.events(workflow_id) == before
    assert before[-1].type == "orders.Filled"


async def test_an_order_of_a_run_is_archived_only_with_what_its_run_did_not_hear(world: TradingWorld) -> None:
    symbol = world.symbol()
    await (await world.exchange()).script([LateFill(bars=6)])
    limit = ["buy", {"quantity": 1, "limit_pct": 5}]
    run_id = await world.start("scripted", [symbol], params={"script": {"0": [limit]}}, duration="2s", at_end="keep")
    await world.ended(run_id)
    (order,) = world.orders(run_id)
    await order_ended(world, order.id)
    workflow_id = order_workflow_id(order.id)
    await closed_links(world, workflow_id)
    await archive(world)
    heard = [event.type for event in world.queries.events(run_id) if event.payload.get("id") == order.id]
    unheard = [event.type for event in world.queries.events(workflow_id)]
    assert heard[0] == "orders.Created"
    assert unheard[-1] == "orders.Filled"
    changes = [change.event for change in world.trading.history(order.id)]
    assert heard + unheard == [change for change in changes if change in heard + unheard]
    assert len(heard + unheard) == len(set(heard + unheard))


async def test_an_accounts_links_are_archived_in_order(world: TradingWorld) -> None:
    workflow_id = account_workflow_id(world.account)
    links = await closed_links(world, workflow_id)
    await archive(world)
    stored = world.queries.events(workflow_id)
    assert [event.position for event in stored] == sorted({event.position for event in stored})
    assert set(links) <= Archived(world.database).known(links)


async def test_a_deleted_run_is_not_brought_back(world: TradingWorld) -> None:
    run_id = await world.start("scripted", [world.symbol()], duration="2s")
    await world.ended(run_id)
    await closed_links(world, run_id)

    async def is_final() -> bool:
        return world.status(run_id) is RunStatus.COMPLETED

    await until(is_final, "its status")
    world.records.delete_run(run_id)
    await archive(world)
    assert world.queries.events(run_id) == []
    assert Archived(world.database).chain(run_id, "any") == []


async def test_the_schedule_archives_and_the_time_of_that_is_known(world: TradingWorld) -> None:
    await asyncio.gather(*(ensure_archive_schedule(world.client) for _ in range(5)))  # workers that start together
    await ensure_archive_schedule(world.client)  # and one that starts later
    before = Archived(world.database).last_pass()
    schedule = world.client.get_schedule_handle(SCHEDULE_ID)
    await schedule.trigger()

    async def has_passed() -> bool:
        last = Archived(world.database).last_pass()
        return last is not None and last != before

    await until(has_passed, "the schedule's archive")
    described = await schedule.describe()
    assert described.schedule.spec.intervals[0].every == timedelta(minutes=5)
    await schedule.delete()


async def test_another_run_under_a_recorded_runs_id_is_not_mixed_with_it(world: TradingWorld) -> None:
    run_id = await world.start("scripted", [world.symbol()], duration="2s")
    await world.ended(run_id)
    before = await world.events(run_id)
    body = {"strategy": "scripted", "symbols": [world.symbol()], "timeframe": "1s"}
    await world.client.start_workflow("TradingRun", body, id=run_id, task_queue=RUN_QUEUE)  # the stock client may use an id again
    assert (await world.ended(run_id)).status is RunStatus.ERROR

    async def both_are_listed() -> bool:
        query = f"WorkflowId = '{run_id}' AND ExecutionStatus != 'Running'"
        return len([one async for one in world.client.list_workflows(query)]) >= 2

    await until(both_are_listed, "both runs to be listed")
    await archive(world)
    assert world.queries.events(run_id) == before
    assert await told(world, run_id) == before


async def test_an_unknown_run_has_no_events(world: TradingWorld) -> None:
    with pytest.raises(NotFound, match="nobody"):
        await reader(world).story("nobody")


async def test_a_worker_has_the_archive_scheduled(client: Client) -> None:
    described = await client.get_schedule_handle(SCHEDULE_ID).describe()
    assert described.schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert not described.schedule.state.paused


async def test_a_runs_events_are_told_from_walle_when_temporal_is_away(world: TradingWorld) -> None:
    run_id = await world.start("scripted", [world.symbol()], duration="2s")
    await world.ended(run_id)

    async def nobody() -> Client:
        raise Unavailable("No Temporal server answers.")

    events = RunEvents(world.database, nobody)
    page = await events.page(run_id, page_size=200)
    assert [event.id for event in page.items] == [event.id for event in await world.events(run_id)]
    assert page.notice is not None
    assert "No Temporal server answers." in page.notice
    with pytest.raises(Unavailable, match="cannot be looked up"):
        await events.page(run_id, after="01a22332-5e98-7ad6-9556-3f30a92aa246-8")
    await closed_links(world, run_id)
    await archive(world)
    page = await events.page(run_id)
    assert page.notice is None
