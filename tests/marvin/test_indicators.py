"""Indicators against TA-Lib, plain loops and their own rules."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from weaver.errors import BadValue
from weaver.market import Bars, Calendar, Floats, Timeframe
from weaver.marvin import indicators
from weaver.marvin.indicators import TIE, crossed_above, crossed_below

reference: Any = talib
ROWS = 5_000
WARM = 600  # by then (1 - 2/27)**600 of MACD's other seed is left


def rounded(column: Floats, digits: int) -> Floats:
    return np.array([round(value, digits) for value in column.tolist()])


def a_market(rows: int = ROWS, digits: int | None = None, seed: int = 11) -> Bars:
    """Bars of a random walk around 100 in ten sessions; rounded to `digits`, or off any grid."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.004, rows)))
    open_ = np.concatenate((close[:1], close[:-1])) * np.exp(random.normal(0, 0.001, rows))
    high = np.maximum(open_, close) * np.exp(random.exponential(0.003, rows))
    low = np.minimum(open_, close) * np.exp(-random.exponential(0.003, rows))
    volume = random.integers(0, 5_000, rows).astype(np.float64)
    if digits is not None:
        open_, high, low, close = (rounded(column, digits) for column in (open_, high, low, close))
    starts = np.arange(rows, dtype=np.int64) * 60_000_000
    return Bars(
        symbol="X",
        timeframe=Timeframe("1m"),
        calendar=Calendar.ALWAYS,
        starts=starts,
        ends=starts + 60_000_000,
        sessions=np.arange(rows, dtype=np.int64) * 10 // rows,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
    )


def each(columns: Floats | tuple[Floats, ...]) -> tuple[Floats, ...]:
    return columns if isinstance(columns, tuple) else (columns,)


def of_close(name: str, *lengths: int) -> Callable[[Bars], tuple[Floats, ...]]:
    def compute(bars: Bars) -> tuple[Floats, ...]:
        return each(getattr(indicators, name)(bars.close, *lengths))

    return compute


def of_ranges(name: str, *lengths: int) -> Callable[[Bars], tuple[Floats, ...]]:
    def compute(bars: Bars) -> tuple[Floats, ...]:
        return each(getattr(indicators, name)(bars.high, bars.low, bars.close, *lengths))

    return compute


EVERY_INDICATOR: dict[str, Callable[[Bars], tuple[Floats, ...]]] = {
    "sma": of_close("sma", 7),
    "ema": of_close("ema", 7),
    "wma": of_close("wma", 7),
    "rsi": of_close("rsi", 5),
    "macd": of_close("macd", 3, 7, 4),
    "bollinger": of_close("bollinger", 6),
    "rate_of_change": of_close("rate_of_change", 4),
    "rolling_high": of_close("rolling_high", 5),
    "rolling_low": of_close("rolling_low", 5),
    "rolling_std": of_close("rolling_std", 5, 1),
    "atr": of_ranges("atr", 5),
    "adx": of_ranges("adx", 5),
    "stochastic": of_ranges("stochastic", 5, 3, 2),
    "donchian": lambda bars: indicators.donchian(bars.high, bars.low, 6),
    "vwap": lambda bars: (indicators.vwap(bars),),
    "rolling_vwap": lambda bars: (indicators.rolling_vwap(bars, 6),),
}


def agree(ours: Floats, theirs: Floats, since: int = 0, absolute: float = 0.0) -> None:
    both = np.isfinite(theirs) & (np.arange(len(theirs)) >= since)
    assert both.sum() > ROWS // 2
    np.testing.assert_allclose(ours[both], theirs[both], rtol=1e-9, atol=absolute)


@pytest.fixture(params=[None, 0], ids=["off the grid", "whole prices"])
def bars(request: pytest.FixtureRequest) -> Bars:
    return a_market(digits=request.param)


def first_value(column: Floats) -> int:
    return int(np.flatnonzero(np.isfinite(column))[0])


