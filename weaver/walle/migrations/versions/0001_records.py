"""Runs, results, strategy sources and events."""

import sqlalchemy as sa
from alembic import op

from weaver.walle.column_types import Money, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("strategy_sha256", sa.Text()),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("error_message", sa.Text()),
        sa.Column("error_code", sa.Text()),
        sa.Column("error_file", sa.Text()),
        sa.Column("error_line", sa.BigInteger()),
        sa.Column("bars_done", sa.BigInteger(), nullable=False),
        sa.Column("bars_total", sa.BigInteger()),
        sa.Column("windows", sa.BigInteger(), nullable=False),
        sa.Column("equity", Money()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("started_at", UtcTime()),
        sa.Column("stopped_at", UtcTime()),
        sa.Column("updated_at", UtcTime()),
        sa.Column("temporal_run_id", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_created_at", "runs", ["created_at"])
    op.create_index("ix_runs_status", "runs", ["status"])
    op.create_index("ix_runs_strategy", "runs", ["strategy"])
    op.create_table(
        "run_symbols",
        sa.Column("run_id", sa.String(128), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "position", name="pk_run_symbols"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_symbols_run_id", ondelete="CASCADE"),
    )
    op.create_index("ix_run_symbols_symbol", "run_symbols", ["symbol"])
    op.create_table(
        "results",
        sa.Column("run_id", sa.String(128), nullable=False),
        sa.Column("result_digest", sa.Text(), nullable=False),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.Column("start_time", UtcTime()),
        sa.Column("end_time", UtcTime()),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("symbols", sa.JSON(), nullable=False),
        sa.Column("final_equity", Money(), nullable=False),
        sa.Column("bars", sa.BigInteger(), nullable=False),
        sa.Column("windows", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("fills", sa.BigInteger(), nullable=False),
        sa.Column("trades", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("stats", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_results"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_results_run_id", ondelete="CASCADE"),
    )
    op.create_table(
        "strategy_sources",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("saved_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_strategy_sources"),
    )
    op.create_table(
        "events",
        sa.Column("run_id", sa.String(128), nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("corr_id", sa.Text(), nullable=False),
        sa.Column("causation_id", sa.Text()),
        sa.Column("ts", UtcTime(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "id", name="pk_events"),
    )
    op.create_index("ix_events_run_id_position", "events", ["run_id", "position"])


def downgrade() -> None:
    for table in ("events", "strategy_sources", "results", "run_symbols", "runs"):
        op.drop_table(table)
