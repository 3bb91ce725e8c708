"""Broker words as JSON and back: decimals as text, times as microseconds."""

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from weaver.broker import Fill, OrderReport, StreamDown, TradeUpdate
from weaver.market import from_microseconds, to_microseconds
from weaver.orders import OrderRequest, OrderStatus, OrderType, Role, Side, TimeInForce

dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
"""JSON without spaces."""

_ENUMS: dict[str, Callable[[str], Any]] = {
    "side": Side,
    "order_type": OrderType,
    "time_in_force": TimeInForce,
    "status": OrderStatus,
    "role": Role,
}
_TEXTS = {"exchange_order_id", "client_order_id", "symbol", "venue_status", "reject_reason", "replaced_by", "execution_id", "event"}
_TIMES = {"submitted_at", "updated_at", "time"}


def to_json(value: OrderReport | Fill | OrderRequest) -> dict[str, Any]:
    """Return what differs from the default of its field."""
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value) if getattr(value, field.name) != field.default}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return str(value)
        case datetime():
            return to_microseconds(value)
        case tuple():
            return [to_json(leg) for leg in value]
        case _:
            return value


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in fields.items()}


def _value(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool) or name in _TEXTS:
        return value
    if name in _ENUMS:
        return _ENUMS[name](value)
    if name in _TIMES:
        return from_microseconds(value)
    if name == "legs":
        return tuple(report_from(leg) for leg in value)
    return Decimal(value)


def report_from(fields: dict[str, Any]) -> OrderReport:
    return OrderReport(**_values(fields))


def fill_from(fields: dict[str, Any]) -> Fill:
    return Fill(**_values(fields))


def request_from(fields: dict[str, Any]) -> OrderRequest:
    return OrderRequest(**_values(fields))


def update_to_text(update: TradeUpdate) -> str:
    fill = None if update.fill is None else to_json(update.fill)
    return dumps({"event": update.event, "order": to_json(update.order), "fill": fill, "time": to_microseconds(update.time)})


def down_text(reason: str) -> str:
    """Return the message that stands for a cut of the stream."""
    return dumps({"down": reason})


def message_from(text: str) -> TradeUpdate | StreamDown:
    parsed = json.loads(text)
    if "down" in parsed:
        return StreamDown(parsed["down"])
    return TradeUpdate(
        event=parsed["event"],
        order=report_from(parsed["order"]),
        fill=None if parsed["fill"] is None else fill_from(parsed["fill"]),
        time=from_microseconds(parsed["time"]),
    )


def differences(known: OrderRequest, asked: OrderRequest) -> str:
    """Say in which terms two orders differ; empty when they are the same."""
    return ", ".join(
        f"{field.name} {getattr(known, field.name)} and not {getattr(asked, field.name)}"
        for field in fields(OrderRequest)
        if getattr(known, field.name) != getattr(asked, field.name)
    )