@pytest.mark.parametrize("length", [2, 10, 100])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("sma", "SMA"), ("ema", "EMA"), ("wma", "WMA"), ("rsi", "RSI"), ("rolling_high", "MAX"), ("rolling_low", "MIN")],
)
def test_indicators_of_one_column_agree_with_talib_from_the_first_value(bars: Bars, ours: str, theirs: str, length: int) -> None:
    column, expected = getattr(indicators, ours)(bars.close, length), getattr(reference, theirs)(bars.close, length)
    assert first_value(column) == first_value(expected)
    # Whole prices stand still: TA-Lib calls an RSI without any move 0, we call it 50.
    agree(column, expected, since=length + 20, absolute=1e-9 if ours == "rsi" else 0.0)


@pytest.mark.parametrize("length", [1, 10, 100])
def test_rate_of_change_agrees_with_talib(bars: Bars, length: int) -> None:
    agree(indicators.rate_of_change(bars.close, length), reference.ROC(bars.close, length), absolute=1e-11)


@pytest.mark.parametrize("length", [5, 20, 100])
def test_deviations_and_bands_agree_with_talib(bars: Bars, length: int) -> None:
    # TA-Lib subtracts large squares, which leaves it about 1e-7 where the deviation is 0.
    agree(indicators.rolling_std(bars.close, length), reference.STDDEV(bars.close, length), absolute=1e-6)
    bands = indicators.bollinger(bars.close, length, 2.5)
    upper, middle, lower = reference.BBANDS(bars.close, length, 2.5, 2.5)
    agree(bands.upper, upper, absolute=1e-6)
    agree(bands.middle, middle)
    agree(bands.lower, lower, absolute=1e-6)


def test_deviations_off_the_grid_agree_with_talib_closely() -> None:
    close = a_market().close
    agree(indicators.rolling_std(close, 50), reference.STDDEV(close, 50))


def test_macd_agrees_with_talib_after_its_other_seed_has_faded(bars: Bars) -> None:
    ours, theirs = indicators.macd(bars.close), reference.MACD(bars.close)
    for column, expected in zip(ours, theirs, strict=True):
        agree(column, expected, since=WARM, absolute=1e-11)  # differences of means near 100
    assert [first_value(column) for column in ours] == [25, 33, 33]


@pytest.mark.parametrize("length", [2, 14, 50])
def test_true_range_and_directions_agree_with_talib_from_the_first_value(bars: Bars, length: int) -> None:
    ranges = (bars.high, bars.low, bars.close)
    column, expected = indicators.atr(*ranges, length), reference.ATR(*ranges, length)
    assert first_value(column) == first_value(expected) == length
    agree(column, expected)
    ours = indicators.adx(*ranges, length)
    theirs = (reference.ADX(*ranges, length), reference.PLUS_DI(*ranges, length), reference.MINUS_DI(*ranges, length))
    for column, expected in zip(ours, theirs, strict=True):
        assert first_value(column) == first_value(expected)
        agree(column, expected, absolute=1e-10)


def test_stochastic_agrees_with_talib(bars: Bars) -> None:
    ranges = (bars.high, bars.low, bars.close)
    slow = indicators.stochastic(*ranges, 14, 3, 4)
    for column, expected in zip(slow, reference.STOCH(*ranges, 14, 3, 0, 4, 0), strict=True):
        agree(column, expected, absolute=1e-10)
    fast = indicators.stochastic(*ranges, 14, 1, 4)
    for column, expected in zip(fast, reference.STOCHF(*ranges, 14, 4, 0), strict=True):
        agree(column, expected, absolute=1e-10)
    assert [first_value(column) for column in slow] == [15, 18]


def test_donchian_is_the_highest_and_the_lowest(bars: Bars) -> None:
    channel = indicators.donchian(bars.high, bars.low, 20)
    agree(channel.upper, reference.MAX(bars.high, 20))
    agree(channel.lower, reference.MIN(bars.low, 20))
    agree(channel.middle, reference.MIDPRICE(bars.high, bars.low, 20))


def test_session_vwap_is_the_plain_loop() -> None:
    bars = a_market(400, digits=2)
    bars.volume[40:45] = 0.0  # the second session opens without volume
    traded = volume = 0.0
    for row, price in enumerate(indicators.vwap(bars)):
        if row and bars.sessions[row] != bars.sessions[row - 1]:
            traded = volume = 0.0
        traded += bars.typical[row] * bars.volume[row]
        volume += bars.volume[row]
        assert price == pytest.approx(traded / volume if volume else np.nan, rel=1e-12, nan_ok=True)


