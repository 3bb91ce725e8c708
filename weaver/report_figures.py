"""The charts of a run as plain Plotly specifications: {"data": [...], "layout": {...}} of JSON values.

A colour that begins with `--` names a colour of the page's theme, so that one specification serves light, dark
and print; `painted` gives one with fixed colours. Times are milliseconds since 1970 UTC, which Plotly takes as dates.
"""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from weaver.charts import candles, downsample
from weaver.greta.records import EquityColumns, FillRow, TradeRow
from weaver.greta.statistics import drawdown
from weaver.market import Bars, Floats, Ints

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
Figure = dict[str, Json]

LINE_POINTS = 3_000
_MANY = 1_500  # markers of one kind; beyond it they are drawn smaller, without a rim
COLOURS = {
    "--text": "#1b2330",
    "--muted": "#566171",
    "--grid": "#e3e7ee",
    "--surface": "#ffffff",
    "--equity": "#2459c4",
    "--benchmark": "#a06a00",
    "--gain": "#0a7d5a",
    "--loss": "#c2410c",
    "--price": "#6b7684",
    "--fall": "rgba(194, 65, 12, 0.18)",
}


def price_figure(bars: Bars, trades: Sequence[TradeRow], fills: Sequence[FillRow], *, most_candles: int) -> Figure:
    """Return the price of one symbol with a marker for each entry and each exit of its trades, and one for each
    fill of a position that is still open. `bars`, `trades` and `fills` are of that symbol alone; a long series is
    drawn as at most `most_candles` coarser candles, the markers are all there."""
    data = [_price(bars, most_candles), *_trade_markers(trades, fills)]
    return {"data": data, "layout": {**_layout(height=440), "yaxis": _axis(), "hovermode": "closest"}}


def equity_figure(equity: EquityColumns, initial_cash: float) -> Figure:
    """Return equity against buy-and-hold above the drawdown, on one time axis."""
    layout = {
        **_layout(height=480),
        "yaxis": _axis(0.34, 1),
        "yaxis2": _drawdown_axis(0, 0.26),
        "hovermode": "x unified",
    }
    return {"data": [*_equity_lines(equity, "y"), _drawdown_line(equity, initial_cash, "y2")], "layout": _on_lowest(layout, "y2")}


def overview_figure(
    bars: Bars,
    trades: Sequence[TradeRow],
    fills: Sequence[FillRow],
    equity: EquityColumns,
    initial_cash: float,
    *,
    most_candles: int,
) -> Figure:
    """Return price with trades, equity against buy-and-hold, and drawdown, one above the other on one time axis."""
    data = [_price(bars, most_candles), *_trade_markers(trades, fills)]
    data += [*_equity_lines(equity, "y2"), _drawdown_line(equity, initial_cash, "y3")]
    layout = {
        **_layout(height=760),
        "paper_bgcolor": "--surface",
        "plot_bgcolor": "--surface",
        "yaxis": _axis(0.5, 1),
        "yaxis2": _axis(0.19, 0.45),
        "yaxis3": _drawdown_axis(0, 0.14),
        "hovermode": "closest",
    }
    return {"data": data, "layout": _on_lowest(layout, "y3")}


def painted(value: Json) -> Json:
    """Return the specification with each named colour replaced by its colour on a light page."""
    if isinstance(value, str):
        return COLOURS.get(value, value)
    if isinstance(value, Mapping):
        return {key: painted(part) for key, part in value.items()}
    if isinstance(value, Sequence) and value and isinstance(value[0], Mapping):
        return [painted(part) for part in value]
    return value


def _layout(*, height: int) -> dict[str, Json]:
    return {
        "height": height,
        "margin": {"l": 48, "r": 14, "t": 36, "b": 36},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "--text", "size": 12, "family": "system-ui, sans-serif"},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
        "hoverlabel": {"bgcolor": "--surface", "bordercolor": "--muted", "font": {"color": "--text"}},
        "dragmode": "zoom",
        "xaxis": {"type": "date", "gridcolor": "--grid", "linecolor": "--grid", "rangeslider": {"visible": False}},
    }


def _on_lowest(layout: dict[str, Json], axis: str) -> dict[str, Json]:
    """Put the dates under the lowest of several plots."""
    dates = layout["xaxis"]
    assert isinstance(dates, Mapping)
    return {**layout, "xaxis": {**dates, "anchor": axis}}


def _axis(lowest: float = 0, highest: float = 1) -> dict[str, Json]:
    return {"domain": [lowest, highest], "gridcolor": "--grid", "zerolinecolor": "--grid", "tickformat": ",.8~g", "automargin": True}


