"""Meets orders with prices: at once, later, in parts or never, as the test set it."""

from decimal import Decimal

from .assets import Asset
from .life import Life
from .matching import AT_ONCE, FillMode, elect, execution_price, part_quantity, target_quantity
from .orders import Order
from .prices import Prices
from .sessions import Sessions
from .tape import Tape


class Executions:
    """The market. Only working orders in their session fill."""

    def __init__(self, tape: Tape, life: Life, prices: Prices, sessions: Sessions) -> None:
        self._tape = tape
        self._life = life
        self._prices = prices
        self._sessions = sessions
        self.default_mode = AT_ONCE
        self.modes: dict[str, FillMode] = {}
        self.working: dict[str, Order] = {}
        life.on_working = self.arrive
        prices.listeners.append(self._on_price)

    def mode(self, order: Order) -> FillMode:
        """Return how orders of this symbol fill."""
        return self.modes.get(order.symbol, self.default_mode)

    def arrive(self, order: Order) -> None:
        """Meet a new order with the market for the first time."""
        self.working[order.id] = order
        self.evaluate(order)

    def evaluate_all(self, symbol: str | None = None) -> None:
        """Meet the working orders, of one symbol or all, with the market; oldest first."""
        for order in list(self.working.values()):
            if symbol in (None, order.symbol):
                self.evaluate(order)

    def evaluate(self, order: Order) -> None:
        """Fill what may fill now, or set the timer of the next part; what must not wait is canceled."""
        while order.is_working and self._is_in_session(order):
            price = self._meet(order)
            mode = self.mode(order)
            if price is None or mode.stops(order.parts_done):
                order.resting = order.resting or price is None
                if order.terms.time_in_force in ("ioc", "fok") and not order.part_awaited:
                    self._life.end(order, "canceled", "immediate or cancel")
                break
            if mode.delay > 0:
                self._await_part(order, mode)
                break
            self._fill_part(order, mode, price)
        if order.is_terminal:
            self.working.pop(order.id, None)

    def fill_now(self, order: Order, quantity: Decimal | None = None, price: Decimal | None = None) -> None:
        """Execute `quantity` (default: all that remains) at `price` (default: its limit, else the market), whatever mode and session."""
        at = price or order.terms.limit_price or self._prices.now(order.symbol)
        order.quantity = target_quantity(order, at)
        rest = order.quantity - order.filled_quantity
        self._life.fill(order, rest if quantity is None else min(quantity, rest), at)

    def close_auction(self) -> None:
        """Fill the orders that wait for the close."""
        for order in list(self.working.values()):
            if order.terms.time_in_force == "cls" and (price := self._meet(order)) is not None:
                self.fill_now(order, price=price)

    def _meet(self, order: Order) -> Decimal | None:
        price = self._prices.now(order.symbol)
        elect(order, price)
        return execution_price(order, price)

    def _fill_part(self, order: Order, mode: FillMode, price: Decimal) -> None:
        order.quantity = target_quantity(order, price)
        self._life.fill(order, part_quantity(order, mode, order.quantity), price)

    def _await_part(self, order: Order, mode: FillMode) -> None:
        if not order.part_awaited:
            order.part_awaited = True
            self._tape.later(mode.delay, self._timed_part, order)

    def _timed_part(self, order: Order) -> None:
        order.part_awaited = False
        if order.is_working and self._is_in_session(order):
            price, mode = self._meet(order), self.mode(order)
            if price is not None and not mode.stops(order.parts_done):
                self._fill_part(order, mode, price)
        self.evaluate(order)

    def _is_in_session(self, order: Order) -> bool:
        if order.terms.asset.crypto:
            return True
        if order.terms.time_in_force == "cls":
            return False
        phase = self._sessions.phase()
        return phase == "open" or (phase == "extended" and order.terms.extended_hours)

    def _on_price(self, asset: Asset, price: Decimal) -> None:
        self.evaluate_all(asset.symbol)
