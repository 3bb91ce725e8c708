"""What a run did and came to: result, report, equity, fills, trades, orders, decisions, and runs beside each other."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeVar

import numpy as np
from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from api.deps import Parts, PartsDep
from api.parameters import JsonOrCsv, Paging, PagingDep, RunId, Span, SpanDep, Text
from api.problems import problems
from api.tables import CSV, csv_answer
from weaver.charts import downsample
from weaver.documents.orders import Fill, Order, fill_document, order_document, replayed_fill, replayed_order
from weaver.documents.results import (
    ComparedRun,
    Comparison,
    Decision,
    EquityCurve,
    EquityPoint,
    Result,
    Trade,
    decision_document,
    equity_columns,
    equity_document,
    equity_points,
    lot_document,
    replayed_decision,
    result_document,
    trade_document,
)
from weaver.documents.values import Document, Listing, decimal_text, time_text
from weaver.errors import BadValue, NotFound
from weaver.greta.records import DecisionRow, EquityColumns, FillRow, OrderRow, TradeRow
from weaver.market import Timeframe, to_microseconds
from weaver.report import html_report
from weaver.run_report import run_report
from weaver.walle.live_bars import LiveBars
from weaver.walle.made import Made
from weaver.walle.model import RunRecord, StoredResult
from weaver.walle.parquet import column_table, parquet_bytes
from weaver.walle.results import RunFiles
from weaver.walle.run_curve import closed_lots, equity_curve
from weaver.walle.run_money import TradingRecords, account_of, budget_of
from weaver.walle.trading_model import DecisionRecord

router = APIRouter(tags=["results"])

_FOUND = problems(404, 422, 503)
_PARQUET = "application/vnd.apache.parquet"
_ALL = 2**31
_MOST_POINTS = 5_000

DocumentT = TypeVar("DocumentT", bound=Document)
RowT = TypeVar("RowT", FillRow, OrderRow, TradeRow, DecisionRow)


@router.get("/runs/compare", response_model=Comparison, summary="Compare runs", responses=_FOUND)
def compare_runs(
    parts: PartsDep,
    ids: Annotated[Text, Query(description="2 to 6 ids, separated by commas", max_length=2_000, examples=["first-run,second-run"])],
    points: Annotated[int, Query(ge=4, le=_MOST_POINTS, description="most times on the axis")] = 500,
) -> Comparison:
    """Give configs and statistics of runs, and their equity at the times of one axis: from the first bar of any to the last of any."""
    wanted = list(dict.fromkeys(ids.split(",")))
    if not 2 <= len(wanted) <= 6:
        raise BadValue("ids", ids, "2 to 6 different ids, separated by commas")
    runs = [parts.queries.run(run_id) for run_id in wanted]
    curves = [_equity(parts, run) for run in runs]
    times = np.unique(np.concatenate([curve.times for curve in curves]))
    if len(times) > points:
        times = times[np.unique(np.linspace(0, len(times) - 1, points).astype(np.int64))]
    return Comparison(
        runs=[_compared(parts, run) for run in runs],
        time=[time_text(time) for time in times.tolist()],
        equity=[_on_axis(curve, times.tolist()) for curve in curves],
    )


def _compared(parts: Parts, run: RunRecord) -> ComparedRun:
    result = _result(parts, run.id)
    return ComparedRun(
        id=run.id,
        strategy=run.strategy,
        mode=run.mode,
        status=run.status.value,
        config=dict(run.config),
        params=dict(run.params),
        stats=result_document(result).stats if result else None,
        result_digest=result.result_digest if result else None,
    )


def _result(parts: Parts, run_id: str) -> StoredResult | None:
    with suppress(NotFound):
        return parts.queries.result(run_id)
    return None


def _on_axis(curve: EquityColumns, times: Sequence[int]) -> list[str | None]:
    """Return the newest equity at each time of the axis, None outside of the run."""
    at = np.searchsorted(curve.times, np.array(times, np.int64), side="right") - 1
    last = int(curve.times[-1]) if len(curve.times) else 0
    return [
        decimal_text(float(curve.equity[row])) if row >= 0 and time <= last else None for row, time in zip(at.tolist(), times, strict=True)
    ]


@router.get("/runs/{run_id}/results", response_model=Result, summary="Show a run's result", responses=_FOUND)
def get_result(parts: PartsDep, run_id: RunId) -> Result:
    """Give statistics, digest and provenance of a backtest, a stopped one's for what was done. 404 while there is none."""
    return result_document(parts.queries.result(run_id))


