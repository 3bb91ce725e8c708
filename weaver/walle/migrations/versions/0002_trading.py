"""Accounts, leases, orders, fills and what they add up to, live bars and decisions."""

import sqlalchemy as sa
from alembic import op

from weaver.walle.column_types import Money, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("cash", Money()),
        sa.Column("equity", Money()),
        sa.Column("buying_power", Money()),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("killed", sa.Boolean(), nullable=False),
        sa.Column("killed_reason", sa.Text()),
        sa.Column("killed_at", UtcTime()),
        sa.Column("opening_equity", Money()),
        sa.Column("session", sa.Text()),
        sa.Column("drift", sa.JSON(), nullable=False),
        sa.Column("drift_at", UtcTime()),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("connected_at", UtcTime()),
        sa.Column("checked_at", UtcTime()),
        sa.Column("fills_seen_until", UtcTime()),
        sa.Column("fills", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_table(
        "leases",
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(128), nullable=False),
        sa.Column("taken_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "symbol", name="pk_leases"),
    )
    op.create_index("ix_leases_run_id", "leases", ["run_id"])
    op.create_table(
        "orders",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("run_id", sa.String(128)),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("exchange_order_id", sa.Text()),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("quantity", Money(), nullable=False),
        sa.Column("limit_price", Money()),
        sa.Column("stop_price", Money()),
        sa.Column("trail", Money()),
        sa.Column("trail_percent", Money()),
        sa.Column("time_in_force", sa.Text(), nullable=False),
        sa.Column("extended_hours", sa.Boolean(), nullable=False),
        sa.Column("take_profit", Money()),
        sa.Column("stop_loss", Money()),
        sa.Column("stop_loss_limit", Money()),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("filled_quantity", Money(), nullable=False),
        sa.Column("filled_avg_price", Money()),
        sa.Column("booked_quantity", Money(), nullable=False),
        sa.Column("booked_value", Money(), nullable=False),
        sa.Column("parent_id", sa.String(128)),
        sa.Column("role", sa.Text()),
        sa.Column("reject_reason", sa.Text()),
        sa.Column("unit_price", Money()),
        sa.Column("opens", Money(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("admitted_at", UtcTime()),
        sa.Column("submitted_at", UtcTime()),
        sa.Column("filled_at", UtcTime()),
        sa.Column("cancelled_at", UtcTime()),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
    )
    op.create_index("ix_orders_account_created_at", "orders", ["account", "created_at"])
    op.create_index("ix_orders_account_exchange_order_id", "orders", ["account", "exchange_order_id"], unique=True)
    op.create_index("ix_orders_account_status", "orders", ["account", "status"])
    op.create_index("ix_orders_account_submitted_at", "orders", ["account", "submitted_at"])
    op.create_index("ix_orders_created_at", "orders", ["created_at"])
    op.create_index("ix_orders_parent_id", "orders", ["parent_id"])
    op.create_index("ix_orders_run_id_created_at", "orders", ["run_id", "created_at"])
    op.create_index("ix_orders_run_id_status", "orders", ["run_id", "status"])
    op.create_table(
        "order_changes",
        sa.Column("order_id", sa.String(128), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "number", name="pk_order_changes"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_changes_order_id", ondelete="CASCADE"),
    )
    op.create_table(
        "fills",
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.String(128), nullable=False),
        sa.Column("run_id", sa.String(128)),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("quantity", Money(), nullable=False),
        sa.Column("price", Money(), nullable=False),
        sa.Column("commission", Money(), nullable=False),
        sa.Column("received", Money()),
        sa.Column("time", UtcTime(), nullable=False),
        sa.Column("booked_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id", name="pk_fills"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_fills_order_id"),
    )
    op.create_index("ix_fills_account_number", "fills", ["account", "number"], unique=True)
    op.create_index("ix_fills_order_id_number", "fills", ["order_id", "number"])
    op.create_index("ix_fills_run_id_number", "fills", ["run_id", "number"])
    op.create_table(
        "ledger",
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("run_id", sa.String(128), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("quantity", Money(), nullable=False),
        sa.Column("cost", Money(), nullable=False),
        sa.Column("flow", Money(), nullable=False),
        sa.Column("last_price", Money(), nullable=False),
        sa.Column("fills", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "run_id", "symbol", name="pk_ledger"),
    )
    op.create_index("ix_ledger_run_id", "ledger", ["run_id"])
    op.create_table(
        "lots",
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("run_id", sa.String(128), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("quantity", Money(), nullable=False),
        sa.Column("price", Money(), nullable=False),
        sa.PrimaryKeyConstraint("account", "run_id", "symbol", "number", name="pk_lots"),
    )
    op.create_table(
        "live_bars",
        sa.Column("adapter", sa.String(128), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("volume", sa.Double(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("adapter", "symbol", "timeframe", "start", name="pk_live_bars"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_live_bars_adapter_symbol_start", "live_bars", ["adapter", "symbol", "start"])
    op.create_table(
        "live_bar_revisions",
        sa.Column("adapter", sa.String(128), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("volume", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("adapter", "symbol", "timeframe", "start", "seen_at", name="pk_live_bar_revisions"),
    )
    op.create_table(
        "decisions",
        sa.Column("run_id", sa.String(128), nullable=False),
        sa.Column("bar_end", UtcTime(), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("intents", sa.JSON(), nullable=False),
        sa.Column("orders", sa.JSON(), nullable=False),
        sa.Column("verdicts", sa.JSON(), nullable=False),
        sa.Column("skipped", sa.Text()),
        sa.PrimaryKeyConstraint("run_id", "bar_end", name="pk_decisions"),
    )


def downgrade() -> None:
    for table in (
        "decisions",
        "live_bar_revisions",
        "live_bars",
        "lots",
        "ledger",
        "fills",
        "order_changes",
        "orders",
        "leases",
        "accounts",
    ):
        op.drop_table(table)
