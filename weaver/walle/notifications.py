"""What channels are to be told: noted once by channel and event, told by a message, and settled when it was taken or given up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import delete, func, select, update

from weaver.market import from_microseconds, to_microseconds
from weaver.walle.database import Database
from weaver.walle.model import EventRecord, Json
from weaver.walle.notification_tables import NotificationCursorRow, NotificationRow
from weaver.walle.writing import insert, storable

_ONLY = "follower"
_AT_ONCE = 200
_WAITING, _DELIVERED, _FAILED = "waiting", "delivered", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplanned:
    """An event that no message tells yet."""

    event_id: str
    ts: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCount:
    """How a channel stands. `oldest` is when the oldest event that waits was noted, `problem` what its last try met with."""

    channel: str
    waiting: int
    delivered: int
    failed: int
    oldest: datetime | None
    last_delivered: datetime | None
    problem: str | None


class Notifications:
    """Raises Unavailable when the database does not answer: call the same again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Following.

    def seen_until(self) -> datetime | None:
        """Return the time before which all events are noted; None before anybody followed."""
        with self._database.read() as session:
            row = session.get(NotificationCursorRow, _ONLY)
            return None if row is None else row.seen_until

    def saw(self, until: datetime) -> None:
        """Note that all events before a time are noted. It never goes back."""
        with self._database.write() as session:
            row = session.get(NotificationCursorRow, _ONLY)
            if row is None or row.seen_until < until:
                insert(session, NotificationCursorRow, [{"id": _ONLY, "seen_until": until}], ["id"])

    def note(self, wanted: Sequence[tuple[str, EventRecord]], at: datetime) -> None:
        """Note events that channels are to be told; what is noted already stays as it is."""
        rows = [
            {
                "channel": channel,
                "event_id": event.id,
                "ts": event.ts,
                "event": _stored(event),
                "noted_at": at,
                "status": _WAITING,
            }
            for channel, event in wanted
        ]
        for first in range(0, len(rows), _AT_ONCE):
            with self._database.write() as session:
                insert(session, NotificationRow, rows[first : first + _AT_ONCE], ["channel", "event_id"], update=False)

    # Telling.

    def waiting(self) -> list[str]:
        """Return the channels that something waits for."""
        with self._database.read() as session:
            return sorted(session.scalars(select(NotificationRow.channel).where(NotificationRow.status == _WAITING).distinct()))

    def unplanned(self, channel: str, limit: int) -> list[Unplanned]:
        """Return the oldest events of a channel that no message tells yet."""
        statement = (
            select(NotificationRow.event_id, NotificationRow.ts)
            .where(NotificationRow.channel == channel, NotificationRow.status == _WAITING, NotificationRow.message.is_(None))
            .order_by(NotificationRow.ts, NotificationRow.event_id)
            .limit(limit)
        )
        with self._database.read() as session:
            return [Unplanned(event_id=event_id, ts=ts) for event_id, ts in session.execute(statement)]

    def planned(self, channel: str) -> list[str]:
        """Return the ids of a channel's messages that wait to be sent, in order."""
        statement = (
            select(NotificationRow.message)
            .where(NotificationRow.channel == channel, NotificationRow.status == _WAITING, NotificationRow.message.is_not(None))
            .group_by(NotificationRow.message)
            .order_by(func.min(NotificationRow.planned_at), func.min(NotificationRow.ts), NotificationRow.message)
        )
        with self._database.read() as session:
            return [message for message in session.scalars(statement) if message is not None]

    def planned_since(self, channel: str, since: datetime) -> dict[str, datetime]:
        """Return the messages that were settled on since a time, with that of each."""
        statement = (
            select(NotificationRow.message, func.min(NotificationRow.planned_at))
            .where(NotificationRow.channel == channel, NotificationRow.planned_at >= since)
            .group_by(NotificationRow.message)
        )
        with self._database.read() as session:
            return {message: planned for message, planned in session.execute(statement) if message is not None and planned is not None}

    def plan(self, channel: str, messages: Mapping[str, Sequence[str]], at: datetime) -> None:
        """Settle by which message events are told: once, so that a message has the same events at each try."""
        with self._database.write() as session:
            for message, event_ids in messages.items():
                for first in range(0, len(event_ids), _AT_ONCE):
                    session.execute(
                        update(NotificationRow)
                        .where(
                            NotificationRow.channel == channel,
                            NotificationRow.event_id.in_(list(event_ids[first : first + _AT_ONCE])),
                            NotificationRow.message.is_(None),
                        )
                        .values(message=message, planned_at=at)
                    )

    def events(self, channel: str, message: str) -> list[EventRecord]:
        """Return the events that a message of a channel still has to tell, in order; none once it is settled."""
        statement = (
            select(NotificationRow.event)
            .where(NotificationRow.channel == channel, NotificationRow.message == message, NotificationRow.status == _WAITING)
            .order_by(NotificationRow.ts, NotificationRow.event_id)
        )
        with self._database.read() as session:
            return [_event(cast(dict[str, Any], stored)) for stored in session.scalars(statement)]

    def delivered(self, channel: str, message: str, at: datetime) -> None:
        """Note that a message was taken."""
        self._set(channel, message, status=_DELIVERED, settled_at=at, problem=None)

    def failed(self, channel: str, message: str, at: datetime) -> None:
        """Note that a message is given up; its last problem stays."""
        self._set(channel, message, status=_FAILED, settled_at=at)

    def met(self, channel: str, message: str, problem: str) -> None:
        """Note what a try met with."""
        self._set(channel, message, problem=storable(problem))

    def _set(self, channel: str, message: str, **values: object) -> None:
        with self._database.write() as session:
            session.execute(
                update(NotificationRow)
                .where(NotificationRow.channel == channel, NotificationRow.message == message, NotificationRow.status == _WAITING)
                .values(**values)
            )

    # Looking.

    def counts(self) -> list[ChannelCount]:
        """Return how each channel stands that something was noted for, by name."""
        statement = select(
            NotificationRow.channel,
            NotificationRow.status,
            func.count(),
            func.min(NotificationRow.noted_at),
            func.max(NotificationRow.settled_at),
            func.max(NotificationRow.problem),
        ).group_by(NotificationRow.channel, NotificationRow.status)
        with self._database.read() as session:
            rows = {(row[0], row[1]): row for row in session.execute(statement)}
        found: list[ChannelCount] = []
        for channel in sorted({channel for channel, _ in rows}):
            waiting, delivered, failed = (rows.get((channel, status)) for status in (_WAITING, _DELIVERED, _FAILED))
            found.append(
                ChannelCount(
                    channel=channel,
                    waiting=waiting[2] if waiting else 0,
                    delivered=delivered[2] if delivered else 0,
                    failed=failed[2] if failed else 0,
                    oldest=waiting[3] if waiting else None,
                    last_delivered=delivered[4] if delivered else None,
                    problem=(waiting[5] if waiting else None) or (failed[5] if failed else None),
                )
            )
        return found

    def forget(self, settled_before: datetime) -> None:
        """Delete what was settled before a time."""
        with self._database.write() as session:
            session.execute(delete(NotificationRow).where(NotificationRow.settled_at < settled_before))


def _stored(event: EventRecord) -> dict[str, Json]:
    return {
        "id": event.id,
        "type": event.type,
        "version": event.version,
        "run_id": event.run_id,
        "position": event.position,
        "corr_id": event.corr_id,
        "causation_id": event.causation_id,
        "ts": to_microseconds(event.ts),
        "producer": event.producer,
        "payload": dict(event.payload),
    }


def _event(stored: dict[str, Any]) -> EventRecord:
    fields: dict[str, Any] = stored | {"ts": from_microseconds(stored["ts"])}
    return EventRecord(**fields)
