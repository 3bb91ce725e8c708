"""The bars that every bench runs on: made here, the same on every machine."""

import numpy as np

from weaver.glados.clock import bar_columns
from weaver.market import MICROSECONDS, Bars, Calendar, Timeframe

SYMBOL = "SIM/USD"
TICK = 0.01
START = 1_577_836_800 * MICROSECONDS  # 2020-01-01T00:00Z


def minute_bars(count: int, seed: int = 7) -> Bars:
    """Return `count` one-minute bars of SIM/USD, which trades around the clock: a geometric walk on a 0.01 tick grid.

    Each bar opens at the last one's close; high and low lie up to a few ticks outside open and close.
    """
    random = np.random.default_rng(seed)
    walk = np.exp(np.cumsum(random.normal(0.0, 0.0005, count)))
    close = np.maximum(np.round(100 * walk / TICK), 100)
    opened = np.concatenate(([10_000.0], close[:-1]))
    high = np.maximum(opened, close) + random.integers(0, 6, count)
    low = np.minimum(opened, close) - random.integers(0, 6, count)
    timeframe, calendar = Timeframe("1m"), Calendar.of(SYMBOL)
    times = bar_columns(START + np.arange(count) * timeframe.microseconds, timeframe, calendar)
    return Bars(
        symbol=SYMBOL,
        timeframe=timeframe,
        calendar=calendar,
        starts=times.starts,
        ends=times.ends,
        sessions=times.sessions,
        open=opened / 100,
        high=high / 100,
        low=low / 100,
        close=close / 100,
        volume=random.integers(1, 1_000, count).astype(np.float64),
    )
