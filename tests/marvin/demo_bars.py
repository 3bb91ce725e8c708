"""The demo prices as bars, adjusted for splits and dividends."""

from functools import cache

import numpy as np
import pyarrow.parquet as pq

from weaver.demo import demo_files
from weaver.glados.clock import bar_columns
from weaver.market import DAY, Bars, Calendar, Timeframe

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")


@cache
def demo_bars(symbol: str) -> Bars:
    """Return all daily bars of a demo symbol: four prices times adj close / close, volume divided by it."""
    table = pq.read_table(demo_files()[symbol])
    columns = {name: table[name].to_numpy().astype(np.float64) for name in ("open", "high", "low", "close", "volume", "adj close")}
    factor = columns["adj close"] / columns["close"]
    daily = Timeframe("1d")
    times = bar_columns(table["date"].to_numpy().astype("datetime64[D]").astype(np.int64) * DAY, daily, Calendar.XNYS)
    return Bars(
        symbol=symbol,
        timeframe=daily,
        calendar=Calendar.XNYS,
        starts=times.starts,
        ends=times.ends,
        sessions=times.sessions,
        open=columns["open"] * factor,
        high=columns["high"] * factor,
        low=columns["low"] * factor,
        close=columns["close"] * factor,
        volume=columns["volume"] / factor,
        calendar_sessions=times.calendar_sessions,
    )
