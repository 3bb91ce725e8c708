"""Forgets what trading kept of a run, except what its account is made of."""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from weaver.walle.account_rows import locked_account
from weaver.walle.leases import release_leases
from weaver.walle.trading_tables import DecisionRow, FillRow, LedgerRow, LotRow, OrderRow


def forget_trading(session: Session, run_id: str) -> None:
    """Drop a run's decisions, leases and sums, in the caller's transaction. Its orders and fills stay, as orders without a run.

    They are the account's positions; and a later run of the same id must not start with the money and holdings of this one.
    """
    release_leases(session, run_id)
    session.execute(delete(DecisionRow).where(DecisionRow.run_id == run_id))
    for account in sorted(session.scalars(select(OrderRow.account).where(OrderRow.run_id == run_id).distinct())):
        locked_account(session, account)  # a fill of an order that outlived the run may be coming in
        for table in (LedgerRow, LotRow):
            session.execute(delete(table).where(table.account == account, table.run_id == run_id))
    for table in (OrderRow, FillRow):
        session.execute(update(table).where(table.run_id == run_id).values(run_id=None))
