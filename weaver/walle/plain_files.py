"""Writes everything that is on record as plain files, for whoever wants to read it without Weaver."""

import csv
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import JSON, RowMapping, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.orm import Session

from weaver.errors import AlreadyExists
from weaver.walle import notification_tables, simulated_tables, trading_tables
from weaver.walle.database import Database
from weaver.walle.store import open_store
from weaver.walle.tables import EventRow, StrategySourceRow, Table

FORMAT = 1
_WITH_TABLES = (notification_tables, simulated_tables, trading_tables)
"""Loaded so that the metadata has their tables."""
_AT_ONCE = 2_000
_EVENTS, _SOURCES = EventRow.__tablename__, StrategySourceRow.__tablename__


def export_all(database: Database, results: str, folder: Path, *, told: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Write records, events, strategies' texts and results into a new folder; return how many of each.

    `told` hears what is being written. Records are those of one moment. Raises AlreadyExists when the folder has something in it,
    Unavailable, Unusable.
    """
    if folder.exists() and any(folder.iterdir()):
        raise AlreadyExists("folder", str(folder), "not empty")
    folder.mkdir(parents=True, exist_ok=True)
    with database.read() as session:  # one transaction
        counts = {table.name: _write(session, table, folder, told) for table in Table.metadata.sorted_tables}
    told("results")
    counts["result_files"] = _copy(results, folder / "results")
    about = {"format": FORMAT, "exported_at": _text(datetime.now(UTC)), "counts": counts}
    (folder / "export.json").write_text(json.dumps(about, indent=2) + "\n")  # the last: without it the export is not whole
    return counts


def _write(session: Session, table: SqlTable, folder: Path, told: Callable[[str], None]) -> int:
    told(table.name)
    rows = session.execute(select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_AT_ONCE)).mappings()
    match table.name:
        case name if name == _EVENTS:
            return _write_lines(rows, folder / "events.jsonl")
        case name if name == _SOURCES:
            return _write_sources(rows, folder / "strategies")
        case name:
            (folder / "records").mkdir(exist_ok=True)
            return _write_table(rows, table, folder / "records" / f"{name}.csv")


def _write_lines(rows: Iterable[RowMapping], file: Path) -> int:
    count = 0
    with file.open("w") as lines:
        for row in rows:
            named = {name: value if name == "payload" else _text(value) for name, value in row.items()}
            lines.write(json.dumps(named, ensure_ascii=False) + "\n")
            count += 1
    return count


def _write_sources(rows: Iterable[RowMapping], folder: Path) -> int:
    count = 0
    folder.mkdir()
    for source in rows:
        (folder / f"{quote(str(source['strategy']), safe='')}.{source['sha256']}.py").write_text(str(source["source"]))
        count += 1
    return count


def _write_table(rows: Iterable[RowMapping], table: SqlTable, file: Path) -> int:
    documents = {column.name for column in table.columns if isinstance(column.type, JSON)}
    names = [column.name for column in table.columns]
    count = 0
    with file.open("w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(names)
        for values in rows:
            writer.writerow([json.dumps(values[name], ensure_ascii=False) if name in documents else _text(values[name]) for name in names])
            count += 1
    return count


def _text(value: object) -> object:
    """Write amounts exactly, times as ISO-8601 UTC; None stays, which a CSV file shows as nothing."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Decimal():
            return f"{value:f}"
        case _:
            return value


def _copy(results: str, folder: Path) -> int:
    """Copy all that windows wrote, file by file."""
    here, there = open_store(results), open_store(str(folder))
    names = here.sizes()
    for name in names:
        there.write(name, here.read(name))
    return len(names)
