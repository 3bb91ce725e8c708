"""Databases that have their tables already: making those takes longer than most tests."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from weaver.walle.database import Database


def with_tables(folder: Path) -> Database:
    """Open a new SQLite database, `walle.db` in the folder."""
    give_tables(folder)
    return Database.open(_url(folder), migrate=False)


def give_tables(folder: Path) -> None:
    """Put a new SQLite database, `walle.db`, into the folder; make that where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    _file(folder).write_bytes(_tables())


@cache
def _tables() -> bytes:
    with TemporaryDirectory() as kept:
        Database.open(_url(Path(kept))).close()
        return _file(Path(kept)).read_bytes()


def _url(folder: Path) -> str:
    return f"sqlite:///{_file(folder)}"


def _file(folder: Path) -> Path:
    return folder / "walle.db"
