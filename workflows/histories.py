"""Reads and follows histories as events: one link, or a chain of links as it grows."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from temporalio.client import Client, WorkflowHistoryEventAsyncIterator
from temporalio.service import RPCError, RPCStatusCode

from weaver.errors import NotFound, Unavailable
from weaver.walle.model import EventRecord
from workflows.events import Reading
from workflows.sealing import open_events

_PAGE = 500


@dataclass(frozen=True, slots=True)
class LinkEvents:
    """All events of one link as far as its history goes; `reading` says what it is and how it ended."""

    reading: Reading
    events: list[EventRecord]


@dataclass(frozen=True, slots=True)
class Growth:
    """Events that follow those before. `is_past` tells that they, and maybe more, were there when the following began."""

    events: Sequence[EventRecord]
    reading: Reading
    is_past: bool


async def read_link(client: Client, workflow_id: str, link: str, *, beside_run: bool = False) -> LinkEvents:
    """Return what one link's history says now. `beside_run` is as for `Reading`. Raises NotFound, Unavailable."""
    reading = Reading(workflow_id, link, beside_run=beside_run)
    pages = client.get_workflow_handle(workflow_id, run_id=link).fetch_history_events(page_size=_PAGE)
    events: list[EventRecord] = []
    while await _next_page(pages, workflow_id, link):
        await open_events(client.data_converter, pages.current_page or ())
        events += [event for entry in pages.current_page or () for event in reading.events(entry)]
    return LinkEvents(reading, events)


async def follow(client: Client, workflow_id: str, link: str, *, beside_run: bool = False) -> AsyncIterator[Growth]:
    """Yield what a chain says from a link's first event on, as it comes, until the chain's end.

    Each answer of the server is given, with or without events: until then nothing more was in the history. Raises NotFound, Unavailable.
    """
    following: str | None = link
    is_past = True
    while following:
        reading = Reading(workflow_id, following, beside_run=beside_run)
        handle = client.get_workflow_handle(workflow_id, run_id=following)
        length = 0
        if is_past:
            try:
                length = (await handle.describe()).history_length
            except RPCError as problem:
                raise _translated(problem, workflow_id, following) from problem
        pages = handle.fetch_history_events(page_size=_PAGE, wait_new_event=True)
        while reading.closed_at is None and await _next_page(pages, workflow_id, following):
            entries = pages.current_page or ()
            await open_events(client.data_converter, entries)
            events = [event for entry in entries for event in reading.events(entry)]
            yield Growth(events, reading, is_past)
            if is_past and entries and entries[-1].event_id >= length and reading.next_link is None:
                is_past = False
                yield Growth((), reading, is_past)
        following = reading.next_link


async def _next_page(pages: WorkflowHistoryEventAsyncIterator, workflow_id: str, link: str) -> bool:
    """Fetch the next page; False when there is none."""
    if pages.current_page is not None and pages.next_page_token is None:
        return False
    try:
        await pages.fetch_next_page()
    except RPCError as problem:
        raise _translated(problem, workflow_id, link) from problem
    return True


def _translated(problem: RPCError, workflow_id: str, link: str) -> NotFound | Unavailable:
    if problem.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
        return NotFound("history", f"{workflow_id}/{link}", "Temporal does not know it (any more).")
    return Unavailable(f"Temporal does not answer: {problem.message}")
