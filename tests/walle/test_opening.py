import sys
from pathlib import Path

from tests.walle.processes import by_itself
from weaver.walle.database import Database


def test_opening_a_migrated_database_does_not_import_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'walle.db'}"
    Database.open(url).close()
    by_itself(_open_without_alembic, url)


def _open_without_alembic(url: str) -> None:
    Database.open(url).close()
    assert "alembic" not in sys.modules
