"""What alerts look at: runs and when they last had a tick, orders in doubt, and which accounts are in use."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus
from weaver.walle.database import Database
from weaver.walle.tables import RunRow
from weaver.walle.trading_tables import DecisionRow, LeaseRow, OrderChangeRow, OrderRow

_TICKING = (RunStatus.RUNNING.value, RunStatus.PAUSED.value)
_WORKING = [status.value for status in OrderStatus if not status.is_final]


@dataclass(frozen=True, slots=True, kw_only=True)
class TickingRun:
    """A paper or live run that has a tick at each bar's end. `last` is the last bar's end that it has dealt with, or when it started."""

    id: str
    mode: str
    symbols: tuple[str, ...]
    timeframe: str
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An order of which it is not known whether the venue has it, `since` when."""

    order_id: str
    account: str
    since: datetime


def ticking_runs(database: Database) -> list[TickingRun]:
    """Return the runs that should have ticks now. Raises Unavailable."""
    last_end = select(func.max(DecisionRow.bar_end)).where(DecisionRow.run_id == RunRow.id).scalar_subquery()
    statement = select(RunRow, last_end).where(RunRow.mode != "backtest", RunRow.status.in_(_TICKING)).order_by(RunRow.id)
    found: list[TickingRun] = []
    with database.read() as session:
        for row, last in session.execute(statement):
            began = last or row.started_at or row.created_at
            symbols = tuple(one.symbol for one in row.symbols)
            found.append(TickingRun(id=row.id, mode=row.mode, symbols=symbols, timeframe=row.timeframe, last=began))
    return found


def orders_in_doubt(database: Database) -> list[Doubt]:
    """Return the orders in doubt, oldest first. Raises Unavailable."""
    since = func.max(OrderChangeRow.at)
    statement = (
        select(OrderRow.id, OrderRow.account, since)
        .join(OrderChangeRow, OrderChangeRow.order_id == OrderRow.id)
        .where(OrderRow.status == OrderStatus.IN_DOUBT.value)
        .group_by(OrderRow.id, OrderRow.account)
        .order_by(since)
    )
    with database.read() as session:
        return [Doubt(order_id=order_id, account=account, since=at) for order_id, account, at in session.execute(statement)]


def accounts_in_use(database: Database) -> set[str]:
    """Return the accounts on which a run trades or an order works. Raises Unavailable."""
    with database.read() as session:
        leased = set(session.scalars(select(LeaseRow.account).distinct()))
        return leased | set(session.scalars(select(OrderRow.account).where(OrderRow.status.in_(_WORKING)).distinct()))
