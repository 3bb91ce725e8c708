"""Books fills, each once, and keeps what they add up to: positions, cash and open lots, of the account and of each run."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Context, Decimal, localcontext

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from weaver.broker import Fill
from weaver.orders import Side
from weaver.walle.trading_model import FillRecord
from weaver.walle.trading_tables import NO_RUN, AccountRow, FillRow, LedgerRow, LotRow, OrderRow
from weaver.walle.writing import storable

EXACT = Context(prec=100)
"""Sums and products of stored amounts are exact in it, where Decimal's usual 28 digits would round."""

_LOTS_AT_ONCE = 16


def book(session: Session, account: AccountRow, order: OrderRow, fill: Fill, at: datetime) -> bool:
    """Book a fill of the order unless it is booked; return whether it was new. The account's row must be locked by the caller.

    The first report of an execution stands; another with the same id changes nothing. The symbol is the order's, since venues
    spell theirs in several ways.
    """
    execution_id = storable(fill.execution_id)
    if session.get(FillRow, (account.id, execution_id)) is not None:
        return False
    account.fills += 1
    row = FillRow(
        account=account.id,
        id=execution_id,
        number=account.fills,
        order_id=order.id,
        run_id=order.run_id,
        symbol=order.symbol,
        side=fill.side.value,
        quantity=fill.quantity,
        price=fill.price,
        commission=fill.commission,
        received=fill.received,
        time=fill.time,
        booked_at=at,
    )
    session.add(row)
    with localcontext(EXACT):
        order.booked_quantity += fill.quantity
        order.booked_value += fill.quantity * fill.price
        _add_up(session, row, NO_RUN)
        if order.run_id is not None:
            _add_up(session, row, order.run_id)
    session.flush()
    return True


def settle(session: Session, account: AccountRow, received: Mapping[str, Decimal]) -> None:
    """Write down what was received of fills, by their ids, where it is not known; the ledgers that they are in are added up anew.

    The account's row must be locked by the caller. Takes as long as those ledgers have fills.
    """
    changed: set[tuple[str, str]] = set()
    for row in session.scalars(select(FillRow).where(FillRow.account == account.id, FillRow.id.in_(list(received)))):
        if row.received is None:
            row.received = received[row.id]
            changed |= {(NO_RUN, row.symbol), (row.run_id or NO_RUN, row.symbol)}
    session.flush()
    for run_id, symbol in sorted(changed):
        for table in (LedgerRow, LotRow):
            session.execute(delete(table).where(table.account == account.id, table.run_id == run_id, table.symbol == symbol))
        fills = select(FillRow).where(FillRow.account == account.id, FillRow.symbol == symbol).order_by(FillRow.number)
        if run_id != NO_RUN:
            fills = fills.where(FillRow.run_id == run_id)
        with localcontext(EXACT):
            for fill in session.scalars(fills):
                _add_up(session, fill, run_id)
    session.flush()


def position_change(fill: Fill | FillRow | FillRecord) -> Decimal:
    """Return what a fill does to the position: bought units that arrived, or minus the units sold."""
    if Side(fill.side) is Side.SELL:
        return -fill.quantity
    return fill.quantity if fill.received is None else fill.received


def _add_up(session: Session, fill: FillRow, run_id: str) -> None:
    ledger = session.get(LedgerRow, (fill.account, run_id, fill.symbol))
    if ledger is None:
        none = Decimal(0)
        ledger = LedgerRow(
            account=fill.account,
            run_id=run_id,
            symbol=fill.symbol,
            quantity=none,
            cost=none,
            flow=none,
            last_price=fill.price,
            fills=0,
            cursor=0,
        )
        session.add(ledger)
    change = position_change(fill)
    ledger.flow -= Side(fill.side).sign * fill.quantity * fill.price + fill.commission
    ledger.quantity += change
    ledger.last_price = fill.price
    ledger.fills += 1
    ledger.cursor = fill.number
    ledger.cost += _move_lots(session, fill, run_id, change)


def _move_lots(session: Session, fill: FillRow, run_id: str, change: Decimal) -> Decimal:
    """Close the oldest opposite lots, open a new one with what is left, and return what that does to Σ quantity × price."""
    cost = Decimal(0)
    oldest = (
        select(LotRow)
        .where(LotRow.account == fill.account, LotRow.run_id == run_id, LotRow.symbol == fill.symbol)
        .order_by(LotRow.number)
        .limit(_LOTS_AT_ONCE)
    )
    left = change
    while left:
        lots = list(session.scalars(oldest))
        if not lots or (lots[0].quantity > 0) == (left > 0):
            session.add(
                LotRow(account=fill.account, run_id=run_id, symbol=fill.symbol, number=fill.number, quantity=left, price=fill.price)
            )
            return cost + left * fill.price
        for lot in lots:
            closed = max(-left, lot.quantity) if lot.quantity < 0 else min(-left, lot.quantity)
            cost -= closed * lot.price
            left += closed
            lot.quantity -= closed
            if lot.quantity == 0:
                session.delete(lot)
            if not left:
                break
        session.flush()
    return cost
