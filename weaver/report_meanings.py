"""What each statistic is called, how it is written, and what it means in one line."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["money", "percent", "ratio", "count", "days", "fraction"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """One statistic for readers."""

    name: str
    label: str
    unit: Unit
    text: str


GROUPS: dict[str, tuple[Meaning, ...]] = {
    "Return": (
        Meaning("final_equity", "Final equity", "money", "Cash and positions after the last bar."),
        Meaning("total_return", "Total return", "money", "Final equity less the initial cash."),
        Meaning("total_return_pct", "Total return %", "percent", "The same, of the initial cash."),
        Meaning("annualized_return", "Annual return", "percent", "Growth a year that compounds to the whole run."),
        Meaning("benchmark_return_pct", "Buy and hold", "percent", "What buying at the first closes and holding would have returned."),
        Meaning("alpha", "Alpha", "fraction", "Return a year that the benchmark's moves do not explain."),
        Meaning("beta", "Beta", "ratio", "How far equity moves when the benchmark moves by 1."),
    ),
    "Risk": (
        Meaning("annualized_volatility", "Volatility", "percent", "Spread of daily returns, as for a year."),
        Meaning("sharpe_ratio", "Sharpe", "ratio", "Mean daily return over its spread, as for a year."),
        Meaning("sortino_ratio", "Sortino", "ratio", "Like Sharpe, with only losing days counted as risk."),
        Meaning("calmar_ratio", "Calmar", "ratio", "Annual return over the deepest drawdown."),
        Meaning("max_drawdown", "Max drawdown", "money", "Most money lost from a peak, over every bar."),
        Meaning("max_drawdown_pct", "Max drawdown %", "percent", "Largest share of a peak lost."),
        Meaning("max_drawdown_duration_days", "Longest drawdown", "days", "From a peak until equity was back at it, or the end."),
        Meaning("exposure_pct", "Exposure", "percent", "Share of bars that ended with a position."),
    ),
    "Trades": (
        Meaning("total_trades", "Closed trades", "count", "Lots opened and closed, first in first out."),
        Meaning("winning_trades", "Winning", "count", "Trades with a gain after commission."),
        Meaning("losing_trades", "Losing", "count", "Trades with a loss after commission."),
        Meaning("win_rate", "Win rate", "percent", "Share of trades that won."),
        Meaning("avg_win", "Average win", "money", "Mean gain of winning trades."),
        Meaning("avg_loss", "Average loss", "money", "Mean loss of losing trades."),
        Meaning("profit_factor", "Profit factor", "ratio", "All gains over all losses."),
        Meaning("expectancy", "Expectancy", "money", "Mean result of a trade."),
    ),
    "Costs and size": (
        Meaning("total_commission", "Commission", "money", "All commissions paid."),
        Meaning("total_slippage", "Slippage", "money", "What fills cost against the price without slippage."),
        Meaning("total_bars", "Bars", "count", "Points of the equity curve."),
    ),
}

MEANINGS: dict[str, Meaning] = {meaning.name: meaning for group in GROUPS.values() for meaning in group}


def written(name: str, value: float | None) -> str:
    """Return a statistic as people read it; `–` when it is not defined."""
    if value is None:
        return "–"
    unit = MEANINGS[name].unit
    if abs(value) >= 1e12 and unit != "count":
        return f"{value:.3e}"
    match unit:
        case "money":
            return f"{value:,.2f}"
        case "percent":
            return f"{value:,.2f} %"
        case "fraction":
            return f"{100 * value:,.2f} %"
        case "ratio":
            return f"{value:,.2f}"
        case "days":
            return f"{value:,.1f} days"
        case "count":
            return f"{value:,}"
