"""After a restore the venue knows more than WallE: orders that our runs sent since the backup was taken are put on record again.

Until that is done an account takes no new orders: what a run wants might be what it has had already.
"""

import re
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from weaver.broker import OrderReport
from weaver.glados.requests import SIMULATED
from weaver.orders import OrderStatus, Role, digest_of
from weaver.walle.account_rows import adapter_and_mode, locked_account
from weaver.walle.database import Database
from weaver.walle.order_rows import note, order_record
from weaver.walle.tables import RunRow
from weaver.walle.trading_model import OrderRecord
from weaver.walle.trading_tables import AccountRow, OrderRow

HELD = "restored from a backup"
"""Begins the reason of a kill switch that is put off by itself once all that the venue has is on record."""
FOUND = "found at the venue; a restored backup does not know it"

_OF_A_RUN = re.compile(r"w-([0-9a-f]{10})-.+")
_EXIT = re.compile(r"(.+)\.(tp|sl)\d*")
_ROLES = {"tp": Role.TAKE_PROFIT, "sl": Role.STOP_LOSS}


class LostOrders:
    """Orders that the venue has under ids of our runs. Raises Unavailable when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold_all(self, at: datetime, *, backup: datetime) -> list[str]:
        """Have every account refuse new orders until it was compared with its venue, and return them.

        Orders that wait to be sent may have been sent since: their venue is asked first.
        """
        reason = f"{HELD} of {backup:%Y-%m-%d %H:%M:%S} UTC"
        with self._database.write() as session:
            accounts = list(session.scalars(select(AccountRow).order_by(AccountRow.id)))
            for account in accounts:
                if not account.killed:
                    account.killed, account.killed_reason, account.killed_at = True, reason, at
            waiting = update(OrderRow).where(OrderRow.status == OrderStatus.PENDING.value)
            session.execute(waiting.values(status=OrderStatus.SUBMITTING.value))
            return [account.id for account in accounts]

    def unknown(self, account: str, exchange_order_ids: set[str]) -> set[str]:
        """Return those of the venue's ids that no order on record has."""
        with self._database.read() as session:
            wanted = OrderRow.account == account, OrderRow.exchange_order_id.in_(exchange_order_ids)
            return exchange_order_ids - set(session.scalars(select(OrderRow.exchange_order_id).where(*wanted)))

    def recover(self, account: str, report: OrderReport, at: datetime) -> OrderRecord | None:
        """Put an order on record, with the terms that the venue has, that one of our runs sent; return it, or None for any other.

        What came of it is then reported as of any order.
        """
        with self._database.write() as session:
            run_id = _run_of(session, account, report.client_order_id)
            if run_id is None or report.quantity is None:
                return None
            locked_account(session, account)
            if session.get(OrderRow, report.client_order_id) is not None:
                return None
            row = _row(session, account, run_id, report, at)
            session.add(row)
            session.flush()
            note(session, row, "orders.Created", at, FOUND)
            return order_record(row)

    def is_unsettled(self, account: str) -> bool:
        """Tell whether an order may have been sent of which the venue was not asked yet."""
        unsettled = (OrderStatus.PENDING.value, OrderStatus.SUBMITTING.value, OrderStatus.IN_DOUBT.value)
        wanted = select(OrderRow.id).where(OrderRow.account == account, OrderRow.status.in_(unsettled))
        with self._database.read() as session:
            return session.scalars(wanted.limit(1)).first() is not None


def _run_of(session: Session, account: str, client_order_id: str) -> str | None:
    match = _OF_A_RUN.fullmatch(client_order_id)
    if match is None:
        return None
    adapter, mode = adapter_and_mode(account)
    runs = session.execute(select(RunRow.id, RunRow.config).where(RunRow.mode == mode))
    found = [run_id for run_id, config in runs if isinstance(config, dict) and (config.get("adapter") or SIMULATED) == adapter]
    return next((run_id for run_id in found if digest_of(run_id) == match[1]), None)


def _row(session: Session, account: str, run_id: str, report: OrderReport, at: datetime) -> OrderRow:
    quantity = report.quantity or Decimal(0)
    exit_of = _EXIT.fullmatch(report.client_order_id)
    parent = session.get(OrderRow, exit_of[1]) if exit_of else None
    return OrderRow(
        id=report.client_order_id,
        run_id=run_id,
        account=account,
        symbol=report.symbol,
        side=report.side.value,
        order_type=report.order_type.value,
        quantity=quantity,
        limit_price=report.limit_price,
        stop_price=report.stop_price,
        trail=report.trail,
        trail_percent=report.trail_percent,
        time_in_force=report.time_in_force.value,
        extended_hours=report.extended_hours,
        reduce_only=parent is not None,
        status=OrderStatus.SUBMITTING.value,
        filled_quantity=Decimal(0),
        booked_quantity=Decimal(0),
        booked_value=Decimal(0),
        parent_id=parent.id if parent else None,
        role=_ROLES[exit_of[2]].value if parent and exit_of else None,
        unit_price=report.limit_price or report.filled_average_price,
        opens=Decimal(0) if parent else quantity,
        created_at=report.submitted_at or at,
        admitted_at=report.submitted_at or at,
        changes=0,
    )
