"""How many messages a channel gets: one for each event, and above its limit one digest a minute of all the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from weaver.notify.messages import digest_id

MINUTE = timedelta(minutes=1)
MOST_IN_A_DIGEST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The messages to be sent now, with their events; or how long to wait before the next digest."""

    messages: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    wait: timedelta | None = None


def pace(event_ids: Sequence[str], sent: Mapping[str, datetime], most_a_minute: int, now: datetime) -> Pace:
    """Settle how events are told, given the messages of the last minute with their times."""
    recent = {message: at for message, at in sent.items() if at > now - MINUTE}
    if not event_ids:
        return Pace()
    if len(recent) + len(event_ids) <= most_a_minute:
        return Pace(messages={event_id: [event_id] for event_id in event_ids})
    digests = [at for message, at in recent.items() if message.startswith("digest-")]
    if digests:
        return Pace(wait=max(digests) + MINUTE - now)
    told = list(event_ids[:MOST_IN_A_DIGEST])
    return Pace(messages={digest_id(told): told})  # also for one: it is what those after it wait for
