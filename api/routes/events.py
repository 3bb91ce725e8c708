"""What happened: a run's events page by page, and everything as it happens."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from pydantic import Field

from api.correlation import correlation_id
from api.deps import PartsDep
from api.parameters import Text
from api.problems import problems
from api.streams.all_stream import AllStream
from api.streams.event_stream import EventStream
from api.streams.frames import RESET
from api.streams.run_stream import RunStream
from weaver.documents.events import Event, event_document
from weaver.documents.values import Document, Listing
from weaver.errors import UnknownName
from workflows.events import TYPES

router = APIRouter(tags=["events"])

_Types = Annotated[
    list[str] | None,
    Query(
        description="Only events of these types: given several times, or separated by commas.",
        examples=["run.Started,orders.Filled"],
    ),
]


class Events(Listing[Event]):
    """A run's events in order, from behind `after` on."""

    next_after: str | None = Field(description="the id to go on behind; null at the end")
    notice: str | None = Field(default=None, description="what may be missing and why; null when nothing is")


@router.get(
    "/runs/{run_id}/events",
    summary="List a run's events",
    responses=problems(404, 422, 503),
)
async def list_events(
    run_id: str,
    parts: PartsDep,
    types: _Types = None,
    after: Annotated[str | None, Query(description="Only events behind the one with this id.")] = None,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Events:
    """Give a run's events from its first on, in order: those of closed links from WallE, the rest from Temporal.

    When Temporal does not answer, or has forgotten the history, what WallE has is given, and `notice` says so.
    """
    found = await parts.hub.events.page(run_id, types=_known(types), after=after or None, page_size=page_size)
    return Events(
        items=[event_document(event) for event in found.items],
        total=found.total,
        page=found.before // page_size + 1,
        page_size=page_size,
        next_after=found.next_after,
        notice=found.notice,
    )


class NewestEvents(Document):
    """Events of all runs, orders and accounts, newest first."""

    items: list[Event]
    next_before: str | None = Field(description="what to give as `before` for the next page; null at the end")
    notice: str | None = Field(default=None, description="what may be missing and why; null when nothing is")


@router.get("/events", summary="List what happened lately", responses=problems(422, 503))
async def list_newest_events(
    parts: PartsDep,
    types: _Types = None,
    before: Annotated[Text | None, Query(max_length=300, description="Only events before this place: a `next_before`.")] = None,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> NewestEvents:
    """Give the events of all runs, orders and accounts, newest first: from WallE, and from Temporal what is not archived yet.

    When Temporal does not answer, what WallE has is given, and `notice` says so.
    """
    parts.hub.check_open()
    found = await parts.hub.lately.page(types=_known(types), before=before or None, page_size=page_size)
    return NewestEvents(items=[told.document for told in found.events], next_before=found.before, notice=found.notice)


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: first `retry`, then `id`, `event` and `data` (the event as JSON); a comment every 15 seconds.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'retry: 3000\n\nid: 0196a1b2-8\nevent: run.Started\ndata: {"id":"0196a1b2-8","type":"run.Started"}\n\n',
            }
        },
    },
    **problems(404, 422, 503),
}


@router.get("/events/stream", status_code=200, summary="Follow events as they happen", response_class=EventStream, responses=_STREAM)
async def stream_events(
    parts: PartsDep,
    run_id: Annotated[str | None, Query(description="Only this run's events. Without an id they begin with its first.")] = None,
    types: _Types = None,
    last_event_id: Annotated[str | None, Query(description="Go on behind this id, as the header Last-Event-ID does.")] = None,
    last_event_id_header: Annotated[
        str | None, Header(alias="Last-Event-ID", description="What a client sends that connects again.")
    ] = None,
) -> EventStream:
    """Send events as they happen, with a durable id to go on from after any interruption, also of this server.

    With `run_id`: the run's events from its first, or behind the id given, each exactly once. Without: those of all runs, orders and
    accounts from now on, or from 5 seconds before the id given; a repeat has the same `id` in its data. `stream.Reset` tells to fetch
    anew what is shown: this client was too slow, and the stream ends, or was away for more than an hour, and the stream goes on from now.
    """
    after = last_event_id_header or last_event_id or None
    wanted = _known(types, RESET)
    if run_id is None:
        return EventStream(AllStream(parts.hub, after, types=wanted, corr_id=correlation_id()).frames())
    return EventStream((await RunStream.open(parts.hub, run_id, after, types=wanted, corr_id=correlation_id())).frames())


def _known(types: list[str] | None, *more: str) -> frozenset[str] | None:
    """Return the types asked for; None for all. Raises UnknownName."""
    named = [name.strip() for given in types or () for name in given.split(",") if name.strip()]
    known = (*TYPES, *more)
    for name in named:
        if name not in known:
            raise UnknownName("types", name, known)
    return frozenset(named) or None
