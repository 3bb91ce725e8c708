"""Copies what a history says into WallE, where it is read without a server and outlives retention."""

import asyncio

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.failures import translated
from weaver.errors import NotFound, Unavailable
from weaver.walle.model import EventRecord
from weaver.walle.records import Records
from workflows.events import Reading
from workflows.inputs import Archived, ArchiveTask

_PAGE = 500


class Archive:
    """Reads histories by the client and stores their events; a repeat stores the same."""

    def __init__(self, client: Client, records: Records) -> None:
        self._client = client
        self._records = records

    @activity.defn(name="archive_link")
    async def archive_link(self, task: ArchiveTask) -> Archived:
        """Store the events of one link as far as its history goes now."""
        with translated():
            events = await self.read(task.run_id, task.link)
            await asyncio.to_thread(self._records.save_events, task.run_id, events)
        return Archived(stored=len(events))

    async def read(self, run_id: str, link: str) -> list[EventRecord]:
        """Return a link's events in order. Raises NotFound, Unavailable."""
        reading = Reading(run_id, link)
        handle = self._client.get_workflow_handle(run_id, run_id=link)
        try:
            return [event async for entry in handle.fetch_history_events(page_size=_PAGE) for event in reading.events(entry)]
        except RPCError as problem:
            if problem.status is RPCStatusCode.NOT_FOUND:
                raise NotFound("history", f"{run_id}/{link}") from problem
            raise Unavailable(f"Temporal does not answer: {problem.message}") from problem
