"""Which run trades a symbol on an account: at most one, since runs would net against each other at the venue."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from weaver.errors import BadInput
from weaver.glados.runs import RunStatus
from weaver.walle.database import Database
from weaver.walle.tables import RunRow
from weaver.walle.trading_tables import LeaseRow
from weaver.walle.writing import insert


class SymbolLeased(BadInput):
    """Another run trades the symbol on this account; `holder` is its id."""

    def __init__(self, symbol: str, account: str, holder: str) -> None:
        super().__init__(
            f"{symbol} is traded on {account} by run '{holder}'. Stop that run first, or trade another symbol.", field="symbols"
        )
        self.symbol = symbol
        self.holder = holder


class Leases:
    """Leases of symbols. Raises Unavailable when the database does not answer: send the same again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, account: str, symbols: Sequence[str], run_id: str, at: datetime) -> None:
        """Give all of the symbols to the run, or none; what it has already stays its own.

        Raises SymbolLeased (a BadInput) naming the holder, and BadInput for a run that is over, since nobody would return it.
        """
        with self._database.write() as session:
            status = session.scalar(select(RunRow.status).where(RunRow.id == run_id).with_for_update())
            if status is not None and RunStatus(status).is_final:
                raise BadInput(f"Run '{run_id}' is {status}; it cannot take symbols any more.", field="run_id")
            # In one order, so that two runs that want the same symbols never wait for each other.
            rows = [{"account": account, "symbol": symbol, "run_id": run_id, "taken_at": at} for symbol in sorted(set(symbols))]
            insert(session, LeaseRow, rows, ["account", "symbol"], update=False)
            holders = lease_holders(session, account, symbols)
            for symbol in symbols:
                if holders[symbol] != run_id:
                    raise SymbolLeased(symbol, account, holders[symbol])

    def release(self, run_id: str) -> None:
        """Return all symbols of the run; none held: nothing happens."""
        with self._database.write() as session:
            release_leases(session, run_id)

    def holder(self, account: str, symbol: str) -> str | None:
        """Return the id of the run that trades the symbol on the account, None when it is free."""
        with self._database.read() as session:
            return lease_holders(session, account, [symbol]).get(symbol)


def release_leases(session: Session, run_id: str) -> None:
    """Return all symbols of a run, in the caller's transaction."""
    session.execute(delete(LeaseRow).where(LeaseRow.run_id == run_id))


def lease_holders(session: Session, account: str, symbols: Sequence[str]) -> dict[str, str]:
    """Return who holds each of the symbols; a free one is absent."""
    statement = select(LeaseRow.symbol, LeaseRow.run_id).where(LeaseRow.account == account, LeaseRow.symbol.in_(set(symbols)))
    return {row.symbol: row.run_id for row in session.execute(statement)}
