"""Accounts as programs get them: money, positions, limits and who trades what."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from weaver.documents.values import Amount, Document, Moment, decimal_text, optional_decimal, optional_time, time_text
from weaver.glados.risk import RiskLimits
from weaver.walle.accounts import day_loss
from weaver.walle.run_money import AccountUse
from weaver.walle.trading_model import AccountRecord, Lease, LedgerPosition


class Difference(Document):
    """What the venue has and Weaver has not, or the other way round."""

    kind: str = Field(description="position, order or foreign_order")
    symbol: str
    ours: str
    theirs: str


class Account(Document):
    """An account as last seen at `checked_at`; money is null until then."""

    account_id: str = Field(examples=["simulated-paper"])
    adapter: str
    mode: str
    status: str = Field(description="the venue's word; unknown before it was asked")
    cash: Amount | None
    equity: Amount | None
    buying_power: Amount | None
    currency: str
    killed: bool = Field(description="whether the kill switch is on: no order is admitted")
    killed_reason: str | None
    killed_at: Moment | None
    opening_equity: Amount | None = Field(description="at the start of the session")
    day_loss: Amount = Field(description="opening equity less present equity; a gain is negative")
    connected: bool = Field(description="whether the venue's updates come in")
    checked_at: Moment | None
    drift: list[Difference] = Field(description="differences to the venue when it was last compared")


class Position(Document):
    """What is held of a symbol by booked fills, valued at the last close that a run has seen; null where there is none."""

    account: str
    symbol: str
    quantity: Amount = Field(description="negative when short")
    side: str = Field(description="long or short")
    avg_entry_price: Amount | None
    market_value: Amount | None
    unrealized_pnl: Amount | None
    unrealized_pnl_pct: float | None = Field(description="in points")
    run_ids: list[str] = Field(description="the runs that hold a part of it")


class LeaseHeld(Document):
    """A symbol that one run trades on the account; no other run may."""

    symbol: str
    run_id: str
    taken_at: Moment


class LimitsUsed(Document):
    """How much of the limits is used, by the names of the limits."""

    max_position: Amount
    max_gross_exposure: Amount
    max_orders_per_minute: int
    max_daily_loss: Amount


class Limits(Document):
    """The limits of an account, null where there is none, as this process's environment says them, and their use."""

    limits: dict[str, Any]
    use: LimitsUsed


class AccountLimits(Limits):
    """Limits, their use, and who trades what."""

    account_id: str
    leases: list[LeaseHeld]


class LookedAfter(Document):
    """What the workflow that looks after an account says of itself."""

    is_listening: bool
    last_reconciled: Moment | None
    problem: str | None


def account_document(account: AccountRecord) -> Account:
    return Account(
        account_id=account.id,
        adapter=account.adapter,
        mode=account.mode,
        status=account.status,
        cash=optional_decimal(account.cash),
        equity=optional_decimal(account.equity),
        buying_power=optional_decimal(account.buying_power),
        currency=account.currency,
        killed=account.killed,
        killed_reason=account.killed_reason,
        killed_at=optional_time(account.killed_at),
        opening_equity=optional_decimal(account.opening_equity),
        day_loss=decimal_text(day_loss(account.opening_equity, account.equity)),
        connected=account.connected,
        checked_at=optional_time(account.checked_at),
        drift=[Difference(kind=one.kind, symbol=one.symbol, ours=one.ours, theirs=one.theirs) for one in account.drift],
    )


def position_document(position: LedgerPosition, account: str, price: Decimal | None) -> Position:
    """Return a position valued at `price`."""
    cost = position.quantity * position.average_price if position.average_price is not None else None
    value = position.quantity * price if price is not None else None
    gain = value - cost if value is not None and cost is not None else None
    return Position(
        account=account,
        symbol=position.symbol,
        quantity=decimal_text(position.quantity),
        side="long" if position.quantity > 0 else "short",
        avg_entry_price=optional_decimal(position.average_price),
        market_value=optional_decimal(value),
        unrealized_pnl=optional_decimal(gain),
        unrealized_pnl_pct=round(100 * float(gain / abs(cost)), 4) if gain is not None and cost else None,
        run_ids=list(position.run_ids),
    )


def limits_document(limits: RiskLimits, account: AccountRecord, use: AccountUse) -> Limits:
    return Limits(
        limits=limits.model_dump(mode="json"),
        use=LimitsUsed(
            max_position=decimal_text(use.largest_position),
            max_gross_exposure=decimal_text(use.gross_exposure),
            max_orders_per_minute=use.orders_last_minute,
            max_daily_loss=decimal_text(max(day_loss(account.opening_equity, account.equity), Decimal(0))),
        ),
    )


def lease_document(lease: Lease) -> LeaseHeld:
    return LeaseHeld(symbol=lease.symbol, run_id=lease.run_id, taken_at=time_text(lease.taken_at))
