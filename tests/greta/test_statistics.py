"""Statistics against an independent library, against numbers worked by hand, and for any series."""

import math
from dataclasses import asdict
from typing import Any

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from weaver.greta.statistics import MonthlyReturn, Statistics, drawdown, monthly_returns, statistics
from weaver.market import DAY, Floats

HOUR = DAY // 24
NAMES = [
    "final_equity",
    "total_return",
    "total_return_pct",
    "annualized_return",
    "annualized_volatility",
    "sharpe_ratio",
    "sortino_ratio",
    "calmar_ratio",
    "max_drawdown",
    "max_drawdown_pct",
    "max_drawdown_duration_days",
    "exposure_pct",
    "total_bars",
    "total_trades",
    "winning_trades",
    "losing_trades",
    "win_rate",
    "avg_win",
    "avg_loss",
    "profit_factor",
    "expectancy",
    "total_commission",
    "total_slippage",
    "benchmark_return_pct",
    "alpha",
    "beta",
]


def measured(
    equity: ArrayLike,
    *,
    times: ArrayLike | None = None,
    benchmark: ArrayLike | None = None,
    cash: float = 100.0,
    periods: int = 252,
    pnls: list[float] | None = None,
    exposed: int = 0,
) -> Statistics:
    worth = np.asarray(equity, dtype=np.float64)
    return statistics(
        times=np.arange(len(worth)) * DAY if times is None else np.asarray(times, dtype=np.int64),
        equity=worth,
        benchmark=np.full(len(worth), cash) if benchmark is None else np.asarray(benchmark, dtype=np.float64),
        initial_cash=cash,
        periods_per_year=periods,
        pnls=np.asarray(pnls or [], dtype=np.float64),
        exposed_bars=exposed,
        total_commission=0.0,
        total_slippage=0.0,
    )


def a_walk(seed: int, days: int, *, drift: float = 0.0003, spread: float = 0.012) -> Floats:
    return np.asarray(100 * np.cumprod(1 + np.random.default_rng(seed).normal(drift, spread, days)), dtype=np.float64)


def test_the_names_are_these_in_this_order():
    assert list(measured([100.0]).to_dict()) == NAMES
    assert list(asdict(measured([100.0]))) == NAMES


@pytest.mark.parametrize("periods", [252, 365])
@pytest.mark.parametrize("seed", range(5))
def test_daily_figures_agree_with_empyrical(seed: int, periods: int):
    equity, benchmark = a_walk(seed, 400), a_walk(seed + 100, 400)
    benchmark = benchmark * 0.4 + equity * 0.6  # so that beta is not near 0
    got = measured(equity, benchmark=benchmark, cash=float(equity[0]), periods=periods)
    returns, factor = np.diff(equity) / equity[:-1], np.diff(benchmark) / benchmark[:-1]
    alpha, beta = empyrical.alpha_beta_aligned(returns, factor, annualization=periods)
    expected = {
        "annualized_return": 100 * empyrical.annual_return(returns, annualization=periods),
        "annualized_volatility": 100 * empyrical.annual_volatility(returns, annualization=periods),
        "sharpe_ratio": empyrical.sharpe_ratio(returns, annualization=periods),
        "sortino_ratio": empyrical.sortino_ratio(returns, annualization=periods),
        "calmar_ratio": empyrical.calmar_ratio(returns, annualization=periods),
        "max_drawdown_pct": 100 * empyrical.max_drawdown(returns),
        "total_return_pct": 100 * empyrical.cum_returns_final(returns),
        "alpha": alpha,
        "beta": beta,
    }
    for name, value in expected.items():
        assert getattr(got, name) == pytest.approx(float(np.asarray(value)), rel=1e-9), name


