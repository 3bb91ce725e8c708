"""The JSON that commands print of trading: the API's Order, Fill, Position and Account, and a decision with what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cli.documents import run_document
from cli.render import decimal_text, optional_decimal, optional_time, time_text
from cli.trading_records import RunMoney, account_of
from weaver.glados.risk import RiskLimits
from weaver.walle.accounts import day_loss
from weaver.walle.model import RunError, RunRecord
from weaver.walle.trading_model import (
    AccountRecord,
    DecisionRecord,
    FillRecord,
    Lease,
    LedgerPosition,
    OrderChange,
    OrderRecord,
)

Document = dict[str, object]


def order_document(order: OrderRecord) -> Document:
    return {
        "id": order.id,
        "client_order_id": order.id,
        "run_id": order.run_id,
        "account": order.account,
        "exchange_order_id": order.exchange_order_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "order_type": order.order_type.value,
        "quantity": decimal_text(order.quantity),
        "limit_price": optional_decimal(order.limit_price),
        "stop_price": optional_decimal(order.stop_price),
        "trail": optional_decimal(order.trail),
        "trail_percent": optional_decimal(order.trail_percent),
        "time_in_force": order.time_in_force.value,
        "extended_hours": order.extended_hours,
        "take_profit": optional_decimal(order.take_profit),
        "stop_loss": optional_decimal(order.stop_loss),
        "status": order.status.value,
        "filled_quantity": decimal_text(order.filled_quantity),
        "filled_avg_price": optional_decimal(order.filled_avg_price),
        "parent_id": order.parent_id,
        "role": order.role.value if order.role else None,
        "reject_reason": order.reject_reason,
        "created_at": time_text(order.created_at),
        "submitted_at": optional_time(order.submitted_at),
        "filled_at": optional_time(order.filled_at),
        "cancelled_at": optional_time(order.cancelled_at),
    }


def change_document(change: OrderChange) -> Document:
    """Return one step of an order's history."""
    return {
        "number": change.number,
        "event": change.event,
        "time": time_text(change.at),
        "status": change.order.status.value,
        "filled_quantity": decimal_text(change.order.filled_quantity),
        "filled_avg_price": optional_decimal(change.order.filled_avg_price),
        "reason": change.reason,
    }


def fill_document(fill: FillRecord) -> Document:
    return {
        "id": fill.id,
        "order_id": fill.order_id,
        "run_id": fill.run_id,
        "account": fill.account,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "quantity": decimal_text(fill.quantity),
        "price": decimal_text(fill.price),
        "commission": decimal_text(fill.commission),
        "time": time_text(fill.time),
    }


