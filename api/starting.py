"""Starts runs, each once: the same request under the same key finds the run that it started before, whichever process it reaches.

Nothing is kept for that. The run id follows from the key, Temporal starts an id once, and what was asked is on record with the run:
as its config in WallE, and until it is there as a digest in the workflow's memo.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from temporalio.client import Client

from api.correlation import correlation_id
from api.deps import Parts
from weaver.checks import check_backtest, check_trading
from weaver.errors import AlreadyExists, BadInput, NotFound
from weaver.glados.requests import RunCreate
from weaver.walle.model import RunRecord
from weaver.walle.registering import config, digest, pending_run
from weaver.walle.run_money import TradingRecords
from workflows.client import asked_digest, described, run_id_for, start_backtest, status_of
from workflows.trading_client import start_trading

KEY = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Started:
    """A run on record, and whether this request started it."""

    run: RunRecord
    is_new: bool


def id_of_key(key: str) -> str:
    """Return the run id that follows from a key alone, so that another body under the same key meets the same run."""
    return f"run-{sha256(key.encode()).hexdigest()[:20]}"


async def start_run(parts: Parts, asked: RunCreate, key: str | None) -> Started:
    """Start a run and put it on record, or find it when the same was asked before under the same key.

    Raises BadInput for what cannot run and for a key that was used with another body, AlreadyExists for an id that is taken,
    Unavailable when Temporal does not answer: nothing was started then, or the same request will find it.
    """
    mode = asked.mode or "backtest"
    is_derived = asked.id is None and key is not None
    run_id = id_of_key(key) if asked.id is None and key is not None else run_id_for(asked.model_copy(update={"mode": mode}))
    request = asked.model_copy(update={"mode": mode, "id": run_id})
    wanted = digest(config(request, run_id, mode))
    known = await asyncio.to_thread(_known, parts, run_id)
    if known is not None:
        return _again(known, is_same=digest(known.config) == wanted, is_keyed=key is not None, is_derived=is_derived)
    client = await parts.temporal.client()
    await asyncio.to_thread(_check, parts, request)
    is_new, is_same = True, True
    before = datetime.now(UTC)
    start = start_backtest if mode == "backtest" else start_trading
    try:
        await start(client, request, corr_id=correlation_id(), asked=wanted)
    except AlreadyExists:
        is_new, is_same = False, await asked_digest(await described(client, run_id)) == wanted
        if not is_same:
            raise _taken(run_id, (status_of(await described(client, run_id))).value, is_derived=is_derived) from None
    run = await _on_record(parts, client, request, mode, before)
    return Started(run, is_new=True) if is_new else _again(run, is_same=is_same, is_keyed=key is not None, is_derived=is_derived)


def _known(parts: Parts, run_id: str) -> RunRecord | None:
    with suppress(NotFound):
        return parts.queries.run(run_id)
    return None


def _check(parts: Parts, request: RunCreate) -> None:
    """Refuse what the run would be refused for, before anything is started."""
    if request.mode == "backtest":
        check_backtest(request, parts.settings)
    else:
        check_trading(request, parts.settings, TradingRecords.of(parts.database))


def _again(run: RunRecord, *, is_same: bool, is_keyed: bool, is_derived: bool) -> Started:
    if is_same and is_keyed:
        return Started(run, is_new=False)
    raise _taken(run.id, run.status.value, is_derived=is_derived)


def _taken(run_id: str, state: str, *, is_derived: bool) -> BadInput:
    if is_derived:
        return BadInput(f"This {KEY} was used with another body; it started run '{run_id}'. Take a new key for another run.", field=KEY)
    return AlreadyExists("run", run_id, state)


async def _on_record(parts: Parts, client: Client, request: RunCreate, mode: str, before: datetime) -> RunRecord:
    """Put the run on record at once, as its workflow will do too: it is listed while no worker works."""
    assert request.id is not None
    description = await described(client, request.id)
    record = pending_run(
        request,
        run_id=request.id,
        mode=mode,
        first_link=description.raw_description.workflow_execution_info.first_run_id or description.run_id,
        created_at=min(before, description.start_time),
        address=parts.temporal.address,
    )
    await asyncio.to_thread(parts.records.register_run, record)
    return await asyncio.to_thread(parts.queries.run, request.id)
