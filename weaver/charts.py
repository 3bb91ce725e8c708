"""Series made small enough to look at: fewer points that keep every extreme, coarser candles, a plot as text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from weaver.errors import BadValue
from weaver.market import DAY, Floats, Ints, from_microseconds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candles:
    """Bars to draw: `times` are starts of the first bar of each candle (UTC microseconds), prices in quote currency."""

    times: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.times)


def downsample(times: Ints, columns: Mapping[str, Floats], points: int) -> tuple[Ints, dict[str, Floats]]:
    """Return at most `points` rows of the columns: the first, the last, and the lowest and highest of the *first*
    column in each of equal stretches, so that no peak or trough of it is lost. Rows are never averaged.

    Series that are short enough come back as they are. Raises BadValue for `points` < 4.
    """
    if points < 4:
        raise BadValue("points", points, "at least 4")
    if len(times) <= points:
        return times, dict(columns)
    leading = next(iter(columns.values()))
    edges = np.linspace(0, len(times), (points - 2) // 2 + 1).astype(np.int64)
    rows = {0, len(times) - 1}
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        rows.add(first + int(np.argmin(leading[first:last])))
        rows.add(first + int(np.argmax(leading[first:last])))
    kept = np.array(sorted(rows), dtype=np.int64)
    return times[kept], {name: column[kept] for name, column in columns.items()}


class BarSeries(Protocol):
    """Bars as columns, in time order."""

    def __len__(self) -> int: ...
    @property
    def starts(self) -> Ints: ...
    @property
    def open(self) -> Floats: ...
    @property
    def high(self) -> Floats: ...
    @property
    def low(self) -> Floats: ...
    @property
    def close(self) -> Floats: ...
    @property
    def volume(self) -> Floats: ...


def candles(bars: BarSeries, count: int) -> Candles:
    """Return at most `count` candles of equally many bars each (the last may have fewer): first open, highest high,
    lowest low, last close, summed volume. Raises BadValue for `count` < 1."""
    if count < 1:
        raise BadValue("count", count, "at least 1")
    size = max(1, -(-len(bars) // count))
    firsts = np.arange(0, len(bars), size, dtype=np.int64)
    if not len(firsts):
        return Candles(times=bars.starts, open=bars.open, high=bars.high, low=bars.low, close=bars.close, volume=bars.volume)
    return Candles(
        times=bars.starts[firsts],
        open=bars.open[firsts],
        high=np.maximum.reduceat(bars.high, firsts),
        low=np.minimum.reduceat(bars.low, firsts),
        close=bars.close[np.append(firsts[1:] - 1, len(bars) - 1)],
        volume=np.add.reduceat(bars.volume, firsts),
    )


def terminal_equity(
    times: Ints,
    equity: Floats,
    benchmark: Floats,
    *,
    title: str = "Equity",
    width: int = 90,
    height: int = 16,
    colour: bool = False,
) -> str:
    """Return equity (a line of braille dots) against buy-and-hold (a row of dots) as text, without a final line end.

    `times` are bar starts in UTC microseconds; no line is longer than `width` (≥ 60) characters, and the plot has
    `height` (≥ 5) rows between the legend and the dates. With `colour` the text holds ANSI codes, else only
    characters. Without a bar: one line that says so.
    """
    if width < 60:
        raise BadValue("width", width, "at least 60")
    if height < 5:
        raise BadValue("height", height, "at least 5")
    if not len(times):
        return f"{title}: no bars"
    lowest = float(min(np.min(equity), np.min(benchmark)))
    highest = float(max(np.max(equity), np.max(benchmark)))
    if lowest == highest:
        lowest, highest = lowest - 1, highest + 1
    marks = {round(step * (height - 1) / 4): f"{highest - (highest - lowest) * step / 4:,.0f}" for step in range(5)}
    margin = max(len(mark) for mark in marks.values()) + 1
    columns = width - margin - 1
    line = _dots(times, equity, (lowest, highest), 2 * columns, 4 * height)
    dots = _dots(times, benchmark, (lowest, highest), columns, height)
    cells = line.reshape(height, 4, columns, 2).transpose(0, 2, 1, 3)
    codes = 0x2800 + np.sum(cells * _BRAILLE, axis=(2, 3))
    paint = _painter(colour)
    legend = f"{paint('line', '⣀⣠⠤⠒')} equity {equity[-1]:,.2f}   {paint('dots', '····')} buy and hold {benchmark[-1]:,.2f}"
    lines = [title if len(title) <= width else title[: width - 1] + "…", legend]
    for row in range(height):
        drawn = [
            paint("line", chr(code)) if code > _BLANK else paint("dots", "·") if dot else " "
            for code, dot in zip(codes[row].tolist(), dots[row].tolist(), strict=True)
        ]
        mark = marks.get(row, "")
        lines.append(f"{mark:>{margin}}{'┤' if mark else '│'}{''.join(drawn)}".rstrip())
    return "\n".join([*lines, *_date_axis(times, margin, columns)])


_BLANK = 0x2800
# Unicode's braille block: the bit of each of the 4 x 2 dots of a cell
_BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_ANSI = {"line": "36", "dots": "33"}


def _painter(colour: bool) -> Callable[[str, str], str]:
    return lambda role, text: f"\x1b[{_ANSI[role]}m{text}\x1b[0m" if colour else text


def _dots(times: Ints, values: Floats, span: tuple[float, float], columns: int, rows: int) -> NDArray[np.bool_]:
    """Return a grid (rows x columns, the first row on top) with the dots that the connected points touch."""
    times, kept = downsample(times, {"value": values}, 4 * columns)
    lowest, highest = span
    across = (times - times[0]) / max(1, int(times[-1] - times[0])) * (columns - 1)
    down = (highest - kept["value"]) / (highest - lowest) * (rows - 1)
    grid = np.zeros((rows, columns), dtype=np.bool_)
    grid[np.rint(down[0]).astype(np.int64), 0] = True
    for at in range(len(times) - 1):
        steps = 1 + int(max(abs(across[at + 1] - across[at]), abs(down[at + 1] - down[at])) * 2)
        parts = np.linspace(0, 1, steps + 1)
        x = across[at] + (across[at + 1] - across[at]) * parts
        y = down[at] + (down[at + 1] - down[at]) * parts
        grid[np.rint(y).astype(np.int64), np.rint(x).astype(np.int64)] = True
    return grid


def _date_axis(times: Ints, margin: int, columns: int) -> list[str]:
    """Return the axis and, under its ticks, dates, or hours when the whole lasts less than three days."""
    first, last = int(times[0]), int(times[-1])
    form = "%m-%d %H:%M" if 0 < last - first < 3 * DAY else "%Y-%m-%d"
    count = max(2, columns // 18) if last > first else 1
    axis, labels = ["─"] * columns, [" "] * (margin + 1 + columns)
    for tick in range(count):
        at = round((columns - 1) * tick / max(1, count - 1))
        axis[at] = "┴"
        text = from_microseconds(first + (last - first) * tick // max(1, count - 1)).strftime(form)
        begin = min(max(0, margin + 1 + at - len(text) // 2), len(labels) - len(text))
        labels[begin : begin + len(text)] = text
    return [" " * margin + "└" + "".join(axis), "".join(labels).rstrip()]
