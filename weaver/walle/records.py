"""Writes WallE's records. Every write may be repeated: it is an upsert on a natural key in one short transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import delete
from sqlalchemy.orm import Session

from weaver.errors import AlreadyExists, NotFound
from weaver.glados.runs import RunStatus, check_action, may_follow
from weaver.walle.database import Database
from weaver.walle.forgetting import forget_trading
from weaver.walle.forgotten_links import forget_links, is_forgotten
from weaver.walle.leases import release_leases
from weaver.walle.model import EventRecord, Json, RunError, RunRecord, StoredResult, StrategySourceRecord
from weaver.walle.tables import EventRow, ResultRow, RunRow, RunSymbolRow, StrategySourceRow
from weaver.walle.writing import insert, storable

_EVENTS_AT_ONCE = 500  # rows an INSERT: below SQLite's limit on bound values


class Records:
    """The writing side of WallE. Raises Unavailable when the database does not answer: send the same again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register_run(self, run: RunRecord) -> None:
        """Make the run known, or complete what is known of it; status and progress never go back.

        Raises AlreadyExists if the id belongs to another execution (another `temporal_run_id`), or this one was deleted: whoever finds
        what is left of its history must not bring it back.
        """
        with self._database.write() as session:
            if run.temporal_run_id and is_forgotten(session, run.id, run.temporal_run_id):
                raise AlreadyExists("run", run.id, "it was deleted, and its history is not gone yet")
            insert(session, RunRow, [_new_row(run)], ["id"], update=False)
            row = _locked(session, run.id)
            if row.temporal_run_id and run.temporal_run_id and row.temporal_run_id != run.temporal_run_id:
                raise AlreadyExists("run", run.id, row.status)
            _complete(row, run)
            _follow(session, row, run.status, run.updated_at or run.created_at, run.error)
            if run.symbols and [stored.symbol for stored in row.symbols] != list(run.symbols):
                session.execute(delete(RunSymbolRow).where(RunSymbolRow.run_id == run.id))
                session.expire(row, ["symbols"])
                symbols = [{"run_id": run.id, "position": at, "symbol": symbol} for at, symbol in enumerate(run.symbols)]
                insert(session, RunSymbolRow, symbols, ["run_id", "position"])

    def set_status(self, run_id: str, status: RunStatus, *, at: datetime, error: RunError | None = None) -> RunStatus:
        """Move the run on to `status` and return the status that holds now.

        A status that may not follow the present one, not even by way of others that were missed, comes late or
        is a repeat: it is left alone. Raises NotFound for an unknown run.
        """
        with self._database.write() as session:
            row = _locked(session, run_id)
            _follow(session, row, status, at, error)
            return RunStatus(row.status)

    def set_progress(
        self, run_id: str, *, bars_done: int, bars_total: int | None, equity: Decimal | None, at: datetime, windows: int | None = None
    ) -> None:
        """Note how far the run is; progress that is behind the known one is left alone. Raises NotFound for an unknown run."""
        with self._database.write() as session:
            row = _locked(session, run_id)
            if bars_done < row.bars_done or (windows is not None and windows < row.windows):
                return
            row.bars_done = bars_done
            row.bars_total = row.bars_total if bars_total is None else bars_total
            row.equity = row.equity if equity is None else equity
            row.windows = row.windows if windows is None else windows
            row.updated_at = _later(row.updated_at, at)

    def save_result(self, run_id: str, result: StoredResult) -> None:
        """Store the run's result in place of an earlier one. Raises NotFound for an unknown run."""
        row = {
            "run_id": run_id,
            "result_digest": result.result_digest,
            "provenance": dict(result.provenance),
            "start_time": result.start_time,
            "end_time": result.end_time,
            "timeframe": result.timeframe,
            "symbols": list(result.symbols),
            "final_equity": result.final_equity,
            "bars": result.counts.bars,
            "windows": result.counts.windows,
            "orders": result.counts.orders,
            "fills": result.counts.fills,
            "trades": result.counts.trades,
            "duration_ms": result.duration_ms,
            "stats": dict(result.stats),
        }
        with self._database.write() as session:
            _locked(session, run_id)
            insert(session, ResultRow, [row], ["run_id"])

    def save_source(self, source: StrategySourceRecord) -> None:
        """Store a strategy's source under its digest; the first one stays, since any other is the same."""
        row = {"sha256": source.sha256, "strategy": source.strategy, "source": source.source, "saved_at": source.saved_at}
        with self._database.write() as session:
            insert(session, StrategySourceRow, [row], ["sha256"], update=False)

    def save_events(self, run_id: str, events: Sequence[EventRecord]) -> None:
        """Store events of a run, each once by its id."""
        rows = [
            {
                "run_id": run_id,
                "id": event.id,
                "position": event.position,
                "type": event.type,
                "version": event.version,
                "corr_id": storable(event.corr_id),
                "causation_id": event.causation_id,
                "ts": event.ts,
                "producer": event.producer,
                "payload": dict(event.payload),
            }
            for event in events
        ]
        for first in range(0, len(rows), _EVENTS_AT_ONCE):
            with self._database.write() as session:
                insert(session, EventRow, rows[first : first + _EVENTS_AT_ONCE], ["run_id", "id"])

    def delete_run(self, run_id: str) -> None:
        """Forget a finished run, its result, its events and its decisions. Raises NotFound, or NotAllowed while it goes on.

        Its orders and fills stay, without a run: they are what the account's positions are made of.
        """
        with self._database.write() as session:
            row = _locked(session, run_id)
            check_action("delete", RunStatus(row.status))
            session.execute(delete(EventRow).where(EventRow.run_id == run_id))
            forget_trading(session, run_id)
            forget_links(session, run_id, row.temporal_run_id, datetime.now(UTC))
            session.delete(row)