def test_a_day_is_worth_its_last_bar_and_the_first_return_is_the_second_days():
    # days end at 110, 99, 108.9; the values within the days play no part
    # returns: 99/110 - 1 = -0.1 and 108.9/99 - 1 = +0.1; n = 2, mean 0
    # two returns of 252 a year, from 110 to 108.9: growth of 0.99^126
    # deviation: sqrt((0.01 + 0.01) / 1) = 0.141421...; volatility 14.1421... * sqrt(252)
    times = [0, 23 * HOUR, DAY, DAY + HOUR, 2 * DAY, 2 * DAY + 5 * HOUR]
    got = measured([100, 110, 50, 99, 120, 108.9], times=times)
    assert got.annualized_return == pytest.approx(100 * (0.99**126 - 1))
    assert got.annualized_volatility == pytest.approx(100 * math.sqrt(0.02) * math.sqrt(252))
    assert got.sharpe_ratio == pytest.approx(0, abs=1e-12)
    assert got.total_bars == 6


def test_sortino_takes_the_downside_over_all_returns():
    # returns +10 %, -10 %, +20 %: mean 0.2/3; downside sqrt(0.01/3)
    # (0.2/3) / sqrt(0.01/3) = 1.154700...; times sqrt(365)
    got = measured([100, 110, 99, 118.8], periods=365)
    assert got.sortino_ratio == pytest.approx(0.2 / 3 / math.sqrt(0.01 / 3) * math.sqrt(365))


def test_a_drawdown_is_against_the_running_peak_of_every_bar():
    # peaks 100 (cash), 100, 120, 120, 120, 150, 150; falls 10, 0, 24, 12 (of 120), 0, 30 (of 150)
    # money: the deepest is 30; points: -10, -20, -20 -> both 24/120 and 30/150 are 20 %
    equity = np.array([90.0, 120, 96, 108, 150, 120])
    money, points = drawdown(equity, 100)
    assert money.tolist() == [-10, 0, -24, -12, 0, -30]
    assert points.tolist() == pytest.approx([-10, 0, -20, -10, 0, -20])
    got = measured(equity)
    assert (got.max_drawdown, got.max_drawdown_pct) == (-30, pytest.approx(-20))


def test_the_initial_cash_is_a_peak():
    # 100 in cash, 95 after the first bar, never back: 5 lost, from the first bar's start to the last bar
    got = measured([95.0, 96, 97])
    assert (got.max_drawdown, got.max_drawdown_pct, got.max_drawdown_duration_days) == (-5, -5, 2)


def test_a_drawdown_lasts_from_the_last_bar_at_the_peak_to_the_bar_that_is_back():
    # the peak of 110 stands on days 1 and 2; below on 3 and 4; back, exactly, on 5: from 2 to 5
    assert measured([100, 110, 110, 105, 109, 110, 111]).max_drawdown_duration_days == 3
    # from hour 0 to hour 6 of one day: a quarter of a day
    assert measured([100, 99, 101], times=[0, 3 * HOUR, 6 * HOUR]).max_drawdown_duration_days == 0.25
    # days 0-2 are back; days 3-6 never: the end counts, from 3 to 6
    assert measured([100, 99, 100, 120, 90, 91, 92]).max_drawdown_duration_days == 3


def test_a_run_without_a_fall_has_a_drawdown_of_zero_and_no_calmar():
    got = measured([100, 101, 102])
    assert (got.max_drawdown, got.max_drawdown_pct, got.max_drawdown_duration_days) == (0, 0, 0)
    assert math.copysign(1, got.max_drawdown or 0) == 1
    assert got.calmar_ratio is None


def test_a_fall_of_one_rounding_step_is_none():
    got = measured([100, math.nextafter(100, 0), 100])
    assert (got.max_drawdown, got.max_drawdown_duration_days) == (0, 0)


def test_trades_are_counted_by_the_sign_of_their_result():
    # 2 wins (30, 10), 1 loss (-20), 1 at zero: 50 % won; factor 40/20; expectancy 20/4
    got = measured([100.0], pnls=[30, -20, 10, 0])
    assert (got.total_trades, got.winning_trades, got.losing_trades, got.win_rate) == (4, 2, 1, 50)
    assert (got.avg_win, got.avg_loss, got.profit_factor, got.expectancy) == (20, -20, 2, 5)


