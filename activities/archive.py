"""Copies what histories say into WallE, where it is read without a server and outlives retention."""

import asyncio
import base64
import logging
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError

from activities.failures import translated
from weaver.errors import NotFound, Unavailable
from weaver.walle.archive import Archived as Links
from weaver.walle.archive import ArchivedLink, ArchivePass
from weaver.walle.model import EventRecord
from weaver.walle.records import Records
from workflows.archive_inputs import Batch, BatchDone, Pass
from workflows.histories import read_link
from workflows.inputs import BACKTEST_RUN, Archived, ArchiveTask
from workflows.trading_names import ACCOUNT, ORDER, TRADING_RUN

logger = logging.getLogger(__name__)

LINKS_AT_ONCE = 200
OVERLAP = timedelta(minutes=10)
"""Visibility is written a little after the fact: each look goes back this far before the one before."""

_TYPES = ", ".join(f"'{one}'" for one in (BACKTEST_RUN, TRADING_RUN, ORDER, ACCOUNT))
_RUNS = (BACKTEST_RUN, TRADING_RUN)


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
        return (await read_link(self._client, run_id, link)).events


class ClosedLinks:
    """Stores each closed link whole, of runs, orders and accounts alike, however it closed, before retention deletes its history."""

    def __init__(self, client: Client, links: Links) -> None:
        self._client = client
        self._links = links

    @activity.defn(name="archive_closed")
    async def archive(self, batch: Batch) -> BatchDone:
        """Store those of a batch of closed links that are not archived yet, newest first."""
        with translated():
            page, token = await self._page(batch)
            known = await asyncio.to_thread(self._links.known, [execution.run_id for execution in page])
            stored = events = 0
            for execution in page:
                activity.heartbeat(stored)
                if execution.run_id not in known:
                    events += await self._store(execution)
                    stored += 1
        return BatchDone(links=stored, events=events, token=token)

    @activity.defn(name="note_archived")
    async def note(self, done: Pass) -> None:
        """Note that all that had closed is stored; the next look begins there."""
        now = datetime.now(UTC)
        with translated():
            noted = ArchivePass(seen_until=done.began, finished_at=now, links=done.links, events=done.events)
            await asyncio.to_thread(self._links.passed, noted)

    async def _page(self, batch: Batch) -> tuple[list[WorkflowExecution], str | None]:
        last = await asyncio.to_thread(self._links.last_pass)
        query = f"WorkflowType IN ({_TYPES}) AND ExecutionStatus != 'Running'"
        if last is not None:
            query += f" AND CloseTime >= '{(last.seen_until - OVERLAP).isoformat()}'"
        token = base64.b64decode(batch.token) if batch.token else None
        found = self._client.list_workflows(query, page_size=LINKS_AT_ONCE, next_page_token=token)
        try:
            await found.fetch_next_page()
        except RPCError as problem:
            raise Unavailable(f"Temporal does not list what has closed: {problem.message}") from problem
        following = base64.b64encode(found.next_page_token).decode() if found.next_page_token else None
        return list(found.current_page or ()), following

    async def _store(self, execution: WorkflowExecution) -> int:
        """Store one link and return how many events it has."""
        try:
            read = await read_link(self._client, execution.id, execution.run_id, beside_run=True)
        except NotFound:
            logger.info("the history of %s (%s) was deleted before it could be archived", execution.id, execution.run_id)
            return 0
        if read.reading.closed_at is None:  # a reset may have opened what visibility still lists as closed
            return 0
        link = ArchivedLink(
            workflow_id=execution.id,
            link=execution.run_id,
            first_link=read.reading.first_link,
            next_link=read.reading.next_link,
            events=len(read.events),
            closed_at=read.reading.closed_at,
            archived_at=datetime.now(UTC),
        )
        if execution.workflow_type in _RUNS and not await asyncio.to_thread(self._links.is_wanted, link.workflow_id, link.first_link):
            await asyncio.to_thread(self._links.leave_out, link)
            return 0
        await asyncio.to_thread(self._links.save, link, read.events)
        return link.events
