"""What a call on the simulated exchange leaves behind: ended orders, fills and messages, with the faults that befall them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from weaver.broker import Fill, OrderReport, TradeUpdate
from weaver.market import from_microseconds
from weaver.orders import OrderRequest, OrderStatus, OrderType, Role
from weaver.veda.adapters._simulated_faults import Disconnect, Duplicate, Fault, Reorder
from weaver.veda.adapters._simulated_market import decimal
from weaver.veda.adapters._simulated_matching import Happened
from weaver.veda.adapters._simulated_reports import down_text, dumps, to_json, update_to_text
from weaver.veda.adapters._simulated_state import State, Working
from weaver.veda.simulation import BookedFill, EndedOrder, Message, Written

FaultT = TypeVar("FaultT", bound=Fault)

_VENUE_WORDS = {
    OrderStatus.ACCEPTED: "new",
    OrderStatus.PARTIAL: "partially_filled",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELLED: "canceled",
    OrderStatus.EXPIRED: "expired",
    OrderStatus.REJECTED: "rejected",
}


class Outbox:
    """Collects what is to be stored with the state."""

    def __init__(self, account: str, state: State, now: int) -> None:
        self.changed = False
        self._account = account
        self._state = state
        self._now = now
        self.orders: list[EndedOrder] = []
        self._fills: list[BookedFill] = []
        self._messages: list[Message] = []

    def add(self, happened: Sequence[Happened], known: Mapping[str, Working]) -> None:
        """Put what happened into messages, fills and ended orders; `known` are all orders that it concerns, by id."""
        for one in happened:
            self.changed = True
            working = one.working
            working.updated_at = self._now
            report = self._report(working, one.status, one.filled, one.notional, known)
            fill = self._fill(one) if one.quantity else None
            if fill is not None:
                booked = dumps(to_json(fill))
                self._fills.append(
                    BookedFill(
                        execution_id=fill.execution_id,
                        sequence=self._next(),
                        booked_at=from_microseconds(self._now),
                        fill=booked,
                    )
                )
            self._publish(update_to_text(TradeUpdate(event=one.event, order=report, fill=fill, time=from_microseconds(self._now))))
            if one.status.is_final:
                request = None if working.request is None else to_json(working.request)
                self.orders.append(
                    EndedOrder(
                        exchange_order_id=working.exchange_order_id,
                        client_order_id=working.order.id,
                        submitted_at=from_microseconds(working.submitted_at),
                        report=dumps({"report": to_json(report), "request": request}),
                    )
                )

    def report(self, working: Working, known: Mapping[str, Working]) -> OrderReport:
        """Return an order as it now is, with its legs."""
        order = working.order
        return self._report(working, order.status, order.filled, order.notional, known)

    def take_fault(self, kind: type[FaultT]) -> FaultT | None:
        """Return the first scripted fault of a kind, which is thereby used up."""
        for fault in self._state.faults:
            if isinstance(fault, kind):
                self._state.faults.remove(fault)
                self.changed = True
                return fault
        return None

    def written(self) -> Written | None:
        """Return what is to be stored since this was last asked, None when nothing changed."""
        if not self.changed:
            return None
        written = Written(state=self._state.to_text(), orders=self.orders, fills=self._fills, messages=self._messages)
        self.changed, self.orders, self._fills, self._messages = False, [], [], []
        return written

    def _next(self) -> int:
        self._state.sequence += 1
        return self._state.sequence

    def _publish(self, text: str) -> None:
        fault = next((fault for fault in self._state.faults if isinstance(fault, Duplicate | Reorder | Disconnect)), None)
        if fault is not None:
            self._state.faults.remove(fault)
        match fault:
            case Disconnect():
                self._send(down_text("cut by script"))
                return
            case Reorder() if self._state.held is None:
                self._state.held = text
                return
            case Duplicate():
                self._send(text)
            case _:
                pass
        self._send(text)
        if self._state.held is not None:
            self._send(self._state.held)
            self._state.held = None

    def _send(self, text: str) -> None:
        self._messages.append(Message(sequence=self._next(), message=text))

    def _fill(self, one: Happened) -> Fill:
        working, order = one.working, one.working.order
        working.executions += 1
        return Fill(
            execution_id=f"{working.exchange_order_id}-{working.executions}",
            exchange_order_id=working.exchange_order_id,
            client_order_id=order.id,
            symbol=self._state.traded[order.symbol].symbol,
            side=order.side,
            quantity=decimal(one.quantity),
            price=decimal(one.price),
            commission=decimal(one.commission),
            time=from_microseconds(one.time),
        )

    def _report(self, working: Working, status: OrderStatus, filled: float, notional: float, known: Mapping[str, Working]) -> OrderReport:
        order, request = working.order, working.request
        report = OrderReport(
            exchange_order_id=working.exchange_order_id,
            client_order_id=order.id,
            symbol=self._state.traded[order.symbol].symbol,
            side=order.side,
            order_type=order.order_type,
            quantity=decimal(order.quantity) if request is None else request.quantity,
            limit_price=_decimal(order.limit) if request is None else request.limit_price,
            stop_price=_decimal(order.stop) if request is None else request.stop_price,
            trail=None if request is None else request.trail,
            trail_percent=None if request is None else request.trail_percent,
            time_in_force=order.time_in_force,
            extended_hours=request is not None and request.extended_hours,
            status=status,
            venue_status=_VENUE_WORDS[status],
            filled_quantity=decimal(filled),
            filled_average_price=decimal(notional / filled) if filled else None,
            reject_reason=order.reason if status.is_final else None,
            role=order.role,
            submitted_at=from_microseconds(working.submitted_at),
            updated_at=from_microseconds(working.updated_at),
        )
        if request is None or not request.is_bracket:
            return report
        return replace(report, legs=tuple(self._legs(report, working, request, status, known)))

    def _legs(
        self, parent: OrderReport, working: Working, request: OrderRequest, status: OrderStatus, known: Mapping[str, Working]
    ) -> list[OrderReport]:
        legs: list[OrderReport] = []
        waiting = working.order.legs
        for role, suffix, price in (
            (Role.TAKE_PROFIT, "tp", request.take_profit),
            (Role.STOP_LOSS, "sl", request.stop_loss),
        ):
            born = known.get(f"{parent.client_order_id}.{suffix}")
            if born is not None:
                legs.append(self.report(born, known))
            elif price is not None:
                profit = role is Role.TAKE_PROFIT
                kept = waiting is not None and (waiting.take_profit if profit else waiting.stop_loss) is not None
                held = kept and not status.is_final
                stopped = OrderType.STOP if request.stop_loss_limit is None else OrderType.STOP_LIMIT
                legs.append(
                    replace(
                        parent,
                        exchange_order_id=f"{parent.exchange_order_id}-{suffix}",
                        client_order_id=f"{parent.client_order_id}.{suffix}",
                        side=parent.side.opposite,
                        order_type=OrderType.LIMIT if profit else stopped,
                        limit_price=price if profit else request.stop_loss_limit,
                        stop_price=None if profit else price,
                        trail=None,
                        trail_percent=None,
                        status=OrderStatus.ACCEPTED if held else OrderStatus.CANCELLED,
                        venue_status="held" if held else "canceled",
                        filled_quantity=Decimal(0),
                        filled_average_price=None,
                        reject_reason=None,
                        role=role,
                    )
                )
        return legs


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else decimal(value)
