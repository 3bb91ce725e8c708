"""Fills and updates of orders, from Alpaca's words to Weaver's."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from weaver.broker import Fill, OrderReport, TradeUpdate
from weaver.veda.alpaca_parts.orders import plain, report_of, side, tell_once
from weaver.veda.alpaca_parts.rows import Garbled, Row, number, row_of, text, text_or_none, time, time_or_none
from weaver.veda.alpaca_parts.symbols import pair

EVENTS = frozenset(
    {
        "accepted",
        "calculated",
        "canceled",
        "done_for_day",
        "expired",
        "fill",
        "held",
        "new",
        "order_cancel_rejected",
        "order_replace_rejected",
        "partial_fill",
        "pending_cancel",
        "pending_new",
        "pending_replace",
        "rejected",
        "replaced",
        "restated",
        "stopped",
        "suspended",
    }
)
"""Events that are understood. `trade_bust` and `trade_correct` take a fill back or change it: they are told with their order and
logged, and a person has to look."""


def update_of(message: Row, now: datetime) -> TradeUpdate:
    """Return what a message of the stream says, whatever event it is. Raises Garbled."""
    event = text(message, "event")
    if event not in EVENTS:
        tell_once("event", event)
    order = report_of(row_of(message.get("order")), nested=False)
    moment = time_or_none(message, "timestamp") or order.updated_at or now
    if order.reject_reason is None and event == "rejected":
        order = replace(order, reject_reason=text_or_none(message, "reason"))
    return TradeUpdate(event=event, order=order, fill=fill_of_update(message, order), time=moment)


def fill_of_update(message: Row, order: OrderReport) -> Fill | None:
    """Return the fill that a message of the stream tells of, None when it tells of none.

    Alpaca books crypto's fees later and names them in no message: `received` is not known here, only the position tells.
    """
    if text_or_none(message, "event") not in ("fill", "partial_fill"):
        return None
    if order.filled_quantity <= 0:
        raise Garbled("a fill of an order of which nothing is filled")
    return Fill(
        execution_id=_execution_id(order.exchange_order_id, order.filled_quantity),
        exchange_order_id=order.exchange_order_id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        quantity=number(message, "qty"),
        price=number(message, "price"),
        time=time(message, "timestamp"),
    )


def fill_of_activity(row: Row) -> Fill:
    """Return the fill of an account activity, without its client id, which activities do not have."""
    order_id = text(row, "order_id")
    return Fill(
        execution_id=_execution_id(order_id, number(row, "cum_qty")),
        exchange_order_id=order_id,
        client_order_id=None,
        symbol=pair(text(row, "symbol")),
        side=side(row),
        quantity=number(row, "qty"),
        price=number(row, "price"),
        time=time(row, "transaction_time"),
    )


def _execution_id(order_id: str, done: Decimal) -> str:
    """Name an execution by its order and how much of that is filled after it.

    The stream has an execution id and activities have an id with another UUID in it; Alpaca nowhere says that the two are one.
    What both certainly tell, and no other execution of the order shares, is the quantity filled so far. A fill booked
    under two names would be a position that is not there.
    """
    return f"{order_id}/{plain(done)}"
