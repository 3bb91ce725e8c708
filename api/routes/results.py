"""What a run did and came to: result, report, equity, fills, trades, orders, and runs beside each other."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, TypeVar

import numpy as np
from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from api.deps import Parts, PartsDep
from api.parameters import ByTime, JsonOrCsv, Paging, PagingDep, RunId, Span, SpanDep, SymbolText, Text, microseconds
from api.problems import problems
from api.tables import CSV, csv_answer
from weaver.charts import downsample
from weaver.documents.orders import Fill, Order, fill_document, order_document, replayed_fill, replayed_order
from weaver.documents.results import (
    ComparedRun,
    Comparison,
    EquityCurve,
    EquityPoint,
    Result,
    Trade,
    equity_columns,
    equity_document,
    equity_points,
    lot_document,
    result_document,
    trade_document,
)
from weaver.documents.values import Document, Listing, decimal_text, time_text
from weaver.errors import BadValue, NotFound
from weaver.glados.requests import UtcTime
from weaver.greta.records import EquityColumns, FillRow, OrderRow, TradeRow
from weaver.market import Timeframe, to_microseconds
from weaver.report import html_report
from weaver.run_report import run_report
from weaver.walle.live_bars import LiveBars
from weaver.walle.model import RunRecord, StoredResult
from weaver.walle.parquet import column_table, parquet_bytes
from weaver.walle.results import RunFiles
from weaver.walle.run_curve import closed_lots, equity_curve
from weaver.walle.run_money import TradingRecords, account_of, budget_of

router = APIRouter(tags=["results"])

_FOUND = problems(404, 422, 503)
_PARQUET = "application/vnd.apache.parquet"
_ALL = 2**31
_MOST_POINTS = 5_000

ItemT = TypeVar("ItemT")
DocumentT = TypeVar("DocumentT", bound=Document)
RowT = TypeVar("RowT", FillRow, OrderRow, TradeRow)


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
    start: Annotated[UtcTime | None, Query(description="first time, inclusive; drawdown is from the peak of the whole run")] = None,
    end: Annotated[UtcTime | None, Query(description="first time that is left out")] = None,
    form: Annotated[Literal["json", "csv", "parquet"], Query(alias="format")] = "json",
) -> EquityCurve | Response:
    """Give equity after bars (times are their starts), drawdown in points, and what buying and holding would be worth.

    A paper or live run's follows from its fills and the bars that it saw.
    """
    run = parts.queries.run(run_id)
    curve = _equity(parts, run)
    columns = equity_columns(curve, float(budget_of(run)))
    part = slice(*(None if time is None else int(np.searchsorted(curve.times, to_microseconds(time))) for time in (start, end)))
    within = curve.times[part]
    times, columns = downsample(within, {name: column[part] for name, column in columns.items()}, points)
    match form:
        case "parquet":
            headers = {"Content-Disposition": 'attachment; filename="equity.parquet"'}
            return Response(parquet_bytes(column_table({"time": times, **columns})), media_type=_PARQUET, headers=headers)
        case "csv":
            return csv_answer(EquityPoint, equity_points(times, columns), f"{run_id}-equity")
        case "json":
            return equity_document(times, columns, len(within))


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
def list_fills(
    parts: PartsDep,
    run_id: RunId,
    span: SpanDep,
    paging: PagingDep,
    symbol: SymbolText | None = None,
    sort: ByTime = "time",
    form: JsonOrCsv = "json",
) -> Listing[Fill] | Response:
    """List fills in order. In a backtest a fill's time is the start of the bar that filled."""
    run = parts.queries.run(run_id)
    if run.mode == "backtest":
        shown = _Shown(span, paging, form, sort, symbol)
        return _replayed(parts, run, FillRow, lambda row: replayed_fill(run.id, row), Fill, shown)
    if form == "csv":
        every = [one for one in TradingRecords.of(parts.database).fills(run_id=run_id) if span.holds(one.time)]
        fitting = [one for one in _turned(every, sort) if symbol in (None, one.symbol)]
        return csv_answer(Fill, map(fill_document, fitting), f"{run_id}-fills")
    found = parts.trading.fills(
        run_id=run_id,
        symbol=symbol,
        since=span.since,
        until=span.until,
        newest_first=sort == "-time",
        page=paging.page,
        page_size=paging.page_size,
    )
    return paging.listing([fill_document(fill) for fill in found.items], found.total)


