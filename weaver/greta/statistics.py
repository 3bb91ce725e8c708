"""Measures a run: return, risk and trades, from its equity after every bar.

Percentages are points (5.0 = 5 %). What is not defined is None, never 0, NaN or infinity. Formulas and their
sources are in docs/backtest-rules.md.
"""

import math
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from weaver.market import DAY, Floats, Ints

# A difference this small beside the values it comes from is what float64 arithmetic leaves of equal numbers.
_ROUNDING = 1e-12
_RETURN_ROUNDING = 1e-14
_LARGEST_GROWTH = 1e100  # beyond it squares of returns no longer fit a float


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a run came to. Money in quote currency; `alpha` a yearly fraction; `beta` and ratios plain numbers."""

    final_equity: float | None
    total_return: float | None
    total_return_pct: float | None
    annualized_return: float | None
    annualized_volatility: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    max_drawdown: float | None
    max_drawdown_pct: float | None
    max_drawdown_duration_days: float | None
    exposure_pct: float | None
    total_bars: int
    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: float | None
    avg_win: float | None
    avg_loss: float | None
    profit_factor: float | None
    expectancy: float | None
    total_commission: float
    total_slippage: float
    benchmark_return_pct: float | None
    alpha: float | None
    beta: float | None

    def to_dict(self) -> dict[str, float | int | None]:
        """Return the values by name, in the order of the fields."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class MonthlyReturn(NamedTuple):
    """The return of one UTC month in points."""

    year: int
    month: int
    return_pct: float