def test_without_a_losing_trade_the_profit_factor_is_undefined_and_without_a_winning_one_it_is_zero():
    winner, loser = measured([100.0], pnls=[5]), measured([100.0], pnls=[-5])
    assert (winner.profit_factor, winner.avg_loss) == (None, None)
    assert (loser.profit_factor, loser.avg_win, loser.win_rate) == (0, None, 0)


def test_without_a_trade_the_trade_figures_are_undefined():
    got = measured([100.0])
    assert (got.total_trades, got.winning_trades, got.losing_trades) == (0, 0, 0)
    assert (got.win_rate, got.avg_win, got.avg_loss, got.profit_factor, got.expectancy) == (None,) * 5


def test_exposure_is_points_of_the_bars():
    assert measured([100.0] * 8, exposed=3).exposure_pct == 37.5


def test_the_benchmark_is_against_the_initial_cash_and_beta_scales_with_it():
    # the run moves exactly half as much as the benchmark every day: beta 0.5, and nothing beyond it: alpha 0
    moves = np.array([0.02, -0.01, 0.03, -0.02])
    benchmark = 100 * np.cumprod(np.append(1, 1 + moves))
    equity = 100 * np.cumprod(np.append(1, 1 + moves / 2))
    got = measured(equity, benchmark=benchmark)
    assert got.benchmark_return_pct == pytest.approx(100 * (1.02 * 0.99 * 1.03 * 0.98 - 1))
    assert got.beta == pytest.approx(0.5)
    assert got.alpha == pytest.approx(0, abs=1e-12)


def test_alpha_is_what_beta_leaves_compounded_over_a_year():
    # the run is the benchmark plus 0.1 % a day: beta 1, alpha 1.001^252 - 1
    moves = np.array([0.02, -0.01, 0.03, -0.02])
    got = measured(100 * np.cumprod(np.append(1, 1.001 + moves)), benchmark=100 * np.cumprod(np.append(1, 1 + moves)))
    assert got.beta == pytest.approx(1)
    assert got.alpha == pytest.approx(1.001**252 - 1)


@pytest.mark.parametrize("growth", [0.0, 0.01, -0.01, 0.1 / 3])
def test_equal_returns_have_no_sharpe_whatever_rounding_leaves_of_them(growth: float):
    got = measured(100 * np.power(1 + growth, np.arange(50)), benchmark=100 * np.power(1.001, np.arange(50)))
    assert got.annualized_volatility == 0
    assert (got.sharpe_ratio, got.alpha, got.beta) == (None, None, None)
    if growth >= 0:
        assert got.sortino_ratio is None


def test_an_account_that_was_wiped_out_has_no_ratios_but_its_losses_are_told():
    got = measured([100, 50, -20, 10], benchmark=[100, 101, 99, 103])
    assert (got.final_equity, got.total_return, got.total_return_pct) == (10, -90, -90)
    assert (got.max_drawdown, got.max_drawdown_pct) == (-120, -120)
    assert (got.annualized_return, got.annualized_volatility, got.sharpe_ratio, got.sortino_ratio) == (None,) * 4
    assert (got.calmar_ratio, got.alpha, got.beta) == (None, None, None)


def test_one_day_has_no_daily_figures_and_two_have_no_deviation():
    one, two = measured([100.0]), measured([100.0, 101.0], benchmark=[100.0, 102.0])
    assert (one.annualized_return, one.sharpe_ratio, one.beta) == (None, None, None)
    assert two.annualized_return == pytest.approx(100 * (1.01**252 - 1))
    assert (two.annualized_volatility, two.sharpe_ratio, two.sortino_ratio, two.alpha, two.beta) == (None,) * 5


def test_growth_beyond_what_squares_in_a_float_has_no_ratios():
    got = measured([5e-324, 100.0, 101.0], benchmark=[100.0, 101.0, 103.0])
    assert (got.annualized_return, got.sharpe_ratio, got.sortino_ratio, got.beta) == (None,) * 4


