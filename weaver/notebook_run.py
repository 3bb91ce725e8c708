"""What a backtest in a notebook came to: frames, a figure, a page."""

from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from weaver.errors import BadValue
from weaver.glados.requests import RunCreate
from weaver.greta.records import DecisionRow, FillRow, OrderRow, TradeRow, Window
from weaver.greta.results import Outcome
from weaver.market import Bars
from weaver.notebook_frames import equity_frame, frame_of
from weaver.report import CANDLES, RunReport, html_report
from weaver.report_figures import overview_figure, painted
from weaver.report_meanings import written

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A finished backtest. Frames have UTC timestamps; `stats` has None where a statistic is not defined."""

    request: RunCreate
    params: dict[str, Any]
    provenance: dict[str, Any]
    outcome: Outcome
    window: Window
    bars: dict[str, Bars]

    @property
    def digest(self) -> str:
        """What tells two results apart: the same as a durable run's of the same provenance."""
        return self.outcome.digest

    @cached_property
    def stats(self) -> pd.Series:
        """The statistics by name, as docs/backtest-rules.md defines them."""
        return pd.Series(self.outcome.statistics.to_dict(), dtype=object, name=self.request.strategy)

    @cached_property
    def fills(self) -> pd.DataFrame:
        """One row an execution; `time` is the start of the bar that filled."""
        return frame_of(self.window.fills, FillRow)

    @cached_property
    def trades(self) -> pd.DataFrame:
        """One row a closed trade."""
        return frame_of(self.window.trades, TradeRow)

    @cached_property
    def orders(self) -> pd.DataFrame:
        """One row an order, those that still worked at the end included."""
        return frame_of(self.window.orders, OrderRow)

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """One row a bar at which the strategy wanted something: what it saw, noted and ordered."""
        return frame_of(self.window.decisions, DecisionRow)

    @cached_property
    def equity(self) -> pd.DataFrame:
        """Equity, buy-and-hold and drawdown after each bar, by the bar's start."""
        return equity_frame(self.window.equity, float(self.request.cash))

    def plot(self, symbol: str | None = None) -> "Figure":
        """Return a Plotly figure: the price of one symbol (the first unless named) with its trades, equity, drawdown."""
        from plotly.graph_objects import Figure

        named = symbol or self.request.symbols[0]
        if named not in self.bars:
            raise BadValue("symbol", named, f"one of {', '.join(self.bars)}")
        figure = overview_figure(
            self._report.bars_of_the_run(named),
            [trade for trade in self.window.trades if trade.symbol == named],
            [fill for fill in self.window.fills if fill.symbol == named],
            self.window.equity,
            float(self.request.cash),
            most_candles=CANDLES,
        )
        return Figure(cast("dict[str, Any]", painted(figure)))

    def report(self, path: str | Path) -> Path:
        """Write the run as one self-contained HTML page and return where it lies."""
        place = Path(path)
        try:
            place.write_text(html_report(self._report), encoding="utf-8")
        except OSError as problem:
            raise BadValue("path", str(path), f"a file that can be written ({problem.strerror})") from problem
        return place

    @cached_property
    def _report(self) -> RunReport:
        return RunReport(
            run_id=self.request.id or f"notebook-{self.digest[:10]}",
            strategy=self.request.strategy,
            symbols=self.request.symbols,
            timeframe=self.request.timeframe,
            initial_cash=float(self.request.cash),
            stats=self.outcome.statistics.to_dict(),
            bars=self.bars,
            equity=self.window.equity,
            fills=self.window.fills,
            trades=self.window.trades,
            params=self.params,
            provenance=self.provenance,
            result_digest=self.digest,
        )

    def __repr__(self) -> str:
        named = ("total_return_pct", "sharpe_ratio", "max_drawdown_pct", "total_trades")
        told = ", ".join(f"{name} {written(name, self.stats[name])}" for name in named)
        return f"<{self.request.strategy} on {', '.join(self.request.symbols)}: {told}>"

    def _repr_html_(self) -> str:
        told = self.outcome.statistics.to_dict()
        rows = "".join(f"<tr><th>{escape(name)}</th><td>{written(name, value)}</td></tr>" for name, value in told.items())
        return f"<p>{escape(repr(self)[1:-1])}</p><details><summary>Statistics</summary><table>{rows}</table></details>"