def test_rolling_vwap_is_the_plain_loop() -> None:
    bars = a_market(300)
    column = indicators.rolling_vwap(bars, 7)
    assert np.all(np.isnan(column[:6]))
    for row in range(6, 300):
        window = slice(row - 6, row + 1)
        assert column[row] == pytest.approx(np.average(bars.typical[window], weights=bars.volume[window]), rel=1e-12)


def test_vwap_of_a_constant_price_is_that_price() -> None:
    bars = a_market(500, digits=2)
    for column in (bars.high, bars.low, bars.close):
        column[:] = 10.01
    known = ~np.isnan(indicators.vwap(bars))
    assert known.sum() > 490
    assert np.all(indicators.vwap(bars)[known] == 10.01)


def test_where_nothing_moves_strength_and_position_are_in_the_middle() -> None:
    still = np.full(40, 12.34)
    assert np.all(indicators.rsi(still, 5)[5:] == 50.0)
    assert np.all(indicators.stochastic(still, still, still, 5).k[6:] == 50.0)
    assert np.all(indicators.adx(still, still, still, 5).adx[9:] == 0.0)
    assert np.all(indicators.atr(still, still, still, 5)[5:] == 0.0)


def test_after_a_long_standstill_macd_fades_to_nothing_and_nothing_crosses() -> None:
    prices = np.concatenate((a_market(300, digits=2).close, np.full(5_000, 103.37)))
    line, signal, _ = indicators.macd(prices)
    assert abs(line[2_000]) < 1e-30
    assert not crossed_above(line, signal)[600:].any()
    assert not crossed_below(line, signal)[600:].any()
    assert not crossed_above(line, 0.0)[600:].any()


def test_an_outside_bar_of_equal_reach_moves_in_neither_direction_on_or_off_the_grid() -> None:
    high, low = np.array([10.1, 10.4, 10.7] * 6), np.array([9.9, 9.6, 9.3] * 6)  # every rise of the high is a fall of the low
    for factor in (1.0, 0.7182818):
        result = indicators.adx(high * factor, low * factor, (high + low) / 2 * factor, 3)
        assert np.all(result.plus[3:] == 0.0)
        assert np.all(result.minus[3:] == 0.0)


