"""Technical indicators: columns in, columns of equal length out.

All take float64 columns of shape (n,) in time order, oldest first, and give new float64 columns of shape (n,), in the
unit of the input unless said, NaN before they are defined. Row i depends on rows 0..i alone, but for one thing: whether
a column lies on a decimal tick grid is asked of the whole. An off-grid value later on makes the earlier prices binary
fractions instead of decimals; they differ by 1e-16 of the price, so means by a last bit, and deviations or differences
of d by 1e-16 * price / d.

A NaN or infinity in the input is a value not known: windows that hold it give NaN, smoothed indicators start anew
after it. Lengths are whole numbers of bars, at least 1; a length beyond the column gives NaN throughout. Anything else
raises weaver.errors.BadValue, as do columns of unequal length.

There is no drift: sums are exact and rounded once (`weaver.marvin.exact`), prices on a tick grid count as the decimals
they spell. Seeds are those of TA-Lib unless said; its source (https://ta-lib.org, `ta_*.c`) is meant by "TA-Lib" below.
"""

from operator import index
from typing import NamedTuple, SupportsIndex

import numpy as np

from weaver.errors import BadValue
from weaver.market import Bars, Floats
from weaver.marvin.crossings import TIE, crossed_above, crossed_below
from weaver.marvin.exact import Reduction, exact_sums, on_one_grid, quotients, sums_over, sums_since
from weaver.marvin.smoothing import smoothed, smoothed_pairs
from weaver.marvin.windows import moving_deviation, moving_linear_mean, moving_maximum, moving_mean, moving_minimum

__all__ = [
    "ADX",
    "MACD",
    "TIE",
    "Bands",
    "Stochastic",
    "adx",
    "atr",
    "bollinger",
    "crossed_above",
    "crossed_below",
    "donchian",
    "ema",
    "macd",
    "rate_of_change",
    "rolling_high",
    "rolling_low",
    "rolling_std",
    "rolling_vwap",
    "rsi",
    "sma",
    "stochastic",
    "vwap",
    "wma",
]

FADED = 1e-250  # ticks; a smoothed move gets there after thousands of bars that stand still


class MACD(NamedTuple):
    """Columns of `macd`, in the unit of the input."""

    line: Floats
    signal: Floats
    histogram: Floats


class Bands(NamedTuple):
    """An upper, a middle and a lower column, in the unit of the input."""

    upper: Floats
    middle: Floats
    lower: Floats


class ADX(NamedTuple):
    """Columns of `adx`, all from 0 to 100."""

    adx: Floats
    plus: Floats
    minus: Floats


class Stochastic(NamedTuple):
    """Columns of `stochastic`, both from 0 to 100."""

    k: Floats
    d: Floats


def sma(values: Floats, length: int) -> Floats:
    """Return the simple moving mean, sum(last `length`) / `length`, from row length - 1 on.

    Exactly rounded: means of prices on a tick grid that are equal as fractions are equal floats, for any two lengths.
    """
    return moving_mean(_column("values", values), _length("length", length))


def wma(values: Floats, length: int) -> Floats:
    """Return the linearly weighted mean, weights `length` (newest) to 1 (oldest), from row length - 1 on.

    Exactly rounded, as `sma`.
    """
    return moving_linear_mean(_column("values", values), _length("length", length))


def ema(values: Floats, length: int) -> Floats:
    """Return the exponential moving mean, e += 2 / (length + 1) * (x - e), from row length - 1 on.

    Seed: the mean of the first `length` values, as TA-Lib (pandas' `ewm(adjust=False)` starts from the first value).
    """
    (ticks,), one = on_one_grid(_column("values", values))
    length = _length("length", length)
    return smoothed(ticks, 2 / (length + 1), seed_rows=length, seed_divisor=length) / one