def statistics(
    *,
    times: Ints,
    equity: Floats,
    benchmark: Floats,
    initial_cash: float,
    periods_per_year: int,
    pnls: Floats,
    exposed_bars: int,
    total_commission: float,
    total_slippage: float,
) -> Statistics:
    """Return the statistics of a run.

    `times` are bar starts in UTC microseconds, ascending; `equity` and `benchmark` the worth after each of those
    bars; `pnls` one number a closed trade; `exposed_bars` how many bars ended with a position. Daily figures use
    the last equity of each UTC day. Without a bar everything but the counts and totals is None.
    """
    last_of_day = _last_of_each(times // DAY)
    daily = equity[last_of_day]
    returns = _returns(daily)
    benchmark_returns = _returns(benchmark[last_of_day])
    beta = _beta(returns, benchmark_returns)
    annualized = None if returns is None else _annualized_return(daily, periods_per_year)
    deviation = _deviation(returns)
    money, points = drawdown(equity, initial_cash)
    deepest = _lowest(points)
    wins, losses = pnls[pnls > 0], pnls[pnls < 0]
    bars, trades = len(equity), len(pnls)
    final = float(equity[-1]) if bars else None
    return Statistics(
        final_equity=final,
        total_return=None if final is None else final - initial_cash,
        total_return_pct=_change_pct(equity, initial_cash),
        annualized_return=annualized,
        annualized_volatility=None if deviation is None else 100 * deviation * math.sqrt(periods_per_year),
        sharpe_ratio=_mean_over(deviation, returns, periods_per_year),
        sortino_ratio=_mean_over(_downside_deviation(returns), returns, periods_per_year),
        calmar_ratio=_quotient(annualized, None if deepest is None else -deepest),
        max_drawdown=_lowest(money),
        max_drawdown_pct=deepest,
        max_drawdown_duration_days=_longest_drawdown_days(times, points),
        exposure_pct=_quotient(100.0 * exposed_bars, float(bars)),
        total_bars=bars,
        total_trades=trades,
        winning_trades=len(wins),
        losing_trades=len(losses),
        win_rate=_quotient(100.0 * len(wins), float(trades)),
        avg_win=_mean(wins),
        avg_loss=_mean(losses),
        profit_factor=_quotient(float(np.sum(wins)), -float(np.sum(losses))),
        expectancy=_mean(pnls),
        total_commission=total_commission,
        total_slippage=total_slippage,
        benchmark_return_pct=_change_pct(benchmark, initial_cash),
        alpha=_alpha(returns, benchmark_returns, beta, periods_per_year),
        beta=beta,
    )


def drawdown(equity: Floats, initial_cash: float) -> tuple[Floats, Floats]:
    """Return how far each bar's equity is below the running peak: in money and in points of that peak, both ≤ 0.

    The peak starts at `initial_cash` (> 0). A fall of less than 1e-12 of the peak is rounding and counts as none.
    """
    peaks = np.maximum(np.maximum.accumulate(equity), initial_cash)
    money = np.where(equity < peaks * (1 - _ROUNDING), equity - peaks, 0.0)
    return money, 100 * (money / peaks)


def monthly_returns(times: Ints, equity: Floats, initial_cash: float) -> list[MonthlyReturn]:
    """Return the return of each UTC month with a bar, in time order: its last equity against the month's before,
    the first against `initial_cash`. A month that starts without equity above 0 has no return and no row."""
    months = times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    last = _last_of_each(months)
    before = initial_cash
    rows: list[MonthlyReturn] = []
    for month, worth in zip(months[last].tolist(), equity[last].tolist(), strict=True):
        if before > 0:
            rows.append(MonthlyReturn(1970 + month // 12, month % 12 + 1, 100 * (worth / before - 1)))
        before = worth
    return rows


def _last_of_each(groups: Ints) -> Ints:
    """Return the row of the last member of each run of equal numbers."""
    if not len(groups):
        return np.zeros(0, dtype=np.int64)
    return np.append(np.flatnonzero(np.diff(groups)), len(groups) - 1)


def _returns(daily: Floats) -> Floats | None:
    """Return the simple returns between successive days; None when the account was ever worth nothing or less."""
    if not len(daily):
        return daily
    least, most = float(np.min(daily)), float(np.max(daily))
    if not (least > 0 and most < math.inf and most <= least * _LARGEST_GROWTH):
        return None
    return daily[1:] / daily[:-1] - 1


def _annualized_return(daily: Floats, periods_per_year: int) -> float | None:
    if len(daily) < 2:
        return None
    growth = math.log(daily[-1] / daily[0]) * periods_per_year / (len(daily) - 1)
    return 100 * math.expm1(growth) if growth < 700 else None  # e^710 no longer fits a float


def _deviation(returns: Floats | None) -> float | None:
    """Return the sample standard deviation, 0 when all returns are equal up to rounding; None for fewer than two."""
    if returns is None or len(returns) < 2:
        return None
    deviation = float(np.std(returns, ddof=1))
    return deviation if deviation > _RETURN_ROUNDING * (1 + abs(float(np.mean(returns)))) else 0.0


def _downside_deviation(returns: Floats | None) -> float | None:
    if returns is None or len(returns) < 2:
        return None
    deviation = math.sqrt(float(np.mean(np.square(np.minimum(returns, 0)))))
    return deviation if deviation > _RETURN_ROUNDING else 0.0


def _mean_over(deviation: float | None, returns: Floats | None, periods_per_year: int) -> float | None:
    """Return the mean return over a deviation, annualised."""
    ratio = None if returns is None else _quotient(_mean(returns), deviation)
    return None if ratio is None else ratio * math.sqrt(periods_per_year)


def _beta(returns: Floats | None, benchmark: Floats | None) -> float | None:
    if returns is None or benchmark is None or not _deviation(benchmark):
        return None
    benchmark_off = benchmark - np.mean(benchmark)
    return float(np.sum((returns - np.mean(returns)) * benchmark_off) / np.sum(np.square(benchmark_off)))


def _alpha(returns: Floats | None, benchmark: Floats | None, beta: float | None, periods_per_year: int) -> float | None:
    if returns is None or benchmark is None or beta is None:
        return None
    growth = 1 + float(np.mean(returns - beta * benchmark))
    if growth <= 0:
        return None
    growth = math.log(growth) * periods_per_year
    return math.expm1(growth) if growth < 700 else None


def _longest_drawdown_days(times: Ints, points: Floats) -> float | None:
    """Return the days from the last bar at a peak to the first bar back at it, or to the last bar; the longest."""
    if not len(times):
        return None
    under = np.concatenate(([False], points < 0, [False])).astype(np.int8)  # the initial cash stands before the first bar
    steps = np.diff(under)
    # a fall from row f began at row f-1 (at the first bar's start for the initial cash) and ended at the row that is back
    peaks = np.maximum(np.flatnonzero(steps == 1) - 1, 0)
    backs = np.minimum(np.flatnonzero(steps == -1), len(times) - 1)
    return float(np.max(times[backs] - times[peaks], initial=0)) / DAY


def _change_pct(worth: Floats, initial_cash: float) -> float | None:
    if not len(worth) or not math.isfinite(worth[-1]):
        return None
    return 100 * (float(worth[-1]) / initial_cash - 1)


def _lowest(values: Floats) -> float | None:
    return float(np.min(values)) if len(values) else None


def _mean(values: Floats) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _quotient(above: float | None, below: float | None) -> float | None:
    """Return above / below; None when either is absent, or `below` is 0 or so small that the quotient is no number."""
    if above is None or not below:
        return None
    quotient = above / below
    return quotient if math.isfinite(quotient) else None
