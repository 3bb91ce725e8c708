"""A world for what happens at a bar's end, and a home where strategies are asked."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.activities.decision_home import Home
from tests.activities.tick_world import World
from weaver.walle.database import Database


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    made = World(database)
    yield made
    await made.ticks.settled()
    await made.exchange.disconnect()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.close()
