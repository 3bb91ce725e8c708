"""Has what trades on other builds look whether it is to move: what sleeps would notice only when it wakes."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from weaver.errors import Unavailable
from workflows.deployment_names import BUILD_ATTRIBUTE, DEPLOYMENT
from workflows.inputs import Ask
from workflows.message import Message
from workflows.order_inputs import News
from workflows.policies import MOVES_AFTER
from workflows.trading_names import ACCOUNT, ORDER, TRADING_RUN

_AT_ONCE = 50
_CLOCKS_DIFFER = timedelta(seconds=2)
_NUDGES: dict[str, tuple[str, Message]] = {
    TRADING_RUN: ("order_changed", News()),
    ORDER: ("changed", News()),
    ACCOUNT: ("look", Ask()),
}


async def nudge(client: Client, build: str) -> int:
    """Have what trades on other builds look whether it is to move, and return how many were told: a run of daily bars would notice only
    with its next one. A run takes this for news without content. Links that are too young to move are told again once they are not."""
    told, young = await _tell_all(client, build)
    if young:
        await asyncio.sleep((MOVES_AFTER + _CLOCKS_DIFFER).total_seconds())
        await _tell_all(client, build)
    return told


async def _tell_all(client: Client, build: str) -> tuple[int, bool]:
    """Tell what trades on other builds; return how many there were, and whether any was too young to move."""
    told, young = 0, False
    since = datetime.now(UTC) - MOVES_AFTER - _CLOCKS_DIFFER
    kinds = ", ".join(f"'{kind}'" for kind in _NUDGES)
    query = f"{BUILD_ATTRIBUTE} != '{DEPLOYMENT}:{build}' AND ExecutionStatus = 'Running' AND WorkflowType IN ({kinds})"
    batch: list[Awaitable[bool]] = []
    async for found in client.list_workflows(query):
        young = young or found.start_time > since
        batch.append(_tell(client, found.id, found.workflow_type))
        if len(batch) == _AT_ONCE:
            told += sum(await asyncio.gather(*batch))
            batch = []
    return told + sum(await asyncio.gather(*batch)), young


async def _tell(client: Client, workflow_id: str, kind: str) -> bool:
    name, message = _NUDGES[kind]
    try:
        await client.get_workflow_handle(workflow_id).signal(name, message)
    except RPCError as problem:
        if problem.status is RPCStatusCode.NOT_FOUND:  # it has come to its end
            return False
        raise Unavailable(f"Temporal does not answer: {problem.message}") from problem
    return True