@pytest.mark.parametrize("name", EVERY_INDICATOR)
@pytest.mark.parametrize("digits", [2, None])
@given(rows=st.integers(1, 60))
def test_a_value_does_not_depend_on_later_rows(name: str, digits: int | None, rows: int) -> None:
    bars = a_market(60, digits=digits)
    for whole, cut in zip(EVERY_INDICATOR[name](bars), EVERY_INDICATOR[name](bars[:rows]), strict=True):
        assert len(cut) == rows
        np.testing.assert_allclose(cut, whole[:rows], rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", EVERY_INDICATOR)
def test_an_unknown_value_is_felt_while_it_is_in_reach_and_no_longer(name: str) -> None:
    bars = a_market(400, digits=2)
    whole = EVERY_INDICATOR[name](bars)
    for column in (bars.high, bars.low, bars.close):
        column[100] = np.nan
    columns = EVERY_INDICATOR[name](bars)
    for column, before in zip(columns, whole, strict=True):
        assert np.isnan(column[100])
        np.testing.assert_array_equal(column[:100], before[:100])
        assert np.all(np.isfinite(column[160:]))
        np.testing.assert_allclose(column[380:], before[380:], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", EVERY_INDICATOR)
def test_too_few_rows_give_a_column_that_is_not_defined(name: str) -> None:
    for rows in (0, 1, 2):
        for column in EVERY_INDICATOR[name](a_market(400)[:rows]):
            assert column.shape == (rows,)
            assert column.dtype == np.float64
            assert name == "vwap" or not np.isfinite(column).any()


@pytest.mark.parametrize("name", EVERY_INDICATOR)
def test_inputs_are_left_as_they_are_and_outputs_are_new(name: str) -> None:
    bars = a_market(100)
    before = [column.copy() for column in (bars.high, bars.low, bars.close, bars.volume)]
    for column in EVERY_INDICATOR[name](bars):
        column[:] = -1.0
    for column, kept in zip((bars.high, bars.low, bars.close, bars.volume), before, strict=True):
        np.testing.assert_array_equal(column, kept)


@given(st.lists(st.floats(0.01, 1e6), min_size=5, max_size=50), st.integers(1, 5))
def test_bounds_hold(prices: list[float], length: int) -> None:
    column = np.array(prices)
    low, high = indicators.rolling_low(column, length), indicators.rolling_high(column, length)
    for mean in (indicators.sma(column, length), indicators.wma(column, length)):
        assert np.all((low <= mean)[length - 1 :] & (mean <= high)[length - 1 :])
    assert np.all(indicators.rolling_std(column, length)[length - 1 :] <= (high - low)[length - 1 :])
    rsi = indicators.rsi(column, length)[length:]
    assert np.all((rsi >= 0) & (rsi <= 100))


@pytest.mark.parametrize("length", [0, -3, 2.0, 2.5, True, np.True_, "5", None])
def test_a_length_that_is_no_whole_positive_number_is_refused(length: Any) -> None:
    column = np.arange(10.0)
    with pytest.raises(BadValue, match="length"):
        indicators.sma(column, length)
    with pytest.raises(BadValue, match="length"):
        indicators.atr(column, column, column, length)
    with pytest.raises(BadValue, match="signal"):
        indicators.macd(column, 2, 3, length)


def test_a_length_may_be_a_numpy_integer() -> None:
    length: Any = np.int64(3)
    np.testing.assert_array_equal(indicators.sma(np.arange(10.0), length), indicators.sma(np.arange(10.0), 3))


def test_other_bad_values_name_the_field() -> None:
    column = np.arange(10.0)
    with pytest.raises(BadValue, match="equal length"):
        indicators.atr(column, column[1:], column, 3)
    with pytest.raises(BadValue, match="ddof"):
        indicators.rolling_std(column, 3, 3)
    with pytest.raises(BadValue, match="width"):
        indicators.bollinger(column, 3, float("nan"))
    with pytest.raises(BadValue, match="shape"):
        indicators.sma(column.reshape(2, 5), 3)
    with pytest.raises(BadValue, match="at least 2"):
        indicators.adx(column, column, column, 1)
    with pytest.raises(BadValue, match="shape"):
        crossed_above(column, column[1:])
    with pytest.raises(BadValue, match="shape"):
        crossed_above(1.0, 2.0)


def test_a_cross_goes_from_at_most_to_more() -> None:
    a, b = np.array([1.0, 2.0, 2.0, 3.0, 3.0, 2.0, 3.0, 1.0]), np.full(8, 2.0)
    assert np.flatnonzero(crossed_above(a, b)).tolist() == [3, 6]
    assert np.flatnonzero(crossed_below(a, b)).tolist() == [7]
    assert crossed_above(a, 2.0).tolist() == crossed_above(a, b).tolist()
    assert crossed_below(2.0, a).tolist() == crossed_above(a, b).tolist()


def test_a_cross_needs_both_columns_known_on_both_rows() -> None:
    a = np.array([np.nan, 3.0, 1.0, np.nan, 3.0, 1.0, np.inf, 1.0, 3.0])
    assert np.flatnonzero(crossed_above(a, 2.0)).tolist() == [8]
    assert np.flatnonzero(crossed_below(a, 2.0)).tolist() == [2, 5]
    assert crossed_above(a[:0], 2.0).tolist() == []
    assert crossed_above(a[:1], 2.0).tolist() == [False]


def test_a_difference_of_rounding_size_is_a_tie() -> None:
    level = 100.0
    noise = np.array([99.0, level * (1 + TIE / 2), level * (1 - TIE / 2), level, level * (1 + 3 * TIE), level])
    assert np.flatnonzero(crossed_above(noise, level)).tolist() == [4]
    assert not crossed_below(noise, level).any()
    assert np.flatnonzero(crossed_above(np.array([-1.0, 0.0, 1e-300]), 0.0)).tolist() == [2]