@router.get(
    "/runs/{run_id}/report",
    response_class=HTMLResponse,
    summary="Show a run's report",
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "one self-contained page"}, **_FOUND},
)
def get_report(parts: PartsDep, run_id: RunId) -> HTMLResponse:
    """Give charts, trades and statistics as one page that asks nobody for anything. 404 while there is no result."""
    report, _ = run_report(parts.queries.run(run_id), parts.queries.result(run_id), parts.settings)
    return HTMLResponse(html_report(report))


@router.get(
    "/runs/{run_id}/equity",
    response_model=EquityCurve,
    summary="Show a run's equity",
    responses={
        200: {
            "content": {"text/csv": {"schema": {"type": "string"}}, _PARQUET: {"schema": {"type": "string", "format": "binary"}}},
            "description": "as JSON, or by `format` as CSV or Parquet",
        },
        **_FOUND,
    },
)
def get_equity(
    parts: PartsDep,
    run_id: RunId,
    points: Annotated[int, Query(ge=4, le=_MOST_POINTS, description="most points; peaks and troughs are kept")] = 2_000,
    form: Annotated[Literal["json", "csv", "parquet"], Query(alias="format")] = "json",
) -> EquityCurve | Response:
    """Give equity after bars (times are their starts), drawdown in points, and what buying and holding would be worth.

    A paper or live run's follows from its fills and the bars that it saw.
    """
    run = parts.queries.run(run_id)
    curve = _equity(parts, run)
    times, columns = downsample(curve.times, equity_columns(curve, float(budget_of(run))), points)
    match form:
        case "parquet":
            headers = {"Content-Disposition": 'attachment; filename="equity.parquet"'}
            return Response(parquet_bytes(column_table({"time": times, **columns})), media_type=_PARQUET, headers=headers)
        case "csv":
            return csv_answer(EquityPoint, equity_points(times, columns), f"{run_id}-equity")
        case "json":
            return equity_document(times, columns)


def _equity(parts: Parts, run: RunRecord) -> EquityColumns:
    if run.mode == "backtest":
        return _files(parts, run).equity(run.windows)
    adapter = account_of(run).rpartition("-")[0]
    seen = LiveBars(parts.database)
    # The first bar that the run acted on began before the run did.
    start = (run.started_at or run.created_at) - timedelta(seconds=Timeframe(run.timeframe).seconds)
    bars = {symbol: seen.load(adapter, symbol, run.timeframe, start=start, end=run.stopped_at) for symbol in run.symbols}
    fills = TradingRecords.of(parts.database).fills(run_id=run.id)
    return equity_curve(fills, bars, budget=budget_of(run), timeframe=Timeframe(run.timeframe))


@router.get("/runs/{run_id}/fills", response_model=Listing[Fill], summary="List a run's fills", responses={**CSV, **_FOUND})
def list_fills(parts: PartsDep, run_id: RunId, span: SpanDep, paging: PagingDep, form: JsonOrCsv = "json") -> Listing[Fill] | Response:
    """List fills in order. In a backtest a fill's time is the start of the bar that filled."""
    run = parts.queries.run(run_id)
    if run.mode == "backtest":
        return _replayed(parts, run, FillRow, lambda row: replayed_fill(run.id, row), Fill, span, paging, form)
    if form == "csv":
        every = TradingRecords.of(parts.database).fills(run_id=run_id)
        return csv_answer(Fill, (fill_document(one) for one in every if span.holds(one.time)), f"{run_id}-fills")
    found = parts.trading.fills(run_id=run_id, since=span.since, until=span.until, page=paging.page, page_size=paging.page_size)
    return paging.listing([fill_document(fill) for fill in found.items], found.total)


@router.get("/runs/{run_id}/orders", response_model=Listing[Order], summary="List a run's orders", responses={**CSV, **_FOUND})
def list_run_orders(
    parts: PartsDep, run_id: RunId, span: SpanDep, paging: PagingDep, form: JsonOrCsv = "json"
) -> Listing[Order] | Response:
    """List orders as they ended, or as they are now, oldest first."""
    run = parts.queries.run(run_id)
    if run.mode == "backtest":
        return _replayed(parts, run, OrderRow, lambda row: replayed_order(run.id, row), Order, span, paging, form)
    if form == "csv":
        every = TradingRecords.of(parts.database).orders(run_id=run_id)
        return csv_answer(Order, (order_document(one) for one in every if span.holds(one.created_at)), f"{run.id}-orders")
    found = parts.trading.orders(
        run_id=run_id, since=span.since, until=span.until, sort="created_at", page=paging.page, page_size=paging.page_size
    )
    return paging.listing([order_document(order) for order in found.items], found.total)


