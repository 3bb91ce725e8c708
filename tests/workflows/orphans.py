"""Undoes what stops the time of a server that skips it.

That server holds its time when a child ends, until the parent has heard of it. A parent that is over does not hear, and time would
stand still for ever (temporalio/sdk-java#1540). The parent of an order is the link of the run that wanted it; that of an amended
order's remainder is the order before it, which ends by placing it.
"""

import asyncio

from sqlalchemy import select
from temporalio.api.testservice.v1 import UnlockTimeSkippingRequest
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError, RPCStatusCode

from weaver.greta.revisions import successor
from weaver.orders import OrderStatus
from weaver.walle.database import Database
from weaver.walle.trading_tables import OrderRow
from workflows.trading_names import order_workflow_id

_FINAL = [status.value for status in OrderStatus if status.is_final]
_LOOK_SECONDS = 0.02


class Orphans:
    """The orders of a world that end after their parents; each holds the time once."""

    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database
        self._settled: set[str] = set()
        self._remainders: set[str] = set()

    async def watch(self) -> None:
        """Let time go on after each orphan's end, until cancelled."""
        while True:
            await self.release()
            await asyncio.sleep(_LOOK_SECONDS)

    async def release(self) -> None:
        """Let time go on after the ends that were not looked at before."""
        final = await asyncio.to_thread(self._final)
        for order_id in (final | self._remainders) - self._settled:
            ended = await self._described(order_workflow_id(order_id))
            if ended is not None and ended.close_time is None:
                continue
            self._settled.add(order_id)
            if ended is not None:
                self._remainders.add(successor(order_id))  # one that is refused is not on record
                if await self._is_orphan(ended):
                    await self._client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())

    def _final(self) -> set[str]:
        """Return the ids of the final orders on record. Blocks."""
        with self._database.read() as session:
            return set(session.scalars(select(OrderRow.id).where(OrderRow.status.in_(_FINAL))))

    async def _is_orphan(self, ended: WorkflowExecutionDescription) -> bool:
        if ended.parent_id is None:
            return False
        parent = await self._described(ended.parent_id, ended.parent_run_id)
        return bool(parent and parent.close_time and ended.close_time and parent.close_time <= ended.close_time)

    async def _described(self, workflow_id: str, run_id: str | None = None) -> WorkflowExecutionDescription | None:
        """Return what the server knows of a workflow, None when it has none."""
        try:
            return await self._client.get_workflow_handle(workflow_id, run_id=run_id).describe()
        except RPCError as problem:
            if problem.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
