"""Which links of histories are archived, and room between the events of one history event."""

import sqlalchemy as sa
from alembic import op

from weaver.walle.column_types import UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("events") as events:
        events.alter_column("run_id", existing_type=sa.String(128), type_=sa.String(255), existing_nullable=False)
    op.execute("UPDATE events SET position = (position / 10) * 1000 + position % 10")
    op.create_index("ix_events_ts", "events", ["ts"])
    op.create_table(
        "archived_links",
        sa.Column("workflow_id", sa.String(255), nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
        sa.Column("first_link", sa.Text(), nullable=False),
        sa.Column("next_link", sa.Text()),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", UtcTime()),
        sa.Column("archived_at", UtcTime(), nullable=False),
        sa.Column("is_forgotten", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("workflow_id", "link", name="pk_archived_links"),
    )
    op.create_table(
        "archive_passes",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("seen_until", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime(), nullable=False),
        sa.Column("links", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_archive_passes"),
    )


def downgrade() -> None:
    op.drop_table("archive_passes")
    op.drop_table("archived_links")
    op.drop_index("ix_events_ts", "events")
    op.execute("UPDATE events SET position = (position / 1000) * 10 + position % 10")
