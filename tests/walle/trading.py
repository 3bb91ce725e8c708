"""Builders of orders, reports and fills."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.walle.records import NOON
from weaver.broker import Fill, Funds, OrderReport
from weaver.glados.risk import RiskLimits
from weaver.orders import OrderRequest, OrderStatus, OrderType, Side
from weaver.walle.orders import Orders
from weaver.walle.trading_model import AccountLimits, Admitted, LiveBar, NotAdmitted, Wanted

PAPER = "simulated-paper"
LIVE = "alpaca-live"
NO_LIMITS = AccountLimits(paper=RiskLimits(), live=RiskLimits())


def a_request(order_id: str = "o-1", **changes: Any) -> OrderRequest:
    """A market order to buy 10 AAPL; amounts may be given as texts."""
    order = OrderRequest(client_order_id=order_id, symbol="AAPL", side=Side.BUY, order_type=OrderType.MARKET, quantity=Decimal(10))
    return replace(
        order, **{name: Decimal(value) if isinstance(value, str) and name in _AMOUNTS else value for name, value in changes.items()}
    )


_AMOUNTS = {"quantity", "limit_price", "stop_price", "trail", "trail_percent", "take_profit", "stop_loss", "stop_loss_limit"}
_TERMS = set(OrderRequest.__dataclass_fields__)


def wanted(order_id: str = "o-1", **changes: Any) -> Wanted:
    """A manual order at a last price of 100; terms of the order and fields of Wanted may be changed."""
    terms = {name: value for name, value in changes.items() if name in _TERMS}
    rest = {name: value for name, value in changes.items() if name not in _TERMS}
    price = Decimal(rest.pop("price", "100")) if rest.get("price", "") is not None else rest.pop("price")
    return replace(Wanted(request=a_request(order_id, **terms), account=PAPER, run_id=None, price=price), **rest)


def admit(orders: Orders, *those: Wanted, at: datetime = NOON, **changes: Any) -> list[Admitted | NotAdmitted]:
    limits = AccountLimits(paper=RiskLimits(**changes.pop("limits", {})), live=RiskLimits(**changes.pop("live", {})))
    return orders.admit(those, limits=limits, run_limits=changes.pop("run_limits", None), at=at, **changes)


def a_report(order_id: str = "o-1", **changes: Any) -> OrderReport:
    """What a venue says of `a_request`: accepted, under the id `x-<order id>`."""
    report = OrderReport(
        exchange_order_id=f"x-{order_id}",
        client_order_id=order_id,
        symbol="AAPL",
        side=Side.BUY,
        order_type=OrderType.MARKET,
        quantity=Decimal(10),
        status=OrderStatus.ACCEPTED,
        venue_status="new",
    )
    return replace(report, **changes)


def a_fill(execution_id: str = "e-1", order_id: str = "o-1", **changes: Any) -> Fill:
    """An execution of 4 at 100."""
    fill = Fill(
        execution_id=execution_id,
        exchange_order_id=f"x-{order_id}",
        client_order_id=order_id,
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(4),
        price=Decimal(100),
        time=NOON,
    )
    return replace(fill, **changes)


def funds(**changes: Any) -> Funds:
    money = Funds(
        account_number="1", status="ACTIVE", is_active=True, cash=Decimal(100_000), equity=Decimal(100_000), buying_power=Decimal(100_000)
    )
    return replace(money, **changes)


def a_bar(**changes: Any) -> LiveBar:
    bar = LiveBar(
        adapter="simulated",
        symbol="AAPL",
        timeframe="1m",
        start=NOON.replace(microsecond=0),
        open=Decimal(100),
        high=Decimal(102),
        low=Decimal(99),
        close=Decimal("101.1"),
        volume=Decimal(5_000),
    )
    return replace(bar, **changes)
