"""Writes what is known of accounts: money as last seen, the kill switch, differences to the venue."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from weaver.broker import Funds
from weaver.errors import NotFound
from weaver.walle.account_rows import account_record, drift_json, locked_account
from weaver.walle.database import Database
from weaver.walle.exclusive import exclusively
from weaver.walle.trading_model import AccountRecord, Difference
from weaver.walle.trading_tables import AccountRow
from weaver.walle.writing import storable


class Accounts:
    """Accounts by id, `<adapter>-<mode>`. A write makes the account known. Raises Unavailable when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def account(self, account_id: str) -> AccountRecord:
        """Return one account. Raises NotFound, naming those that exist."""
        with self._database.read() as session:
            row = session.get(AccountRow, account_id)
            if row is None:
                known = session.scalars(select(AccountRow.id).order_by(AccountRow.id)).all()
                raise NotFound("account", account_id, f"Known: {', '.join(known)}." if known else "None was used yet.")
            return account_record(row)

    def accounts(self) -> list[AccountRecord]:
        """Return all accounts by id."""
        with self._database.read() as session:
            return [account_record(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.id))]

    def snapshot(self, account_id: str, funds: Funds, *, session: str, at: datetime) -> AccountRecord:
        """Store the account's money. `at` is when the venue was asked, not when it answered: orders known to be there since a later
        time keep their reservation. `session` is the session's date; its first snapshot sets the opening equity. A snapshot older
        than the stored one is left alone.
        """

        def change(row: AccountRow) -> None:
            if row.checked_at is not None and at < row.checked_at:
                return
            row.status = storable(funds.status)
            row.cash, row.equity, row.buying_power, row.currency = funds.cash, funds.equity, funds.buying_power, funds.currency
            row.checked_at = at
            if row.session is None or session > row.session:
                row.session, row.opening_equity = session, funds.equity

        return self._write(account_id, change)

    def kill(self, account_id: str, reason: str, at: datetime) -> AccountRecord:
        """Refuse new orders from now on, until re-armed. Repeated, the first reason and time stay."""

        def change(row: AccountRow) -> None:
            if not row.killed:
                row.killed, row.killed_reason, row.killed_at = True, storable(reason), at

        return self._write(account_id, change)

    def rearm(self, account_id: str, at: datetime) -> AccountRecord:
        """Allow new orders again. A kill later than `at` stays: a late repeat must not undo it."""

        def change(row: AccountRow) -> None:
            if row.killed_at is None or row.killed_at <= at:
                row.killed, row.killed_reason, row.killed_at = False, None, None

        return self._write(account_id, change)

    def drift(self, account_id: str, differences: Sequence[Difference], at: datetime) -> AccountRecord:
        """Store the differences found at `at` in place of earlier ones; none means that all agrees. Older than the stored: left alone."""

        def change(row: AccountRow) -> None:
            if row.drift_at is None or at >= row.drift_at:
                row.drift, row.drift_at = drift_json(differences), at

        return self._write(account_id, change)

    def connected(self, account_id: str, is_connected: bool, at: datetime) -> AccountRecord:
        """Note whether the venue's updates come in. Older than the stored: left alone."""

        def change(row: AccountRow) -> None:
            if row.connected_at is None or at >= row.connected_at:
                row.connected, row.connected_at = is_connected, at

        return self._write(account_id, change)

    def fills_seen(self, account_id: str, until: datetime) -> AccountRecord:
        """Note that all fills up to `until` were asked for and booked; never goes back."""

        def change(row: AccountRow) -> None:
            if row.fills_seen_until is None or until > row.fills_seen_until:
                row.fills_seen_until = until

        return self._write(account_id, change)

    def booking_alone(self, account_id: str) -> AbstractContextManager[None]:
        """Keep all other processes from booking for the account meanwhile, as a fee that the position tells of wants it. Blocks."""
        return exclusively(self._database, f"booking for {account_id}")

    def day_loss(self, account_id: str) -> Decimal:
        """Return opening equity less present equity, a gain being negative; 0 while either is unknown. Raises NotFound."""
        account = self.account(account_id)
        return day_loss(account.opening_equity, account.equity)

    def _write(self, account_id: str, change: Callable[[AccountRow], None]) -> AccountRecord:
        with self._database.write() as session:
            row = locked_account(session, account_id)
            change(row)
            return account_record(row)


def day_loss(opening_equity: Decimal | None, equity: Decimal | None) -> Decimal:
    """Return the loss since the session's opening; 0 while either is unknown."""
    return Decimal(0) if opening_equity is None or equity is None else opening_equity - equity
