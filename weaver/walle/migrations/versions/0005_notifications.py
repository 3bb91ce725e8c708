"""Notifications that wait, and those that were delivered."""

import sqlalchemy as sa
from alembic import op

from weaver.walle.column_types import UtcTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notifications",
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("event_id", sa.String(255), nullable=False),
        sa.Column("ts", UtcTime(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.Column("noted_at", UtcTime(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("message", sa.String(255)),
        sa.Column("planned_at", UtcTime()),
        sa.Column("settled_at", UtcTime()),
        sa.Column("problem", sa.Text()),
        sa.PrimaryKeyConstraint("channel", "event_id", name="pk_notifications"),
    )
    op.create_index("ix_notifications_channel_message", "notifications", ["channel", "message"])
    op.create_index("ix_notifications_channel_status_ts", "notifications", ["channel", "status", "ts"])
    op.create_index("ix_notifications_settled_at", "notifications", ["settled_at"])
    op.create_table(
        "notification_cursors",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("seen_until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notification_cursors"),
    )


def downgrade() -> None:
    op.drop_table("notification_cursors")
    op.drop_table("notifications")
