"""One account of the simulated exchange within one call: matches up to now, then takes or cancels orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from weaver.broker import OrderReport
from weaver.errors import Refused
from weaver.greta.matching import Order
from weaver.market import MICROSECONDS, Bars, Calendar, Timeframe
from weaver.orders import Costs, OrderRequest, OrderType
from weaver.veda.adapters._simulated_faults import LateFill, PartialFill
from weaver.veda.adapters._simulated_market import Market, decimal
from weaver.veda.adapters._simulated_matching import (
    CashTerms,
    Happened,
    Holdings,
    Matching,
    Shelf,
    Shown,
    no_bars,
    same_outcome,
)
from weaver.veda.adapters._simulated_outbox import Outbox
from weaver.veda.adapters._simulated_schedule import Schedule, Slot
from weaver.veda.adapters._simulated_state import State, Traded, Working
from weaver.veda.adapters._simulated_terms import exchange_order_id, order_of
from weaver.veda.simulation import Written

_BARS_AT_ONCE = 2_000
_GRACE = 10 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Bars at hand: those that are complete, in groups that end together (end, row of each symbol or -1), and the slot and row of
    each symbol's bar in progress. `more` tells whether there are complete bars after these."""

    matching: Matching
    complete: list[tuple[int, list[int]]]
    progress: dict[int, tuple[Slot, int]]
    done: dict[int, int]
    more: bool


