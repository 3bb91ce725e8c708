"""The JSON that commands print: money, prices and quantities as decimal strings, times ISO-8601 UTC, ratios numbers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import cast

from cli.render import decimal_text, optional_decimal, optional_time, time_text
from weaver.glados.runs import actions
from weaver.greta.records import DecisionRow, EquityColumns, FillRow, OrderRow, TradeRow
from weaver.greta.statistics import drawdown
from weaver.orders import client_order_id
from weaver.report_meanings import MEANINGS
from weaver.walle.bars import SeriesCoverage
from weaver.walle.importing import ImportReport
from weaver.walle.model import EventRecord, RunRecord, StoredResult
from weaver.walle.noticing import Gaps, Oddity

Document = Mapping[str, object]


def run_document(run: RunRecord) -> dict[str, object]:
    """Return a run as the API's Run."""
    return {
        "id": run.id,
        "strategy": run.strategy,
        "strategy_sha256": run.strategy_sha256,
        "mode": run.mode,
        "status": run.status.value,
        "symbols": list(run.symbols),
        "timeframe": run.timeframe,
        "params": dict(run.params),
        "config": dict(run.config),
        "error": asdict(run.error) if run.error else None,
        "progress": {"bars_done": run.bars_done, "bars_total": run.bars_total, "pct": percent_done(run), "windows": run.windows},
        "equity": optional_decimal(run.equity),
        "created_at": time_text(run.created_at),
        "started_at": optional_time(run.started_at),
        "stopped_at": optional_time(run.stopped_at),
        "actions": list(actions(run.status, run.mode)),
        "tags": list(run.tags),
    }


def percent_done(run: RunRecord) -> float:
    return round(100 * run.bars_done / run.bars_total, 2) if run.bars_total else 0.0


def result_document(result: StoredResult) -> dict[str, object]:
    """Return a result as the API's Result."""
    return {
        "run_id": result.run_id,
        "result_digest": result.result_digest,
        "provenance": dict(result.provenance),
        "start_time": optional_time(result.start_time),
        "end_time": optional_time(result.end_time),
        "timeframe": result.timeframe,
        "symbols": list(result.symbols),
        "final_equity": decimal_text(result.final_equity),
        "counts": asdict(result.counts),
        "duration_ms": result.duration_ms,
        "stats": stats_document(result.stats),
    }


def stats_document(stats: Mapping[str, float | int | None]) -> dict[str, object]:
    """Return statistics by name: money as decimal strings, the others numbers, null where undefined."""
    money = {name for name, meaning in MEANINGS.items() if meaning.unit == "money"}
    return {name: decimal_text(value) if value is not None and name in money else value for name, value in stats.items()}


def fill_documents(run_id: str, fills: Sequence[FillRow]) -> list[Document]:
    """Return fills in time order; `time` is the start of the bar that filled."""
    return [
        {
            "time": time_text(fill.time),
            "symbol": fill.symbol,
            "side": fill.side,
            "quantity": decimal_text(fill.quantity),
            "price": decimal_text(fill.price),
            "commission": decimal_text(fill.commission),
            "slippage": decimal_text(fill.slippage),
            "order_id": client_order_id(run_id, fill.order_id),
        }
        for fill in fills
    ]


def order_documents(run_id: str, orders: Sequence[OrderRow]) -> list[Document]:
    return [
        {
            "id": client_order_id(run_id, order.id),
            "symbol": order.symbol,
            "side": order.side,
            "order_type": order.order_type,
            "quantity": decimal_text(order.quantity),
            "filled_quantity": decimal_text(order.filled_quantity),
            "filled_avg_price": optional_decimal(order.filled_avg_price),
            "limit_price": optional_decimal(order.limit_price),
            "stop_price": optional_decimal(order.stop_price),
            "trail": optional_decimal(order.trail),
            "time_in_force": order.time_in_force,
            "status": order.status,
            "role": order.role,
            "parent_id": client_order_id(run_id, order.parent_id) if order.parent_id else None,
            "reject_reason": order.reject_reason,
            "created_at": time_text(order.created_at),
            "closed_at": optional_time(order.closed_at),
        }
        for order in orders
    ]


