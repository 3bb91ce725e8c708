"""What a run came to, as programs get it: result, trades, equity."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import Field

from weaver.documents.values import Amount, Document, Moment, decimal_text, optional_time, time_text
from weaver.greta.records import EquityColumns, TradeRow
from weaver.greta.statistics import drawdown
from weaver.market import Floats, Ints, Timeframe
from weaver.report_meanings import MEANINGS
from weaver.walle.model import StoredResult
from weaver.walle.run_curve import ClosedLot


class ResultCounts(Document):
    """How much a run did; bars over all symbols, warm-up excluded."""

    bars: int
    windows: int
    orders: int
    fills: int
    trades: int


class Result(Document):
    """What a backtest came to. Equal provenance gives an equal digest."""

    run_id: str
    result_digest: str = Field(description="SHA-256 over fills, trades, equity and statistics")
    provenance: dict[str, Any] = Field(description="all that the result follows from")
    start_time: Moment | None = Field(description="the first bar's start")
    end_time: Moment | None = Field(description="the last bar's start")
    timeframe: str
    symbols: list[str]
    final_equity: Amount
    counts: ResultCounts
    duration_ms: int
    stats: dict[str, str | float | int | None] = Field(description="money as decimal texts, the others numbers, null where undefined")


class Trade(Document):
    """One closed lot, first in first out; times are bar starts, `pnl` is after commissions."""

    symbol: str
    side: str = Field(description="long or short")
    quantity: Amount
    entry_time: Moment
    entry_price: Amount
    exit_time: Moment
    exit_price: Amount
    pnl: Amount
    return_pct: float | None
    mae_pct: float | None = Field(default=None, description="the largest loss while it was open, in points; null in paper and live runs")
    mfe_pct: float | None = Field(default=None, description="the largest gain while it was open, in points; null in paper and live runs")
    bars_held: int
    exit_reason: str | None = None


class Comparison(Document):
    """Runs beside each other. `equity` has a column for each run, in their order, at the times of one axis."""

    runs: list["ComparedRun"]
    time: list[Moment]
    equity: list[list[Amount | None]] = Field(description="null before a run's first bar and after its last")


class ComparedRun(Document):
    """A run of a comparison."""

    id: str
    strategy: str
    mode: str
    status: str
    config: dict[str, Any]
    params: dict[str, Any]
    stats: dict[str, str | float | int | None] | None = Field(description="null for a run without a result")
    result_digest: str | None


class EquityPoint(Document):
    """Equity after a bar; drawdown ≤ 0 against the running peak; what buying and holding would be worth."""

    time: Moment
    equity: Amount
    drawdown: Amount
    drawdown_pct: float
    benchmark: Amount


class EquityCurve(Document):
    """Columns of equal length: equity after bars, drawdown in points (≤ 0), and what buying and holding would be worth."""

    time: list[Moment]
    equity: list[Amount]
    drawdown_pct: list[float]
    benchmark: list[Amount]
    bars: int = Field(description="how many there are in the time range, of which these were taken")


def result_document(result: StoredResult) -> Result:
    return Result(
        run_id=result.run_id,
        result_digest=result.result_digest,
        provenance=dict(result.provenance),
        start_time=optional_time(result.start_time),
        end_time=optional_time(result.end_time),
        timeframe=result.timeframe,
        symbols=list(result.symbols),
        final_equity=decimal_text(result.final_equity),
        counts=ResultCounts(**asdict(result.counts)),
        duration_ms=result.duration_ms,
        stats=stats_document(result.stats),
    )


def stats_document(stats: Mapping[str, float | int | None]) -> dict[str, str | float | int | None]:
    """Return statistics by name: money as decimal strings, the others numbers, null where undefined."""
    money = {name for name, meaning in MEANINGS.items() if meaning.unit == "money"}
    return {name: decimal_text(value) if value is not None and name in money else value for name, value in stats.items()}


def trade_document(trade: TradeRow) -> Trade:
    return Trade(
        symbol=trade.symbol,
        side=trade.side,
        quantity=decimal_text(trade.quantity),
        entry_time=time_text(trade.entry_time),
        entry_price=decimal_text(trade.entry_price),
        exit_time=time_text(trade.exit_time),
        exit_price=decimal_text(trade.exit_price),
        pnl=decimal_text(trade.pnl),
        return_pct=trade.return_pct,
        mae_pct=trade.mae_pct,
        mfe_pct=trade.mfe_pct,
        bars_held=trade.bars_held,
        exit_reason=trade.exit_reason,
    )


def lot_document(lot: ClosedLot, timeframe: Timeframe) -> Trade:
    """Return a lot that a paper or live run closed; its times are those of the fills."""
    cost = lot.quantity * lot.entry_price
    return Trade(
        symbol=lot.symbol,
        side=lot.side,
        quantity=decimal_text(lot.quantity),
        entry_time=time_text(lot.entry_time),
        entry_price=decimal_text(lot.entry_price),
        exit_time=time_text(lot.exit_time),
        exit_price=decimal_text(lot.exit_price),
        pnl=decimal_text(lot.pnl),
        return_pct=round(100 * float(lot.pnl / cost), 6) if cost else None,
        bars_held=int((lot.exit_time - lot.entry_time).total_seconds() // timeframe.seconds),
    )


def equity_columns(equity: EquityColumns, initial_cash: float) -> dict[str, Floats]:
    """Return equity, its drawdown in money and in points, and the benchmark, one row for each bar; equity first."""
    money, points = drawdown(equity.equity, initial_cash)
    return {"equity": equity.equity, "drawdown": money, "drawdown_pct": points, "benchmark": equity.benchmark}


def equity_points(times: Ints, columns: Mapping[str, Floats]) -> list[EquityPoint]:
    """Return `equity_columns` as rows; `times` are bar starts."""
    rows = zip(times.tolist(), *(columns[name].tolist() for name in ("equity", "drawdown", "drawdown_pct", "benchmark")), strict=True)
    return [
        EquityPoint(
            time=time_text(time),
            equity=decimal_text(value),
            drawdown=decimal_text(lost),
            drawdown_pct=share,
            benchmark=decimal_text(held),
        )
        for time, value, lost, share, held in rows
    ]


def equity_document(times: Ints, columns: Mapping[str, Floats], bars: int) -> EquityCurve:
    """Return `equity_columns` as the columns of a curve, taken of so many bars."""
    return EquityCurve(
        time=[time_text(time) for time in times.tolist()],
        equity=[decimal_text(value) for value in columns["equity"].tolist()],
        drawdown_pct=columns["drawdown_pct"].tolist(),
        benchmark=[decimal_text(value) for value in columns["benchmark"].tolist()],
        bars=bars,
    )
