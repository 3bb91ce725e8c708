"""The kill switch from here: put on in WallE at once, which alone lets no further order out, then told to who looks after the account."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from pydantic import Field

from api.correlation import correlation_id
from api.deps import Parts
from weaver.documents.accounts import Position, position_document
from weaver.documents.values import Document, Moment, optional_time
from weaver.errors import NotFound, Unavailable
from weaver.killing import closing_prefix
from weaver.walle.run_money import TradingRecords
from weaver.walle.trading_model import AccountRecord
from workflows.account_inputs import KillRequest
from workflows.inputs import Ask
from workflows.trading_client import kill_account, rearm_account

WORKER_SECONDS = 5.0
"""How long is waited for what the worker does."""
_LOOK_SECONDS = 0.1


class KillState(Document):
    """An account whose kill switch is on, and what is left on it by the records."""

    account_id: str
    killed: bool
    killed_at: Moment | None
    reason: str | None
    told: bool = Field(description="whether the workflow that looks after the account could be told")
    told_error: str | None = Field(description="why not; new orders are refused in any case")
    cancelled: list[str] = Field(description="orders that worked before and work no more")
    open_orders: list[str] = Field(description="orders that still work; if they stay, run `weaver kill`, which asks the venue itself")
    positions: list[Position] = Field(description="what is still held")


async def kill(parts: Parts, account: str, *, flatten: bool, reason: str) -> KillState:
    """Refuse new orders on an account, have the working ones cancelled, and with `flatten` every position closed; wait some seconds."""
    before = [order.id for order in await asyncio.to_thread(parts.trading.working, account)]
    record = await asyncio.to_thread(parts.accounts.kill, account, reason, datetime.now(UTC))
    told_error = await _tell(parts, account, KillRequest(flatten=flatten, reason=reason, corr_id=correlation_id()))
    if told_error is None:
        await _until(lambda: _is_done(parts, record, flatten=flatten))
    return await asyncio.to_thread(_state, parts, account, before, told_error)


async def rearm(parts: Parts, account: str) -> AccountRecord:
    """Allow orders on an account again and return it. Who looks after it is told, and does it; else it is done here."""
    at = datetime.now(UTC)
    if not (await asyncio.to_thread(parts.accounts.account, account)).killed:
        return await asyncio.to_thread(parts.accounts.account, account)
    with suppress(NotFound, Unavailable):  # nobody looks after the account, so nobody else would put it off
        await rearm_account(await parts.temporal.client(), account, Ask(corr_id=correlation_id()))
        await _until(lambda: not parts.accounts.account(account).killed)
    if (await asyncio.to_thread(parts.accounts.account, account)).killed:
        await asyncio.to_thread(parts.accounts.rearm, account, at)
    return await asyncio.to_thread(parts.accounts.account, account)


async def _tell(parts: Parts, account: str, ask: KillRequest) -> str | None:
    try:
        await kill_account(await parts.temporal.client(), account, ask)
    except Unavailable as problem:
        return str(problem)
    return None


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WORKER_SECONDS
    while not await asyncio.to_thread(is_so) and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_SECONDS)


def _is_done(parts: Parts, account: AccountRecord, *, flatten: bool) -> bool:
    prefix = closing_prefix(account.killed_at or datetime.now(UTC))
    working = [order for order in parts.trading.working(account.id) if not order.id.startswith(prefix)]
    return not working and not (flatten and parts.trading.positions(account.id))


def _state(parts: Parts, account: str, before: list[str], told_error: str | None) -> KillState:
    records = TradingRecords.of(parts.database)
    record = parts.accounts.account(account)
    working = [order.id for order in parts.trading.working(account)]
    return KillState(
        account_id=account,
        killed=record.killed,
        killed_at=optional_time(record.killed_at),
        reason=record.killed_reason,
        told=told_error is None,
        told_error=told_error,
        cancelled=[order_id for order_id in before if order_id not in working],
        open_orders=working,
        positions=[position_document(one, account, records.price_of(account, one)) for one in parts.trading.positions(account)],
    )
