"""The simulated exchange of a backtest: meets working orders with the bars, in the order of the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from weaver.greta.book import Book
from weaver.greta.costs import CostModel
from weaver.greta.matching import Legs, Order, Prices, Touch, follow, reaches_stop, touch
from weaver.greta.quantities import tidy, to_lots
from weaver.greta.records import FillRow, OrderRow, TradeRow
from weaver.greta.state import Totals
from weaver.market import Bars, Calendar
from weaver.orders import Costs, OrderStatus, OrderType, Role, TimeInForce


class HasBars(Protocol):
    @property
    def bars(self) -> Bars: ...


class Timeline(Protocol):
    """The bars that orders meet: a run's Feed, or those of a simulated exchange."""

    @property
    def series(self) -> Sequence[HasBars]: ...

    def marks(self, step: int) -> list[float]:
        """Return each symbol's newest close at `step`."""
        ...


class Terms(Protocol):
    """What the venue needs of a run's Setup."""

    @property
    def costs(self) -> Costs: ...

    def lots_per_unit(self, calendar: Calendar) -> int: ...


@dataclass(slots=True)
class Written:
    """Rows written since the window began."""

    fills: list[FillRow] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    trades: list[TradeRow] = field(default_factory=list)


class Venue:
    """Working orders in the order they were placed, and what happens to them."""

    def __init__(self, feed: Timeline, setup: Terms, book: Book, orders: list[Order], totals: Totals) -> None:
        self.feed = feed
        self.book = book
        self.working = orders
        self.totals = totals
        self.costs = CostModel.of(setup.costs)
        self.lots_per_unit = [setup.lots_per_unit(one.bars.calendar) for one in feed.series]
        self.written = Written()
        self._executions: list[FillRow] = []
        self._bars = [one.bars for one in feed.series]
        self._used: dict[int, float] = {}
        self._step = -1

    def executions(self, step: int) -> list[FillRow]:
        """Return the fills of `step`."""
        return self._executions if step == self._step else []

    def match(self, step: int, rows: list[int]) -> bool:
        """Meet the working orders with the bars of `step`, at `rows[symbol]` (-1: no new bar); tell whether anything
        was filled. Exits first, then placement order."""
        self._step = step
        self._used = {}
        self._executions = []
        due = [order for order in self.working if self._is_due(order, rows[order.symbol])]
        if len(due) > 1:
            due.sort(key=self._is_entry)
        for order in due:
            if not order.done:
                row = rows[order.symbol]
                self._meet(order, row, _prices(self._bars[order.symbol], row))
        for order in [*self.working]:
            if not order.done and rows[order.symbol] >= 0:
                self._end_of_bar(order, self._bars[order.symbol], rows[order.symbol])
        self.working = [order for order in self.working if not order.done]
        return bool(self._executions)

    def _is_due(self, order: Order, row: int) -> bool:
        """Tell whether the order may trade in the bar at `row`; a day order whose session is over expires here."""
        bars = self._bars[order.symbol]
        if row < 0 or bars.starts.item(row) < order.created_at:
            return False
        return order.time_in_force is not TimeInForce.DAY or not self._is_past(order, bars, row)

    def _is_entry(self, order: Order) -> bool:
        return self.book.quantities[order.symbol] * order.sign >= 0

    def _marks(self) -> list[float]:
        """Return the closes before the bars of this step."""
        return self.feed.marks(self._step - 1)

    def finish(self, order: Order, status: OrderStatus, reason: str | None, time: int) -> None:
        """Bring an order to its end and write it down. An entry that filled in part brings its legs to life."""
        order.status = status
        order.done = True
        order.reason = reason
        order.closed_at = time
        self.totals.orders += 1
        self.written.orders.append(order)
        if order.legs is not None and order.filled and status is not OrderStatus.FILLED:
            self._bring_legs(order)

    def order_rows(self) -> list[OrderRow]:
        """Return the orders that came to their end, in the order of their ends."""
        return [self.row(order) for order in self.written.orders]

    def row(self, order: Order) -> OrderRow:
        """Return the order as a row."""
        return OrderRow(
            id=order.id,
            symbol=self._bars[order.symbol].symbol,
            side=order.side.value,
            order_type=order.order_type.value,
            quantity=order.quantity,
            filled_quantity=order.filled,
            filled_avg_price=order.notional / order.filled if order.filled else None,
            limit_price=order.limit,
            stop_price=order.stop,
            trail=order.trail if order.trail is not None else order.trail_percent,
            time_in_force=order.time_in_force.value,
            status=order.status.value,
            role=order.role.value if order.role else None,
            parent_id=order.parent,
            reject_reason=order.reason,
            created_at=order.created_at,
            closed_at=order.closed_at,
        )

    def _is_past(self, order: Order, bars: Bars, row: int) -> bool:
        """Expire a day order whose session had no bar at its very end; note the session of the first bar it meets."""
        session = int(bars.sessions[row])
        if order.session is None:
            order.session = session
        if session > order.session:
            self.finish(order, OrderStatus.EXPIRED, "the session ended", int(bars.starts[row]))
        return order.done

    def _end_of_bar(self, order: Order, bars: Bars, row: int) -> None:
        if order.order_type is OrderType.TRAILING_STOP and bars.starts[row] >= order.created_at:
            follow(order, float(bars.high[row]), float(bars.low[row]))
        if order.session is not None and bars.ends[row] >= bars.session_end(row):
            self.finish(order, OrderStatus.EXPIRED, "the session ended", int(bars.starts[row]))

    def _meet(self, order: Order, row: int, bar: Prices) -> None:
        if order.role is Role.TAKE_PROFIT and self._stop_comes_first(order, bar):
            return
        met = touch(order, bar)
        if met is None or (not met.at_open and order.is_immediate):
            if order.is_immediate:
                self._cancel(order, row, "not fillable at once")
            return
        quantity = self._permitted(order, row, bar.volume)
        if quantity > 0:
            self._fill(order, row, bar, met, quantity)

    def _stop_comes_first(self, order: Order, bar: Prices) -> bool:
        """Both legs touched in one bar: the worse for the trader counts."""
        return any(
            other.role is Role.STOP_LOSS and other.parent == order.parent and reaches_stop(other, bar)
            for other in self.working
            if not other.done
        )

    def _permitted(self, order: Order, row: int, volume: float) -> float:
        """Return how much may be filled in this bar before money is asked; 0 leaves the order as it now is."""
        held = self.book.quantities[order.symbol]
        quantity = order.remaining
        if order.reduce_only:
            if held * order.sign >= 0:
                self._cancel(order, row, "nothing left to close")
                return 0
            quantity = min(quantity, abs(held))
        elif order.sign < 0 and not self.book.allow_short:
            available = max(held, 0.0)
            if quantity > available and (order.whole or available == 0):
                self._reject(order, row, f"would sell {quantity:g} with {available:g} held; short selling is not allowed")
                return 0
            quantity = min(quantity, available)
        if self.costs.participation_cap is None:
            return quantity
        lots_per_unit = self.lots_per_unit[order.symbol]
        cap = to_lots(self.costs.participation_cap * volume, lots_per_unit) / lots_per_unit
        left = tidy(cap - self._used.get(order.symbol, 0.0))
        if left < quantity and order.time_in_force is TimeInForce.FOK:
            self._cancel(order, row, "not fillable as a whole")
            return 0
        if left <= 0 and order.is_immediate:
            self._cancel(order, row, "not fillable at once")
        return min(quantity, max(left, 0.0))

    def _fill(self, order: Order, row: int, bar: Prices, met: Touch, quantity: float) -> None:
        wanted = quantity
        price, commission = self._terms(order, quantity, bar, met)
        if not self.book.can_pay(order.symbol, order.sign * quantity, price, commission, self._marks):
            if order.whole:
                self._reject(order, row, self._unpayable(order, quantity, price, commission))
                return
            quantity = self._largest_payable(order, quantity, bar, met)
            if quantity == 0:
                self._reject(order, row, self._unpayable(order, wanted, price, commission))
                return
            price, commission = self._terms(order, quantity, bar, met)
        bars = self._bars[order.symbol]
        time = bars.starts.item(row)
        trades = self.book.fill(order, quantity, price, commission, row, time, met.at_open, bars)
        order.filled = tidy(order.filled + quantity)
        order.notional += quantity * price
        order.commission += commission
        self._used[order.symbol] = self._used.get(order.symbol, 0.0) + quantity
        slippage = abs(price - met.price) * quantity
        self.totals.commission += commission
        self.totals.slippage += slippage
        self.totals.fills += 1
        if trades:
            self.totals.trades += len(trades)
            self.written.trades.extend(trades)
        fill = FillRow(time, bars.symbol, "buy" if order.sign > 0 else "sell", quantity, price, commission, slippage, order.id)
        self.written.fills.append(fill)
        self._executions.append(fill)
        if quantity < wanted:
            order.quantity = order.filled
        self._after_fill(order, row, time, bar, met, quantity)

    def _after_fill(self, order: Order, row: int, time: int, bar: Prices, met: Touch, quantity: float) -> None:
        held = self.book.quantities[order.symbol]
        if held == 0 and (order.reduce_only or not order.whole):
            order.quantity = order.filled
        if order.filled >= order.quantity:
            self.finish(order, OrderStatus.FILLED, None, time)
        else:
            order.status = OrderStatus.PARTIAL
            if order.time_in_force is TimeInForce.IOC:
                self._cancel(order, row, "the rest was not fillable at once")
        if len(self.working) == 1 and order.legs is None:
            return
        if order.role in (Role.TAKE_PROFIT, Role.STOP_LOSS):
            self._shrink_sibling(order, quantity, time)
        for other in self.working:
            if other.symbol == order.symbol and other.reduce_only and held * other.sign >= 0 and not other.done:
                self.finish(other, OrderStatus.CANCELLED, "the position was closed", time)
        if order.legs is not None and order.status is OrderStatus.FILLED:
            born = self._bring_legs(order)
            begin = bar if met.at_open else Prices(met.price, bar.high, bar.low, bar.volume)
            for leg in born:
                if not leg.done and (met.at_open or leg.role is Role.STOP_LOSS):
                    self._meet(leg, row, begin)

    def _bring_legs(self, entry: Order) -> list[Order]:
        legs = entry.legs
        entry.legs = None
        if legs is None:
            return []
        born = [_leg(entry, role, suffix, legs) for role, suffix in ((Role.TAKE_PROFIT, "tp"), (Role.STOP_LOSS, "sl"))]
        living = [leg for leg in born if leg is not None]
        self.working.extend(living)
        return living

    def _shrink_sibling(self, order: Order, quantity: float, time: int) -> None:
        for other in self.working:
            if other is not order and other.parent == order.parent and other.role is not None and not other.done:
                if order.done:
                    self.finish(other, OrderStatus.CANCELLED, f"{order.role} filled", time)
                else:
                    other.quantity = tidy(other.quantity - quantity)

    def _terms(self, order: Order, quantity: float, bar: Prices, met: Touch) -> tuple[float, float]:
        """Return price and commission of a fill of this size."""
        price = self.costs.slipped(met.price, order.sign, quantity, bar.volume, met.limit)
        after = self.costs.commission(order.notional + quantity * price, order.filled + quantity)
        return price, after - order.commission

    def _payable(self, order: Order, quantity: float, bar: Prices, met: Touch) -> bool:
        price, commission = self._terms(order, quantity, bar, met)
        return self.book.can_pay(order.symbol, order.sign * quantity, price, commission, self._marks)

    def _largest_payable(self, order: Order, quantity: float, bar: Prices, met: Touch) -> float:
        lots_per_unit = self.lots_per_unit[order.symbol]
        payable, unpayable = 0, to_lots(quantity, lots_per_unit)
        while unpayable - payable > 1:
            middle = (payable + unpayable) // 2
            if self._payable(order, middle / lots_per_unit, bar, met):
                payable = middle
            else:
                unpayable = middle
        return payable / lots_per_unit

    def _unpayable(self, order: Order, quantity: float, price: float, commission: float) -> str:
        cost = quantity * price + commission
        if self.book.leverage == 1 and not self.book.allow_short:
            return f"costs {cost:.2f} with {self.book.cash:.2f} of cash"
        return f"{order.side} of {quantity:g} at {price:g} would exceed {self.book.leverage:g} × equity"

    def _cancel(self, order: Order, row: int, reason: str) -> None:
        self.finish(order, OrderStatus.CANCELLED, reason, int(self._bars[order.symbol].starts[row]))

    def _reject(self, order: Order, row: int, reason: str) -> None:
        status = OrderStatus.CANCELLED if order.filled else OrderStatus.REJECTED
        self.finish(order, status, reason, int(self._bars[order.symbol].starts[row]))


def _prices(bars: Bars, row: int) -> Prices:
    return Prices(bars.open.item(row), bars.high.item(row), bars.low.item(row), bars.volume.item(row))


def _leg(entry: Order, role: Role, suffix: str, legs: Legs) -> Order | None:
    price = legs.take_profit if role is Role.TAKE_PROFIT else legs.stop_loss
    if price is None:
        return None
    stopped = role is Role.STOP_LOSS
    order_type = OrderType.LIMIT if not stopped else OrderType.STOP if legs.stop_limit is None else OrderType.STOP_LIMIT
    return Order(
        id=f"{entry.id}.{suffix}",
        symbol=entry.symbol,
        sign=-entry.sign,
        order_type=order_type,
        quantity=entry.filled,
        created_at=entry.created_at,
        limit=legs.stop_limit if stopped else price,
        stop=price if stopped else None,
        time_in_force=TimeInForce.DAY if entry.time_in_force is TimeInForce.DAY else TimeInForce.GTC,
        role=role,
        parent=entry.id,
        session=entry.session if entry.time_in_force is TimeInForce.DAY else None,
        whole=False,
        reduce_only=True,
    )
