"""One run as one self-contained page: it opens from a mail or a disk, offline, and asks nobody for anything."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from importlib.resources import files

import numpy as np
from plotly.offline import get_plotlyjs

from weaver.greta.records import EquityColumns, FillRow, TradeRow
from weaver.greta.statistics import monthly_returns
from weaver.market import DAY, Bars
from weaver.report_figures import Figure, equity_figure, price_figure
from weaver.report_tables import headline_cards, moment, monthly_table, pairs, statistics_tables, trades_table

CANDLES = 3_500
_OPEN_CHARTS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunReport:
    """What a report shows. `bars` by symbol may hold more than the run (warm-up): what lies outside is left out.

    `stats` are the names of `Statistics`; `provenance` and `params` any JSON values, shown as they are.
    """

    run_id: str
    strategy: str
    symbols: Sequence[str]
    timeframe: str
    initial_cash: float
    stats: Mapping[str, float | int | None]
    bars: Mapping[str, Bars]
    equity: EquityColumns
    fills: Sequence[FillRow] = ()
    trades: Sequence[TradeRow] = ()
    params: Mapping[str, object] = field(default_factory=dict[str, object])
    provenance: Mapping[str, object] = field(default_factory=dict[str, object])
    result_digest: str = ""
    status: str = "completed"

    def bars_of_the_run(self, symbol: str) -> Bars:
        """Return the bars from the first to the last point of the equity curve. KeyError for a symbol without bars."""
        bars, times = self.bars[symbol], self.equity.times
        first, last = np.searchsorted(bars.starts, times[0]), np.searchsorted(bars.starts, times[-1], side="right")
        return bars[int(first) : int(last)]


def html_report(run: RunReport) -> str:
    """Return the page of a run: charts with a marker for every entry and exit, months, trades, statistics.

    Everything is inline and a content security policy forbids every request; only the scripts written here may
    run, by their digests. A run without bars or trades gives a page that says so.
    """
    style = _resource("report_page.css")
    scripts = (get_plotlyjs(), _resource("report_page.js"))
    allowed = " ".join(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts)
    policy = f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    title = escape(f"{run.strategy} on {_listed(run.symbols)}")
    charts = _charts(run)
    months = monthly_returns(run.equity.times, run.equity.equity, run.initial_cash)
    figures = "".join(f'<script type="application/json" id="{name}">{_embedded(figure)}</script>' for name, _, figure in charts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title} · Weaver</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<header>
<h1>{title}</h1>
<p>{_subtitle(run)}</p>
</header>
<div class="cards">{headline_cards(run.stats)}</div>
{"".join(html for _, html, _ in charts)}
<section class="long"><h2>Monthly returns</h2>{monthly_table(months)}</section>
<section class="long"><h2>Statistics</h2><div class="grid">{statistics_tables(run.stats)}</div></section>
<section class="long"><h2>Trades</h2>{trades_table(run.trades, run.run_id)}</section>
<section class="long"><h2>What this run was made of</h2><div class="grid">
<div><h3>Parameters</h3>{pairs(run.params)}</div>
<div><h3>Provenance</h3>{pairs({**run.provenance, **({"result digest": run.result_digest} if run.result_digest else {})})}</div>
</div></section>
<footer>Run {escape(run.run_id)}, made by Weaver. The same provenance gives the same result digest. Past results promise nothing.</footer>
</main>
{figures}
<script>{scripts[0]}</script>
<script>{scripts[1]}</script>
</body>
</html>
"""


def _subtitle(run: RunReport) -> str:
    times = run.equity.times
    parts = [f"{run.timeframe} bars"]
    if len(times):
        daily = bool(np.all(times % DAY == 0))
        parts.append(f"{moment(int(times[0]), daily=daily)} to {moment(int(times[-1]), daily=daily)} UTC")
    else:
        parts.append("no bars")
    parts += [f"initial cash {run.initial_cash:,.2f}", run.status, f"run {run.run_id}"]
    return " · ".join(escape(part) for part in parts)


def _charts(run: RunReport) -> list[tuple[str, str, Figure]]:
    """Return (id of the figure, HTML, figure) of each chart in the order of the page."""
    if not len(run.equity.times):
        return []
    label = "Equity against buy-and-hold, and the drawdown below it"
    equity = f"<section><h2>Equity and drawdown</h2>{_chart('figure-equity', label)}</section>"
    whole = ("figure-equity", equity, equity_figure(run.equity, run.initial_cash))
    prices = [chart for number, symbol in enumerate(run.symbols) if (chart := _price_chart(run, number, symbol))]
    return [*prices, whole] if len(prices) == 1 else [whole, *prices]


def _price_chart(run: RunReport, number: int, symbol: str) -> tuple[str, str, Figure] | None:
    """Return the chart of one symbol, drawn when it is opened beyond the first few; None without a bar of it."""
    bars = run.bars_of_the_run(symbol) if symbol in run.bars else None
    if bars is None or not len(bars):
        return None
    trades = [trade for trade in run.trades if trade.symbol == symbol]
    fills = [fill for fill in run.fills if fill.symbol == symbol]
    most = max(500, CANDLES // len(run.symbols))
    name, opened = f"figure-price-{number}", " open" if number < _OPEN_CHARTS else ""
    drawn = -(-len(bars) // most)
    note = f'<p class="note">Each candle stands for {drawn:,} bars; every entry and exit is marked.</p>' if drawn > 1 else ""
    chart = _chart(name, f"Price of {symbol} with {len(trades)} trades")
    html = f"<details{opened}><summary>{escape(symbol)}: price and trades</summary>{chart}{note}</details>"
    return name, html, price_figure(bars, trades, fills, most_candles=most)


def _chart(figure: str, label: str) -> str:
    return f'<div class="chart" role="img" aria-label="{escape(label)}" data-figure="{figure}"></div>'


def _listed(symbols: Sequence[str]) -> str:
    return ", ".join(symbols[:5]) + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")


def _embedded(figure: Figure) -> str:
    """Return JSON that cannot end its script element."""
    return json.dumps(figure, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _resource(name: str) -> str:
    return files("weaver").joinpath(name).read_text(encoding="utf-8")
