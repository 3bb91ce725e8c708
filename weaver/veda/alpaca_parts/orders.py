"""Orders, from Weaver's words to Alpaca's and back."""

import logging
from decimal import Decimal
from typing import Literal

from weaver.broker import OrderReport
from weaver.errors import Refused
from weaver.orders import OrderRequest, OrderStatus, OrderType, Role, Side, TimeInForce
from weaver.veda.alpaca_parts.rows import Garbled, Row, flag, number_or_none, rows_of, text, text_or_none, time_or_none
from weaver.veda.alpaca_parts.symbols import is_crypto, with_slash

log = logging.getLogger(__name__)

STATUSES = {
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
    "replaced": OrderStatus.CANCELLED,  # it never trades again; `replaced_by` says what does
    "partially_filled": OrderStatus.PARTIAL,
    **dict.fromkeys(
        (
            "pending_new",
            "accepted",
            "accepted_for_bidding",
            "new",
            "held",
            "pending_cancel",
            "pending_replace",
            "pending_review",
            "done_for_day",
            "calculated",
            "stopped",
            "suspended",
        ),
        OrderStatus.ACCEPTED,
    ),
}
"""`done_for_day` and `calculated` are not final: fills may still be booked. While a cancel is pending, a fill may win."""

_TYPES = {known.value: known for known in OrderType}
_TIMES = {known.value: known for known in TimeInForce} | {"opg": TimeInForce.DAY, "cls": TimeInForce.DAY}
_PAIRED = ("bracket", "oto")
_told: set[tuple[str, str]] = set()


def body_of(order: OrderRequest) -> dict[str, object]:
    """Return the JSON of an order, numbers as texts. `reduce_only` has no field at Alpaca.

    Raises Refused for a bracket on crypto, which Alpaca does not have. Fractions of a share are good for the day only there,
    so such an order until cancelled is sent for the day; no other term is changed, and no price is rounded.
    """
    crypto = is_crypto(order.symbol)
    if order.is_bracket and crypto:
        raise Refused(f"Alpaca keeps no exits for crypto ({order.symbol}): send the entry alone, and the exits when it has filled.")
    for_the_day = not crypto and order.time_in_force is TimeInForce.GTC and order.quantity % 1 != 0
    body: dict[str, object] = {
        "client_order_id": order.client_order_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.order_type.value,
        "qty": plain(order.quantity),
        "time_in_force": "day" if for_the_day else order.time_in_force.value,
    }
    optional = {
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        "trail_price": order.trail,
        "trail_percent": order.trail_percent,
    }
    body |= {name: plain(value) for name, value in optional.items() if value is not None}
    if order.extended_hours:
        body["extended_hours"] = True
    if order.is_bracket:
        body |= _exits(order)
    return body


def _exits(order: OrderRequest) -> dict[str, object]:
    both = order.take_profit is not None and order.stop_loss is not None
    exits: dict[str, object] = {"order_class": "bracket" if both else "oto"}
    if order.take_profit is not None:
        exits["take_profit"] = {"limit_price": plain(order.take_profit)}
    if order.stop_loss is not None:
        limit = {} if order.stop_loss_limit is None else {"limit_price": plain(order.stop_loss_limit)}
        exits["stop_loss"] = {"stop_price": plain(order.stop_loss), **limit}
    return exits


def plain(value: Decimal) -> str:
    """Return a number in plain digits, without an exponent or trailing zeros."""
    return format(value.normalize(), "f")


def report_of(row: Row, *, nested: bool) -> OrderReport:
    """Return what an order's JSON says. Raises Garbled.

    `nested` tells that the row comes from a question for nested orders: then a row of a pair without legs is a leg itself.
    """
    legs = tuple(_leg(leg) for leg in rows_of(row.get("legs")))
    paired = text_or_none(row, "order_class") in _PAIRED
    role = Role.ENTRY if legs and paired else _role(row) if nested and paired else None
    return _report(row, role, legs)


def _leg(row: Row) -> OrderReport:
    return _report(row, _role(row), ())


def _role(row: Row) -> Role | None:
    match order_type(row):
        case OrderType.LIMIT:
            return Role.TAKE_PROFIT
        case OrderType.STOP | OrderType.STOP_LIMIT:
            return Role.STOP_LOSS
        case _:
            return None


def _report(row: Row, role: Role | None, legs: tuple[OrderReport, ...]) -> OrderReport:
    status = text(row, "status")
    if status not in STATUSES:
        tell_once("order status", status)
    return OrderReport(
        exchange_order_id=text(row, "id"),
        client_order_id=text(row, "client_order_id"),
        symbol=with_slash(text(row, "symbol"), text_or_none(row, "asset_class")),
        side=side(row),
        order_type=order_type(row),
        quantity=number_or_none(row, "qty"),
        limit_price=number_or_none(row, "limit_price"),
        stop_price=number_or_none(row, "stop_price"),
        trail=number_or_none(row, "trail_price"),
        trail_percent=number_or_none(row, "trail_percent"),
        time_in_force=_time_in_force(row),
        extended_hours=flag(row, "extended_hours"),
        status=STATUSES.get(status, OrderStatus.ACCEPTED),
        venue_status=status,
        filled_quantity=number_or_none(row, "filled_qty") or Decimal(0),
        filled_average_price=number_or_none(row, "filled_avg_price"),
        reject_reason=text_or_none(row, "reject_reason"),
        role=role,
        legs=legs,
        replaced_by=text_or_none(row, "replaced_by"),
        submitted_at=time_or_none(row, "submitted_at"),
        updated_at=time_or_none(row, "updated_at"),
    )


def reports_of(body: object) -> list[OrderReport]:
    """Return the orders of a list. One that Weaver has no words for (several legs of options, which have no side) is passed over
    and told of once: it is not ours, and must not hide those that are."""
    reports: list[OrderReport] = []
    for row in rows_of(body):
        if text_or_none(row, "side") is None or text_or_none(row, "symbol") is None:
            tell_once("order class", str(row.get("order_class")))
        else:
            reports.append(report_of(row, nested=True))
    return reports


def side(row: Row) -> Side:
    """Return the side; activities also say `sell_short`."""
    found = text(row, "side")
    if found.startswith("sell"):
        return Side.SELL
    if found.startswith("buy"):
        return Side.BUY
    raise Garbled(f"side '{found}'")


def order_type(row: Row) -> OrderType:
    """Return the type; one that nobody knows is told by the prices that it has."""
    found = text_or_none(row, "type") or text_or_none(row, "order_type") or "market"
    if found in _TYPES:
        return _TYPES[found]
    tell_once("order type", found)
    limit, stop = row.get("limit_price"), row.get("stop_price")
    if row.get("trail_price") or row.get("trail_percent"):
        return OrderType.TRAILING_STOP
    if limit:
        return OrderType.STOP_LIMIT if stop else OrderType.LIMIT
    return OrderType.STOP if stop else OrderType.MARKET


def _time_in_force(row: Row) -> TimeInForce:
    found = text_or_none(row, "time_in_force") or "day"
    if found not in _TIMES:
        tell_once("time in force", found)
    return _TIMES.get(found, TimeInForce.DAY)


def tell_once(kind: Literal["order status", "order class", "order type", "time in force", "event", "fill"], word: str) -> None:
    """Log a word of Alpaca's that nobody knows, the first time."""
    if (kind, word) not in _told:
        _told.add((kind, word))
        log.warning("Alpaca says a word that Weaver does not know: %s '%s'. Carrying on; ask for an update of Weaver.", kind, word)
