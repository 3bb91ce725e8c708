"""Keeps the accounts of the simulated exchange, and gives it stored bars and sessions."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from weaver.errors import NoBars
from weaver.glados.clock import sessions_between
from weaver.market import Bars, Calendar, Sessions, Timeframe
from weaver.veda.simulation import Message, Written
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.simulated_tables import SimulatedAccountRow, SimulatedFillRow, SimulatedMessageRow, SimulatedOrderRow


class Simulations:
    """The simulated exchange's store, see `weaver.veda.simulation.SimulatedStore`. Any number of processes may use one account."""

    def __init__(self, database: Database, catalogue: Catalogue | None = None) -> None:
        self._database = database
        self._catalogue = catalogue

    @contextmanager
    def change(self, account: str) -> Generator["SimulatedLedger"]:
        with self._database.write() as session:
            yield SimulatedLedger(session, account, lock=True)

    @contextmanager
    def look(self, account: str) -> Generator["SimulatedLedger"]:
        with self._database.read() as session:
            yield SimulatedLedger(session, account, lock=False)

    def messages_after(self, account: str, sequence: int) -> list[Message]:
        row = SimulatedMessageRow
        with self._database.read() as session:
            found = session.execute(
                select(row.sequence, row.message).where(row.account == account, row.sequence > sequence).order_by(row.sequence)
            ).all()
        return [Message(sequence=at, message=message) for at, message in found]

    def sessions(self, first: date, last: date) -> Sessions:
        sessions = sessions_between(Calendar.XNYS, first, last)
        if sessions is None:
            raise AssertionError("an exchange has sessions")
        return sessions

    def stored_bars(self, symbol: str, timeframe: Timeframe) -> Bars:
        if self._catalogue is None:
            raise NoBars("The simulated exchange replays stored bars, and has no catalogue of them here.")
        return self._catalogue.load(self._catalogue.pin([symbol], timeframe).series[0])


class SimulatedLedger:
    """One transaction on an account, see `weaver.veda.simulation.Ledger`."""

    def __init__(self, session: Session, account: str, *, lock: bool) -> None:
        self._session = session
        self._account = account
        self._state = self._locked() if lock else self._read()

    @property
    def state(self) -> str | None:
        return self._state or None

    def write(self, written: Written) -> None:
        statement = update(SimulatedAccountRow).where(SimulatedAccountRow.id == self._account).values(state=written.state)
        self._session.execute(statement, execution_options={"synchronize_session": False})
        for table, rows in (
            (SimulatedOrderRow, written.orders),
            (SimulatedFillRow, written.fills),
            (SimulatedMessageRow, written.messages),
        ):
            if rows:
                values = [{"account": self._account, **{name: getattr(row, name) for name in row.__dataclass_fields__}} for row in rows]
                self._session.execute(insert(table), values)

    def ended(self, exchange_order_id: str) -> str | None:
        return self._session.scalar(
            select(SimulatedOrderRow.report).where(
                SimulatedOrderRow.account == self._account, SimulatedOrderRow.exchange_order_id == exchange_order_id
            )
        )

    def ended_as(self, client_order_id: str) -> str | None:
        return self._session.scalar(
            select(SimulatedOrderRow.report).where(
                SimulatedOrderRow.account == self._account, SimulatedOrderRow.client_order_id == client_order_id
            )
        )

    def ended_since(self, time: datetime) -> list[str]:
        row = SimulatedOrderRow
        wanted = select(row.report).where(row.account == self._account, row.submitted_at >= time).order_by(row.submitted_at)
        return list(self._session.scalars(wanted))

    def fills_since(self, time: datetime) -> list[str]:
        row = SimulatedFillRow
        wanted = select(row.fill).where(row.account == self._account, row.booked_at >= time).order_by(row.sequence)
        return list(self._session.scalars(wanted))

    def _read(self) -> str | None:
        return self._session.scalar(select(SimulatedAccountRow.state).where(SimulatedAccountRow.id == self._account))

    def _locked(self) -> str | None:
        """Return the state, its row locked; an account that nobody used gets an empty one, so that there is a row to lock."""
        wanted = select(SimulatedAccountRow.state).where(SimulatedAccountRow.id == self._account).with_for_update()
        state = self._session.scalar(wanted)
        if state is not None:
            return state
        new = sqlite.insert if self._session.get_bind().dialect.name == "sqlite" else postgresql.insert
        self._session.execute(new(SimulatedAccountRow).values(id=self._account, state="").on_conflict_do_nothing())
        return self._session.scalar(wanted)
