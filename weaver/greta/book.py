"""The run's money: cash, lots, positions, and what can be paid. Every number survives a round trip through JSON."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from weaver.greta.excursions import Excursions, Lot
from weaver.greta.matching import Order
from weaver.greta.quantities import tidy
from weaver.greta.records import TradeRow
from weaver.market import Bars
from weaver.orders import OrderType, Role


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
    excursions: Excursions = field(default_factory=Excursions)

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

    def fill(
        self, order: Order, quantity: float, price: float, commission: float, row: int, time: int, at_open: bool, bars: Bars
    ) -> list[TradeRow]:
        """Book a fill in the bar at `row` (`at_open`: at its first price) and return the trades it closes, first lot in
        first out. Their excursions are there after `excursions.measure`."""
        symbol, signed = order.symbol, order.sign * quantity
        held = self.quantities[symbol]
        self.cash = self.cash - signed * price - commission
        self.quantities[symbol] = tidy(held + signed)
        left = quantity
        trades: list[TradeRow] = []
        lots = self.lots[symbol]
        while left > 0 and lots and held * signed < 0:
            lot = lots[0]
            closed = min(lot.quantity, left)
            trade = _trade(lot, closed, 1 if held > 0 else -1, price, commission * (closed / quantity), row, time, order, bars)
            trades.append(trade)
            left = tidy(left - closed)
            if closed == lot.quantity and lot.seen == lot.row:
                self.excursions.add(trade, lot, bars, row)
            else:
                lot.measure(trade, bars, row)
            if closed == lot.quantity:
                del lots[0]
            else:
                lot.commission -= lot.commission * (closed / lot.quantity)
                lot.quantity = tidy(lot.quantity - closed)
        if left > 0:
            lots.append(Lot(left, time, price, commission * (left / quantity), row, at_open, price, price, row))
        return trades

    def to_dict(self) -> dict[str, Any]:
        return {"cash": self.cash, "quantities": self.quantities, "lots": [[asdict(lot) for lot in lots] for lots in self.lots]}

    def restore(self, saved: dict[str, Any]) -> None:
        self.cash = saved["cash"]
        self.quantities = [float(quantity) for quantity in saved["quantities"]]
        self.lots = [[Lot(**lot) for lot in lots] for lots in saved["lots"]]


def _trade(
    lot: Lot, quantity: float, sign: int, price: float, commission: float, row: int, time: int, order: Order, bars: Bars
) -> TradeRow:
    """Return the trade that closing `quantity` of a lot makes; its excursions are still to be measured."""
    pnl = sign * (price - lot.price) * quantity - lot.commission * (quantity / lot.quantity) - commission
    return TradeRow(
        bars.symbol,
        "long" if sign > 0 else "short",
        quantity,
        lot.time,
        lot.price,
        time,
        price,
        pnl,
        100 * pnl / (lot.price * quantity),
        0.0,
        0.0,
        row - lot.row,
        _exit_reason(order),
    )


def _exit_reason(order: Order) -> str:
    """Return what to call the exit: the leg, "signal" for a market order, else the order's type."""
    if order.order_type is OrderType.MARKET:
        return "signal"
    if order.role is Role.TAKE_PROFIT or order.role is Role.STOP_LOSS:
        return order.role.value
    return order.order_type.value
