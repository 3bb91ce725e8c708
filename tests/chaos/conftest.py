"""A server and worker of its own for each test here: they are killed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.workflows.stack import Stack


@pytest_asyncio.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    stack = Stack(tmp_path / "home")
    try:
        yield stack
    finally:
        stack.stop()