def trade_documents(trades: Sequence[TradeRow]) -> list[Document]:
    return [
        {
            "symbol": trade.symbol,
            "side": trade.side,
            "quantity": decimal_text(trade.quantity),
            "entry_time": time_text(trade.entry_time),
            "entry_price": decimal_text(trade.entry_price),
            "exit_time": time_text(trade.exit_time),
            "exit_price": decimal_text(trade.exit_price),
            "pnl": decimal_text(trade.pnl),
            "return_pct": trade.return_pct,
            "mae_pct": trade.mae_pct,
            "mfe_pct": trade.mfe_pct,
            "bars_held": trade.bars_held,
            "exit_reason": trade.exit_reason,
        }
        for trade in trades
    ]


def decision_documents(run_id: str, decisions: Sequence[DecisionRow]) -> list[Document]:
    """Return the bars at which the strategy wanted something; `time` is the bar's end."""
    return [
        {
            "time": time_text(decision.time),
            "seen": json.loads(decision.seen, parse_constant=_undefined),
            "notes": json.loads(decision.notes),
            "intents": json.loads(decision.intents),
            "orders": [client_order_id(run_id, number) for number in cast(list[str], json.loads(decision.orders))],
        }
        for decision in decisions
    ]


def _undefined(constant: str) -> None:
    """Take NaN, which JSON has not, as null."""
    del constant


def equity_documents(equity: EquityColumns, initial_cash: float) -> list[Document]:
    """Return equity at each bar; drawdown in money and points, both ≤ 0, against the running peak."""
    money, points = drawdown(equity.equity, initial_cash)
    columns = zip(equity.times.tolist(), equity.equity.tolist(), money.tolist(), points.tolist(), equity.benchmark.tolist(), strict=True)
    return [
        {
            "time": time_text(time),
            "equity": decimal_text(value),
            "drawdown": decimal_text(lost),
            "drawdown_pct": share,
            "benchmark": decimal_text(held),
        }
        for time, value, lost, share, held in columns
    ]


def event_documents(events: Sequence[EventRecord]) -> list[Document]:
    return [
        {
            "id": event.id,
            "type": event.type,
            "version": event.version,
            "run_id": event.run_id,
            "corr_id": event.corr_id,
            "causation_id": event.causation_id,
            "ts": time_text(event.ts),
            "producer": event.producer,
            "payload": dict(event.payload),
        }
        for event in events
    ]


def coverage_document(series: SeriesCoverage) -> dict[str, object]:
    """Return what is stored of a series."""
    return {
        "symbol": series.symbol,
        "timeframe": series.timeframe,
        "calendar": series.calendar.value,
        "adjusted": series.adjusted,
        "first": time_text(series.first),
        "last": time_text(series.last),
        "bars": series.bars,
        "files": series.files,
        "gaps": _gaps_document(series.gaps),
    }


def import_document(report: ImportReport) -> dict[str, object]:
    """Return what an import did, and what it noticed."""
    notices = report.notices
    counts = {name: value for name, value in asdict(report).items() if isinstance(value, bool | int)}
    return {
        "symbol": report.symbol,
        "timeframe": report.timeframe,
        "calendar": report.calendar.value,
        "first": time_text(report.first),
        "last": time_text(report.last),
        **counts,
        "notices": {
            "gaps": _gaps_document(notices.gaps),
            "outside_sessions": _oddity_document(notices.outside_sessions),
            "zero_volume": _oddity_document(notices.zero_volume),
            "moves": _oddity_document(notices.moves),
        },
    }


def _gaps_document(gaps: Gaps) -> dict[str, object]:
    return {"count": gaps.count, "bars": gaps.bars, "first": [time_text(time) for time in gaps.first]}


def _oddity_document(oddity: Oddity) -> dict[str, object]:
    return {"count": oddity.count, "first": [time_text(time) for time in oddity.first]}
