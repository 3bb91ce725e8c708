"""Reads WallE's records."""

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import cast

from sqlalchemy import ColumnElement, Text, and_, func, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from weaver.errors import BadValue, NotFound, UnknownName
from weaver.glados.runs import RunStatus
from weaver.walle.database import Database
from weaver.walle.model import Counts, EventRecord, Json, Page, RunError, RunRecord, StoredResult, StrategySourceRecord
from weaver.walle.tables import EventRow, ResultRow, RunRow, RunSymbolRow, StrategySourceRow

SORTS = ("created_at", "started_at", "stopped_at", "updated_at", "id", "strategy", "status", "mode", "timeframe")
"""What runs can be sorted by; a minus before it turns the order round."""

MOST_ON_A_PAGE = 1_000

Place = tuple[datetime, int, str]
"""Where an event stands among those of all workflows: its time, its position in its own history, its id."""


class Queries:
    """The reading side of WallE. Raises Unavailable when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run(self, run_id: str) -> RunRecord:
        """Return one run. Raises NotFound, with the nearest id that exists."""
        with self._database.read() as session:
            row = session.get(RunRow, run_id)
            if row is None:
                raise NotFound("run", run_id, _hint(session, run_id))
            return _run(row)

    def runs(
        self,
        *,
        status: RunStatus | Sequence[RunStatus] | None = None,
        mode: str | None = None,
        strategy: str | None = None,
        symbol: str | None = None,
        q: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        sort: str = "-created_at",
        page: int = 1,
        page_size: int = 50,
    ) -> Page[RunRecord]:
        """Return a page of runs, newest first unless sorted otherwise.

        `q` is looked for in id, strategy, symbols and tags, in any case; `created_after` is inclusive,
        `created_before` is not. `page` counts from 1. Raises UnknownName for an unknown sort, BadValue for a bad page.
        """
        if page < 1:
            raise BadValue("page", page, "a number from 1 on")
        if not 1 <= page_size <= MOST_ON_A_PAGE:
            raise BadValue("page_size", page_size, f"a number from 1 to {MOST_ON_A_PAGE}")
        conditions: list[ColumnElement[bool]] = []
        if status is not None:
            statuses = [status] if isinstance(status, RunStatus) else status
            conditions.append(RunRow.status.in_([one.value for one in statuses]))
        if mode is not None:
            conditions.append(RunRow.mode == mode)
        if strategy is not None:
            conditions.append(RunRow.strategy == strategy)
        if symbol is not None:
            # Not by `any`: SQLite would go through all rows of the symbol for each run.
            conditions.append(RunRow.id.in_(select(RunSymbolRow.run_id).where(RunSymbolRow.symbol == symbol)))
        if q:
            tags = sql_cast(RunRow.tags, Text)
            symbols = RunRow.symbols.any(RunSymbolRow.symbol.icontains(q, autoescape=True))
            texts = (RunRow.id, RunRow.strategy, tags)
            conditions.append(or_(symbols, *(text.icontains(q, autoescape=True) for text in texts)))
        if created_after is not None:
            conditions.append(RunRow.created_at >= created_after)
        if created_before is not None:
            conditions.append(RunRow.created_at < created_before)
        order = _order(sort)
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(RunRow).where(*conditions)) or 0
            rows = session.scalars(select(RunRow).where(*conditions).order_by(*order).limit(page_size).offset((page - 1) * page_size))
            return Page(items=tuple(_run(row) for row in rows), total=total, page=page, page_size=page_size)

    def result(self, run_id: str) -> StoredResult:
        """Return the result of a run. Raises NotFound if there is no such run, or it has none (yet)."""
        with self._database.read() as session:
            row = session.get(ResultRow, run_id)
            if row is None:
                run = session.get(RunRow, run_id)
                if run is None:
                    raise NotFound("run", run_id, _hint(session, run_id))
                raise NotFound("result of run", run_id, f"The run is {run.status}.")
            return StoredResult(
                run_id=row.run_id,
                result_digest=row.result_digest,
                provenance=_object(row.provenance),
                start_time=row.start_time,
                end_time=row.end_time,
                timeframe=row.timeframe,
                symbols=_texts(row.symbols),
                final_equity=row.final_equity,
                counts=Counts(bars=row.bars, windows=row.windows, orders=row.orders, fills=row.fills, trades=row.trades),
                duration_ms=row.duration_ms,
                stats=cast(dict[str, float | int | None], row.stats),
            )

    def source(self, sha256: str) -> StrategySourceRecord:
        """Return the source stored under a digest. Raises NotFound."""
        with self._database.read() as session:
            row = session.get(StrategySourceRow, sha256)
            if row is None:
                raise NotFound("strategy source", sha256)
            return StrategySourceRecord(sha256=row.sha256, strategy=row.strategy, source=row.source, saved_at=row.saved_at)

    def events(self, run_id: str, types: Sequence[str] | None = None) -> list[EventRecord]:
        """Return the stored events of a run in order, of these types only if given; none for an unknown run."""
        statement = select(EventRow).where(EventRow.run_id == run_id).order_by(EventRow.position, EventRow.id)
        if types is not None:
            statement = statement.where(EventRow.type.in_(types))
        with self._database.read() as session:
            return [_event(row) for row in session.scalars(statement)]

    def events_after(
        self, run_id: str, position: int, *, types: Sequence[str] | None = None, until: int | None = None, limit: int
    ) -> list[EventRecord]:
        """Return the first `limit` stored events of a run behind a position and not behind `until`, of these types only if given."""
        statement = select(EventRow).where(EventRow.run_id == run_id, EventRow.position > position)
        if until is not None:
            statement = statement.where(EventRow.position <= until)
        if types is not None:
            statement = statement.where(EventRow.type.in_(types))
        with self._database.read() as session:
            return [_event(row) for row in session.scalars(statement.order_by(EventRow.position).limit(limit))]

    def event_count(self, run_id: str, types: Sequence[str] | None = None, *, until: int | None = None) -> int:
        """Return how many events of a run are stored, of these types only if given, and not behind a position."""
        statement = select(func.count()).select_from(EventRow).where(EventRow.run_id == run_id)
        if types is not None:
            statement = statement.where(EventRow.type.in_(types))
        if until is not None:
            statement = statement.where(EventRow.position <= until)
        with self._database.read() as session:
            return session.scalar(statement) or 0

    def event_position(self, run_id: str, event_id: str) -> int | None:
        """Return where an event stands in its run; None when it is not stored."""
        with self._database.read() as session:
            return session.scalar(select(EventRow.position).where(EventRow.run_id == run_id, EventRow.id == event_id))

    def newest_events(self, *, types: Sequence[str] | None = None, before: Place | None = None, limit: int) -> list[EventRecord]:
        """Return the newest `limit` stored events of all workflows, newest first: of these types only if given, and before a place."""
        statement = select(EventRow).order_by(EventRow.ts.desc(), EventRow.position.desc(), EventRow.id.desc()).limit(limit)
        if types is not None:
            statement = statement.where(EventRow.type.in_(types))
        if before is not None:
            statement = statement.where(_before(before))
        with self._database.read() as session:
            return [_event(row) for row in session.scalars(statement)]

    def events_since(self, time: datetime, *, limit: int) -> list[EventRecord]:
        """Return the first `limit` stored events of all workflows from `time` on, in order of time."""
        statement = select(EventRow).where(EventRow.ts >= time).order_by(EventRow.ts, EventRow.id).limit(limit)
        with self._database.read() as session:
            return [_event(row) for row in session.scalars(statement)]


def _before(place: Place) -> ColumnElement[bool]:
    time, position, event_id = place
    later = or_(EventRow.position < position, and_(EventRow.position == position, EventRow.id < event_id))
    return or_(EventRow.ts < time, and_(EventRow.ts == time, later))


def _order(sort: str) -> tuple[ColumnElement[object], ...]:
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise UnknownName("sort", name, SORTS)
    column = cast(ColumnElement[object], getattr(RunRow, name))
    identity = cast(ColumnElement[object], RunRow.id)
    down = sort.startswith("-")
    # By id as well, so that pages do not overlap where many runs are alike.
    return (column.desc().nulls_last() if down else column.asc().nulls_last(), identity.desc() if down else identity.asc())


def _hint(session: Session, run_id: str) -> str:
    newest = session.scalars(select(RunRow.id).order_by(RunRow.created_at.desc()).limit(1_000)).all()
    nearest = get_close_matches(run_id, newest, n=1, cutoff=0.5)
    return f"Did you mean '{nearest[0]}'?" if nearest else ""


def _run(row: RunRow) -> RunRecord:
    error = None
    if row.error_message is not None:
        error = RunError(message=row.error_message, code=row.error_code or "", file=row.error_file, line=row.error_line)
    return RunRecord(
        id=row.id,
        strategy=row.strategy,
        strategy_sha256=row.strategy_sha256,
        mode=row.mode,
        status=RunStatus(row.status),
        symbols=tuple(stored.symbol for stored in row.symbols),
        timeframe=row.timeframe,
        params=_object(row.params),
        config=_object(row.config),
        error=error,
        bars_done=row.bars_done,
        bars_total=row.bars_total,
        windows=row.windows,
        equity=row.equity,
        created_at=row.created_at,
        started_at=row.started_at,
        stopped_at=row.stopped_at,
        updated_at=row.updated_at,
        tags=_texts(row.tags),
        temporal_run_id=row.temporal_run_id,
        address=row.address,
    )


def _event(row: EventRow) -> EventRecord:
    return EventRecord(
        id=row.id,
        type=row.type,
        version=row.version,
        run_id=row.run_id,
        position=row.position,
        corr_id=row.corr_id,
        causation_id=row.causation_id,
        ts=row.ts,
        producer=row.producer,
        payload=_object(row.payload),
    )


def _object(json: Json) -> dict[str, Json]:
    return cast(dict[str, Json], json)


def _texts(json: Json) -> tuple[str, ...]:
    return tuple(cast(list[str], json))
