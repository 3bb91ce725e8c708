"""The parts of a report that are text: statistics, monthly returns, trades and what the run was made of.

Every text that came from outside is escaped here.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape

from weaver.greta.records import TradeRow
from weaver.greta.statistics import MonthlyReturn
from weaver.market import DAY, from_microseconds
from weaver.report_meanings import GROUPS, MEANINGS, written

HEADLINES = (
    "final_equity",
    "total_return_pct",
    "annualized_return",
    "max_drawdown_pct",
    "sharpe_ratio",
    "win_rate",
    "total_trades",
    "benchmark_return_pct",
)
MOST_TRADES = 4_000
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905  # one line reads better than twelve

Stats = Mapping[str, float | int | None]


def headline_cards(stats: Stats) -> str:
    """Return the few numbers that one looks at first."""
    return "".join(
        f'<div class="card"><span class="label">{escape(MEANINGS[name].label.removesuffix(" %"))}</span>'
        f'<span class="value {_tone(name, stats.get(name))}">{_headline(name, stats.get(name))}</span></div>'
        for name in HEADLINES
    )


def statistics_tables(stats: Stats) -> str:
    """Return all statistics in groups, each with what it means."""
    parts: list[str] = []
    for group, meanings in GROUPS.items():
        rows = "".join(
            f'<tr><th scope="row">{escape(meaning.label)}<span class="meaning">{escape(meaning.text)}</span></th>'
            f'<td class="{_tone(meaning.name, stats.get(meaning.name))}">{written(meaning.name, stats.get(meaning.name))}</td></tr>'
            for meaning in meanings
        )
        parts.append(f'<table class="statistics"><caption>{escape(group)}</caption><tbody>{rows}</tbody></table>')
    return "".join(parts)


def monthly_table(rows: Sequence[MonthlyReturn]) -> str:
    """Return a heat map of monthly returns: a table with a row a year, its months, and the year compounded.

    Each cell is shaded by its share of the largest move, and says its number, so that no one needs the colour.
    """
    if not rows:
        return '<p class="empty">No month to show.</p>'
    by_month = {(row.year, row.month): row.return_pct for row in rows}
    largest = max(max(abs(row.return_pct) for row in rows), 1e-9)
    lines: list[str] = []
    for year in range(rows[0].year, rows[-1].year + 1):
        cells: list[str] = []
        whole = 1.0
        for month in range(1, 13):
            value = by_month.get((year, month))
            cells.append(_heat_cell(value, largest))
            whole *= 1 if value is None else 1 + value / 100
        known = any((year, month) in by_month for month in range(1, 13))
        total = f"{100 * (whole - 1):+.1f}" if known else ""
        lines.append(f'<tr><th scope="row">{year}</th>{"".join(cells)}<td class="year">{total}</td></tr>')
    head = "".join(f'<th scope="col">{month}</th>' for month in _MONTHS)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Monthly returns"><table class="months">'
        "<caption>Return of each month in percent, and of the year</caption>"
        f'<thead><tr><th scope="col">Year</th>{head}<th scope="col">Year</th></tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )


def trades_table(trades: Sequence[TradeRow], run_id: str) -> str:
    """Return the closed trades in time order; beyond 4,000 the first and last 2,000, saying so."""
    if not trades:
        return '<p class="empty">No trade was closed in this run.</p>'
    shown, note = list(enumerate(trades, start=1)), ""
    if len(trades) > MOST_TRADES:
        shown = shown[: MOST_TRADES // 2] + shown[-MOST_TRADES // 2 :]
        command = escape(f"weaver runs trades {run_id}")
        note = f"<p>The first and the last {MOST_TRADES // 2:,} of {len(trades):,}; all of them: <code>{command}</code></p>"
    daily = all(trade.entry_time % DAY == 0 == trade.exit_time % DAY for _, trade in shown)
    columns = ["#", "Symbol", "Side", "Quantity", "Entry", "Price", "Exit", "Price", "P&L", "Return %", "MAE %", "MFE %", "Bars", "Exit by"]
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(_trade_row(number, trade, daily) for number, trade in shown)
    return (
        f'{note}<div class="scroll tall" tabindex="0" role="region" aria-label="Trades"><table class="trades">'
        f"<caption>{len(trades):,} closed trades; times are starts of bars in UTC</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def pairs(values: Mapping[str, object]) -> str:
    """Return names and values as a list; values that are no texts as JSON."""
    if not values:
        return '<p class="empty">None.</p>'
    return f"<dl>{''.join(f'<dt>{escape(str(name))}</dt><dd>{_plain(value)}</dd>' for name, value in values.items())}</dl>"


def moment(time: int | datetime, *, daily: bool = False) -> str:
    """Return a UTC time (microseconds or aware) as people read it, without the hour when all hours are midnight."""
    at = from_microseconds(time) if isinstance(time, int) else time
    return at.strftime("%Y-%m-%d" if daily else "%Y-%m-%d %H:%M")


def _headline(name: str, value: float | None) -> str:
    """Return a statistic short enough for a card: large numbers without decimals."""
    unit = MEANINGS[name].unit
    if value is None or abs(value) >= 1e12 or unit not in {"money", "percent"} or (unit == "percent" and abs(value) < 1000):
        return written(name, value)
    return f"{value:,.0f}" + (" %" if unit == "percent" else "")


def _heat_cell(value: float | None, largest: float) -> str:
    if value is None:
        return '<td class="none"></td>'
    shown = round(value, 1)
    if not shown:
        return "<td>0.0</td>"
    tone = "gain" if shown > 0 else "loss"
    return f'<td class="{tone}" style="--heat:{round(8 + 62 * abs(value) / largest)}%">{shown:+.1f}</td>'


def _trade_row(number: int, trade: TradeRow, daily: bool) -> str:
    tone = "gain" if trade.pnl > 0 else "loss" if trade.pnl < 0 else "flat"
    cells: Iterable[tuple[str, str]] = (
        ("", str(number)),
        ("text", escape(trade.symbol)),
        ("text", escape(trade.side)),
        ("", f"{trade.quantity:,.8g}"),
        ("text", moment(trade.entry_time, daily=daily)),
        ("", f"{trade.entry_price:,.6g}"),
        ("text", moment(trade.exit_time, daily=daily)),
        ("", f"{trade.exit_price:,.6g}"),
        (tone, f"{trade.pnl:+,.2f}"),
        (tone, f"{trade.return_pct:+.2f}"),
        ("", f"{trade.mae_pct:.2f}"),
        ("", f"{trade.mfe_pct:.2f}"),
        ("", str(trade.bars_held)),
        ("text", escape(trade.exit_reason)),
    )
    return "<tr>" + "".join(f'<td class="{kind}">{text}</td>' if kind else f"<td>{text}</td>" for kind, text in cells) + "</tr>"


def _tone(name: str, value: float | None) -> str:
    """Return the colour class of a number whose sign is good or bad news."""
    signed = {"total_return", "total_return_pct", "annualized_return", "benchmark_return_pct", "alpha", "expectancy", "avg_win", "avg_loss"}
    if not value or not (name in signed or name.startswith("max_drawdown_p") or name == "max_drawdown"):
        return ""
    return "gain" if value > 0 else "loss"


def _plain(value: object) -> str:
    if isinstance(value, str):
        return escape(value)
    return escape(json.dumps(value, default=str, ensure_ascii=False, indent=None))
