"""Turns what a strategy wants into orders: sizes, ids, replacements."""

import math
from collections.abc import Sequence
from typing import Protocol

from weaver.errors import BadValue, UnknownName
from weaver.greta.book import Book
from weaver.greta.matching import Legs, Order
from weaver.greta.quantities import tidy, to_lots
from weaver.greta.revisions import successor
from weaver.greta.venue import HasBars
from weaver.market import MICROSECONDS, Calendar
from weaver.marvin.intents import Bracket, Buy, Cancel, Close, HasId, Intent, Number, Replace, Sell, TargetWeight
from weaver.orders import OrderStatus, OrderType, Role, TimeInForce, order_number


class Traded(Protocol):
    """What a run trades."""

    @property
    def symbols(self) -> tuple[str, ...]: ...
    @property
    def series(self) -> Sequence[HasBars]: ...


class Counter(Protocol):
    """Where orders are handed in: the run's money, its working orders in the order they were placed, lots in a unit of each symbol."""

    book: Book
    working: list[Order]
    lots_per_unit: list[int]

    def finish(self, order: Order, status: OrderStatus, reason: str | None, time: int) -> None:
        """Bring an order to its end."""
        ...


class Desk:
    """Places the intents of one decision after the other with the venue."""

    def __init__(self, feed: Traded, venue: Counter) -> None:
        self._venue = venue
        self._symbols = feed.symbols
        self._calendars = [one.bars.calendar for one in feed.series]
        self._time = 0
        self._count = 0
        self._marks: list[float] = []
        self._placed: list[str] = []

    def place(self, intents: list[Intent], time: int, marks: list[float]) -> list[str]:
        """Place what was decided at `time` (microseconds), sized at the closes `marks`; return the ids of the orders.

        Raises BadValue or UnknownName for intents that make no sense in this run.
        """
        self._time, self._count, self._marks, self._placed = time, 0, marks, []
        for intent in intents:
            match intent:
                case Buy() | Sell():
                    self._submit(self._order(intent))
                case Bracket():
                    entry = self._order(intent.entry)
                    entry.role = Role.ENTRY
                    entry.legs = Legs(_price(intent.take_profit), _price(intent.stop_loss), _price(intent.stop_limit))
                    self._submit(entry)
                case Close():
                    self._close(self._symbol(intent.symbol))
                case TargetWeight():
                    self._weigh(self._symbol(intent.symbol), float(intent.weight))
                case Cancel():
                    self._cancel(intent.order)
                case Replace():
                    self._replace(intent)
                case _:  # pyright: ignore[reportUnnecessaryComparison]  # a strategy may yield anything
                    raise BadValue("intent", intent, "Buy, Sell, Close, TargetWeight, Bracket, Cancel or Replace")
        return self._placed

    def _symbol(self, symbol: str | None) -> int:
        if symbol is None:
            if len(self._symbols) > 1:
                raise BadValue("symbol", None, f"one of {', '.join(self._symbols)}: this run has several")
            return 0
        if symbol not in self._symbols:
            raise UnknownName("symbol", symbol, self._symbols)
        return self._symbols.index(symbol)

    def _new(self, symbol: int, sign: int, order_type: OrderType, quantity: float) -> Order:
        self._count += 1
        return Order(order_number(self._time // MICROSECONDS, self._count), symbol, sign, order_type, quantity, self._time)

    def _order(self, intent: Buy | Sell) -> Order:
        symbol = self._symbol(intent.symbol)
        order = self._new(symbol, 1 if isinstance(intent, Buy) else -1, intent.order_type, self._units(intent, symbol))
        order.whole = intent.quantity is not None
        if intent.time_in_force is not TimeInForce.GTC:
            order.time_in_force = TimeInForce(intent.time_in_force)
        if order.order_type is OrderType.MARKET:
            return order
        order.limit, order.stop = _price(intent.limit), _price(intent.stop)
        order.trail, order.trail_percent = _price(intent.trail), _price(intent.trail_percent)
        if order.order_type is OrderType.TRAILING_STOP:
            order.extreme = self._marks[symbol]
        return order

    def _units(self, intent: Buy | Sell, symbol: int) -> float:
        if intent.quantity is not None:
            return float(intent.quantity)
        close = self._marks[symbol]
        worth = float(intent.cash) if intent.cash is not None else self._equity() * float(intent.percent or 0) / 100
        return self._whole_lots(worth / close, symbol) if close > 0 and worth > 0 else 0.0

    def _equity(self) -> float:
        return self._venue.book.equity(self._marks)

    def _whole_lots(self, quantity: float, symbol: int) -> float:
        lots_per_unit = self._venue.lots_per_unit[symbol]
        return to_lots(quantity, lots_per_unit) / lots_per_unit

    def _submit(self, order: Order) -> None:
        """Give the order to the venue, or write it down as rejected with the reason."""
        self._placed.append(order.id)
        refusal = self._refusal(order)
        if refusal:
            self._venue.finish(order, OrderStatus.REJECTED, refusal, self._time)
            return
        if self._calendars[order.symbol] is not Calendar.ALWAYS and not order.quantity.is_integer():
            order.time_in_force = TimeInForce.DAY  # venues take fractional equity orders for the day only
        self._venue.working.append(order)

    def _refusal(self, order: Order) -> str | None:
        if math.isnan(self._marks[order.symbol]):
            return f"{self._symbols[order.symbol]} has no bar yet"
        if order.quantity <= 0:
            return "the size rounds to nothing"
        if not order.quantity.is_integer() and self._whole_lots(order.quantity, order.symbol) != order.quantity:
            lot = 1 / self._venue.lots_per_unit[order.symbol]
            return f"{order.quantity:g} is not a multiple of the lot {lot:g}"
        return None

    def _close(self, symbol: int) -> None:
        held = self._venue.book.quantities[symbol]
        closing = any(
            order.symbol == symbol and order.reduce_only and order.order_type is OrderType.MARKET for order in self._venue.working
        )
        if held == 0 or closing:
            return
        # A venue that takes its fee from what is bought leaves positions that are no whole lots.
        order = self._new(symbol, -1 if held > 0 else 1, OrderType.MARKET, self._whole_lots(abs(held), symbol))
        order.reduce_only, order.whole = True, False
        self._submit(order)

    def _weigh(self, symbol: int, weight: float) -> None:
        if not math.isfinite(weight):
            raise BadValue("weight", weight, "a finite share of equity")
        for order in [order for order in self._venue.working if order.symbol == symbol and order.weighted]:
            self._end(order, "a newer target weight")
        held = self._venue.book.quantities[symbol]
        close = self._marks[symbol]
        wanted = weight * self._equity() / close if close > 0 else 0.0
        target = math.copysign(self._whole_lots(abs(wanted), symbol), wanted)
        difference = math.copysign(self._whole_lots(abs(tidy(target - held)), symbol), target - held)
        if difference == 0:
            return
        order = self._new(symbol, 1 if difference > 0 else -1, OrderType.MARKET, abs(difference))
        order.weighted, order.whole = True, False
        order.reduce_only = held * difference < 0 and held * target >= 0
        self._submit(order)

    def _find(self, order: HasId | str) -> Order | None:
        wanted = order if isinstance(order, str) else order.id
        return next((working for working in self._venue.working if working.id == wanted), None)

    def _cancel(self, which: HasId | str) -> None:
        order = self._find(which)
        if order is not None:
            self._end(order, None)

    def _end(self, order: Order, reason: str | None) -> None:
        self._venue.working.remove(order)
        self._venue.finish(order, OrderStatus.CANCELLED, reason, self._time)

    def _replace(self, intent: Replace) -> None:
        old = self._find(intent.order)
        if old is None:
            return
        total = old.quantity if intent.quantity is None else float(intent.quantity)
        new = Order.from_dict(old.to_dict())
        new.id = successor(old.id)
        new.quantity = tidy(total - old.filled)
        new.created_at, new.status, new.reason, new.session = self._time, OrderStatus.ACCEPTED, None, None
        new.done = False
        new.filled = new.notional = new.commission = 0.0
        new.limit = old.limit if intent.limit is None else _price(intent.limit)
        new.stop = old.stop if intent.stop is None else _price(intent.stop)
        _check_prices(new)
        self._end(old, f"replaced by {new.id}")
        if new.quantity > 0:
            self._submit(new)


def _check_prices(order: Order) -> None:
    """Refuse a replacement that gives an order a price its type does not have."""
    if order.limit is not None and order.order_type not in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        raise BadValue("limit", order.limit, f"no limit for a {order.order_type} order")
    if order.stop is not None and order.order_type not in (OrderType.STOP, OrderType.STOP_LIMIT):
        raise BadValue("stop", order.stop, f"no stop for a {order.order_type} order")


def _price(value: Number | None) -> float | None:
    return None if value is None else float(value)
