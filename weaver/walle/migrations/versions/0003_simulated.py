"""Accounts of the simulated exchange, their ended orders, fills and messages."""

import sqlalchemy as sa
from alembic import op

from weaver.walle.column_types import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "simulated_accounts",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_simulated_accounts"),
    )
    op.create_table(
        "simulated_orders",
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("exchange_order_id", sa.String(128), nullable=False),
        sa.Column("client_order_id", sa.String(128), nullable=False),
        sa.Column("submitted_at", UtcTime(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "exchange_order_id", name="pk_simulated_orders"),
    )
    op.create_index(
        "ix_simulated_orders_account_client_order_id", "simulated_orders", ["account", "client_order_id"], unique=True
    )
    op.create_index("ix_simulated_orders_account_submitted_at", "simulated_orders", ["account", "submitted_at"])
    op.create_table(
        "simulated_fills",
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("execution_id", sa.String(128), nullable=False),
        sa.Column("booked_at", UtcTime(), nullable=False),
        sa.Column("fill", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "sequence", name="pk_simulated_fills"),
    )
    op.create_index("ix_simulated_fills_account_booked_at", "simulated_fills", ["account", "booked_at"])
    op.create_table(
        "simulated_messages",
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "sequence", name="pk_simulated_messages"),
    )


def downgrade() -> None:
    for table in ("simulated_messages", "simulated_fills", "simulated_orders", "simulated_accounts"):
        op.drop_table(table)
