"""The tables of trading: accounts, orders, fills, what they add up to, and what runs saw and decided."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from weaver.walle.model import Json
from weaver.walle.tables import Table

NO_RUN = ""
"""Stands in the ledger's `run_id` for the whole account: NULL cannot be part of a key."""


class AccountRow(Table):
    """`fills` counts the account's booked fills and gives each its number. Whoever writes orders or fills locks this row first."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    status: Mapped[str]
    cash: Mapped[Decimal | None]
    equity: Mapped[Decimal | None]
    buying_power: Mapped[Decimal | None]
    currency: Mapped[str]
    killed: Mapped[bool]
    killed_reason: Mapped[str | None]
    killed_at: Mapped[datetime | None]
    opening_equity: Mapped[Decimal | None]
    session: Mapped[str | None]
    drift: Mapped[Json] = mapped_column(JSON, nullable=False)
    drift_at: Mapped[datetime | None]
    connected: Mapped[bool]
    connected_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    fills_seen_until: Mapped[datetime | None]
    fills: Mapped[int]


class LeaseRow(Table):
    __tablename__ = "leases"
    __table_args__ = (Index(None, "run_id"),)

    account: Mapped[str] = mapped_column(String(128), primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(String(128))
    taken_at: Mapped[datetime]


class OrderRow(Table):
    """`booked_quantity` and `booked_value` (Σ quantity × price) sum up the order's booked fills. `unit_price` is what a unit of it
    was counted at when admitted and `opens` how many units could open a position: its reservation. `admitted_at` is NULL for legs
    that the venue made. No foreign key to runs: orders outlive the record of their run, for they are the account's as well."""

    __tablename__ = "orders"
    __table_args__ = (
        Index(None, "account", "exchange_order_id", unique=True),
        Index(None, "account", "status"),
        Index(None, "account", "submitted_at"),
        Index(None, "account", "created_at"),
        Index(None, "run_id", "status"),
        Index(None, "run_id", "created_at"),
        Index(None, "parent_id"),
        Index(None, "created_at"),
    )

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    run_id: Mapped[str | None] = mapped_column(String(128))
    account: Mapped[str] = mapped_column(String(128))
    exchange_order_id: Mapped[str | None]
    symbol: Mapped[str]
    side: Mapped[str]
    order_type: Mapped[str]
    quantity: Mapped[Decimal]
    limit_price: Mapped[Decimal | None]
    stop_price: Mapped[Decimal | None]
    trail: Mapped[Decimal | None]
    trail_percent: Mapped[Decimal | None]
    time_in_force: Mapped[str]
    extended_hours: Mapped[bool]
    take_profit: Mapped[Decimal | None]
    stop_loss: Mapped[Decimal | None]
    stop_loss_limit: Mapped[Decimal | None]
    reduce_only: Mapped[bool]
    status: Mapped[str]
    filled_quantity: Mapped[Decimal]
    filled_avg_price: Mapped[Decimal | None]
    booked_quantity: Mapped[Decimal]
    booked_value: Mapped[Decimal]
    parent_id: Mapped[str | None] = mapped_column(String(128))
    role: Mapped[str | None]
    reject_reason: Mapped[str | None]
    unit_price: Mapped[Decimal | None]
    opens: Mapped[Decimal]
    created_at: Mapped[datetime]
    admitted_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    filled_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    changes: Mapped[int]


class OrderChangeRow(Table):
    __tablename__ = "order_changes"

    order_id: Mapped[str] = mapped_column(String(128), ForeignKey(OrderRow.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str | None]
    after: Mapped[Json] = mapped_column(JSON, nullable=False)


class FillRow(Table):
    __tablename__ = "fills"
    __table_args__ = (
        Index(None, "account", "number", unique=True),
        Index(None, "run_id", "number"),
        Index(None, "order_id", "number"),
    )

    account: Mapped[str] = mapped_column(String(128), primary_key=True)
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    number: Mapped[int]
    order_id: Mapped[str] = mapped_column(String(128), ForeignKey(OrderRow.id))
    run_id: Mapped[str | None] = mapped_column(String(128))
    symbol: Mapped[str]
    side: Mapped[str]
    quantity: Mapped[Decimal]
    price: Mapped[Decimal]
    commission: Mapped[Decimal]
    received: Mapped[Decimal | None]
    time: Mapped[datetime]
    booked_at: Mapped[datetime]


class LedgerRow(Table):
    """What the fills of a run (or, under NO_RUN, of all the account) in one symbol add up to, kept up in the transaction that
    books a fill. `cost` is Σ quantity × price of the open lots, `flow` the cash that all fills brought, commissions taken off."""

    __tablename__ = "ledger"
    __table_args__ = (Index(None, "run_id"),)

    account: Mapped[str] = mapped_column(String(128), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[Decimal]
    cost: Mapped[Decimal]
    flow: Mapped[Decimal]
    last_price: Mapped[Decimal]
    fills: Mapped[int]
    cursor: Mapped[int]


class LotRow(Table):
    """An open lot, or what is left of it; `quantity` is signed, `number` that of the fill that opened it."""

    __tablename__ = "lots"

    account: Mapped[str] = mapped_column(String(128), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quantity: Mapped[Decimal]
    price: Mapped[Decimal]


class LiveBarRow(Table):
    """`start` in UTC microseconds and prices as doubles, so that 100 000 bars load in a moment and are the very floats decided on."""

    __tablename__ = "live_bars"
    __table_args__ = (Index(None, "adapter", "symbol", "start"), {"sqlite_with_rowid": False})

    adapter: Mapped[str] = mapped_column(String(128), primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    timeframe: Mapped[str] = mapped_column(primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    open: Mapped[float] = mapped_column(Double)
    high: Mapped[float] = mapped_column(Double)
    low: Mapped[float] = mapped_column(Double)
    close: Mapped[float] = mapped_column(Double)
    volume: Mapped[float] = mapped_column(Double)
    seen_at: Mapped[datetime]


class BarRevisionRow(Table):
    __tablename__ = "live_bar_revisions"

    adapter: Mapped[str] = mapped_column(String(128), primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    timeframe: Mapped[str] = mapped_column(primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime] = mapped_column(primary_key=True)
    open: Mapped[float] = mapped_column(Double)
    high: Mapped[float] = mapped_column(Double)
    low: Mapped[float] = mapped_column(Double)
    close: Mapped[float] = mapped_column(Double)
    volume: Mapped[float] = mapped_column(Double)


class DecisionRow(Table):
    __tablename__ = "decisions"

    run_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    bar_end: Mapped[datetime] = mapped_column(primary_key=True)
    seen: Mapped[Json] = mapped_column(JSON, nullable=False)
    notes: Mapped[Json] = mapped_column(JSON, nullable=False)
    intents: Mapped[Json] = mapped_column(JSON, nullable=False)
    orders: Mapped[Json] = mapped_column(JSON, nullable=False)
    verdicts: Mapped[Json] = mapped_column(JSON, nullable=False)
    skipped: Mapped[str | None]
