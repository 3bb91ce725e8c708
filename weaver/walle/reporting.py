"""Applies what a venue says of orders, by whichever door it came, twice or out of order.

An order moves only along the table of `weaver.orders`; what the table forbids came late and is left alone. Changes follow one
rule: the first time a venue's id is known gives `orders.Submitted`; every other status gives the event of its name; each fill that
raises the filled quantity of an order that goes on gives `orders.PartiallyFilled`. An order is filled when its venue says so, even
while executions are missing, or when its executions add up to its quantity, whichever comes first. Executions that come after
`orders.Filled` are booked without a further change; those that come after another end give `orders.PartiallyFilled` if they raise
the filled quantity, while the status stays.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from weaver.broker import Fill, OrderReport
from weaver.orders import OrderStatus, may_follow
from weaver.walle.booking import book
from weaver.walle.order_rows import note
from weaver.walle.trading_model import OrderChange
from weaver.walle.trading_tables import AccountRow, OrderRow
from weaver.walle.writing import storable

log = logging.getLogger(__name__)

EVENTS = {
    OrderStatus.SUBMITTED: "orders.Submitted",
    OrderStatus.ACCEPTED: "orders.Accepted",
    OrderStatus.PARTIAL: "orders.PartiallyFilled",
    OrderStatus.FILLED: "orders.Filled",
    OrderStatus.CANCELLED: "orders.Cancelled",
    OrderStatus.REJECTED: "orders.Rejected",
    OrderStatus.EXPIRED: "orders.Expired",
    OrderStatus.IN_DOUBT: "orders.InDoubt",
}
"""The event of each status that has one: `pending` is told by orders.Created, `submitting` is nobody's news."""

_UNSENT = (OrderStatus.PENDING, OrderStatus.SUBMITTING, OrderStatus.IN_DOUBT)


@dataclass(slots=True, kw_only=True)
class Reporting:
    """One order of a locked account, to which a venue's words are applied; `changes` collects what came of them."""

    session: Session
    account: AccountRow
    order: OrderRow
    at: datetime
    changes: list[OrderChange]

    def apply(self, report: OrderReport | None, fills: Sequence[Fill]) -> None:
        """Apply a report and new fills of the order. Fills first: they tell its steps one by one, the report tells the outcome."""
        exchange_order_id = report.exchange_order_id if report else fills[0].exchange_order_id if fills else ""
        self._seen_at_venue(exchange_order_id)
        for fill in sorted(fills, key=lambda one: one.time):
            if book(self.session, self.account, self.order, fill, self.at):
                self._filled(fill)
        if report is not None:
            self._reported(report)

    @property
    def _status(self) -> OrderStatus:
        return OrderStatus(self.order.status)

    def _seen_at_venue(self, exchange_order_id: str) -> None:
        if not exchange_order_id or self.order.exchange_order_id is not None:
            return
        self.order.exchange_order_id = exchange_order_id
        self.order.submitted_at = self.at
        if self._status.is_final:
            log.warning("order %s is %s here, yet %s has it as %s", self.order.id, self.order.status, self.account.id, exchange_order_id)
        elif self._status in _UNSENT:
            self.order.status = OrderStatus.SUBMITTED.value
            self._note(OrderStatus.SUBMITTED)

    def _filled(self, fill: Fill) -> None:
        order = self.order
        grew = order.booked_quantity > order.filled_quantity
        if order.booked_quantity >= order.filled_quantity:
            order.filled_quantity = order.booked_quantity
            order.filled_avg_price = order.booked_value / order.booked_quantity
        self._move(OrderStatus.FILLED if order.booked_quantity >= order.quantity else OrderStatus.PARTIAL, grew=grew, time=fill.time)

    def _reported(self, report: OrderReport) -> None:
        order = self.order
        grew = report.filled_quantity > order.filled_quantity
        if grew:
            order.filled_quantity = report.filled_quantity
            order.filled_avg_price = report.filled_average_price
        status = report.status
        if status in (OrderStatus.SUBMITTED, OrderStatus.ACCEPTED) and order.filled_quantity > 0:
            status = OrderStatus.PARTIAL
        if status in _UNSENT:  # not a venue's word
            status = self._status
        if status is OrderStatus.REJECTED and not self._status.is_final and report.reject_reason is not None:
            order.reject_reason = storable(report.reject_reason)
        replaced = status is OrderStatus.CANCELLED and report.replaced_by is not None
        self._move(status, grew=grew, time=report.updated_at or self.at, event="orders.Replaced" if replaced else None)

    def _move(self, status: OrderStatus, *, grew: bool, time: datetime, event: str | None = None) -> None:
        """Go on to `status` if the table allows it; note that, or at least that more was filled."""
        present = self._status
        # What the venue knows was sent, whatever is on record here.
        sent = OrderStatus.SUBMITTING if present is OrderStatus.PENDING else present
        if status is not present and may_follow(sent, status):
            self.order.status = status.value
            if status is OrderStatus.FILLED:
                self.order.filled_at = time
            if status is OrderStatus.CANCELLED:
                self.order.cancelled_at = time
            self._note(status, event)
            return
        if status is not present:
            log.debug("order %s is %s: %s comes late", self.order.id, present, status)
        if grew and present is not OrderStatus.FILLED:
            self._note(OrderStatus.PARTIAL)

    def _note(self, status: OrderStatus, event: str | None = None) -> None:
        reason = self.order.reject_reason if status is OrderStatus.REJECTED else None
        self.changes.append(note(self.session, self.order, event or EVENTS[status], self.at, reason))