def test_growth_beyond_a_float_is_undefined():
    assert measured([100.0, 100_000.0]).annualized_return is None  # 1000^252


def test_a_run_without_bars_has_counts_only():
    counts = {"total_bars", "total_trades", "winning_trades", "losing_trades", "total_commission", "total_slippage"}
    got = measured([]).to_dict()
    assert {name for name, value in got.items() if value is not None} == counts
    assert all(got[name] == 0 for name in counts)


def test_a_month_is_measured_against_the_one_before_and_the_first_against_the_cash():
    # 1970-01-30 100 -> 110 on the 31st; February ends at 99; no bar in March; April at 198
    times = np.array([29, 30, 31, 58, 90]) * DAY
    rows = monthly_returns(times, np.array([105.0, 110, 100, 99, 198]), 100)
    assert [(year, month) for year, month, _ in rows] == [(1970, 1), (1970, 2), (1970, 4)]
    assert [value for *_, value in rows] == pytest.approx([10, -10, 100])


def test_a_month_that_starts_with_nothing_has_no_return():
    rows = monthly_returns(np.array([0, 40, 70]) * DAY, np.array([0.0, 10, 20]), 100)
    assert rows == [MonthlyReturn(1970, 1, -100), MonthlyReturn(1970, 3, 100)]
    assert monthly_returns(np.zeros(0, dtype=np.int64), np.zeros(0), 100) == []


def test_a_quotient_too_large_for_a_number_is_undefined():
    assert measured([], pnls=[1.0, -2.2250738585e-313]).profit_factor is None


worths = st.lists(st.floats(-1e3, 1e9, allow_nan=False), max_size=40)


@given(worths, st.lists(st.floats(-1e6, 1e6, allow_nan=False), max_size=20), st.data())
def test_whatever_the_series_nothing_is_nan_or_infinite_and_the_signs_hold(equity: list[float], pnls: list[float], data: st.DataObject):
    size = len(equity)
    benchmark = data.draw(st.lists(st.floats(1e-3, 1e9, allow_nan=False), min_size=size, max_size=size))
    gaps = data.draw(st.lists(st.integers(0, 3 * DAY), min_size=size, max_size=size))
    times = np.cumsum(np.asarray(gaps, dtype=np.int64))
    got = measured(equity, times=times, benchmark=benchmark, pnls=pnls, exposed=size)
    assert all(value is None or math.isfinite(value) for value in got.to_dict().values())
    assert got.winning_trades + got.losing_trades <= got.total_trades == len(pnls)
    if not size:
        return
    assert got.max_drawdown is not None
    assert got.max_drawdown <= 0
    assert got.max_drawdown_pct is not None
    assert got.max_drawdown_pct <= 0
    assert got.max_drawdown_duration_days is not None
    assert 0 <= got.max_drawdown_duration_days <= (times[-1] - times[0]) / DAY
    assert (got.max_drawdown == 0) == (got.max_drawdown_pct == 0)
    assert got == measured(equity, times=times, benchmark=benchmark, pnls=pnls, exposed=size)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=40), st.sampled_from([0.5, 2.0, 1024.0]))
def test_ratios_do_not_depend_on_the_unit_of_money(equity: list[float], scale: float):
    def ratios(factor: float) -> list[Any]:
        got = measured(np.asarray(equity) * factor, cash=100 * factor)
        return [getattr(got, name) for name in NAMES if name.endswith(("_ratio", "_pct", "_days")) or name.startswith("annualized")]

    assert ratios(1) == ratios(scale)  # exactly: a power of two changes no digit


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=60))
def test_monthly_returns_compound_to_the_total_return(equity: list[float]):
    times = np.arange(len(equity)) * 9 * DAY
    product = math.prod(1 + value / 100 for *_, value in monthly_returns(times, np.asarray(equity), 100))
    assert 100 * product == pytest.approx(equity[-1], rel=1e-6, abs=1e-6)