def _locked(session: Session, run_id: str) -> RunRow:
    row = session.get(RunRow, run_id, with_for_update=True)
    if row is None:
        raise NotFound("run", run_id)
    return row


def _new_row(run: RunRecord) -> dict[str, object]:
    return {
        "id": run.id,
        "strategy": run.strategy,
        "mode": run.mode,
        "status": RunStatus.PENDING.value,
        "timeframe": run.timeframe,
        "params": {},
        "config": {},
        "tags": [],
        "bars_done": 0,
        "windows": 0,
        "created_at": run.created_at,
    }


def _complete(row: RunRow, run: RunRecord) -> None:
    """Take over what `run` says; what it leaves empty stays, since one who finds a run knows less than the run itself."""
    row.strategy = run.strategy or row.strategy
    if run.strategy_sha256 or not row.strategy_sha256:  # else it is pinned: its parameters are whole, these are as they were asked
        row.params = dict(run.params) or row.params
    row.strategy_sha256 = run.strategy_sha256 or row.strategy_sha256
    row.mode = run.mode or row.mode
    row.timeframe = run.timeframe or row.timeframe
    row.config = dict(run.config) or row.config
    row.tags = _listed(run.tags) or row.tags
    row.bars_done = max(run.bars_done, row.bars_done)
    row.bars_total = row.bars_total if run.bars_total is None else run.bars_total
    row.windows = max(run.windows, row.windows)
    row.equity = row.equity if run.equity is None else run.equity
    row.created_at = min(run.created_at, row.created_at)
    row.started_at = row.started_at or run.started_at
    row.stopped_at = row.stopped_at or run.stopped_at
    row.updated_at = _later(row.updated_at, run.updated_at or run.created_at)
    row.temporal_run_id = run.temporal_run_id or row.temporal_run_id
    row.address = run.address or row.address


def _listed(tags: Sequence[str]) -> list[Json]:
    return list(tags)


def _follow(session: Session, row: RunRow, status: RunStatus, at: datetime, error: RunError | None) -> None:
    present = RunStatus(row.status)
    if status not in _reachable(present):
        return
    if status is not present:
        row.status = status.value
        row.updated_at = _later(row.updated_at, at)
    if status is RunStatus.RUNNING:
        row.started_at = row.started_at or at
    if status.is_final:
        release_leases(session, row.id)
        row.stopped_at = row.stopped_at or at
    if error is not None and row.error_message is None:
        row.error_message = storable(error.message)
        row.error_code = error.code
        row.error_file = error.file
        row.error_line = error.line


def _reachable(status: RunStatus) -> set[RunStatus]:
    """Return `status` and all that may come after it, directly or by way of others."""
    reached: set[RunStatus] = {status}
    while more := {after for after in RunStatus for before in reached if may_follow(before, after)} - reached:
        reached |= more
    return reached


def _later(known: datetime | None, at: datetime) -> datetime:
    return at if known is None or at > known else known
