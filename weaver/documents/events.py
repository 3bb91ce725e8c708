"""Events as programs get them, from a list and from the stream alike."""

from typing import Any

from pydantic import Field

from weaver.documents.values import Document, Moment, time_text
from weaver.walle.model import EventRecord


class Event(Document):
    """One thing that happened. Equal ids are the same event, whoever read it."""

    id: str = Field(description="durable and opaque")
    type: str = Field(examples=["run.Started"])
    version: int = 1
    run_id: str | None = Field(description="null for what belongs to an account, or to an order that no run wanted")
    corr_id: str = Field(description="what the same request, or the same bar, caused has the same one")
    causation_id: str | None = Field(default=None, description="the event that caused this one")
    ts: Moment
    producer: str
    payload: dict[str, Any]


def event_document(event: EventRecord) -> Event:
    return Event(
        id=event.id,
        type=event.type,
        version=event.version,
        run_id=event.about_run,
        corr_id=event.corr_id,
        causation_id=event.causation_id,
        ts=time_text(event.ts),
        producer=event.producer,
        payload=dict(event.payload),
    )