@router.get("/runs/{run_id}/orders", response_model=Listing[Order], summary="List a run's orders", responses={**CSV, **_FOUND})
def list_run_orders(
    parts: PartsDep, run_id: RunId, span: SpanDep, paging: PagingDep, form: JsonOrCsv = "json"
) -> Listing[Order] | Response:
    """List orders as they ended, or as they are now, oldest first."""
    run = parts.queries.run(run_id)
    if run.mode == "backtest":
        return _replayed(parts, run, OrderRow, lambda row: replayed_order(run.id, row), Order, _Shown(span, paging, form))
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
    rows, _ = _files(parts, run).page(OrderRow, run.windows, since=microseconds(span.since), until=microseconds(span.until), limit=_ALL)
    fitting = [
        order
        for order in (replayed_order(run.id, row) for row in rows if all(getattr(row, name) in values for name, values in wanted.items()))
        if q is None or q.casefold() in f"{order.id} {order.symbol}".casefold()
    ]
    return paging.listing(paging.of(fitting), len(fitting))


@router.get("/runs/{run_id}/trades", response_model=Listing[Trade], summary="List a run's closed trades", responses={**CSV, **_FOUND})
def list_trades(
    parts: PartsDep,
    run_id: RunId,
    span: SpanDep,
    paging: PagingDep,
    symbol: SymbolText | None = None,
    sort: ByTime = "time",
    form: JsonOrCsv = "json",
) -> Listing[Trade] | Response:
    """List closed lots, first in first out, in the order of closing; time range and order are those of their exits."""
    run = parts.queries.run(run_id)
    if run.mode == "backtest":
        return _replayed(parts, run, TradeRow, trade_document, Trade, _Shown(span, paging, form, sort, symbol))
    timeframe = Timeframe(run.timeframe)
    closed = closed_lots(TradingRecords.of(parts.database).fills(run_id=run_id))
    lots = [lot for lot in _turned(closed, sort) if span.holds(lot.exit_time) and symbol in (None, lot.symbol)]
    if form == "csv":
        return csv_answer(Trade, (lot_document(lot, timeframe) for lot in lots), f"{run_id}-trades")
    shown = lots[paging.offset : paging.offset + paging.page_size]
    return paging.listing([lot_document(lot, timeframe) for lot in shown], len(lots))


@dataclass(frozen=True, slots=True)
class _Shown:
    """Which rows of a backtest are wanted, and how."""

    span: Span
    paging: Paging
    form: str
    sort: str = "time"
    symbol: str | None = None


def _turned(rows: Sequence[ItemT], sort: str) -> Sequence[ItemT]:
    return rows[::-1] if sort == "-time" else rows


def _replayed(
    parts: Parts,
    run: RunRecord,
    row_type: type[RowT],
    document: Callable[[RowT], DocumentT],
    model: type[DocumentT],
    shown: _Shown,
) -> Listing[DocumentT] | Response:
    """Return rows that a backtest's windows wrote."""
    is_csv, paging = shown.form == "csv", shown.paging
    rows, total = _files(parts, run).page(
        row_type,
        run.windows,
        since=microseconds(shown.span.since),
        until=microseconds(shown.span.until),
        where={} if shown.symbol is None else {"symbol": shown.symbol.__eq__},
        newest_first=shown.sort == "-time",
        offset=0 if is_csv else paging.offset,
        limit=_ALL if is_csv else paging.page_size,
    )
    if is_csv:
        return csv_answer(model, map(document, rows), f"{run.id}-{model.__name__.lower()}s")
    return paging.listing([document(row) for row in rows], total)


def _files(parts: Parts, run: RunRecord) -> RunFiles:
    return RunFiles(parts.settings.results_location, run.id)
