"""What a whole run comes to: statistics, counts and the digest by which two results are told apart."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from weaver.greta.records import FillRow, TradeRow, Window
from weaver.greta.state import EngineState
from weaver.greta.statistics import Statistics, statistics
from weaver.market import Calendar, Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Statistics and digest of a run, and how many of each thing it has (`open_orders` still work at its end)."""

    statistics: Statistics
    digest: str
    bars: int
    orders: int
    fills: int
    trades: int


def summarise(windows: Sequence[Window], state: EngineState, *, initial_cash: float, calendar: Calendar) -> Outcome:
    """Measure a run from all its windows in order and the state after the last one.

    The digest is SHA-256 over fills, trades, equity and statistics alone, so it neither depends on how the run was
    cut into windows nor on its id.
    """
    times = _joined([window.equity.times for window in windows], np.int64)
    equity = _joined([window.equity.equity for window in windows], np.float64)
    benchmark = _joined([window.equity.benchmark for window in windows], np.float64)
    fills = [fill for window in windows for fill in window.fills]
    trades = [trade for window in windows for trade in window.trades]
    measured = statistics(
        times=times,
        equity=equity,
        benchmark=benchmark,
        initial_cash=initial_cash,
        periods_per_year=calendar.periods_per_year,
        pnls=np.array([trade.pnl for trade in trades], dtype=np.float64),
        exposed_bars=state.totals.exposed_steps,
        total_commission=state.totals.commission,
        total_slippage=state.totals.slippage,
    )
    return Outcome(
        statistics=measured,
        digest=_digest(fills, trades, times, equity, measured),
        bars=len(times),
        orders=state.totals.orders + len(state.orders),
        fills=len(fills),
        trades=len(trades),
    )


def _joined(parts: list[Floats] | list[Ints], dtype: type[np.int64] | type[np.float64]) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype), *parts])


def _digest(fills: Sequence[FillRow], trades: Sequence[TradeRow], times: Ints, equity: Floats, measured: Statistics) -> str:
    total = hashlib.sha256()
    for name, rows, row_type in (("fills", fills, FillRow), ("trades", trades, TradeRow)):
        total.update(f"{name}:{len(rows)}\n".encode())
        for field in fields(row_type):
            total.update(_column([getattr(row, field.name) for row in rows]))
    total.update(b"equity\n")
    total.update(_column(times))
    total.update(_column(equity))
    total.update(json.dumps(asdict(measured), sort_keys=True).encode())
    return total.hexdigest()


def _column(values: Sequence[object] | Floats | Ints) -> bytes:
    """Return a column's bytes: little-endian numbers, or texts by line."""
    if len(values) and isinstance(values[0], str):
        return "\n".join(str(value) for value in values).encode()
    array = np.asarray(values)
    return np.ascontiguousarray(array, "<i8" if array.dtype.kind == "i" else "<f8").tobytes()
