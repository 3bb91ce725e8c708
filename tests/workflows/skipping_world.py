"""A world as in `trading_world`, on a server that skips time: days of trading in seconds."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from tests.workflows.orphans import Orphans
from tests.workflows.stack import program
from tests.workflows.trading_world import TradingWorld, cancelled
from weaver.veda.exchange import Clock
from workflows import policies
from workflows.attributes import KIND, MODE, STATUS, STRATEGY, SYMBOLS
from workflows.converter import data_converter
from workflows.inputs import RunResult


class ServerClock:
    """The time of a server that skips it."""

    def __init__(self, environment: WorkflowEnvironment) -> None:
        self._environment = environment

    async def now(self) -> datetime:
        return (await self._environment.get_current_time()).astimezone(UTC)


class SkippingWorld(TradingWorld):
    """A world on a server that skips time whenever a result is awaited."""

    server: Any
    """A WorkflowEnvironment of the kind that skips time, whose class the SDK keeps to itself."""
    orphans: Orphans

    async def ended(self, run_id: str) -> RunResult:
        async with self.server.time_skipping_unlocked(), _meanwhile(self.orphans.watch()):
            while True:
                try:
                    return await super().ended(run_id)
                except RuntimeError as nothing:  # this server answers after 20 s that there is no news, which the SDK does not expect
                    if "No completion event found" not in str(nothing):
                        raise

    async def skip_to(self, time: datetime) -> None:
        """Let time go by until then; timers on the way fire."""
        await self.orphans.release()
        left = time - await self.clock.now()
        if left > timedelta(0):
            await self.server.sleep(left)


@asynccontextmanager
async def skipping_world(
    folder: Path, *, clock_of: Callable[[WorkflowEnvironment], Clock] = ServerClock, **given: Any
) -> AsyncIterator[SkippingWorld]:
    """A world on a server that skips time, working, with the server's clock for the venue.

    Runs wake at their bars' ends: time stands still there while an activity is under way, so none can wait for it.
    """
    server = await WorkflowEnvironment.start_time_skipping(
        data_converter=data_converter, test_server_existing_path=str(program("temporal-test-server"))
    )
    async with server:
        await _register_search_attributes(server.client)
        world = SkippingWorld(folder / "home", server.client, clock=clock_of(server), looks_after=False, watches=False, **given)
        world.server = server
        world.orphans = Orphans(server.client, world.database)
        try:
            with patch.object(policies, "WAKE_EARLY", (timedelta(0), timedelta(0))):
                await world.go()
                yield world
        finally:
            await world.close()


async def _register_search_attributes(client: Client) -> None:
    """Register without a look at those that are there, which this server cannot list."""
    kinds = {
        key.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST if key is SYMBOLS else IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        for key in (KIND, MODE, STRATEGY, SYMBOLS, STATUS)
    }
    await client.operator_service.add_search_attributes(AddSearchAttributesRequest(namespace=client.namespace, search_attributes=kinds))


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do the work as long as the block lasts; what goes wrong with it is raised at its end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        if task.done():
            await task
        await cancelled(task)
