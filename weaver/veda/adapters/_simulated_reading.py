"""What one call reads of an account of the simulated exchange."""

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from weaver.broker import Fill, Holding, OrderReport
from weaver.errors import TermsDiffer
from weaver.market import to_microseconds
from weaver.orders import OrderRequest, Role
from weaver.veda.adapters._simulated_account import Simulation
from weaver.veda.adapters._simulated_market import decimal
from weaver.veda.adapters._simulated_reports import differences, fill_from, report_from, request_from
from weaver.veda.adapters._simulated_state import Working
from weaver.veda.simulation import Ledger

_CENTS = Decimal("1e-8")
_LEGS = (Role.TAKE_PROFIT, Role.STOP_LOSS)


class Reading:
    """Working orders from the state, ended ones from the ledger."""

    def __init__(self, simulation: Simulation, ledger: Ledger) -> None:
        self.simulation = simulation
        self._ledger = ledger

    @property
    def cash(self) -> Decimal:
        return _money(self.simulation.state.cash)

    def holdings(self) -> list[Holding]:
        return [self._holding(index) for index, traded in enumerate(self.simulation.state.traded) if traded.quantity]

    def request(self, client_order_id: str) -> OrderRequest | None:
        """Return the terms under which an order was placed, None when there is no such order."""
        for working in self.simulation.state.working:
            if working.order.id == client_order_id:
                return working.request
        ended = self._ended_now(client_order_id) or self._ledger.ended_as(client_order_id)
        request = None if ended is None else json.loads(ended)["request"]
        return None if request is None else request_from(request)

    def same(self, known: OrderRequest, asked: OrderRequest) -> OrderReport | None:
        """Return the order that exists. Raises TermsDiffer when it is another."""
        differing = differences(known, asked)
        if differing:
            raise TermsDiffer(asked.client_order_id, differing)
        return self.find(asked.client_order_id)

    def latest(self, working: Working) -> OrderReport:
        return self._with_legs(self.simulation.report(working))

    def find(self, client_order_id: str) -> OrderReport | None:
        for working in self.simulation.state.working:
            if working.order.id == client_order_id:
                return self.simulation.report(working)
        ended = self._ended_now(client_order_id) or self._ledger.ended_as(client_order_id)
        if ended is not None:
            return self._with_legs(_report(ended))
        parent, _, suffix = client_order_id.rpartition(".")
        return self._leg(self.find(parent), client_order_id) if parent and suffix in ("tp", "sl") else None

    def order(self, exchange_order_id: str) -> OrderReport | None:
        for working in self.simulation.state.working:
            if working.exchange_order_id == exchange_order_id:
                return self.simulation.report(working)
        ended = self._ledger.ended(exchange_order_id)
        if ended is not None:
            return self._with_legs(_report(ended))
        if not exchange_order_id.endswith(("-tp", "-sl")):
            return None
        parent = self.order(exchange_order_id[:-3])
        return None if parent is None else next((leg for leg in parent.legs if leg.exchange_order_id == exchange_order_id), None)

    def open_orders(self) -> list[OrderReport]:
        return [self.simulation.report(working) for working in self.simulation.state.working]

    def orders_since(self, time: datetime) -> list[OrderReport]:
        since = to_microseconds(time)
        ended = [self._with_legs(report) for text in self._ledger.ended_since(time) if (report := _report(text)).role not in _LEGS]
        working = [
            self.simulation.report(one)
            for one in self.simulation.state.working
            if one.submitted_at >= since and one.order.role not in _LEGS
        ]
        return sorted([*ended, *working], key=lambda report: report.submitted_at or time)

    def fills_since(self, time: datetime) -> list[Fill]:
        return [fill_from(json.loads(text)) for text in self._ledger.fills_since(time)]

    def _holding(self, index: int) -> Holding:
        traded = self.simulation.state.traded[index]
        held, average = decimal(traded.quantity), traded.average
        asked = sum(one.order.remaining for one in self.simulation.state.working if one.order.symbol == index and one.order.sign < 0)
        price = self.simulation.last_price(traded.symbol)
        worth = None if price is None else _money(traded.quantity * price)
        gained = None if price is None or average is None else _money(traded.quantity * (price - average))
        return Holding(
            symbol=traded.symbol,
            quantity=held,
            available=max(held - decimal(float(asked)), Decimal(0)),
            average_entry_price=None if average is None else decimal(average),
            market_value=worth,
            unrealized_pnl=gained,
        )

    def _ended_now(self, client_order_id: str) -> str | None:
        """Return an order that this very call brought to its end and that is not stored yet."""
        return next((one.report for one in self.simulation.outbox.orders if one.client_order_id == client_order_id), None)

    def _with_legs(self, report: OrderReport) -> OrderReport:
        """Return the report with its legs as they are now: they live on when their entry is final."""
        return replace(report, legs=tuple(self._now(leg) for leg in report.legs)) if report.legs else report

    def _now(self, leg: OrderReport) -> OrderReport:
        for working in self.simulation.state.working:
            if working.order.id == leg.client_order_id:
                return self.simulation.report(working)
        ended = self._ended_now(leg.client_order_id) or self._ledger.ended_as(leg.client_order_id)
        return leg if ended is None else _report(ended)

    @staticmethod
    def _leg(parent: OrderReport | None, client_order_id: str) -> OrderReport | None:
        return None if parent is None else next((leg for leg in parent.legs if leg.client_order_id == client_order_id), None)


def _report(text: str) -> OrderReport:
    return report_from(json.loads(text)["report"])


def _money(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(_CENTS).normalize() + Decimal(0)
