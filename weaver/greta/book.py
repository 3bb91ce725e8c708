"""The run's money: cash, lots, positions, and what can be paid. Every number survives a round trip through JSON."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from weaver.greta.matching import Order
from weaver.greta.quantities import tidy
from weaver.greta.records import TradeRow
from weaver.market import Bars
from weaver.orders import OrderType, Role

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
        """Extend the extremes to the bars before row `until`. An entry inside its bar counts only that bar's close."""
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


@dataclass(slots=True)
class Entry:
    """What a fill is to the lots: which bar, when, whether at that bar's first price, and of which order."""

    row: int
    time: int
    at_open: bool
    order: Order

    @property
    def reason(self) -> str:
        """What to call the exit: the leg, "signal" for a market order, else the order's type."""
        if self.order.role is Role.TAKE_PROFIT or self.order.role is Role.STOP_LOSS:
            return self.order.role.value
        return "signal" if self.order.order_type is OrderType.MARKET else self.order.order_type.value


@dataclass(slots=True)
class Book:
    """Cash, and per symbol the signed position and the lots it is made of, oldest first.

    `leverage` bounds gross exposure as a multiple of equity; with 1 and no shorting this is a cash account, in which
    a purchase costs at most the cash.
    """

    cash: float
    quantities: list[float]
    allow_short: bool
    leverage: float
    lots: list[list[Lot]] = field(default_factory=list)

    @staticmethod
    def opened(cash: float, symbols: int, *, allow_short: bool, leverage: float) -> "Book":
        return Book(cash, [0.0] * symbols, allow_short, leverage, [[] for _ in range(symbols)])

    def equity(self, marks: list[float]) -> float:
        """Return cash + Σ position × mark, in the order of the symbols."""
        total = self.cash
        for quantity, mark in zip(self.quantities, marks, strict=True):
            if quantity:
                total += quantity * mark
        return total

    def average_price(self, symbol: int) -> float | None:
        lots = self.lots[symbol]
        if not lots:
            return None
        return sum(lot.quantity * lot.price for lot in lots) / sum(lot.quantity for lot in lots)

    def can_pay(self, symbol: int, signed: float, price: float, commission: float, marks: Callable[[], list[float]]) -> bool:
        """Tell whether a fill of `signed` units fits what the account may hold. What only reduces always does."""
        held = self.quantities[symbol]
        after = tidy(held + signed)
        if held * after >= 0 and abs(after) <= abs(held):
            return True
        if self.leverage == 1 and not self.allow_short:
            return after >= 0 and signed * price + commission <= self.cash
        gross = abs(after) * price
        equity = self.cash - signed * price - commission + after * price
        for other, (quantity, mark) in enumerate(zip(self.quantities, marks(), strict=True)):
            if quantity and other != symbol:
                gross += abs(quantity) * mark
                equity += quantity * mark
        return gross <= self.leverage * equity

    def fill(self, symbol: int, signed: float, price: float, commission: float, entry: Entry, bars: Bars) -> list[TradeRow]:
        """Book a fill of `signed` units and return the trades it closes, first lot in first out."""
        held = self.quantities[symbol]
        self.cash = self.cash - signed * price - commission
        self.quantities[symbol] = tidy(held + signed)
        quantity = abs(signed)
        left = quantity
        trades: list[TradeRow] = []
        lots = self.lots[symbol]
        while left > 0 and lots and held * signed < 0:
            lot = lots[0]
            closed = min(lot.quantity, left)
            trades.append(_close(lot, closed, 1 if held > 0 else -1, price, commission * (closed / quantity), entry, bars))
            left = tidy(left - closed)
            lot.commission -= lot.commission * (closed / lot.quantity)
            lot.quantity = tidy(lot.quantity - closed)
            if lot.quantity == 0:
                del lots[0]
        if left > 0:
            lots.append(Lot(left, entry.time, price, commission * (left / quantity), entry.row, entry.at_open, price, price, entry.row))
        return trades

    def to_dict(self) -> dict[str, Any]:
        return {"cash": self.cash, "quantities": self.quantities, "lots": [[asdict(lot) for lot in lots] for lots in self.lots]}

    def restore(self, saved: dict[str, Any]) -> None:
        self.cash = saved["cash"]
        self.quantities = [float(quantity) for quantity in saved["quantities"]]
        self.lots = [[Lot(**lot) for lot in lots] for lots in saved["lots"]]


def _close(lot: Lot, quantity: float, sign: int, price: float, commission: float, entry: Entry, bars: Bars) -> TradeRow:
    lot.look(bars, entry.row)
    low, high = min(lot.low, price), max(lot.high, price)
    adverse, favourable = (low, high) if sign > 0 else (high, low)
    pnl = sign * (price - lot.price) * quantity - lot.commission * (quantity / lot.quantity) - commission
    return TradeRow(
        symbol=bars.symbol,
        side="long" if sign > 0 else "short",
        quantity=quantity,
        entry_time=lot.time,
        entry_price=lot.price,
        exit_time=entry.time,
        exit_price=price,
        pnl=pnl,
        return_pct=100 * pnl / (lot.price * quantity) if lot.price else 0.0,
        mae_pct=100 * sign * (adverse / lot.price - 1) + 0.0 if lot.price else 0.0,
        mfe_pct=100 * sign * (favourable / lot.price - 1) + 0.0 if lot.price else 0.0,
        bars_held=entry.row - lot.row,
        exit_reason=entry.reason,
    )