def position_document(position: LedgerPosition, account: str, price: Decimal | None) -> Document:
    """Return a position by booked fills, valued at `price`; null where there is none."""
    cost = position.quantity * position.average_price if position.average_price is not None else None
    value = position.quantity * price if price is not None else None
    gain = value - cost if value is not None and cost is not None else None
    return {
        "account": account,
        "symbol": position.symbol,
        "quantity": decimal_text(position.quantity),
        "side": "long" if position.quantity > 0 else "short",
        "avg_entry_price": optional_decimal(position.average_price),
        "market_value": optional_decimal(value),
        "unrealized_pnl": optional_decimal(gain),
        "unrealized_pnl_pct": round(100 * float(gain / abs(cost)), 4) if gain is not None and cost else None,
        "run_ids": list(position.run_ids),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUse:
    """How much of an account's limits is used. `gross_exposure` is None where a held symbol has no price."""

    gross_exposure: Decimal | None
    largest_position: Decimal | None
    orders_last_minute: int


def account_document(account: AccountRecord) -> Document:
    return {
        "account_id": account.id,
        "adapter": account.adapter,
        "mode": account.mode,
        "status": account.status,
        "cash": optional_decimal(account.cash),
        "equity": optional_decimal(account.equity),
        "buying_power": optional_decimal(account.buying_power),
        "currency": account.currency,
        "killed": account.killed,
        "killed_reason": account.killed_reason,
        "killed_at": optional_time(account.killed_at),
        "opening_equity": optional_decimal(account.opening_equity),
        "day_loss": decimal_text(day_loss(account.opening_equity, account.equity)),
        "connected": account.connected,
        "checked_at": optional_time(account.checked_at),
        "drift": [{"kind": one.kind, "symbol": one.symbol, "ours": one.ours, "theirs": one.theirs} for one in account.drift],
    }


def limits_document(limits: RiskLimits, account: AccountRecord, use: AccountUse) -> Document:
    """Return an account's limits, null where there is none, and how much of each is used."""
    return {
        "limits": limits.model_dump(mode="json"),
        "use": {
            "max_position": optional_decimal(use.largest_position),
            "max_gross_exposure": optional_decimal(use.gross_exposure),
            "max_orders_per_minute": use.orders_last_minute,
            "max_daily_loss": decimal_text(max(day_loss(account.opening_equity, account.equity), Decimal(0))),
        },
    }


def lease_document(lease: Lease) -> Document:
    return {"symbol": lease.symbol, "run_id": lease.run_id, "taken_at": time_text(lease.taken_at)}


def decision_document(decision: DecisionRecord, orders: Iterable[OrderRecord], fills: Iterable[FillRecord]) -> Document:
    """Return a bar of a run; `orders` are those that it made, with their legs, `fills` theirs."""
    return {
        "time": time_text(decision.bar_end),
        "seen": dict(decision.seen),
        "notes": list(decision.notes),
        "intents": list(decision.intents),
        "orders": list(decision.orders),
        "verdicts": [dict(verdict) for verdict in decision.verdicts],
        "skipped": decision.skipped,
        "order_status": {order.id: order.status.value for order in orders},
        "fills": [fill_document(fill) for fill in fills],
    }


def error_document(error: RunError) -> Document:
    return {"code": error.code, "message": error.message, "file": error.file, "line": error.line}


def money_document(money: RunMoney, account: str) -> Document:
    """Return a run's money and what it holds and has working."""
    return {
        "budget": decimal_text(money.budget),
        "cash": decimal_text(money.cash),
        "equity": optional_decimal(money.equity),
        "realised_pnl": optional_decimal(money.realised),
        "unrealised_pnl": optional_decimal(money.unrealised),
        "positions": [position_document(one, account, money.marks.get(one.symbol)) for one in money.positions],
        "working_orders": [order_document(order) for order in money.working],
    }


def trading_run_document(run: RunRecord, money: RunMoney, live: Mapping[str, object] | None, live_error: str | None) -> Document:
    """Return a paper or live run; `live` is what its workflow says of itself, `live_error` why it says nothing."""
    account = account_of(run)
    document = run_document(run) | {"account": account} | money_document(money, account)
    if money.equity is None:  # then the last that the run knew itself
        document["equity"] = optional_decimal(run.equity)
    return document | {"live": live, "live_error": live_error, "result": None}


def traded_document(
    run: RunRecord, money: RunMoney, orders: Iterable[OrderRecord], fills: Iterable[FillRecord], error: RunError | None
) -> Document:
    """Return what `weaver trade --json` prints."""
    account = account_of(run)
    document: Document = {
        "run_id": run.id,
        "status": run.status.value,
        "equity": optional_decimal(run.equity if money.equity is None else money.equity),
        "realised_pnl": optional_decimal(money.realised),
        "unrealised_pnl": optional_decimal(money.unrealised),
        "orders": [order_document(order) for order in orders],
        "fills": [fill_document(fill) for fill in fills],
        "positions": [position_document(one, account, money.marks.get(one.symbol)) for one in money.positions],
    }
    if error:
        document["error"] = error_document(error)
    return document


def seconds_text(time: datetime | None) -> str:
    """Write a time for a table of trading: always with its seconds."""
    return "" if time is None else f"{time:%Y-%m-%d %H:%M:%S}"
