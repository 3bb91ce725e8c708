"""Undoes what stops the time of a server that skips it.

That server holds its time when a child ends, until the parent has heard of it. A parent that is over does not hear, and time would
stand still for ever (temporalio/sdk-java#1540). The remainder of an amended order is such a child: its parent ends by placing it.
"""

import asyncio

from temporalio.api.testservice.v1 import UnlockTimeSkippingRequest
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError, RPCStatusCode

from weaver.greta.revisions import successor
from weaver.orders import OrderStatus
from weaver.walle.trading_queries import TradingQueries
from workflows.trading_inputs import order_workflow_id

_LOOK_SECONDS = 0.02


class Orphans:
    """The remainders of amended orders in a world; each that ends after its parent holds the time once."""

    def __init__(self, client: Client, trading: TradingQueries) -> None:
        self._client = client
        self._trading = trading
        self._settled: set[str] = set()

    async def watch(self) -> None:
        """Let time go on after each orphan's end, until cancelled."""
        while True:
            await self.release()
            await asyncio.sleep(_LOOK_SECONDS)

    async def release(self) -> None:
        """Let time go on after the ends that were not looked at before."""
        for order_id in await asyncio.to_thread(self._cancelled):
            parent = await self._described(order_id)
            if parent is None or parent.close_time is None:
                continue
            child = await self._described(successor(order_id))
            if child is not None and child.close_time is None:
                continue
            self._settled.add(order_id)
            if child is not None and child.close_time is not None and child.close_time >= parent.close_time:
                await self._client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())

    def _cancelled(self) -> list[str]:
        """Return the cancelled orders that may still have a remainder which is not over. Blocks."""
        orders = self._trading.orders(status=OrderStatus.CANCELLED, page_size=1_000).items
        return [order.id for order in orders if order.id not in self._settled]

    async def _described(self, order_id: str) -> WorkflowExecutionDescription | None:
        """Return what the server knows of the order's workflow, None when it has none."""
        try:
            return await self._client.get_workflow_handle(order_workflow_id(order_id)).describe()
        except RPCError as problem:
            if problem.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
