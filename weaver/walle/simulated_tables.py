"""The tables of the simulated exchange: its accounts, and what came of their orders."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from weaver.walle.tables import Table


class SimulatedAccountRow(Table):
    """`state` is JSON that only the simulated exchange reads."""

    __tablename__ = "simulated_accounts"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    state: Mapped[str]


class SimulatedOrderRow(Table):
    """An order that is final."""

    __tablename__ = "simulated_orders"
    __table_args__ = (Index(None, "account", "client_order_id", unique=True), Index(None, "account", "submitted_at"))

    account: Mapped[str] = mapped_column(String(128), primary_key=True)
    exchange_order_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    client_order_id: Mapped[str] = mapped_column(String(128))
    submitted_at: Mapped[datetime]
    report: Mapped[str]


class SimulatedFillRow(Table):
    __tablename__ = "simulated_fills"
    __table_args__ = (Index(None, "account", "booked_at"),)

    account: Mapped[str] = mapped_column(String(128), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    execution_id: Mapped[str] = mapped_column(String(128))
    booked_at: Mapped[datetime]
    fill: Mapped[str]


class SimulatedMessageRow(Table):
    """A message of the stream of trade updates."""

    __tablename__ = "simulated_messages"

    account: Mapped[str] = mapped_column(String(128), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    message: Mapped[str]
