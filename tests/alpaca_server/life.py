"""The turns in an order's life, each written before it is told, and what they mean for its group.

A bracket's legs wait until the entry has filled completely; of two exits, one that fills or is canceled cancels the other.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from .accounts import Account
from .faults import Faults
from .orders import Order
from .prices import Prices
from .tape import Tape
from .wire import datetime_of, number, wire_time

ENDS = {"canceled": "canceled_at", "expired": "expired_at", "rejected": "failed_at", "replaced": "replaced_at"}


class Life:
    """Accepts, works, fills and ends orders. Nothing else changes their status or moves money."""

    def __init__(self, tape: Tape, accounts: dict[str, Account], faults: Faults, prices: Prices) -> None:
        self._tape = tape
        self._accounts = accounts
        self._faults = faults
        self._prices = prices
        self.on_working: Callable[[Order], None] = lambda order: None

    def accounts(self) -> list[Account]:
        """Return all accounts."""
        return list(self._accounts.values())

    def accept(self, order: Order, origin: str, **facts: Any) -> None:
        """Keep a new order: from here on it exists, whether or not anybody learns of it."""
        self._accounts[order.account].add(order)
        self._tape.write(
            "accepted",
            order,
            origin=origin,
            order_type=order.terms.type,
            quantity=order.quantity,
            notional=order.terms.notional,
            price=order.terms.limit_price or order.stop_price,
            **facts,
        )
        self._tape.tell_request(order.status, order)

    def work(self, order: Order) -> None:
        """Bring an order to the market."""
        if order.is_terminal or order.is_working:
            return
        order.status = "new"
        order.updated_at = self._tape.clock.stamp()
        self._tape.tell("new", order)
        self.on_working(order)

    def fill(self, order: Order, quantity: Decimal, price: Decimal) -> None:
        """Execute `quantity` of an order at `price`; `order.quantity` must be known."""
        remaining = order.remaining
        assert not order.is_terminal, "a finished order cannot fill"
        assert remaining is not None
        assert 0 < quantity <= remaining, "a fill is within the order's quantity"
        account = self._accounts[order.account]
        execution_id = str(uuid4())
        booked = account.book(order, quantity, price)
        self._tape.write("fill", order, quantity=quantity, price=price, execution_id=execution_id, fee=booked.fee, fee_in=booked.fee_in)
        order.filled_quantity += quantity
        order.filled_value += quantity * price
        order.parts_done += 1
        order.updated_at = self._tape.clock.stamp()
        complete = order.filled_quantity == order.quantity
        if complete:
            order.status, order.filled_at = "filled", order.updated_at
        elif not order.status.startswith("pending_"):
            order.status = "partially_filled"
        event = "fill" if complete else "partial_fill"
        account.activities.append(fill_activity(account, order, execution_id, event, quantity, price))
        if booked.fee:
            account.activities.append(fee_activity(account, order, execution_id, booked.fee, booked.fee_in, price))
        self._tape.tell(
            event,
            order,
            execution_id=execution_id,
            price=number(price),
            qty=number(quantity),
            position_qty=number(booked.position_quantity),
        )
        self._after_fill(order, quantity, complete=complete)

    def end(self, order: Order, status: str, reason: str | None = None) -> None:
        """Finish an order unfilled or partly filled; a no-op when it is finished already."""
        if order.is_terminal:
            return
        order.status = status
        order.updated_at = self._tape.clock.stamp()
        setattr(order, ENDS[status], order.updated_at)
        self._tape.write(status, order, reason=reason, other_order_id=order.replaced_by)
        self._tape.tell(status, order)
        if status == "replaced":
            return
        for leg in order.legs:
            self.end(leg, "canceled", "its entry ended")
        if order.parent is not None:
            for sibling in (order.parent, *order.parent.legs):
                self.end(sibling, "canceled", "another order of its group ended")

    def _after_fill(self, order: Order, quantity: Decimal, *, complete: bool) -> None:
        if order.legs and order.terms.order_class != "oco":
            if complete:
                for leg in order.legs:
                    self.work(leg)
            return
        if not order.is_exit_pair:
            return
        members = [order, *order.legs] if order.parent is None else list(order.parent.legs)
        if order.parent is not None and order.terms.order_class == "oco":
            members.append(order.parent)
        for other in members:
            if other is order or other.is_terminal:
                continue
            if not complete:
                assert other.quantity is not None
                other.quantity = max(other.filled_quantity, other.quantity - quantity)
            elif self._faults.race("both_legs", order.symbol) is not None and other.remaining:
                self.fill(other, other.remaining, self._prices.now(other.symbol))
            else:
                self.end(other, "canceled", "the other exit filled")


def activity_id(order: Order, part: str) -> str:
    """Return an activity's id: the time to milliseconds, then an id of its own (not the execution id of the stream)."""
    return f"{datetime_of(order.updated_at).strftime('%Y%m%d%H%M%S%f')[:17]}::{uuid5(NAMESPACE_OID, part)}"


def fill_activity(account: Account, order: Order, execution_id: str, event: str, quantity: Decimal, price: Decimal) -> dict[str, Any]:
    """Return the FILL row of one execution."""
    return {
        "id": activity_id(order, execution_id),
        "account_id": account.id,
        "activity_type": "FILL",
        "transaction_time": wire_time(order.updated_at),
        "type": event,
        "price": number(price),
        "qty": number(quantity),
        "side": order.terms.side,
        "symbol": order.symbol,
        "leaves_qty": number(order.remaining or Decimal(0)),
        "order_id": order.id,
        "cum_qty": number(order.filled_quantity),
        "order_status": "filled" if event == "fill" else "partially_filled",
    }


def fee_activity(account: Account, order: Order, execution_id: str, fee: Decimal, fee_in: str | None, price: Decimal) -> dict[str, Any]:
    """Return the CFEE row of one execution."""
    return {
        "id": activity_id(order, f"fee of {execution_id}"),
        "account_id": account.id,
        "activity_type": "CFEE",
        "date": datetime_of(order.updated_at).date().isoformat(),
        "net_amount": "0" if fee_in == "coin" else number(-fee),
        "description": f"{'Coin Pair Transaction Fee (Non USD)' if fee_in == 'coin' else 'Coin Pair Transaction Fee'}",
        "symbol": order.terms.asset.position_symbol,
        "qty": number(-fee) if fee_in == "coin" else "0",
        "price": number(price),
        "status": "executed",
    }
