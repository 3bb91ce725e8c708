"""Meets the orders of the simulated exchange with bars: a backtest's venue, one bar at a time."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from weaver.greta.book import Book
from weaver.greta.matching import Order, Prices, Touch
from weaver.greta.quantities import tidy, to_lots
from weaver.greta.records import TradeRow
from weaver.greta.state import Totals
from weaver.greta.venue import Venue
from weaver.market import Bars, Calendar, Timeframe
from weaver.orders import Costs, OrderStatus
from weaver.veda.adapters._simulated_state import State, Working

SHARE_LOTS = 1_000_000
"""Lots in a share, for orders of a fraction of one; others fill in whole shares."""
UNIT_LOTS = 100_000_000
"""Lots in a unit of what trades around the clock."""


@dataclass
class Holdings(Book):
    """Cash and positions of a cash account; positions at their average price, without lots."""

    averages: list[float | None] = field(default_factory=list[float | None])

    @staticmethod
    def of(state: State) -> "Holdings":
        quantities = [traded.quantity for traded in state.traded]
        return Holdings(state.cash, quantities, allow_short=False, leverage=1, averages=[traded.average for traded in state.traded])

    def keep(self, state: State) -> None:
        """Put cash and positions into the state."""
        state.cash = self.cash
        for traded, quantity, average in zip(state.traded, self.quantities, self.averages, strict=True):
            traded.quantity, traded.average = quantity, average

    def fill(
        self, order: Order, quantity: float, price: float, commission: float, row: int, time: int, at_open: bool, bars: Bars
    ) -> list[TradeRow]:
        del row, time, at_open, bars
        symbol, signed = order.symbol, order.sign * quantity
        held = self.quantities[symbol]
        after = tidy(held + signed)
        if signed > 0:
            self.averages[symbol] = ((self.averages[symbol] or 0.0) * held + price * quantity) / after
        elif after == 0:
            self.averages[symbol] = None
        self.cash = self.cash - signed * price - commission
        self.quantities[symbol] = after
        return []


@dataclass(frozen=True, slots=True)
class Shown:
    """One symbol's bars in a Timeline."""

    bars: Bars


class Shelf:
    """The bars at hand, in the order of the account's symbols."""

    def __init__(self, series: Sequence[Shown]) -> None:
        self.series = series

    def marks(self, step: int) -> list[float]:
        """Only accounts with leverage ask for marks."""
        raise NotImplementedError(f"a cash account has no use for the closes at step {step}")


@dataclass(frozen=True, slots=True)
class CashTerms:
    """What trading costs."""

    costs: Costs

    def lots_per_unit(self, calendar: Calendar) -> int:
        return UNIT_LOTS if calendar is Calendar.ALWAYS else SHARE_LOTS


@dataclass(frozen=True, slots=True)
class Happened:
    """A change of an order: `event` as the stream calls it; `status` and `filled` are those right after it. A fill has
    `quantity`, `price`, `commission` and the start of its bar."""

    event: str
    working: Working
    status: OrderStatus
    filled: float
    notional: float
    quantity: float = 0.0
    price: float = 0.0
    commission: float = 0.0
    time: int = 0


@lru_cache(maxsize=4_096)
def no_bars(symbol: str) -> Bars:
    """Return the bars of a symbol that no order meets now."""
    whole, real = np.empty(0, np.int64), np.empty(0, np.float64)
    return Bars(
        symbol=symbol,
        timeframe=Timeframe("1m"),
        calendar=Calendar.of(symbol),
        starts=whole,
        ends=whole,
        sessions=whole,
        open=real,
        high=real,
        low=real,
        close=real,
        volume=real,
    )


