"""Runs: start, list, look at, tell something, delete."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, Header, Query, Response
from fastapi.openapi.models import Example
from pydantic import BaseModel, ConfigDict, Field

from api.correlation import correlation_id
from api.deps import Parts, PartsDep
from api.parameters import PagingDep, RunId, Text, sorts
from api.problems import problems
from api.starting import KEY, start_run
from weaver.documents.runs import Live, Run, RunDetail, run_detail, run_document
from weaver.documents.values import Listing
from weaver.errors import NotAllowed, NotFound, Unavailable
from weaver.glados.requests import JsonObject, RunCreate, UtcTime
from weaver.glados.runs import RunStatus, actions
from weaver.walle.model import RunRecord
from weaver.walle.queries import SORTS
from weaver.walle.run_money import TradingRecords, money_of
from workflows.client import QUERY_SECONDS, state, stop, tell
from workflows.deleting import delete_run
from workflows.documents import live_document
from workflows.inputs import Ask, ParamsChange, StopRequest

router = APIRouter(tags=["runs"])


class RunStop(BaseModel):
    """How a run is to be stopped."""

    model_config = ConfigDict(extra="forbid")

    flatten: bool = Field(default=False, description="close what a paper or live run holds, whatever it was started with")


class RunParams(BaseModel):
    """New values of some parameters; those that are not given stay."""

    model_config = ConfigDict(extra="forbid")

    params: JsonObject = Field(min_length=1, examples=[{"fast": 5, "slow": 20}])


_EXAMPLES: dict[str, Example] = {
    "backtest": {
        "summary": "A backtest",
        "value": {
            "strategy": "sma-cross",
            "symbols": ["AAPL"],
            "start": "2004-01-01",
            "end": "2013-01-01",
            "params": {"fast": 10, "slow": 30, "quantity": 100},
            "costs": {"commission_bps": 10, "slippage_bps": 5},
        },
    },
    "paper": {
        "summary": "Two minutes on the simulated exchange",
        "value": {"strategy": "sma-cross", "mode": "paper", "symbols": ["SIM/USD"], "timeframe": "5s", "for": "2m", "at_end": "flatten"},
    },
}


@router.post(
    "/runs",
    status_code=201,
    response_model=Run,
    summary="Start a run",
    responses={200: {"model": Run, "description": "the same was asked before under this key: that run"}, **problems(409, 422, 503)},
)
async def create_run(
    parts: PartsDep,
    asked: Annotated[RunCreate, Body(openapi_examples=_EXAMPLES)],
    response: Response,
    key: Annotated[
        str | None,
        Header(
            alias=KEY,
            min_length=1,
            max_length=255,
            description="makes a repeat harmless: the run id follows from it when none is given, and the same body gets the same run",
        ),
    ] = None,
) -> Run:
    """Start a backtest, or a paper or live run by `mode`. What cannot run is refused before anything starts.

    The run is on record at once. It starts by itself, unless `start_paused`: then it stays `pending` until told to start.
    """
    started = await start_run(parts, asked, key)
    response.headers["Location"] = f"/api/v1/runs/{quote(started.run.id, safe='')}"
    if not started.is_new:
        response.status_code = 200
    return run_document(started.run, parts.ui)


@router.get("/runs", response_model=Listing[Run], summary="List runs", responses=problems(422, 503))
def list_runs(
    parts: PartsDep,
    paging: PagingDep,
    status: Annotated[list[RunStatus] | None, Query(description="any of these; may be given several times")] = None,
    mode: Annotated[Literal["backtest", "paper", "live"] | None, Query()] = None,
    strategy: Annotated[Text | None, Query(max_length=200)] = None,
    symbol: Annotated[Text | None, Query(max_length=64)] = None,
    created_after: Annotated[UtcTime | None, Query(description="inclusive")] = None,
    created_before: Annotated[UtcTime | None, Query(description="exclusive")] = None,
    q: Annotated[Text | None, Query(max_length=200, description="looked for in id, strategy, symbols and tags")] = None,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorts(SORTS)}, description="with a minus: the other way round")] = "-created_at",
) -> Listing[Run]:
    """List what WallE has on record, whoever started it, newest first unless sorted otherwise."""
    found = parts.queries.runs(
        status=status or None,
        mode=mode,
        strategy=strategy,
        symbol=symbol,
        q=q,
        created_after=created_after,
        created_before=created_before,
        sort=sort,
        page=paging.page,
        page_size=paging.page_size,
    )
    return paging.listing([run_document(run, parts.ui) for run in found.items], found.total)


@router.get("/runs/{run_id}", response_model=RunDetail, summary="Show a run", responses=problems(404, 422, 503))
async def get_run(parts: PartsDep, run_id: RunId) -> RunDetail:
    """Show a run as WallE has it, and of an open paper or live run what its workflow says of itself.

    It is asked with a limit of one second; without an answer `live` is null and `live_error` says why. A run that has ended is not asked.
    """
    run = await asyncio.to_thread(parts.queries.run, run_id)
    live, live_error = (None, None) if run.mode == "backtest" or run.status.is_final else await _live(parts, run_id)
    return await asyncio.to_thread(_detail, parts, run, live, live_error)


async def _live(parts: Parts, run_id: str) -> tuple[Live | None, str | None]:
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            return live_document(await state(await parts.temporal.client(), run_id)), None
    except TimeoutError:
        return None, f"Nobody answered for run '{run_id}' within {QUERY_SECONDS:g} s."
    except (Unavailable, NotFound) as problem:
        return None, str(problem)


def _detail(parts: Parts, run: RunRecord, live: Live | None = None, live_error: str | None = None) -> RunDetail:
    money = None if run.mode == "backtest" else money_of(TradingRecords.of(parts.database), run)
    return run_detail(run, money, live=live, live_error=live_error, ui=parts.ui)


_TOLD = problems(404, 409, 422, 503)


@router.post("/runs/{run_id}/start", response_model=Run, summary="Start a prepared run", responses=_TOLD)
async def start(parts: PartsDep, run_id: RunId) -> Run:
    """Let a run begin that was created with `start_paused`."""
    return await _told(parts, run_id, "start", Ask(corr_id=correlation_id()))


@router.post("/runs/{run_id}/pause", response_model=Run, summary="Pause a run", responses=_TOLD)
async def pause(parts: PartsDep, run_id: RunId) -> Run:
    """Decide nothing until it resumes; working orders stay, with their exits."""
    return await _told(parts, run_id, "pause", Ask(corr_id=correlation_id()))


@router.post("/runs/{run_id}/resume", response_model=Run, summary="Let a paused run go on", responses=_TOLD)
async def resume(parts: PartsDep, run_id: RunId) -> Run:
    """Go on deciding."""
    return await _told(parts, run_id, "resume", Ask(corr_id=correlation_id()))


@router.patch("/runs/{run_id}/params", response_model=Run, summary="Change parameters of a trading run", responses=_TOLD)
async def set_params(parts: PartsDep, run_id: RunId, change: RunParams) -> Run:
    """Change parameters of a paper or live run from its next bar on. A backtest is pinned to those it was asked with."""
    return await _told(parts, run_id, "set_params", ParamsChange(params=change.params, corr_id=correlation_id()))


@router.post("/runs/{run_id}/stop", response_model=Run, summary="Stop a run", responses=_TOLD)
async def stop_run(parts: PartsDep, run_id: RunId, how: Annotated[RunStop | None, Body()] = None) -> Run:
    """Stop a run. A backtest keeps a partial result; a paper or live run does with its orders as its `at_end` says.

    Stopping twice is fine. Without a worker the wish is kept until one comes.
    """
    run = await asyncio.to_thread(parts.queries.run, run_id)
    if run.status is RunStatus.STOPPED:
        return run_document(run, parts.ui)
    _check_open(run, "stop")
    ask = StopRequest(flatten=bool(how and how.flatten), corr_id=correlation_id())
    return await _after(parts, run_id, stop(await parts.temporal.client(), run_id, ask))


async def _told(parts: Parts, run_id: str, message: str, ask: Ask) -> Run:
    run = await asyncio.to_thread(parts.queries.run, run_id)
    _check_open(run, message)
    client = await parts.temporal.client()

    async def told() -> RunStatus:
        return (await tell(client, run_id, message, ask)).status

    return await _after(parts, run_id, told())


def _check_open(run: RunRecord, action: str) -> None:
    """Refuse what no run may be told that has ended; it is not asked for that."""
    if run.status.is_final:
        raise NotAllowed(action, run.status.value, actions(run.status, run.mode))


async def _after(parts: Parts, run_id: str, telling: Awaitable[RunStatus]) -> Run:
    """Return the run with the status that it says it has, which may be on record a moment later."""
    status = await telling
    run = await asyncio.to_thread(parts.queries.run, run_id)
    return run_document(run if run.status.is_final else replace(run, status=status), parts.ui)


@router.delete("/runs/{run_id}", status_code=204, summary="Delete a run that has ended", responses=problems(404, 409, 422, 503))
async def remove_run(parts: PartsDep, run_id: RunId) -> None:
    """Delete a run's record, result, decisions, events and files, and its history in Temporal.

    Its orders and fills stay, as orders without a run: they are what the account's positions are made of.
    """
    await delete_run(parts.temporal.client, parts.queries, parts.records, parts.settings.results_location, run_id)