def _drawdown_axis(lowest: float, highest: float) -> dict[str, Json]:
    return {**_axis(lowest, highest), "rangemode": "tozero", "tickformat": ".3~g", "ticksuffix": " %"}


def _price(bars: Bars, most_candles: int) -> Json:
    drawn = candles(bars, most_candles)
    return {
        "type": "candlestick",
        "name": "Price",
        "x": _milliseconds(drawn.times),
        "open": _short(drawn.open),
        "high": _short(drawn.high),
        "low": _short(drawn.low),
        "close": _short(drawn.close),
        "increasing": {"line": {"color": "--price", "width": 1}, "fillcolor": "--surface"},
        "decreasing": {"line": {"color": "--price", "width": 1}, "fillcolor": "--price"},
        "showlegend": False,
    }


def _trade_markers(trades: Sequence[TradeRow], fills: Sequence[FillRow]) -> list[Json]:
    won = [trade for trade in trades if trade.pnl > 0]
    lost = [trade for trade in trades if trade.pnl <= 0]
    return [_entries(trades), _exits(won, "Exit with gain", "--gain"), _exits(lost, "Exit with loss", "--loss"), _open(trades, fills)]


def _equity_lines(equity: EquityColumns, axis: str) -> list[Json]:
    return [
        {**_line("Equity", equity.times, equity.equity, {"color": "--equity", "width": 2}), "yaxis": axis},
        {**_line("Buy and hold", equity.times, equity.benchmark, {"color": "--benchmark", "width": 1.5, "dash": "dot"}), "yaxis": axis},
    ]


def _drawdown_line(equity: EquityColumns, initial_cash: float, axis: str) -> Json:
    falls = drawdown(equity.equity, initial_cash)[1]
    return {
        **_line("Drawdown", equity.times, falls, {"color": "--loss", "width": 1}),
        "yaxis": axis,
        "fill": "tozeroy",
        "fillcolor": "--fall",
        "hovertemplate": "%{y:.2f} %",
        "showlegend": False,
    }


def _line(name: str, times: Ints, values: Floats, line: Json) -> dict[str, Json]:
    kept_times, kept = downsample(times, {"value": values}, LINE_POINTS)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": _milliseconds(kept_times),
        "y": _short(kept["value"]),
        "line": line,
        "hovertemplate": "%{y:,.2f}",
    }


def _markers(name: str, times: Sequence[int], prices: Sequence[float], signs: Sequence[str], colour: str, texts: Sequence[str]) -> Json:
    many = len(times) > _MANY
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [time // 1000 for time in times],
        "y": list(prices),
        "marker": {
            "symbol": list(signs),
            "color": colour,
            "size": 5 if many else 9,
            "line": {"color": "--surface", "width": 0 if many else 1},
        },
        "text": [escape(text) for text in texts],
        "hovertemplate": "%{x|%Y-%m-%d %H:%M}<br>%{text}<extra>" + name + "</extra>",
    }


def _entries(trades: Sequence[TradeRow]) -> Json:
    return _markers(
        "Entry",
        [trade.entry_time for trade in trades],
        [trade.entry_price for trade in trades],
        ["triangle-up" if trade.side == "long" else "triangle-down" for trade in trades],
        "--equity",
        [f"{trade.side} {trade.quantity:g} at {trade.entry_price:g}" for trade in trades],
    )


def _exits(trades: Sequence[TradeRow], name: str, colour: str) -> Json:
    return _markers(
        name,
        [trade.exit_time for trade in trades],
        [trade.exit_price for trade in trades],
        ["triangle-down" if trade.side == "long" else "triangle-up" for trade in trades],
        colour,
        [
            f"{trade.quantity:g} at {trade.exit_price:g}: {trade.pnl:+,.2f} ({trade.return_pct:+.2f} %), {trade.exit_reason}"
            for trade in trades
        ],
    )


def _open(trades: Sequence[TradeRow], fills: Sequence[FillRow]) -> Json:
    closed = {(trade.entry_time, trade.entry_price) for trade in trades} | {(trade.exit_time, trade.exit_price) for trade in trades}
    still = [fill for fill in fills if (fill.time, fill.price) not in closed]
    return _markers(
        "Still open",
        [fill.time for fill in still],
        [fill.price for fill in still],
        ["triangle-up-open" if fill.side == "buy" else "triangle-down-open" for fill in still],
        "--benchmark",
        [f"{fill.side} {fill.quantity:g} at {fill.price:g}, not closed" for fill in still],
    )


def _milliseconds(times: Ints) -> list[int]:
    return (times // 1000).tolist()


def _short(values: Floats) -> list[float]:
    """Return the values with eight significant digits, which is more than a screen shows."""
    return [float(f"{value:.8g}") for value in np.asarray(values).tolist()]
