"""What a paper or live run did over time, by its own fills and the bars it saw: closed trades, and equity at each bar."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

import numpy as np

from weaver.greta.records import EquityColumns
from weaver.market import Floats, Ints, Timeframe, to_microseconds
from weaver.orders import Side
from weaver.walle.booking import EXACT, position_change
from weaver.walle.columns import BarColumns
from weaver.walle.trading_model import FillRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLot:
    """A lot that was closed, first in first out, whole or in part. `side` is long or short; `pnl` after commissions."""

    symbol: str
    side: str
    quantity: Decimal
    entry_time: datetime
    entry_price: Decimal
    exit_time: datetime
    exit_price: Decimal
    pnl: Decimal


@dataclass(slots=True)
class _Lot:
    """What is left of an opening fill; `cost` is its commission a unit."""

    quantity: Decimal
    price: Decimal
    cost: Decimal
    time: datetime


def closed_lots(fills: Sequence[FillRecord]) -> list[ClosedLot]:
    """Return the lots that these fills, in the order of booking, closed; in the order of closing."""
    lots: dict[str, deque[_Lot]] = {}
    closed: list[ClosedLot] = []
    with localcontext(EXACT):
        for fill in fills:
            open_lots = lots.setdefault(fill.symbol, deque())
            left = position_change(fill)
            if not left:
                continue
            commission = fill.commission / abs(left)
            while left and open_lots and (open_lots[0].quantity > 0) != (left > 0):
                lot = open_lots[0]
                part = min(abs(lot.quantity), abs(left))
                sign = 1 if lot.quantity > 0 else -1
                closed.append(
                    ClosedLot(
                        symbol=fill.symbol,
                        side="long" if sign > 0 else "short",
                        quantity=part,
                        entry_time=lot.time,
                        entry_price=lot.price,
                        exit_time=fill.time,
                        exit_price=fill.price,
                        pnl=sign * part * (fill.price - lot.price) - part * (lot.cost + commission),
                    )
                )
                lot.quantity -= sign * part
                left += sign * part
                if not lot.quantity:
                    open_lots.popleft()
            if left:
                open_lots.append(_Lot(quantity=left, price=fill.price, cost=commission, time=fill.time))
    return closed


def equity_curve(fills: Sequence[FillRecord], bars: Mapping[str, BarColumns], *, budget: Decimal, timeframe: Timeframe) -> EquityColumns:
    """Return equity after each bar that some symbol had, by the fills before its end, at the closes known then.

    A held symbol without a close so far counts at its last fill. The benchmark holds equal parts of the budget in each symbol from
    its first close on. Times are bar starts.
    """
    series = {symbol: columns for symbol, columns in bars.items() if len(columns)}
    if not series:
        return EquityColumns(times=np.empty(0, np.int64), equity=np.empty(0), benchmark=np.empty(0))
    times = np.unique(np.concatenate([columns.starts for columns in series.values()]))
    ends = times + timeframe.microseconds
    equity = np.full(len(times), float(budget))
    benchmark = np.zeros(len(times))
    part = float(budget) / len(series)
    for symbol in {*series, *(fill.symbol for fill in fills)}:
        own = [fill for fill in fills if fill.symbol == symbol]
        closes = _known(series.get(symbol), times)
        if own:
            equity += _worth(own, closes, ends)
        if symbol in series:
            first = float(series[symbol].close[0])
            benchmark += np.where(np.isnan(closes), part, part / first * closes)
    return EquityColumns(times=times, equity=equity, benchmark=benchmark)


def _known(series: BarColumns | None, times: Ints) -> Floats:
    """Return the newest close at each time, NaN before the first."""
    if series is None:
        return np.full(len(times), np.nan)
    at = np.searchsorted(series.starts, times, side="right") - 1
    return np.where(at >= 0, series.close[np.maximum(at, 0)], np.nan)


def _worth(fills: Sequence[FillRecord], closes: Floats, ends: Ints) -> Floats:
    """Return what a symbol's fills have added to equity at each end: their flows, and what they hold at its price."""
    ordered = sorted(fills, key=lambda fill: (fill.time, fill.number))
    moments = np.array([to_microseconds(fill.time) for fill in ordered], np.int64)
    held = np.cumsum([float(position_change(fill)) for fill in ordered])
    flows = np.cumsum([-float(Side(fill.side).sign * fill.quantity * fill.price + fill.commission) for fill in ordered])
    prices = np.array([float(fill.price) for fill in ordered])
    at = np.searchsorted(moments, ends) - 1
    before = np.maximum(at, 0)
    price = np.where(np.isnan(closes), prices[before], closes)
    return np.where(at >= 0, flows[before] + held[before] * price, 0.0)
