"""Builders of records."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from weaver.glados.runs import RunStatus
from weaver.walle.model import Counts, EventRecord, RunRecord, StoredResult

NOON = datetime(2024, 1, 2, 12, 0, 0, 123_456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def a_run(run_id: str = "run-1", **changes: Any) -> RunRecord:
    run = RunRecord(
        id=run_id,
        strategy="sma-cross",
        strategy_sha256="ab" * 32,
        mode="backtest",
        status=RunStatus.PENDING,
        symbols=("AAPL", "BTC/USD"),
        timeframe="1d",
        params={"fast": 10, "threshold": 1e22, "quantity": "1.50"},
        config={"strategy": "sma-cross", "symbols": ["AAPL", "BTC/USD"], "start": None},
        bars_total=100,
        created_at=NOON,
        updated_at=NOON,
        tags=("first", "é"),
        temporal_run_id="11111111",
    )
    return replace(run, **changes)


def a_result(run_id: str = "run-1", **changes: Any) -> StoredResult:
    result = StoredResult(
        run_id=run_id,
        result_digest="cd" * 32,
        provenance={"strategy_sha256": "ab" * 32, "costs": {"commission_bps": "10"}},
        start_time=NOON - 100 * SECOND,
        end_time=NOON,
        timeframe="1d",
        symbols=("AAPL", "BTC/USD"),
        final_equity=Decimal("123456789012345678.000000000000000001"),
        counts=Counts(bars=100, windows=1, orders=4, fills=3, trades=1),
        duration_ms=5,
        stats={"sharpe_ratio": 0.1 + 0.2, "total_trades": 3, "sortino_ratio": None},
    )
    return replace(result, **changes)


def an_event(position: int, run_id: str = "run-1", **changes: Any) -> EventRecord:
    event = EventRecord(
        id=f"11111111-{position}",
        type="data.WindowReady",
        run_id=run_id,
        position=position,
        corr_id=run_id,
        ts=NOON + position * SECOND,
        producer="workflow",
        payload={"bars": position},
    )
    return replace(event, **changes)
