"""Counts runs and orders by status."""

from sqlalchemy import func, select

from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus
from weaver.walle.database import Database
from weaver.walle.tables import RunRow
from weaver.walle.trading_tables import OrderRow


def runs_by_status(database: Database) -> dict[RunStatus, int]:
    """Return how many runs have each status, 0 included. Raises Unavailable."""
    with database.read() as session:
        counted = {
            RunStatus(status): count for status, count in session.execute(select(RunRow.status, func.count()).group_by(RunRow.status))
        }
    return {status: counted.get(status, 0) for status in RunStatus}


def orders_by_status(database: Database) -> dict[OrderStatus, int]:
    """Return how many orders of paper and live trading have each status, 0 included. Raises Unavailable."""
    with database.read() as session:
        rows = session.execute(select(OrderRow.status, func.count()).group_by(OrderRow.status))
        counted = {OrderStatus(status): count for status, count in rows}
    return {status: counted.get(status, 0) for status in OrderStatus}
