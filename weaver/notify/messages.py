"""What is sent: an event, or a digest of many."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from weaver.documents.events import event_document
from weaver.notify.wording import line
from weaver.walle.model import EventRecord

_LISTED = 20
_OFTEN = ("orders.", "clock.")
"""Types of which a digest may tell the number alone when it has no room."""
TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`id` is the same whenever it is sent again: an event's, or one made of the events of a digest."""

    id: str
    title: str
    text: str
    events: Sequence[EventRecord]

    def body(self) -> bytes:
        """Return it as JSON, the same bytes each time."""
        events = [event_document(event).model_dump() for event in self.events]
        said = {"id": self.id, "title": self.title, "text": self.text, "events": events}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def digest_id(event_ids: Sequence[str]) -> str:
    """Return the id of a digest of these events."""
    return f"digest-{hashlib.sha256(' '.join(event_ids).encode()).hexdigest()[:32]}"


def message_of(message_id: str, events: Sequence[EventRecord]) -> Message:
    """Return the message of an event, or the digest of several."""
    if len(events) == 1:
        (event,) = events
        told = line(event)
        return Message(id=message_id, title=f"Weaver: {told.partition(' [')[0]}", text=f"{told}\n{_time(event.ts)}", events=events)
    counted = Counter(event.type for event in events)
    rare = [event for event in events if not event.type.startswith(_OFTEN)]
    often = [event for event in events if event.type.startswith(_OFTEN)]
    shown = [*rare, *often][:_LISTED]
    lines = [f"{count} × {kind}" for kind, count in counted.most_common()]
    lines += ["", *(f"{_time(event.ts)}  {line(event)}" for event in sorted(shown, key=lambda one: one.ts))]
    if len(events) > len(shown):
        lines.append(f"and {len(events) - len(shown)} more")
    lines += ["", f"From {_time(events[0].ts)} to {_time(events[-1].ts)}."]
    return Message(id=message_id, title=f"Weaver: {len(events)} events", text="\n".join(lines), events=events)


def trial_message(channel: str, at: datetime) -> Message:
    """Return the message of `weaver notify test`."""
    text = f"Channel '{channel}' works. Sent by `weaver notify test` at {_time(at)}."
    return Message(id=f"{TEST}-{channel}-{int(at.timestamp() * 1e6):x}", title="Weaver: test", text=text, events=())


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
