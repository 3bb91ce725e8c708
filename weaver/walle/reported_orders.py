"""Which order on record a venue speaks of; legs of a known bracket that are not on record yet are put there."""

import logging
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from weaver.broker import Fill, OrderReport
from weaver.orders import OrderStatus, OrderType, Role
from weaver.veda.terms import differences, excesses
from weaver.walle.order_rows import order_record
from weaver.walle.trading_tables import OrderRow

log = logging.getLogger(__name__)

_SUFFIXES = {Role.TAKE_PROFIT: "tp", Role.STOP_LOSS: "sl"}


def of_report(session: Session, account: str, report: OrderReport) -> OrderRow | None:
    """Return the account's order that a report is about: by the venue's id, else by its own. An order that the venue has under one of
    our ids with other terms is somebody else's."""
    row = _found(session, account, report.exchange_order_id, report.client_order_id)
    if row is None or row.exchange_order_id is not None or report.replaced_by is not None:
        return row
    differing = differences(order_record(row).request, report)
    if differing:
        log.warning("%s has an order %s with the id of %s and other terms: %s", account, report.exchange_order_id, row.id, differing)
        return None
    return row


def of_fills(session: Session, account: str, fills: Sequence[Fill]) -> OrderRow | None:
    """Return the account's order that fills of one order at the venue belong to: by the venue's id, else by its own. Fills that come
    under one of our ids, and that its order cannot have, are somebody else's."""
    ids = {fill.client_order_id for fill in fills} - {None}
    row = _found(session, account, fills[0].exchange_order_id, next(iter(ids)) if len(ids) == 1 else None)
    if row is None or row.exchange_order_id is not None:
        return row
    exceeding = excesses(order_record(row).request, fills)
    if exceeding:
        log.warning(
            "%s has fills of an order %s with the id of %s that it cannot have: %s", account, fills[0].exchange_order_id, row.id, exceeding
        )
        return None
    return row


def adopted(session: Session, parent: OrderRow, leg: OrderReport, at: datetime) -> OrderRow:
    """Put a leg that the venue made on record, as an order of its parent's run that can only reduce a position.

    Its id is `<parent>.tp` or `<parent>.sl`; one that takes the place of such a leg is `<parent>.tp2`, and so on.
    """
    by_type = Role.TAKE_PROFIT if leg.order_type is OrderType.LIMIT else Role.STOP_LOSS
    role = by_type if leg.role is None or leg.role is Role.ENTRY else leg.role
    row = OrderRow(
        id=_free_id(session, f"{parent.id}.{_SUFFIXES[role]}"),
        run_id=parent.run_id,
        account=parent.account,
        symbol=parent.symbol,
        side=leg.side.value,
        order_type=leg.order_type.value,
        quantity=parent.quantity if leg.quantity is None else leg.quantity,
        limit_price=leg.limit_price,
        stop_price=leg.stop_price,
        trail=leg.trail,
        trail_percent=leg.trail_percent,
        time_in_force=leg.time_in_force.value,
        extended_hours=leg.extended_hours,
        reduce_only=True,
        status=OrderStatus.SUBMITTING.value,
        filled_quantity=Decimal(0),
        booked_quantity=Decimal(0),
        booked_value=Decimal(0),
        parent_id=parent.id,
        role=role.value,
        opens=Decimal(0),
        created_at=at,
        changes=0,
    )
    session.add(row)
    session.flush()
    return row


def _found(session: Session, account: str, exchange_order_id: str, client_order_id: str | None) -> OrderRow | None:
    statement = select(OrderRow).where(OrderRow.account == account, OrderRow.exchange_order_id == exchange_order_id)
    row = session.scalar(statement)
    if row is not None:
        return row
    row = session.get(OrderRow, client_order_id) if client_order_id else None
    if row is None or row.account != account:
        return None
    if row.exchange_order_id is None and row.status == OrderStatus.REJECTED.value:
        # The venue never took it: what has its id there is somebody else's, with other terms.
        log.warning("%s has an order %s with the id of %s, which was rejected", account, exchange_order_id, row.id)
        return None
    if row.exchange_order_id is not None:
        log.warning("%s has a second order %s with the id of %s, which is %s", account, exchange_order_id, row.id, row.exchange_order_id)
        return None
    return row


def _free_id(session: Session, wanted: str) -> str:
    taken = set(session.scalars(select(OrderRow.id).where(OrderRow.id.startswith(wanted, autoescape=True))))
    number = 1
    free = wanted
    while free in taken:
        number += 1
        free = f"{wanted}{number}"
    return free