def replayed_orders(
    parts: Parts, run: RunRecord, span: Span, paging: Paging, wanted: Mapping[str, Collection[str]], q: str | None
) -> Listing[Order]:
    """Return the orders of a backtest whose `wanted` fields have one of those values, and whose id or symbol holds `q`."""
    rows, _ = _files(parts, run).page(OrderRow, run.windows, since=_us(span.since), until=_us(span.until), limit=_ALL)
    fitting = [
        order
        for order in (replayed_order(run.id, row) for row in rows if all(getattr(row, name) in values for name, values in wanted.items()))
        if q is None or q.casefold() in f"{order.id} {order.symbol}".casefold()
    ]
    return paging.listing(paging.of(fitting), len(fitting))


@router.get("/runs/{run_id}/trades", response_model=Listing[Trade], summary="List a run's closed trades", responses={**CSV, **_FOUND})
def list_trades(parts: PartsDep, run_id: RunId, span: SpanDep, paging: PagingDep, form: JsonOrCsv = "json") -> Listing[Trade] | Response:
    """List closed lots, first in first out, in the order of closing; the time range is that of their exits."""
    run = parts.queries.run(run_id)
    if run.mode == "backtest":
        return _replayed(parts, run, TradeRow, trade_document, Trade, span, paging, form)
    timeframe = Timeframe(run.timeframe)
    lots = [lot for lot in closed_lots(TradingRecords.of(parts.database).fills(run_id=run_id)) if span.holds(lot.exit_time)]
    if form == "csv":
        return csv_answer(Trade, (lot_document(lot, timeframe) for lot in lots), f"{run_id}-trades")
    shown = lots[paging.offset : paging.offset + paging.page_size]
    return paging.listing([lot_document(lot, timeframe) for lot in shown], len(lots))


@router.get("/runs/{run_id}/decisions", response_model=Listing[Decision], summary="List a run's decisions", responses={**CSV, **_FOUND})
def list_decisions(
    parts: PartsDep, run_id: RunId, span: SpanDep, paging: PagingDep, form: JsonOrCsv = "json"
) -> Listing[Decision] | Response:
    """List what the strategy saw, said and wanted at bar ends, and what became of it: why did it buy at 15:42?

    Of a backtest only the bars at which it wanted something are kept.
    """
    run = parts.queries.run(run_id)
    if run.mode == "backtest":
        return _replayed(parts, run, DecisionRow, lambda row: replayed_decision(run.id, row), Decision, span, paging, form)
    if form == "csv":
        every = TradingRecords.of(parts.database).decisions(run_id)
        within = [one for one in every if span.holds(one.bar_end)]
        return csv_answer(Decision, _decided(parts, within), f"{run_id}-decisions")
    found = parts.trading.decision_page(run_id, since=span.since, until=span.until, page=paging.page, page_size=paging.page_size)
    return paging.listing(list(_decided(parts, found.items)), found.total)


def _decided(parts: Parts, decisions: Sequence[DecisionRecord]) -> Iterable[Decision]:
    for first in range(0, len(decisions), 200):
        some = decisions[first : first + 200]
        made = Made(*parts.trading.made_by([order for one in some for order in one.orders]))
        for one in some:
            yield decision_document(one, made.orders(one), made.fills(one))


def _replayed(
    parts: Parts,
    run: RunRecord,
    row_type: type[RowT],
    document: Callable[[RowT], DocumentT],
    model: type[DocumentT],
    span: Span,
    paging: Paging,
    form: str,
) -> Listing[DocumentT] | Response:
    """Return rows that a backtest's windows wrote."""
    files = _files(parts, run)
    since, until = _us(span.since), _us(span.until)
    if form == "csv":
        rows, _ = files.page(row_type, run.windows, since=since, until=until, limit=_ALL)
        return csv_answer(model, map(document, rows), f"{run.id}-{model.__name__.lower()}s")
    rows, total = files.page(row_type, run.windows, since=since, until=until, offset=paging.offset, limit=paging.page_size)
    return paging.listing([document(row) for row in rows], total)


def _us(time: datetime | None) -> int | None:
    return None if time is None else to_microseconds(time)


def _files(parts: Parts, run: RunRecord) -> RunFiles:
    return RunFiles(parts.settings.results_location, run.id)
