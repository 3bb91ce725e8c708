"""Means and deviations against fractions: no drift, ties that tie, constants that stay constant."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weaver.market import Floats
from weaver.marvin import indicators
from weaver.marvin.exact import decimal_digits
from weaver.marvin.indicators import bollinger, crossed_above, crossed_below, ema, macd, rolling_std, sma, wma

MILLION = 1_000_000
LAST_ROWS = range(MILLION - 40, MILLION)

grids = st.sampled_from([0, 2, 4, 8])
tick_columns = st.lists(st.integers(1, 40), min_size=1, max_size=60)
any_columns = st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=1, max_size=40)


def on_grid(ticks: Sequence[int], digits: int) -> Floats:
    return np.array([float(f"{tick}e-{digits}") for tick in ticks])


def exact_mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def exact_linear_mean(values: Sequence[Fraction]) -> Fraction:
    weights = range(1, len(values) + 1)
    return sum((weight * value for weight, value in zip(weights, values, strict=True)), Fraction(0)) / sum(weights)


def exact_deviation(values: Sequence[Fraction]) -> float:
    mean = exact_mean(values)
    variance = sum(((value - mean) ** 2 for value in values), Fraction(0)) / len(values)
    return float(Fraction(math.isqrt(int(variance * 10**60)), 10**30))


def a_walk(offset: float, step: float) -> Floats:
    """A million prices off any grid: a walk around `offset`, after a violent beginning that a running sum would keep."""
    random = np.random.default_rng(7)
    walk = offset + step * (np.cumsum(random.normal(size=MILLION)) + random.normal(size=MILLION))
    walk[:1000] *= 1e6
    return walk


def a_tick_walk(offset: int) -> tuple[list[int], Floats]:
    """A million prices in cents around `offset` cents, moving by a few cents."""
    random = np.random.default_rng(8)
    ticks = offset + np.cumsum(random.integers(-3, 4, MILLION))
    return ticks.tolist(), ticks / 100.0


@pytest.mark.parametrize("length", [3, 30, 200])
def test_at_bar_one_million_means_off_the_grid_are_exactly_rounded(length: int) -> None:
    values = a_walk(1e6, 0.01)
    means, linear = sma(values, length), wma(values, length)
    for row in LAST_ROWS:
        window = [Fraction(value) for value in values[row - length + 1 : row + 1].tolist()]
        assert means[row] == float(exact_mean(window))
        assert linear[row] == float(exact_linear_mean(window))


@pytest.mark.parametrize("length", [3, 30, 200])
def test_at_bar_one_million_means_of_decimals_are_exactly_rounded(length: int) -> None:
    ticks, values = a_tick_walk(100_000_000)
    means, linear = sma(values, length), wma(values, length)
    for row in LAST_ROWS:
        window = [Fraction(tick, 100) for tick in ticks[row - length + 1 : row + 1]]
        assert means[row] == float(exact_mean(window))
        assert linear[row] == float(exact_linear_mean(window))


@pytest.mark.parametrize("length", [3, 30, 200])
def test_at_bar_one_million_deviations_of_small_ticks_on_large_prices_hold_1e_12(length: int) -> None:
    ticks, values = a_tick_walk(100_000_000)
    deviations = rolling_std(values, length)
    for row in LAST_ROWS:
        window = [Fraction(tick, 100) for tick in ticks[row - length + 1 : row + 1]]
        assert deviations[row] == pytest.approx(exact_deviation(window), rel=1e-15)


@pytest.mark.parametrize("length", [3, 30, 200, 2000])
def test_at_bar_one_million_deviations_off_the_grid_hold_1e_12(length: int) -> None:
    values = a_walk(1e6, 1e-4)
    deviations = rolling_std(values, length)
    for row in LAST_ROWS:
        window = [Fraction(value) for value in values[row - length + 1 : row + 1].tolist()]
        assert deviations[row] == pytest.approx(exact_deviation(window), rel=1e-13)


def test_at_bar_one_million_exponential_means_and_their_difference_hold_1e_12() -> None:
    ticks, values = a_tick_walk(100_000_000)
    lines = macd(values)
    # What lies 1500 bars back weighs (1 - 2/27)**1500 < 1e-50, so the exact recursion may start there.
    scale = 10**60
    fast = slow = ticks[-1500] * scale
    signal = 0
    for tick in ticks[-1500:]:
        fast += 2 * (tick * scale - fast) // 13
        slow += 2 * (tick * scale - slow) // 27
        signal += 2 * (fast - slow - signal) // 10
    assert ema(values, 12)[-1] == pytest.approx(float(Fraction(fast, 100 * scale)), rel=1e-15)
    assert lines.line[-1] == pytest.approx(float(Fraction(fast - slow, 100 * scale)), rel=1e-12)
    assert lines.signal[-1] == pytest.approx(float(Fraction(signal, 100 * scale)), rel=1e-12)


@given(st.floats(1e-6, 1e9), st.integers(1, 50), st.integers(0, 30))
def test_a_constant_series_has_that_mean_and_no_deviation(value: float, length: int, more: int) -> None:
    values = np.full(length + more, value)
    for means in (sma(values, length), wma(values, length), ema(values, length), bollinger(values, length).upper):
        assert np.all(means[length - 1 :] == value)
    assert np.all(rolling_std(values, length)[length - 1 :] == 0.0)


@pytest.mark.parametrize("length", [20, 100])
def test_a_quiet_window_among_wild_ones_keeps_its_digits(length: int) -> None:
    random = np.random.default_rng(4)
    values = np.concatenate((random.normal(1e6, 1e5, 300), 1e6 + random.normal(0, 1e-5, 300)))
    deviations = rolling_std(values, length)
    for row in (length - 1, 299, 310, 450, 599):
        window = [Fraction(value) for value in values[row - length + 1 : row + 1].tolist()]
        assert deviations[row] == pytest.approx(exact_deviation(window), rel=1e-13)


def test_a_quiet_stretch_after_a_wild_one_has_exactly_no_deviation() -> None:
    values = np.concatenate((np.array([1e9, 3e-7, 12345.678]) * np.pi, np.full(30, 1 / 3)))
    assert np.all(rolling_std(values, 20)[22:] == 0.0)
    assert np.all(sma(values, 20)[22:] == 1 / 3)


@given(any_columns, st.integers(1, 12))
def test_means_are_exactly_rounded_whatever_the_values(column: list[float], length: int) -> None:
    values = np.array(column)
    decimal = decimal_digits(values) is not None
    spelled = [Fraction(repr(value) if decimal else value) for value in column]
    means, linear = sma(values, length), wma(values, length)
    for row in range(length - 1, len(column)):
        window = spelled[row - length + 1 : row + 1]
        assert means[row] == pytest.approx(float(exact_mean(window)), rel=3e-16, abs=1e-300)
        assert linear[row] == pytest.approx(float(exact_linear_mean(window)), rel=3e-16, abs=1e-300)


def test_columns_of_any_dynamic_range_are_summed_exactly() -> None:
    values = np.array([1e200, 1.0, 1e-30, -1e200, 1e-60, 3.0, 7e-40])
    assert sma(values, 4)[3] == 0.25  # (1e200 + 1 + 1e-30 - 1e200) / 4
    assert sma(values, 4)[6] == -2.5e199


@given(tick_columns, grids, st.integers(1, 8), st.integers(1, 16))
def test_means_that_tie_as_fractions_tie_as_floats(ticks: list[int], digits: int, fast: int, slow: int) -> None:
    values = on_grid(ticks, digits)
    quick, calm = sma(values, fast), sma(values, slow)
    for row in range(max(fast, slow) - 1, len(ticks)):
        difference = exact_mean([Fraction(tick) for tick in ticks[row - fast + 1 : row + 1]]) - exact_mean(
            [Fraction(tick) for tick in ticks[row - slow + 1 : row + 1]]
        )
        assert np.sign(quick[row] - calm[row]) == (difference > 0) - (difference < 0)


@given(tick_columns, grids, st.integers(1, 8), st.integers(1, 16))
def test_crosses_of_means_are_those_of_the_fractions(ticks: list[int], digits: int, fast: int, slow: int) -> None:
    values = on_grid(ticks, digits)
    quick, calm = sma(values, fast), sma(values, slow)
    sides: list[Fraction | None] = [None] * len(ticks)
    for row in range(max(fast, slow) - 1, len(ticks)):
        sides[row] = exact_mean([Fraction(tick) for tick in ticks[row - fast + 1 : row + 1]]) - exact_mean(
            [Fraction(tick) for tick in ticks[row - slow + 1 : row + 1]]
        )
    pairs = [(None, None), *pairwise(sides)]
    up = [a is not None and b is not None and a <= 0 < b for a, b in pairs]
    down = [a is not None and b is not None and a >= 0 > b for a, b in pairs]
    assert crossed_above(quick, calm).tolist() == up
    assert crossed_below(quick, calm).tolist() == down


@given(tick_columns, grids, st.integers(1, 8))
def test_deviations_that_tie_tie_as_floats(ticks: list[int], digits: int, length: int) -> None:
    values = on_grid(ticks + ticks, digits)
    deviations = rolling_std(values, length)
    for row in range(length - 1, len(ticks)):
        assert deviations[row] == deviations[row + len(ticks)]


@pytest.mark.parametrize("offset", [0, 10**13])
def test_ties_hold_after_a_million_bars_and_for_ticks_near_the_limit_of_exact_floats(offset: int) -> None:
    random = np.random.default_rng(3)
    ticks = offset + random.integers(1, 100, MILLION)
    ticks[-30:] = offset + np.array([50, 40, 60] * 10)  # the last 6 and the last 30 have one mean
    values = ticks / 100.0
    assert sma(values, 6)[-1] == sma(values, 30)[-1] == (offset + 50) / 100


def test_coarse_and_fine_crypto_prices_take_the_path_that_fits() -> None:
    """Prices of some 60000 in steps of 1e-8 span too many ticks for squares in int64."""
    random = np.random.default_rng(5)
    ticks = 6_000_000_000_000 + np.cumsum(random.integers(-(10**9), 10**9, 500))
    values = ticks / 1e8
    assert decimal_digits(values) == 8
    deviations = rolling_std(values, 20)
    for row in range(19, 500, 37):
        window = [Fraction(int(tick), 10**8) for tick in ticks[row - 19 : row + 1]]
        assert deviations[row] == pytest.approx(exact_deviation(window), rel=1e-14)


def test_long_linear_windows_over_many_digits_do_not_overflow() -> None:
    random = np.random.default_rng(6)
    values = (9 * 10**14 + random.integers(0, 10**13, 5000)) / 1e8
    window = [Fraction(value) for value in values[-4000:].tolist()]
    assert wma(values, 4000)[-1] == pytest.approx(float(exact_linear_mean(window)), rel=1e-15)


@pytest.mark.parametrize("length", [1, 2, 7, 65_535, 65_536, 65_537, 200_000])
def test_blocks_leave_no_seam(length: int) -> None:
    values = np.arange(200_000, dtype=np.float64)
    rows = values[length - 1 :]
    assert np.array_equal(sma(values, length)[length - 1 :], rows - (length - 1) / 2)
    assert np.all(np.isnan(sma(values, length)[: length - 1]))
    assert np.array_equal(indicators.rolling_high(values, length)[length - 1 :], rows)
    assert np.array_equal(indicators.rolling_low(values, length)[length - 1 :], rows - (length - 1))
    spread = math.sqrt((length * length - 1) / 12)
    np.testing.assert_allclose(rolling_std(values, length)[length - 1 :: 997], spread, rtol=1e-12)
