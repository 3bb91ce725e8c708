"""DataFrames in, DataFrames out: bars from a frame of prices, frames from what a run wrote."""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields

import numpy as np
import pandas as pd
import pyarrow as pa

from weaver.errors import BadData, BadValue
from weaver.glados.clock import bar_columns
from weaver.greta.records import DecisionRow, EquityColumns, FillRow, OrderRow, TradeRow
from weaver.greta.statistics import drawdown
from weaver.market import Bars, Calendar, Floats, Timeframe
from weaver.walle.checking import checked
from weaver.walle.columns import NAMES, BarColumns
from weaver.walle.reading import RawBars
from weaver.walle.times import Times, read_times

_TIME = ("timestamp", "datetime", "date", "time")
_ADJUSTED = ("adj close", "adj_close", "adjclose", "adjusted close", "adjusted_close")
_MOMENTS = ("time", "entry_time", "exit_time", "created_at", "closed_at")
_TEXTS = ("seen", "notes", "intents", "orders")


def bars_of(frame: pd.DataFrame, symbol: str, timeframe: Timeframe, calendar: Calendar, *, adjust: bool = False) -> Bars:
    """Return the bars of a frame with a DatetimeIndex, or a column timestamp|time|date|datetime, and columns open,
    high, low, close and volume, in any case. Times without a zone are UTC.

    The rules are those of an import: `adjust` takes prices and volume to those of a column "adj close"; BadValue for
    a missing column, BadData with row numbers for times or bars that cannot be.
    """
    columns = _columns(frame, symbol)
    times = _times(frame, columns, symbol)
    raw = BarColumns(starts=times.microseconds, **{name: _numbers(frame, columns[name]) for name in NAMES[1:]})
    rows = np.arange(1, len(frame) + 1, dtype=np.int64)
    adjusted = next((_numbers(frame, columns[name]) for name in _ADJUSTED if name in columns), None)
    found = RawBars(bars=raw, rows=rows, adjusted_close=adjusted, naive_times=times.naive, source=f"the data of {symbol}")
    try:
        bars = checked(found, timeframe, calendar, adjust=adjust).bars
    except BadData as problem:
        # the advice that follows is for files
        raise BadData(f"data of {symbol}: {str(problem).partition(' Nothing was stored')[0]}", rows=problem.rows) from None
    schedule = bar_columns(bars.starts, timeframe, calendar)
    return Bars(
        symbol=symbol,
        timeframe=timeframe,
        calendar=calendar,
        starts=schedule.starts,
        ends=schedule.ends,
        sessions=schedule.sessions,
        calendar_sessions=schedule.calendar_sessions,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume=bars.volume,
    )


def frame_of(
    rows: Sequence[FillRow] | Sequence[TradeRow] | Sequence[OrderRow] | Sequence[DecisionRow],
    kind: type[FillRow] | type[TradeRow] | type[OrderRow] | type[DecisionRow],
) -> pd.DataFrame:
    """Return rows as a frame with one column a field: times as UTC timestamps, JSON texts as what they hold."""
    frame = pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(kind)])
    for field in fields(kind):
        name = field.name
        if name in _MOMENTS:
            frame[name] = pd.to_datetime(frame[name].astype("Int64"), unit="us", utc=True)
        elif kind is DecisionRow and name in _TEXTS:
            frame[name] = [json.loads(text) for text in frame[name]]
        elif field.type in (float, float | None):
            frame[name] = frame[name].astype("float64")
    return frame


def equity_frame(equity: EquityColumns, initial_cash: float) -> pd.DataFrame:
    """Return equity, buy-and-hold and drawdown (points) after each bar, by the bar's start."""
    index = pd.DatetimeIndex(pd.to_datetime(equity.times, unit="us", utc=True), name="time")
    falls = drawdown(equity.equity, initial_cash)[1]
    return pd.DataFrame({"equity": equity.equity, "benchmark": equity.benchmark, "drawdown_pct": falls}, index=index)


def _columns(frame: pd.DataFrame, symbol: str) -> dict[str, object]:
    """Return the frame's own name of each column, by its lower-case name."""
    if frame.columns.nlevels > 1:
        raise BadValue("data", list(frame.columns)[:3], f"one level of columns for {symbol}; pick one symbol's, or drop a level")
    if not len(frame):
        raise BadValue("data", f"{len(frame)} rows", f"at least one bar of {symbol}")
    names: dict[str, object] = {}
    for column in frame.columns:
        lower = str(column).strip().lower()
        if lower in names and lower in {*NAMES, *_TIME}:
            raise BadValue("data", str(column), f"the column '{lower}' of {symbol} once")
        names.setdefault(lower, column)
    missing = [name for name in NAMES[1:] if name not in names]
    if missing:
        raise BadValue("data", [str(column) for column in frame.columns], f"a column {', '.join(missing)} as well")
    return names


def _times(frame: pd.DataFrame, columns: dict[str, object], symbol: str) -> Times:
    name = next((name for name in _TIME if name in columns), None)
    if name is None and not isinstance(frame.index, pd.DatetimeIndex):
        raise BadValue("data", type(frame.index).__name__, f"a DatetimeIndex or a column {'|'.join(_TIME)} for {symbol}")
    values = frame.index.to_series() if name is None else frame[columns[name]]
    try:
        column = pa.chunked_array([pa.Array.from_pandas(values)])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as problem:
        raise BadData(f"data of {symbol}: its times cannot be read: {problem}") from None
    return read_times(column, np.arange(1, len(frame) + 1, dtype=np.int64), name or "index")


def _numbers(frame: pd.DataFrame, column: object) -> Floats:
    return pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
