"""How far prices went for and against a trade while it was held (MAE and MFE), in percent of its entry price.

Known to be the trade's are: its entry and exit prices, the whole range of every bar after the entry's and before the exit's, and
of the entry's bar the range when it was entered at the open, else the close.
"""

from dataclasses import dataclass

import numpy as np

from weaver.greta.records import TradeRow
from weaver.market import Bars, Floats, Ints

_FEW = 64  # bars up to which a plain list is quicker to search than an array


@dataclass(slots=True)
class Lot:
    """Units bought (or sold short) in one fill and not yet closed.

    `low` and `high` are the extremes known to have come after the entry, over the bars before row `seen`.
    """

    quantity: float
    time: int
    price: float
    commission: float
    row: int
    at_open: bool
    low: float
    high: float
    seen: int

    def look(self, bars: Bars, until: int) -> None:
        """Extend the extremes to the bars before row `until`."""
        if self.seen == self.row and self.seen < until and not self.at_open:
            close = float(bars.close[self.row])
            self.low, self.high = min(self.low, close), max(self.high, close)
            self.seen += 1
        if self.seen < until:
            lows, highs = bars.low[self.seen : until], bars.high[self.seen : until]
            few = until - self.seen <= _FEW
            self.low = min(self.low, *lows.tolist()) if few else min(self.low, float(lows.min()))
            self.high = max(self.high, *highs.tolist()) if few else max(self.high, float(highs.max()))
            self.seen = until

    def measure(self, trade: TradeRow, bars: Bars, until: int) -> None:
        """Write the excursions of a trade that closes a part of this lot in the bar at row `until`."""
        self.look(bars, until)
        sign = 1 if trade.side == "long" else -1
        low, high = min(self.low, trade.exit_price), max(self.high, trade.exit_price)
        adverse, favourable = (low, high) if sign > 0 else (high, low)
        trade.mae_pct = 100 * sign * (adverse / self.price - 1) + 0.0
        trade.mfe_pct = 100 * sign * (favourable / self.price - 1) + 0.0


class Excursions:
    """Trades that closed a lot in one go: most of them, and measured together, as one at a time costs ten times as much."""

    def __init__(self) -> None:
        self._closed: dict[str, tuple[Bars, list[tuple[TradeRow, Lot, int]]]] = {}

    def add(self, trade: TradeRow, lot: Lot, bars: Bars, until: int) -> None:
        """Remember a trade that closed the whole of a lot in the bar at row `until`."""
        self._closed.setdefault(bars.symbol, (bars, []))[1].append((trade, lot, until))

    def measure(self) -> None:
        """Write the excursions of the trades remembered, and forget them."""
        for bars, closed in self._closed.values():
            _measure(bars, closed)
        self._closed = {}


def _measure(bars: Bars, closed: list[tuple[TradeRow, Lot, int]]) -> None:
    """Do what `Lot.measure` does, for many trades of one symbol; the arithmetic is the same to the last bit."""
    rows = np.array([lot.row for _, lot, _ in closed])
    untils = np.array([until for _, _, until in closed])
    inside = np.array([not lot.at_open for _, lot, _ in closed]) & (untils > rows)
    entries = np.array([lot.price for _, lot, _ in closed])
    exits = np.array([trade.exit_price for trade, _, _ in closed])
    signs = np.array([1 if trade.side == "long" else -1 for trade, _, _ in closed])
    begins = rows + inside
    closes = bars.close[rows]
    low = np.minimum(np.minimum(entries, exits), np.where(inside, closes, np.inf))
    high = np.maximum(np.maximum(entries, exits), np.where(inside, closes, -np.inf))
    low = np.minimum(low, np.where(untils > begins, _reduced(np.minimum, bars.low, begins, untils), np.inf))
    high = np.maximum(high, np.where(untils > begins, _reduced(np.maximum, bars.high, begins, untils), -np.inf))
    adverse, favourable = np.where(signs > 0, low, high), np.where(signs > 0, high, low)
    worst = (100 * signs * (adverse / entries - 1) + 0.0).tolist()
    best = (100 * signs * (favourable / entries - 1) + 0.0).tolist()
    for (trade, _, _), mae, mfe in zip(closed, worst, best, strict=True):
        trade.mae_pct, trade.mfe_pct = mae, mfe


def _reduced(extreme: np.ufunc, values: Floats, begins: Ints, untils: Ints) -> Floats:
    """Return the extreme of `values[begin:until]` for each pair; of an empty one, any value."""
    return extreme.reduceat(values, np.column_stack((begins, untils)).ravel())[::2]