def macd(values: Floats, fast: int = 12, slow: int = 26, signal: int = 9) -> MACD:
    """Return line = ema(fast) - ema(slow), signal = ema(line, signal), histogram = line - signal (Appel).

    The line is defined from row max(fast, slow) - 1 on, the others from signal - 1 rows later. Each mean has the seed
    of `ema`. TA-Lib seeds the fast one later, from the `fast` values that end with the slow one's seed, and leaves out
    the line until the signal is there; both agree to 1e-9 after some 10 times the slow length.
    """
    (ticks,), one = on_one_grid(_column("values", values))
    lengths = [_length("fast", fast), _length("slow", slow)]
    (quick, quick_rest), (calm, calm_rest) = (
        smoothed_pairs(ticks, 2 / (length + 1), seed_rows=length, seed_divisor=length) for length in lengths
    )
    line = (quick - calm) + (quick_rest - calm_rest)
    length = _length("signal", signal)
    mean = smoothed(line, 2 / (length + 1), seed_rows=length, seed_divisor=length)
    return MACD(line / one, mean / one, (line - mean) / one)


def rsi(values: Floats, length: int = 14) -> Floats:
    """Return Wilder's relative strength index, 100 * gain / (gain + loss), 0 to 100, from row `length` on.

    Gain and loss are the rises and falls from bar to bar, smoothed by g += (x - g) / length; seed: the mean of the
    first `length` of them, as TA-Lib and Wilder (New Concepts in Technical Trading Systems, 1978). Where nothing has moved
    it is 50, neither strong nor weak (TA-Lib: 0).
    """
    (ticks,), _ = on_one_grid(_column("values", values))
    length = _length("length", length)
    moves = _moves(ticks)
    gains = _wilder(np.maximum(moves, 0.0), length)
    return np.clip(_percentages(gains, gains + _wilder(np.maximum(-moves, 0.0), length), 50.0), 0.0, 100.0)


def bollinger(values: Floats, length: int = 20, width: float = 2.0) -> Bands:
    """Return sma(length) and the bands `width` standard deviations above and below, from row length - 1 on.

    The deviation is that of the population (divided by `length`), as Bollinger and TA-Lib; see `rolling_std`.
    """
    column, length = _column("values", values), _length("length", length)
    if not np.isfinite(width):
        raise BadValue("width", width, "a finite number of standard deviations")
    middle, apart = moving_mean(column, length), width * moving_deviation(column, length, 0)
    return Bands(middle + apart, middle, middle - apart)


def atr(high: Floats, low: Floats, close: Floats, length: int = 14) -> Floats:
    """Return Wilder's average true range, a += (true range - a) / length, from row `length` on.

    The true range reaches from min(low, previous close) to max(high, previous close), and is defined from row 1 on.
    Seed: the mean of the first `length` true ranges, as TA-Lib.
    """
    columns, one = on_one_grid(*_columns(high=high, low=low, close=close))
    return _wilder(_true_ranges(*columns), _length("length", length)) / one


def adx(high: Floats, low: Floats, close: Floats, length: int = 14) -> ADX:
    """Return Wilder's average directional index and the directional indicators +DI and -DI, 0 to 100.

    +DM is the rise of the high where it is positive and more than the fall of the low, else 0; -DM mirrors it.
    +DI = 100 * smoothed +DM / smoothed true range, from row `length` on; ADX is the smoothed
    100 * |+DI - -DI| / (+DI + -DI), from row 2 * length - 1 on. Seeds as TA-Lib: the sum of the first length - 1 moves
    divided by `length`; for ADX the mean of the first `length` values. Without any range or movement: 0. `length` is
    at least 2.
    """
    length = _length("length", length, least=2)
    (highs, lows, closes), _ = on_one_grid(*_columns(high=high, low=low, close=close))
    rises, falls = _moves(highs), -_moves(lows)
    ahead = np.where(np.abs(rises - falls) > TIE * np.abs(highs), rises - falls, 0.0)  # off the grid a tie differs by rounding
    ups = np.where((ahead > 0) & (rises > 0), rises, 0.0)
    downs = np.where((ahead < 0) & (falls > 0), falls, 0.0)
    ranges = _true_ranges(highs, lows, closes)
    holes = np.isnan(ranges + rises + falls)  # a NaN in any column starts all of them anew
    plus, minus, reach = (_directional(np.where(holes, np.nan, moves), length) for moves in (ups, downs, ranges))
    directions = _percentages(np.abs(plus - minus), plus + minus, 0.0)
    columns = (_wilder(directions, length), _percentages(plus, reach, 0.0), _percentages(minus, reach, 0.0))
    return ADX(*(np.clip(column, 0.0, 100.0) for column in columns))  # rounding may go past the ends by a last bit


