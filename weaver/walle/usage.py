"""How much room everything takes."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import text

from weaver.walle.database import Database
from weaver.walle.store import open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Bytes of each part; `runs` are those of the runs' result files by run id, largest first. None: cannot be told from here."""

    bars: int
    results: int
    walle: int | None
    temporal: int | None
    logs: int
    runs: dict[str, int]

    @property
    def total(self) -> int:
        return self.bars + self.results + (self.walle or 0) + (self.temporal or 0) + self.logs


def usage(*, home: Path, bars: str, results: str, database_url: str) -> Usage:
    """Measure a home and the places that it names. Temporal's file is None where another server is used. Raises Unavailable, Unusable."""
    by_run: dict[str, int] = {}
    for name, size in open_store(results).sizes().items():
        run_id = unquote(name.partition("/")[0])
        by_run[run_id] = by_run.get(run_id, 0) + size
    return Usage(
        bars=sum(open_store(bars).sizes().values()),
        results=sum(by_run.values()),
        walle=_database(database_url),
        temporal=_with_its_log(home / "temporal.db"),
        logs=sum(open_store(str(home / "logs")).sizes().values()),
        runs=dict(sorted(by_run.items(), key=lambda pair: pair[1], reverse=True)),
    )


def _database(url: str) -> int | None:
    kind, _, file = url.partition(":///")
    if kind.startswith("sqlite"):
        return _with_its_log(Path(file))
    database = Database.open(url, migrate=False)
    try:
        with database.read() as session:
            return session.scalar(text("SELECT pg_database_size(current_database())"))
    finally:
        database.close()


def _with_its_log(file: Path) -> int | None:
    """Return the size of a SQLite file with its journals; None where there is none."""
    parts = [part for part in (file, Path(f"{file}-wal"), Path(f"{file}-shm")) if part.exists()]
    return sum(part.stat().st_size for part in parts) if file.exists() else None
