"""The tables of notifications: what each channel is to be told, and how far histories were followed for it."""

from datetime import datetime

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from weaver.walle.model import Json
from weaver.walle.tables import Table


class NotificationRow(Table):
    """An event that a channel is to be told. `message` is the id of the message that tells it, once that is settled: the event's own,
    or a digest's. `status` is waiting, delivered or failed."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index(None, "channel", "status", "ts"),
        Index(None, "channel", "message"),
        Index(None, "settled_at"),
    )

    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    ts: Mapped[datetime]
    event: Mapped[Json] = mapped_column(JSON, nullable=False)
    noted_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(16))
    message: Mapped[str | None] = mapped_column(String(255))
    planned_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    problem: Mapped[str | None]


class NotificationCursorRow(Table):
    """All events before `seen_until` are noted; there is one row."""

    __tablename__ = "notification_cursors"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    seen_until: Mapped[datetime]
