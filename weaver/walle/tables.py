"""The tables of WallE's records."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from weaver.walle.column_types import Money, UtcTime
from weaver.walle.model import Json

# JSON is the plain kind on PostgreSQL too: JSONB rewrites numbers (1e22 comes back as an integer) and reorders keys.


class Table(DeclarativeBase):
    # Named, so that a later migration can drop a constraint on both databases.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: UtcTime, Decimal: Money, int: BigInteger, str: Text}


class RunRow(Table):
    __tablename__ = "runs"
    __table_args__ = (
        Index(None, "created_at"),
        Index(None, "status"),
        Index(None, "strategy"),
    )

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    strategy: Mapped[str]
    strategy_sha256: Mapped[str | None]
    mode: Mapped[str]
    status: Mapped[str]
    timeframe: Mapped[str]
    params: Mapped[Json] = mapped_column(JSON, nullable=False)
    config: Mapped[Json] = mapped_column(JSON, nullable=False)
    tags: Mapped[Json] = mapped_column(JSON, nullable=False)
    error_message: Mapped[str | None]
    error_code: Mapped[str | None]
    error_file: Mapped[str | None]
    error_line: Mapped[int | None]
    bars_done: Mapped[int]
    bars_total: Mapped[int | None]
    windows: Mapped[int]
    equity: Mapped[Decimal | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    temporal_run_id: Mapped[str | None]
    address: Mapped[str | None]
    symbols: Mapped[list["RunSymbolRow"]] = relationship(
        lazy="selectin", order_by="RunSymbolRow.position", cascade="all, delete-orphan", passive_deletes=True
    )


class RunSymbolRow(Table):
    __tablename__ = "run_symbols"
    __table_args__ = (Index(None, "symbol"),)

    run_id: Mapped[str] = mapped_column(ForeignKey(RunRow.id, ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    symbol: Mapped[str]


class ResultRow(Table):
    __tablename__ = "results"

    run_id: Mapped[str] = mapped_column(ForeignKey(RunRow.id, ondelete="CASCADE"), primary_key=True)
    result_digest: Mapped[str]
    provenance: Mapped[Json] = mapped_column(JSON, nullable=False)
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    timeframe: Mapped[str]
    symbols: Mapped[Json] = mapped_column(JSON, nullable=False)
    final_equity: Mapped[Decimal]
    bars: Mapped[int]
    windows: Mapped[int]
    orders: Mapped[int]
    fills: Mapped[int]
    trades: Mapped[int]
    duration_ms: Mapped[int]
    stats: Mapped[Json] = mapped_column(JSON, nullable=False)


class StrategySourceRow(Table):
    __tablename__ = "strategy_sources"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    strategy: Mapped[str]
    source: Mapped[str]
    saved_at: Mapped[datetime]


class EventRow(Table):
    """`run_id` is the id of the workflow in whose history it stands: a run's, an order's or an account's.

    No foreign key: the events of a run that never registered itself are kept as well.
    """

    __tablename__ = "events"
    __table_args__ = (Index(None, "run_id", "position"), Index(None, "ts"))

    run_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    position: Mapped[int]
    type: Mapped[str]
    version: Mapped[int]
    corr_id: Mapped[str]
    causation_id: Mapped[str | None]
    ts: Mapped[datetime]
    producer: Mapped[str]
    payload: Mapped[Json] = mapped_column(JSON, nullable=False)


class ArchivedLinkRow(Table):
    """A closed link of a workflow whose events are all in `events`; those of a forgotten run are in no table any more."""

    __tablename__ = "archived_links"

    workflow_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    link: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_link: Mapped[str]
    next_link: Mapped[str | None]
    events: Mapped[int]
    closed_at: Mapped[datetime | None]
    archived_at: Mapped[datetime]
    is_forgotten: Mapped[bool] = mapped_column(Boolean, nullable=False)


class ArchivePassRow(Table):
    """The last look of the archive through all that had closed; there is one row."""

    __tablename__ = "archive_passes"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    seen_until: Mapped[datetime]
    finished_at: Mapped[datetime]
    links: Mapped[int]
    events: Mapped[int]