def stochastic(high: Floats, low: Floats, close: Floats, length: int = 14, smooth: int = 3, signal: int = 3) -> Stochastic:
    """Return Lane's stochastic: %K = sma(raw, smooth) and %D = sma(%K, signal), 0 to 100.

    raw = 100 * (close - lowest) / (highest - lowest) over the last `length` bars; where these are equal, 50 (TA-Lib: 0).
    `smooth=3` gives the slow stochastic (TA-Lib STOCH with simple means), `smooth=1` the fast one (STOCHF).
    %K is defined from row length + smooth - 2 on, %D from signal - 1 rows later (TA-Lib gives %K from there too).
    """
    (highs, lows, closes), _ = on_one_grid(*_columns(high=high, low=low, close=close))
    length, smooth, signal = _length("length", length), _length("smooth", smooth), _length("signal", signal)
    lowest = moving_minimum(lows, length)
    k = moving_mean(_percentages(closes - lowest, moving_maximum(highs, length) - lowest, 50.0), smooth)
    return Stochastic(k, moving_mean(k, signal))


def vwap(bars: Bars) -> Floats:
    """Return the volume-weighted mean price since the session's first bar, sum(typical * volume) / sum(volume).

    typical = (high + low + close) / 3; sessions are `bars.sessions` (UTC days for 24/7). NaN until the session has
    volume, and from a NaN to the session's end. Each product is rounded once, its sums not at all.
    """
    rows = np.arange(len(bars))
    new = np.concatenate(([True], bars.sessions[1:] != bars.sessions[:-1]))[: len(bars)]
    return _vwap(bars, sums_since(np.maximum.accumulate(np.where(new, rows, 0))), len(bars))


def rolling_vwap(bars: Bars, length: int) -> Floats:
    """Return the volume-weighted mean of (high + low + close) / 3 over the last `length` bars, from row length - 1 on.

    NaN where these bars have no volume. Sessions play no part.
    """
    length = _length("length", length)
    prices = _vwap(bars, sums_over(length), length)
    prices[: length - 1] = np.nan
    return prices


def donchian(high: Floats, low: Floats, length: int = 20) -> Bands:
    """Return the highest high, the lowest low and the middle between them over the last `length` bars.

    The newest bar is part of the channel: for a breakout compare the close with the row before. From row length - 1 on.
    """
    (highs, lows), one = on_one_grid(*_columns(high=high, low=low))
    length = _length("length", length)
    upper, lower = moving_maximum(highs, length), moving_minimum(lows, length)
    return Bands(upper / one, (upper + lower) / (2 * one), lower / one)


def rate_of_change(values: Floats, length: int = 10) -> Floats:
    """Return 100 * (x - x `length` rows before) / x `length` rows before, in percent (5.0 = 5 %), from row `length` on.

    NaN where the earlier value is 0 (TA-Lib: 0).
    """
    (ticks,), _ = on_one_grid(_column("values", values))
    length = _length("length", length)
    changes = np.full(len(ticks), np.nan)
    changes[length:] = _percentages(ticks[length:] - ticks[:-length], ticks[:-length], np.nan)
    return changes


