"""How long does each indicator take on a million bars, beside one cumulative sum of as many numbers?"""

from collections.abc import Callable

import numpy as np

from bench.bars import minute_bars
from bench.interleaved import interleave
from bench.verdict import Verdict
from weaver.market import Bars
from weaver.marvin.indicators import (
    adx,
    atr,
    bollinger,
    crossed_above,
    donchian,
    ema,
    macd,
    rate_of_change,
    rolling_high,
    rolling_std,
    rolling_vwap,
    rsi,
    sma,
    stochastic,
    vwap,
    wma,
)

BARS = 1_000_000
REPEATS = 5
YARDSTICK = "numpy cumsum"


def run() -> list[Verdict]:
    """Print milliseconds and ratios. No target hangs on them: what they cost counts in the engine's."""
    times = interleave(_contenders(minute_bars(BARS)), REPEATS)
    for name, taken in times.items():
        ratio = taken.middle / times[YARDSTICK].middle
        print(f"{name:24} min {taken.best * 1e3:7.1f} ms  median {taken.middle * 1e3:7.1f} ms  {ratio:6.1f} x {YARDSTICK}")
    return []


def _contenders(bars: Bars) -> dict[str, Callable[[], object]]:
    close = bars.close
    fast, slow = sma(close, 10), sma(close, 30)
    return {
        YARDSTICK: lambda: np.cumsum(close),
        "sma(30)": lambda: sma(close, 30),
        "wma(30)": lambda: wma(close, 30),
        "ema(30)": lambda: ema(close, 30),
        "macd(12, 26, 9)": lambda: macd(close),
        "rsi(14)": lambda: rsi(close),
        "bollinger(20)": lambda: bollinger(close),
        "atr(14)": lambda: atr(bars.high, bars.low, close),
        "adx(14)": lambda: adx(bars.high, bars.low, close),
        "stochastic(14, 3, 3)": lambda: stochastic(bars.high, bars.low, close),
        "vwap": lambda: vwap(bars),
        "rolling_vwap(30)": lambda: rolling_vwap(bars, 30),
        "donchian(20)": lambda: donchian(bars.high, bars.low),
        "rate_of_change(10)": lambda: rate_of_change(close),
        "rolling_high(20)": lambda: rolling_high(close, 20),
        "rolling_std(20)": lambda: rolling_std(close, 20),
        "crossed_above": lambda: crossed_above(fast, slow),
    }
