"""Server-sent events: how one event, and what is said between them, is written."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property

from weaver.documents.events import Event, event_document
from weaver.documents.values import time_text
from weaver.market import from_microseconds, to_microseconds
from weaver.walle.model import EventRecord

RESET = "stream.Reset"
RETRY = b"retry: 3000\n"
_DATA = b"\ndata: "
HEARTBEAT = b": heartbeat\n"
"""A comment, with no empty line behind it: some clients take an empty line for an event without data."""


class Told:
    """One event as it is sent. Its text is made once, however many hear it."""

    def __init__(self, event: EventRecord) -> None:
        self.id = event.id
        self.type = event.type
        self.position = event.position
        self.at = to_microseconds(event.ts)
        self._body = _body(event.type, event_document(event))

    @property
    def document(self) -> Event:
        """The event as a list gives it."""
        return Event.model_validate_json(self._body.partition(_DATA)[2])

    @cached_property
    def of_run(self) -> bytes:
        """The frame on the run's own stream: its id leads behind it, in this run."""
        return b"id: " + self.id.encode() + b"\n" + self._body

    @cached_property
    def of_all(self) -> bytes:
        """The frame on the stream of all: its id tells the time to go on from, and which event it is."""
        return b"id: " + cursor(self.at, self.id).encode() + b"\n" + self._body


def cursor(at: int, event_id: str) -> str:
    """Return the id of an event on the stream of all; `at` in microseconds since 1970."""
    return f"{at}~{event_id}"


def begun(cursor_id: str | None = None) -> bytes:
    """Return how a stream begins. With an id, a client that reconnects before any event goes on from there."""
    return RETRY + (b"id: " + cursor_id.encode() + b"\n" if cursor_id else b"") + b"\n"


def reset(reason: str, detail: str, *, run_id: str | None, corr_id: str, cursor_id: str | None = None) -> bytes:
    """Return the frame that tells a client to fetch anew what it shows.

    Without an id the client's own last one stays: reconnecting, it goes on behind that.
    """
    now = datetime.now(UTC)
    document = Event(
        id=f"reset-{to_microseconds(now)}",
        type=RESET,
        run_id=run_id,
        corr_id=corr_id,
        ts=time_text(now),
        producer="weaver.api",
        payload={"reason": reason, "detail": detail},
    )
    return (b"id: " + cursor_id.encode() + b"\n" if cursor_id else b"") + _body(RESET, document)


def joined(frames: Iterable[bytes]) -> bytes:
    return b"".join(frames)


def now_in_microseconds() -> int:
    return to_microseconds(datetime.now(UTC))


def time_of(microseconds: int) -> datetime:
    return from_microseconds(microseconds)


def _body(kind: str, document: Event) -> bytes:
    return b"event: " + kind.encode() + _DATA + document.model_dump_json().encode() + b"\n\n"
