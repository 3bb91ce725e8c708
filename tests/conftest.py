"""What holds for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.walle.databases import with_tables
from weaver.walle.database import Database

# How long an example takes depends on what else the machine does; speed is measured in bench/.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database with its tables; WallE's own tests have one of PostgreSQL as well."""
    opened = with_tables(tmp_path)
    yield opened
    opened.close()