class Simulation:
    """An account at `now` (microseconds). `settle` comes first; `written` is what is to be stored.

    An order that arrives while a bar is in progress counts as there at its open. What that open alone decides is carried out at
    once, unless the rest of the bar would have it otherwise (an exit that is reached later in the bar comes first in a backtest);
    all else waits until the bar is complete. Orders that were there before the bar meet its open a quarter of the bar later, at
    most ten seconds, so that what a strategy decides at the end of the bar before can still cancel them.
    """

    def __init__(self, account: str, state: State, market: Market, costs: Costs, now: int) -> None:
        self.state = state
        self.now = now
        self.outbox = Outbox(account, state, now)
        self._account = account
        self._market = market
        self._terms = CashTerms(costs)

    @property
    def next_due(self) -> int | None:
        """When matching would do something next, None without working orders."""
        return min((self._due(traded) for traded in self._with_orders()), default=None)

    def settle(self) -> None:
        """Meet every bar that is complete by now, and the opens that are to be met."""
        while (due := self.next_due) is not None and due <= self.now:
            stretch = self._stretch()
            for _, rows in stretch.complete:
                stretch.matching.meet_whole(rows)
            for index, done in stretch.done.items():
                self.state.traded[index].done = done
            if not stretch.more:
                self._meet_waiting(stretch)
            self._keep(stretch.matching)

    def submit(self, request: OrderRequest) -> Working:
        """Take an order and let it meet the open of the bar in progress. Raises Refused for terms that make no sense."""
        schedule, traded = self._schedule(request.symbol), self.state.symbol(request.symbol)
        index = self.state.index(request.symbol)
        slot = schedule.trading_after(self.now)
        if not any(working.order.symbol == index for working in self.state.working):
            traded.done = slot.start
            traded.opened = slot.start if slot.opens <= self.now else 0
        late = self.outbox.take_fault(LateFill)
        partial = self.outbox.take_fault(PartialFill)
        order = self._order(request, index, slot if late is None else schedule.after(slot, late.bars))
        working = Working(order, request, exchange_order_id(self._account, order.id), self.now, self.now)
        working.partial = None if partial is None else partial.fraction
        self.state.working.append(working)
        self.outbox.add([Happened("new", working, order.status, 0.0, 0.0)], {order.id: working})
        self._meet_arrived(index)
        return working

    def cancel(self, exchange_id: str) -> bool:
        """Cancel a working order, or drop a leg of one that has not filled; False when there is no such order here."""
        for working in self.state.working:
            if working.exchange_order_id == exchange_id:
                matching = Matching(self._shelf({}), self._terms, Holdings.of(self.state), self.state.working, {})
                matching.end(working.order.id, self.now)
                self._keep(matching)
                self._meet_arrived(working.order.symbol)
                return True
            legs = working.order.legs
            if legs is not None and exchange_id in (f"{working.exchange_order_id}-tp", f"{working.exchange_order_id}-sl"):
                if exchange_id.endswith("-tp"):
                    legs.take_profit = None
                else:
                    legs.stop_loss = None
                self.outbox.changed = True
                return True
        return False

    def follow(self, symbol: str, timeframe: Timeframe) -> None:
        """Let orders on a symbol meet bars of this length from now on."""
        traded = self.state.symbol(symbol)
        if traded.timeframe == timeframe.text:
            return
        traded.timeframe = timeframe.text
        self.outbox.changed = True
        slot = self._schedule(symbol).trading_after(self.now)
        traded.done, traded.opened, traded.used = slot.start, slot.start, 0.0
        index = self.state.index(symbol)
        for working in self.state.working:
            if working.order.symbol == index:
                working.order.created_at = max(working.order.created_at, slot.end)

    def begin_replay(self, symbol: str) -> int:
        """Return when the replay of a symbol began: now, if it did not before. 0 for one that is made up."""
        if not self._market.replays(symbol):
            return 0
        traded = self.state.symbol(symbol)
        if not traded.anchor:
            traded.anchor = self.now
            self.outbox.changed = True
        return traded.anchor

    def last_price(self, symbol: str) -> float | None:
        """Return the price now: that of the second, or of a replay the open of the bar in progress."""
        made_up = self._market.price(symbol, self._trading_second(symbol))
        if made_up is not None:
            return made_up
        traded = self.state.symbol(symbol)
        slot = self._schedule(symbol).trading_after(self.now)
        (row,) = self._market.rows(symbol, [slot], traded.anchor)
        return None if row is None else row[0]

    def reserved(self) -> Decimal:
        """Return what open buys would cost at their limit, stop or the last price."""
        return decimal(self._worth([working.order for working in self.state.working if working.order.sign > 0]))

    def report(self, working: Working) -> OrderReport:
        """Return a working order as it now is."""
        return self.outbox.report(working, {one.order.id: one for one in self.state.working})

    def written(self) -> Written | None:
        """Return what is to be stored since this was last asked, None when nothing changed."""
        return self.outbox.written()

    def _schedule(self, symbol: str) -> Schedule:
        return self._market.schedule(symbol, Timeframe(self.state.symbol(symbol).timeframe))

    def _trading_second(self, symbol: str) -> int:
        """Return now, or the last second at which the symbol traded."""
        second = self._market.schedule(symbol, Timeframe("1m"))
        slot = second.trading_after(self.now)
        if slot.opens <= self.now:
            return self.now
        before = second.ending_by(self.now)
        return slot.opens if before is None else before.closes - 1

    def _with_orders(self) -> list[Traded]:
        return [self.state.traded[index] for index in sorted({working.order.symbol for working in self.state.working})]

    def _due(self, traded: Traded) -> int:
        slot = self._schedule(traded.symbol).ending_after(traded.done)
        return slot.end if traded.opened >= slot.start else _after_grace(slot)

    def _stretch(self, only: int | None = None) -> _Stretch:
        """Return the bars of all symbols with orders, or of one."""
        indices = {working.order.symbol for working in self.state.working} if only is None else {only}
        symbols = {index: self.state.traded[index] for index in sorted(indices)}
        schedules = {index: self._schedule(traded.symbol) for index, traded in symbols.items()}
        firsts = {index: schedules[index].ending_after(traded.done) for index, traded in symbols.items()}
        lengths = {index: Timeframe(traded.timeframe).microseconds for index, traded in symbols.items()}
        until = min(firsts[index].start + _BARS_AT_ONCE * lengths[index] for index in symbols)
        more = until <= self.now
        shown: dict[int, Bars] = {}
        ends: dict[int, list[tuple[int, int]]] = {}
        progress: dict[int, tuple[Slot, int]] = {}
        done: dict[int, int] = {}
        for index, traded in symbols.items():
            slots = schedules[index].between(firsts[index].start, min(self.now + 1, until))
            slots = [slot for slot in slots if slot.opens <= self.now]
            known, shown[index] = self._market.columns(traded.symbol, Timeframe(traded.timeframe), slots, traded.anchor)
            over = min(self.now, until) if more else self.now
            done[index] = max([slot.end for slot in slots if slot.end <= over], default=traded.done)
            for row, slot in enumerate(known):
                if slot.end <= over:
                    ends.setdefault(slot.end, []).append((index, row))
                elif not more:
                    progress[index] = (slot, row)
        complete = [(end, self._rows(dict(ends[end]))) for end in sorted(ends)]
        used = {index: traded.used for index, traded in symbols.items() if traded.used and traded.used_at == firsts[index].start}
        matching = Matching(self._shelf(shown), self._terms, Holdings.of(self.state), self.state.working, used)
        return _Stretch(matching, complete, progress, done, more)

    def _shelf(self, shown: dict[int, Bars]) -> Shelf:
        return Shelf([Shown(shown.get(index) or no_bars(traded.symbol)) for index, traded in enumerate(self.state.traded)])

    def _rows(self, rows: dict[int, int]) -> list[int]:
        return [rows.get(index, -1) for index in range(len(self.state.traded))]

    def _meet_waiting(self, stretch: _Stretch) -> None:
        """Let orders meet the opens that have been long enough ago."""
        for index, (slot, _) in stretch.progress.items():
            traded = self.state.traded[index]
            if traded.opened < slot.start and _after_grace(slot) <= self.now:
                self._meet_open(stretch, index, arrived=False)
                traded.opened = slot.start
        # a bar that does not exist is not asked for again
        for index, traded in enumerate(self.state.traded):
            if index in stretch.done and index not in stretch.progress:
                slot = self._schedule(traded.symbol).ending_after(traded.done)
                if _after_grace(slot) <= self.now:
                    traded.opened = max(traded.opened, slot.start)

    def _meet_arrived(self, index: int) -> None:
        """Let orders that arrived in the bar in progress meet its open, if they have not filled in it."""
        if any(working.order.symbol == index for working in self.state.working):
            stretch = self._stretch(index if self._cash_is_ample() else None)
            self._meet_open(stretch, index, arrived=True)
            self._keep(stretch.matching)

    def _meet_open(self, stretch: _Stretch, index: int, *, arrived: bool) -> None:
        if index not in stretch.progress:
            return
        slot, _ = stretch.progress[index]
        together = {other: row for other, (known, row) in stretch.progress.items() if known.end == slot.end}
        matching = stretch.matching
        held = matching.account.quantities[index]
        orders = [order for order in matching.working if order.symbol == index and (not arrived or order.created_at == slot.start)]
        for order in sorted(orders, key=lambda order: held * order.sign >= 0):
            if order.done:
                continue  # by the fill of one before it
            _meet_if_certain(matching, order, self._rows({index: together[index]} if self._cash_is_ample() else together))
        traded = self.state.traded[index]
        traded.used, traded.used_at = matching.used(index), slot.start

    def _cash_is_ample(self) -> bool:
        """Tell whether the cash pays all open buys twice over, so that orders on other symbols do not matter."""
        buys = [working.order for working in self.state.working if working.order.sign > 0]
        once = float(self._terms.costs.commission_min or 0) + float(self._terms.costs.commission_per_order or 0)
        return self.state.cash >= 2 * (self._worth(buys) + once * len(buys))

    def _worth(self, buys: Sequence[Order]) -> float:
        """Return what is left of these orders at their limit, stop or the last price."""
        total = 0.0
        for order in buys:
            price = order.limit or order.stop or self.last_price(self.state.traded[order.symbol].symbol) or 0.0
            total += order.remaining * price
        return total

    def _keep(self, matching: Matching) -> None:
        """Take over what matching made of the account."""
        matching.account.keep(self.state)
        self.state.working = matching.standing()
        self.outbox.add(matching.happened, matching.by_id)
        matching.happened = []
        self.outbox.changed = True

    def _order(self, request: OrderRequest, index: int, slot: Slot) -> Order:
        always = self._market.replays(request.symbol) or Calendar.of(request.symbol) is Calendar.ALWAYS
        order = order_of(request, index, slot.start, always=always)
        if order.order_type is OrderType.TRAILING_STOP:
            order.extreme = self._last_close(request.symbol)
        return order

    def _last_close(self, symbol: str) -> float:
        slot = self._schedule(symbol).ending_by(self.now)
        row = None if slot is None else self._market.rows(symbol, [slot], self.state.symbol(symbol).anchor)[0]
        price = self.last_price(symbol) if row is None else row[3]
        if price is None:
            raise Refused(f"{symbol} has no price")
        return price


def _after_grace(slot: Slot) -> int:
    return slot.opens + min((slot.closes - slot.opens) // 4, _GRACE)


def _meet_if_certain(matching: Matching, order: Order, rows: list[int]) -> None:
    """Let an order meet the open of its bar in progress when that comes to the same as meeting the whole bar later."""
    others = any(other is not order and rows[other.symbol] >= 0 for other in matching.working)
    if others or order.legs is not None:
        early = matching.copied(rows)
        early.meet_open(order.id, rows)
        if not early.happened:
            return
        early.meet_whole(rows)
        later = matching.copied(rows)
        later.meet_whole(rows)
        if not same_outcome(early, later):
            return
    matching.meet_open(order.id, rows)
