"""Whether this API can do its work, part by part."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from pydantic import BaseModel, Field

from api.deps import Parts
from weaver.errors import Unavailable, Unusable
from weaver.walle.archive import Archived, ArchivePass
from weaver.walle.trading_model import AccountRecord
from workflows.inputs import RUN_QUEUE
from workflows.queues import QueueState, look_at_queues, queues_of
from workflows.trading_names import veda_queue

WALLE_SECONDS = 2.0
QUIET = timedelta(seconds=75)
"""A worker that is free asks for tasks at least once a minute."""
LATE_SECONDS = 30.0
"""Workflow tasks take milliseconds, so one that waits this long waits for a worker."""
ARCHIVE_QUIET = timedelta(hours=1)
"""The archive looks every few minutes; histories are kept for days."""

State = Literal["ok", "degraded", "failing"]
_WORST: tuple[State, ...] = ("failing", "degraded", "ok")
_ReadT = TypeVar("_ReadT")


class PartState(BaseModel):
    """One part: degraded parts lack something that most requests do not need, failing ones stop runs or requests."""

    name: str = Field(examples=["queue weaver"])
    state: State
    reason: str = Field(description="what was found", examples=["asked for tasks 3 s ago"])


class Readiness(BaseModel):
    """All parts, and the worst of their states."""

    state: State
    parts: list[PartState]

    @staticmethod
    def of(parts: Sequence[PartState]) -> "Readiness":
        states = {part.state for part in parts}
        return Readiness(state=next(state for state in _WORST if state in states), parts=list(parts))


async def look(parts: Parts) -> Readiness:
    """Ask all parts, within some five seconds where one does not answer."""
    now = datetime.now(UTC)
    walle, accounts, passed, oldest = await _walle(parts)
    temporal, queues = await _temporal(parts, [account.id for account in accounts])
    found = [temporal, walle, *queue_parts(queues, now), *(adapter_part(account) for account in accounts)]
    return Readiness.of([*found, archive_part(passed, now, oldest)] if walle.state == "ok" else found)


async def _walle(parts: Parts) -> tuple[PartState, list[AccountRecord], ArchivePass | None, datetime | None]:
    def read() -> tuple[list[AccountRecord], ArchivePass | None, datetime | None]:
        first = parts.queries.runs(sort="created_at", page_size=1).items
        return parts.accounts.accounts(), Archived(parts.database).last_pass(), first[0].created_at if first else None

    try:
        accounts, passed, oldest = await _within(asyncio.to_thread(read), WALLE_SECONDS, "WallE's database")
    except (Unavailable, Unusable) as problem:
        return PartState(name="walle", state="failing", reason=str(problem)), [], None, None
    return PartState(name="walle", state="ok", reason="answers"), accounts, passed, oldest


async def _temporal(parts: Parts, accounts: Sequence[str]) -> tuple[PartState, list[QueueState]]:
    try:
        states = await look_at_queues(await parts.temporal.client(), queues_of(accounts))
    except Unavailable as problem:
        return PartState(name="temporal", state="failing", reason=str(problem)), []
    return PartState(name="temporal", state="ok", reason=f"answers at {parts.temporal.address}"), states


def queue_parts(queues: Sequence[QueueState], now: datetime) -> list[PartState]:
    """Return a part for each queue, its kinds taken together."""
    by_name: dict[str, list[QueueState]] = {}
    for queue in queues:
        by_name.setdefault(queue.queue, []).append(queue)
    own = {name: _of_queue(states, now) for name, states in by_name.items()}
    return [_forgiven(name, part, states, own[RUN_QUEUE]) for (name, part), states in zip(own.items(), by_name.values(), strict=True)]


def _of_queue(states: Sequence[QueueState], now: datetime) -> PartState:
    name = states[0].queue
    polls = [state.last_poll for state in states]
    known = [poll for poll in polls if poll is not None]
    if len(known) < len(polls):
        return PartState(name=f"queue {name}", state="failing", reason="no worker asks for its tasks")
    quiet = now - min(known)
    waits = max((state.backlog_age_seconds for state in states if state.kind == "workflow"), default=0.0)
    if waits > LATE_SECONDS:
        return PartState(name=f"queue {name}", state="failing", reason=f"a task has waited for {waits:.0f} s")
    state: State = "failing" if quiet > QUIET else "ok"
    return PartState(name=f"queue {name}", state=state, reason=f"a worker asked for tasks {max(0, round(quiet.total_seconds()))} s ago")


def _forgiven(name: str, part: PartState, states: Sequence[QueueState], main: PartState) -> PartState:
    """Say less of a queue than its polls do, where they do not say all.

    A process that works on one thing at a time asks for nothing meanwhile; the worker, which lives, would have replaced a dead one.
    And an account that was used once may lack its credentials today: its orders cannot be sent, all else goes on.
    """
    if part.state == "ok" or name == RUN_QUEUE:
        return part
    if main.state == "ok" and all(state.pollers for state in states):
        return part.model_copy(update={"state": "ok", "reason": f"{part.reason}; at work since"})
    return part.model_copy(update={"state": "degraded"}) if name.startswith(veda_queue("")) else part


def adapter_part(account: AccountRecord) -> PartState:
    """Return the part of an account's connection to its venue."""
    if account.connected:
        return PartState(name=f"adapter {account.id}", state="ok", reason="connected")
    return PartState(name=f"adapter {account.id}", state="degraded", reason="not connected to its venue")


def archive_part(passed: ArchivePass | None, now: datetime, oldest: datetime | None) -> PartState:
    """Return the part of the archive, which saves histories before Temporal deletes them; `oldest` is when the first run was created."""
    if passed is None and (oldest is None or now - oldest <= ARCHIVE_QUIET):
        return PartState(name="archive", state="ok", reason="has not looked yet, and nothing is old")
    if passed is None:
        return PartState(name="archive", state="degraded", reason="has not looked yet")
    state: State = "ok" if now - passed.finished_at <= ARCHIVE_QUIET else "degraded"
    return PartState(name="archive", state=state, reason=f"last looked at {passed.finished_at:%Y-%m-%d %H:%M:%S} UTC")


async def _within(asked: Awaitable[_ReadT], seconds: float, whom: str) -> _ReadT:
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError:
        raise Unavailable(f"{whom} does not answer within {seconds:g} s.") from None