def rolling_high(values: Floats, length: int) -> Floats:
    """Return the largest of the last `length` values, from row length - 1 on."""
    return moving_maximum(_column("values", values), _length("length", length))


def rolling_low(values: Floats, length: int) -> Floats:
    """Return the smallest of the last `length` values, from row length - 1 on."""
    return moving_minimum(_column("values", values), _length("length", length))


def rolling_std(values: Floats, length: int, ddof: int = 0) -> Floats:
    """Return sqrt(sum((x - mean)**2) / (length - ddof)) over the last `length` values, from row length - 1 on.

    The population's by default, as TA-Lib and Bollinger; `ddof=1` gives the sample's, as pandas. A constant window
    gives exactly 0. Raises BadValue unless 0 <= ddof < length.
    """
    column, length = _column("values", values), _length("length", length)
    if isinstance(ddof, bool) or ddof not in range(length):
        raise BadValue("ddof", ddof, f"a whole number from 0 to {length - 1}, less than the length")
    return moving_deviation(column, length, int(ddof))


def _length(name: str, value: object, least: int = 1) -> int:
    if isinstance(value, SupportsIndex) and not isinstance(value, bool | np.bool_) and (length := index(value)) >= least:
        return length
    raise BadValue(name, value, f"a whole number of bars, at least {least}")


def _column(name: str, values: Floats) -> Floats:
    column = np.asarray(values, np.float64)
    if column.ndim != 1:
        raise BadValue(name, f"array of shape {column.shape}", "a column of shape (n,)")
    known = np.isfinite(column)
    return column if known.all() else np.where(known, column, np.nan)


def _columns(**named: Floats) -> tuple[Floats, ...]:
    columns = {name: _column(name, values) for name, values in named.items()}
    rows = {name: len(column) for name, column in columns.items()}
    if len(set(rows.values())) > 1:
        raise BadValue(next(iter(rows)), ", ".join(f"{name} of {count}" for name, count in rows.items()), "columns of equal length")
    return tuple(columns.values())


def _moves(values: Floats) -> Floats:
    return np.diff(values, prepend=np.nan)[: len(values)]


def _true_ranges(high: Floats, low: Floats, close: Floats) -> Floats:
    before = np.concatenate(([np.nan], close))[: len(close)]
    return np.maximum(high, before) - np.minimum(low, before)


def _wilder(values: Floats, length: int) -> Floats:
    return smoothed(values, 1 / length, seed_rows=length, seed_divisor=length)


def _directional(moves: Floats, length: int) -> Floats:
    smooth = smoothed(moves, 1 / length, seed_rows=length - 1, seed_divisor=length)
    before = np.concatenate(([np.nan], smooth))[: len(smooth)]
    return np.where(np.isnan(before), np.nan, smooth)  # the seed, of length - 1 moves, is not a value yet


def _percentages(parts: Floats, wholes: Floats, otherwise: float) -> Floats:
    """Return 100 * parts / wholes; `otherwise` where the whole is 0 or has faded to where floats lose their digits."""
    nothing = np.abs(wholes) < FADED
    return np.where(nothing, otherwise, 100.0 * parts / np.where(nothing, 1.0, wholes))


def _vwap(bars: Bars, reduce: Reduction, longest: int) -> Floats:
    (high, low, close), one = on_one_grid(*_columns(high=bars.high, low=bars.low, close=bars.close))
    (volume,), _ = on_one_grid(_column("volume", bars.volume))
    thrice = high + low + close
    holes = np.isnan(thrice + volume)
    traded, traded_rest = exact_sums(np.where(holes, 0.0, thrice * volume), reduce, longest)
    volumes, volumes_rest = exact_sums(np.where(holes, 0.0, volume), reduce, longest)
    undefined = (volumes == 0) | (reduce(holes.astype(np.int64)) > 0)
    return np.where(undefined, np.nan, quotients(traded, traded_rest, np.where(undefined, 1.0, volumes), volumes_rest)) / (3 * one)