class Matching(Venue):
    """A venue whose bar in progress can be met at its open only, and once more when it is complete.

    An order that filled at the open is passed over when the bar is complete, as a backtest meets each order once a bar.
    """

    def __init__(self, shelf: Shelf, terms: CashTerms, book: Holdings, working: list[Working], used: Mapping[int, float]) -> None:
        super().__init__(shelf, terms, book, [one.order for one in working], Totals())
        self.shelf = shelf
        self.terms = terms
        self.account = book
        self.by_id = {one.order.id: one for one in working}
        self.happened: list[Happened] = []
        self._used = dict(used)

    def copied(self, rows: list[int]) -> "Matching":
        """Return a twin that shares the bars and nothing else, with the orders that have one of these bars."""
        book = copy.copy(self.account)
        book.quantities, book.averages = [*book.quantities], [*book.averages]
        orders = [self.by_id[order.id].copied() for order in self.working if rows[order.symbol] >= 0]
        return Matching(self.shelf, self.terms, book, orders, self._used)

    def standing(self) -> list[Working]:
        """Return the orders that are not final, in the order in which they meet bars."""
        return [self.by_id[order.id] for order in self.working]

    def used(self, symbol: int) -> float:
        return self._used.get(symbol, 0.0)

    def meet_whole(self, rows: list[int]) -> None:
        """Meet complete bars as `match` does, with what the open of these bars has used up."""
        due = [order for order in self.working if self._is_due(order, rows[order.symbol])]
        due.sort(key=self._is_entry)
        for order in due:
            if not order.done:
                row = rows[order.symbol]
                self._meet(order, row, self._prices_at(order, row))
        for order in [*self.working]:
            if not order.done and rows[order.symbol] >= 0:
                self._end_of_bar(order, self._bars[order.symbol], rows[order.symbol])
        self.working = [order for order in self.working if not order.done]
        for symbol, row in enumerate(rows):
            if row >= 0:
                self._used.pop(symbol, None)

    def meet_open(self, order_id: str, rows: list[int]) -> None:
        """Meet the open of the bar in progress: all that is known of it is that one price, and its volume for slippage."""
        order = self.by_id[order_id].order
        row = rows[order.symbol]
        if not order.done and self._is_due(order, row):
            bar = self._prices_at(order, row)
            self._meet(order, row, Prices(bar.open, bar.open, bar.open, bar.volume))
        self.working = [order for order in self.working if not order.done]

    def end(self, order_id: str, time: int) -> None:
        """Cancel an order."""
        order = self.by_id[order_id].order
        self.working.remove(order)
        self.finish(order, OrderStatus.CANCELLED, None, time)

    def finish(self, order: Order, status: OrderStatus, reason: str | None, time: int) -> None:
        if status is not OrderStatus.FILLED:
            event = "canceled" if status is OrderStatus.CANCELLED else status.value
            self.happened.append(Happened(event, self.by_id[order.id], status, order.filled, order.notional))
        super().finish(order, status, reason, time)

    def _prices_at(self, order: Order, row: int) -> Prices:
        bars = self._bars[order.symbol]
        return Prices(bars.open.item(row), bars.high.item(row), bars.low.item(row), bars.volume.item(row))

    def _is_due(self, order: Order, row: int) -> bool:
        met = self.by_id[order.id].met
        return super()._is_due(order, row) and (met is None or met < self._bars[order.symbol].starts.item(row))

    def _meet(self, order: Order, row: int, bar: Prices) -> None:
        if self._bars[order.symbol].calendar is not Calendar.ALWAYS:
            self.lots_per_unit[order.symbol] = 1 if order.quantity.is_integer() else SHARE_LOTS
        super()._meet(order, row, bar)

    def _permitted(self, order: Order, row: int, volume: float) -> float:
        quantity = super()._permitted(order, row, volume)
        working = self.by_id[order.id]
        if working.partial is None or quantity <= 0:
            return quantity
        lots = self.lots_per_unit[order.symbol]
        most = max(to_lots(order.quantity * working.partial, lots), 1) / lots
        working.partial = None
        return min(quantity, most)

    def _after_fill(self, order: Order, row: int, time: int, bar: Prices, met: Touch, quantity: float) -> None:
        working = self.by_id[order.id]
        working.met = time
        fill = self._executions[-1]
        at = len(self.happened)
        filled, notional = order.filled, order.notional
        super()._after_fill(order, row, time, bar, met, quantity)
        whole = order.status is OrderStatus.FILLED
        event, status = ("fill", OrderStatus.FILLED) if whole else ("partial_fill", OrderStatus.PARTIAL)
        happened = Happened(event, working, status, filled, notional, fill.quantity, fill.price, fill.commission, time)
        self.happened.insert(at, happened)

    def _bring_legs(self, entry: Order) -> list[Order]:
        parent = self.by_id[entry.id]
        born = super()._bring_legs(entry)
        for leg in born:
            exchange_order_id = f"{parent.exchange_order_id}{leg.id[len(entry.id) :].replace('.', '-')}"
            working = Working(leg, None, exchange_order_id, parent.submitted_at, parent.updated_at)
            self.by_id[leg.id] = working
            self.happened.append(Happened("new", working, OrderStatus.ACCEPTED, 0.0, 0.0))
        return born


def same_outcome(one: Matching, other: Matching) -> bool:
    """Tell whether two matchings left the same orders and positions behind; cash may differ in the order of its sums."""
    return one.account.quantities == other.account.quantities and _ends(one) == _ends(other)


def _ends(matching: Matching) -> dict[str, tuple[object, ...]]:
    orders: Mapping[str, Working] = matching.by_id
    return {
        name: (one.order.status, one.order.filled, one.order.notional, one.order.quantity, one.order.reason, one.order.stop)
        for name, one in orders.items()
    }
