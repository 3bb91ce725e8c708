"""Why a run traded: what it saw, wanted and got at its bars, and its indicators over time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query, Response

from api.deps import Parts, PartsDep
from api.parameters import ByTime, JsonOrCsv, Paging, PagingDep, RunId, Span, SpanDep, Text, microseconds
from api.problems import problems
from api.tables import CSV, csv_answer
from weaver.charts import downsample
from weaver.documents.decisions import (
    Decision,
    Decisions,
    IndicatorColumns,
    decision_document,
    indicators_document,
    replayed_bar,
    replayed_decision,
)
from weaver.errors import UnknownName
from weaver.glados.requests import UtcTime
from weaver.greta.records import DecisionRow, OrderRow
from weaver.orders import OrderStatus
from weaver.walle.made import Made
from weaver.walle.model import RunRecord
from weaver.walle.replayed import CameOf, ReplayedBars, of_orders
from weaver.walle.results import RunFiles
from weaver.walle.seen import MOST_DECISIONS, IndicatorSeries, indicators_of, indicators_seen
from weaver.walle.trading_model import DecisionRecord
from weaver.walle.trading_queries import Only

router = APIRouter(tags=["results"])

_FOUND = problems(404, 422, 503)
_AT_ONCE = 1_000
_BARS_AT_ONCE = 50_000
_ALL = 2**31
_OLDER = "An earlier version of Weaver replayed this run, and kept only the bars at which something was wanted. Run it again to see all."
_EARLIER = f"These are the newest {MOST_DECISIONS:,} bars of the range. Ask with an earlier `end` for those before them."

Bars = Annotated[
    Literal["all", "wanted", "orders", "refused"] | None,
    Query(
        description="all of them, or only those at which something was wanted, an order was wanted, an order was refused. "
        "Without: all of a paper or live run, and of a backtest those at which something was wanted"
    ),
]


@router.get("/runs/{run_id}/decisions", response_model=Decisions, summary="List a run's decisions", responses={**CSV, **_FOUND})
def list_decisions(
    parts: PartsDep,
    run_id: RunId,
    span: SpanDep,
    paging: PagingDep,
    bars: Bars = None,
    sort: ByTime = "time",
    form: JsonOrCsv = "json",
) -> Decisions | Response:
    """List what the strategy saw, said and wanted at bar ends, and what became of it: why did it buy at 15:42?"""
    run = parts.queries.run(run_id)
    newest_first = sort == "-time"
    only = None if bars == "all" else bars
    if run.mode == "backtest" and bars == "all":
        every = _Every(parts, run, span, newest_first)
        return csv_answer(Decision, every.rows(), f"{run_id}-bars") if form == "csv" else every.page(paging)
    if run.mode == "backtest":
        return _replayed(parts, run, span, paging, only or "wanted", newest_first=newest_first, form=form)
    if form == "csv":
        return csv_answer(Decision, _every_decided(parts, run_id, span, only, newest_first=newest_first), f"{run_id}-decisions")
    found = parts.trading.decision_page(
        run_id,
        since=span.since,
        until=span.until,
        only=only,
        newest_first=newest_first,
        page=paging.page,
        page_size=paging.page_size,
    )
    return _listed(paging, list(_decided(parts, found.items)), found.total)


def _every_decided(parts: Parts, run_id: str, span: Span, only: Only | None, *, newest_first: bool) -> Iterator[Decision]:
    page, last = 1, 1
    while page <= last:
        found = parts.trading.decision_page(
            run_id, since=span.since, until=span.until, only=only, newest_first=newest_first, page=page, page_size=_AT_ONCE
        )
        yield from _decided(parts, found.items)
        page, last = page + 1, -(-found.total // _AT_ONCE)


def _decided(parts: Parts, decisions: Sequence[DecisionRecord]) -> Iterable[Decision]:
    for first in range(0, len(decisions), 200):
        some = decisions[first : first + 200]
        made = Made(*parts.trading.made_by([order for one in some for order in one.orders]))
        for one in some:
            yield decision_document(one, made.orders(one), made.fills(one))


def _replayed(
    parts: Parts, run: RunRecord, span: Span, paging: Paging, bars: Only, *, newest_first: bool, form: str
) -> Decisions | Response:
    """Return the bars of a backtest at which something was wanted."""
    files = RunFiles(parts.settings.results_location, run.id)
    where: dict[str, Callable[[str], bool]] = {}
    if bars == "orders":
        where = {"orders": "[]".__ne__}
    elif bars == "refused":
        refused = {order.id for order in files.rows_of(OrderRow, run.windows, "status", [OrderStatus.REJECTED.value])}
        where = {"orders": partial(of_orders, refused)}
    is_csv = form == "csv"
    rows, total = files.page(
        DecisionRow,
        run.windows,
        since=microseconds(span.since),
        until=microseconds(span.until),
        where=where,
        newest_first=newest_first,
        offset=0 if is_csv else paging.offset,
        limit=_ALL if is_csv else paging.page_size,
    )
    came_of = CameOf.of(files, run.windows, rows)
    documents = (replayed_decision(run.id, row, came_of) for row in rows)
    return csv_answer(Decision, documents, f"{run.id}-decisions") if is_csv else _listed(paging, list(documents), total)


class _Every:
    """All bars of a backtest."""

    def __init__(self, parts: Parts, run: RunRecord, span: Span, newest_first: bool) -> None:
        self._run = run
        self._files = RunFiles(parts.settings.results_location, run.id)
        self._bars = ReplayedBars(self._files, run.windows, run.symbols)
        self._span = span
        self._newest_first = newest_first

    def page(self, paging: Paging) -> Decisions:
        documents, total = self._some(paging.offset, paging.page_size)
        return _listed(paging, documents, total, _OLDER if self._bars.lack() else None)

    def rows(self) -> Iterator[Decision]:
        offset, total = 0, 1
        while offset < total:
            documents, total = self._some(offset, _BARS_AT_ONCE)
            yield from documents
            offset += _BARS_AT_ONCE

    def _some(self, offset: int, limit: int) -> tuple[list[Decision], int]:
        since, until = microseconds(self._span.since), microseconds(self._span.until)
        bars, total = self._bars.page(since=since, until=until, newest_first=self._newest_first, offset=offset, limit=limit)
        came_of = CameOf.of(self._files, self._run.windows, [bar.decision for bar in bars if bar.decision])
        return [replayed_bar(self._run.id, bar, came_of) for bar in bars], total


def _listed(paging: Paging, items: list[Decision], total: int, notice: str | None = None) -> Decisions:
    return Decisions(items=items, total=total, page=paging.page, page_size=paging.page_size, notice=notice)


@router.get("/runs/{run_id}/indicators", summary="Show a run's indicators", responses=_FOUND)
def get_indicators(
    parts: PartsDep,
    run_id: RunId,
    symbol: Annotated[Text | None, Query(max_length=64, description="the run's first when absent")] = None,
    start: Annotated[UtcTime | None, Query(description="first bar end, inclusive")] = None,
    end: Annotated[UtcTime | None, Query(description="first bar end that is left out")] = None,
    points: Annotated[int, Query(ge=4, le=5_000, description="most bars; peaks and troughs of the close are kept")] = 1_200,
) -> IndicatorColumns:
    """Give the values of a strategy's indicators as it saw them, with the close, at bar ends.

    Of a backtest each bar's are kept, of its first 16 indicators; of a paper or live run those of the bars at which it decided.
    """
    run = parts.queries.run(run_id)
    chosen = symbol or next(iter(run.symbols), "")
    if chosen not in run.symbols:
        raise UnknownName("symbol", chosen, run.symbols)
    if run.mode == "backtest":
        files = RunFiles(parts.settings.results_location, run.id)
        found = indicators_of(files, run.windows, run.symbols.index(chosen), since=microseconds(start), until=microseconds(end))
    else:
        found = indicators_seen(parts.trading, run_id, chosen, since=start, until=end)
    times, columns = downsample(found.times, {"close": np.nan_to_num(found.close), **found.indicators}, points)
    return indicators_document(chosen, times, columns, len(found.times), _notice(found))


def _notice(found: IndicatorSeries) -> str | None:
    if found.is_cut:
        return _EARLIER
    return _OLDER if found.is_lacking else None
