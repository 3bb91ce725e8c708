"""An order's row: found, locked, read as a record, and its changes noted."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from weaver.errors import NotFound
from weaver.orders import OrderStatus, OrderType, Role, Side, TimeInForce
from weaver.walle.model import Json
from weaver.walle.trading_model import OrderChange, OrderRecord
from weaver.walle.trading_tables import OrderChangeRow, OrderRow
from weaver.walle.writing import storable

WORKING = tuple(status.value for status in OrderStatus if not status.is_final)
"""The statuses, as stored, of orders that may still be filled."""

LEGS = (Role.TAKE_PROFIT.value, Role.STOP_LOSS.value)
"""The roles, as stored, of a bracket's exits."""

_NAMES = tuple(one.name for one in fields(OrderRecord))
_ENUMS: dict[str, type[StrEnum]] = {
    "side": Side,
    "order_type": OrderType,
    "time_in_force": TimeInForce,
    "status": OrderStatus,
    "role": Role,
}
_TIMES = frozenset({"created_at", "submitted_at", "filled_at", "cancelled_at"})
_AMOUNTS = frozenset(
    {
        "quantity",
        "limit_price",
        "stop_price",
        "trail",
        "trail_percent",
        "take_profit",
        "stop_loss",
        "stop_loss_limit",
        "filled_quantity",
        "filled_avg_price",
    }
)


def order_record(row: OrderRow) -> OrderRecord:
    values: dict[str, Any] = {name: getattr(row, name) for name in _NAMES}
    for name, kind in _ENUMS.items():
        values[name] = None if values[name] is None else kind(values[name])
    return OrderRecord(**values)


def order_json(order: OrderRecord) -> dict[str, Json]:
    """Write an order as JSON, amounts as decimal strings and times in ISO 8601."""
    return {name: _to_json(getattr(order, name)) for name in _NAMES}


def order_of_json(json: Json) -> OrderRecord:
    """Read what `order_json` wrote."""
    stored = cast(Mapping[str, Any], json)
    values: dict[str, Any] = {name: _from_json(name, value) for name, value in stored.items()}
    return OrderRecord(**values)


def change_record(row: OrderChangeRow) -> OrderChange:
    order = order_of_json(row.after)
    return OrderChange(order_id=row.order_id, number=row.number, event=row.event, at=row.at, order=order, reason=row.reason)


def note(session: Session, row: OrderRow, event: str, at: datetime, reason: str | None = None) -> OrderChange:
    """Write one change of an order, as it stands now, and return it. The account's row must be locked by the caller."""
    row.changes += 1
    order = order_record(row)
    said = None if reason is None else storable(reason)
    session.add(OrderChangeRow(order_id=row.id, number=row.changes, event=event, at=at, reason=said, after=order_json(order)))
    return OrderChange(order_id=row.id, number=row.changes, event=event, at=at, order=order, reason=said)


def changes_of(session: Session, order_id: str, after: int = 0) -> list[OrderChange]:
    """Return an order's changes with number > `after`, in order."""
    statement = select(OrderChangeRow).where(OrderChangeRow.order_id == order_id, OrderChangeRow.number > after)
    return [change_record(row) for row in session.scalars(statement.order_by(OrderChangeRow.number))]


def found_order(session: Session, order_id: str) -> OrderRow:
    """Return an order's row. Raises NotFound, with the nearest id that exists."""
    row = session.get(OrderRow, order_id)
    if row is None:
        raise unknown_order(session, order_id)
    return row


def unknown_order(session: Session, order_id: str) -> NotFound:
    newest = session.scalars(select(OrderRow.id).order_by(OrderRow.created_at.desc()).limit(1_000)).all()
    nearest = get_close_matches(order_id, newest, n=1, cutoff=0.5)
    return NotFound("order", order_id, f"Did you mean '{nearest[0]}'?" if nearest else "")


def legs_of(session: Session, order_id: str) -> list[OrderRow]:
    """Return the exits of a bracket, oldest first."""
    statement = select(OrderRow).where(OrderRow.parent_id == order_id, OrderRow.role.in_(LEGS))
    return list(session.scalars(statement.order_by(OrderRow.created_at, OrderRow.id)))


def _to_json(value: object) -> Json:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    return cast(Json, value)


def _from_json(name: str, value: Any) -> object:
    if value is None:
        return None
    if name in _AMOUNTS:
        return Decimal(value)
    if name in _TIMES:
        return datetime.fromisoformat(value)
    return _ENUMS[name](value) if name in _ENUMS else value
