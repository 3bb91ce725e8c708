"""Lists of orders and activities, filtered and paged as Alpaca does."""

from typing import Any

from .accounts import Account
from .answers import Call
from .errors import invalid
from .orders import Order
from .wire import parsed_time


def orders_page(account: Account, call: Call) -> list[dict[str, Any]]:
    """Return GET /v2/orders: open ones by default, `after` and `until` exclusive on submitted_at, newest first unless asc."""
    status = call.query.get("status") or "open"
    if status not in ("open", "closed", "all"):
        raise invalid(f"invalid status: {status}")
    nested = call.flag("nested")
    symbols = {symbol.replace("/", "") for symbol in call.query.get("symbols", "").split(",") if symbol}
    after = parsed_time("after", call.query["after"]) if call.query.get("after") else None
    until = parsed_time("until", call.query["until"]) if call.query.get("until") else None
    rows = sorted(account.orders.values(), key=lambda order: order.submitted_at)
    rows = cut(rows, call.query.get("after_order_id"), call.query.get("before_order_id"))

    def wanted(order: Order) -> bool:
        family = [order, *order.legs] if nested else [order]
        return (
            (not nested or order.parent is None)
            and (status == "all" or any(one.is_terminal == (status == "closed") for one in family))
            and (not symbols or order.terms.asset.position_symbol in symbols)
            and call.query.get("side") in (None, "", order.terms.side)
            and call.query.get("asset_class") in (None, "", order.terms.asset.class_name)
            and (after is None or order.submitted_at > after)
            and (until is None or order.submitted_at < until)
        )

    found = [order for order in rows if wanted(order)]
    if call.query.get("direction", "desc") != "asc":
        found.reverse()
    return [order.body(nested=nested) for order in found[: call.integer("limit", 50, 500)]]


def cut(rows: list[Order], after_id: str | None, before_id: str | None) -> list[Order]:
    """Return the orders after one id and before another, both exclusive, in order of time."""
    ids = [order.id for order in rows]
    if after_id or before_id:
        if (after_id and after_id not in ids) or (before_id and before_id not in ids):
            raise invalid("order id to page from was not found")
        first = ids.index(after_id) + 1 if after_id else 0
        last = ids.index(before_id) if before_id else len(rows)
        return rows[first:last]
    return rows


def activities_page(account: Account, call: Call, types: set[str]) -> list[dict[str, Any]]:
    """Return account activities, newest first unless asc; `page_token` is the id of the last row that was seen."""
    size = call.integer("page_size", 100, 100)
    rows = [row for row in account.activities if not types or row["activity_type"] in types]
    for name, keeps in (("after", 1), ("until", -1)):
        if text := call.query.get(name):
            edge = parsed_time(name, text)
            rows = [row for row in rows if (moment_of(row) - edge) * keeps > 0]
    if day := call.query.get("date"):
        rows = [row for row in rows if (row.get("transaction_time") or row["date"])[:10] == day[:10]]
    if call.query.get("direction", "desc") != "asc":
        rows.reverse()
    if token := call.query.get("page_token"):
        ids = [row["id"] for row in rows]
        if token not in ids:
            raise invalid("invalid page_token")
        rows = rows[ids.index(token) + 1 :]
    return rows[:size]


def moment_of(row: dict[str, Any]) -> int:
    """Return when an activity happened; fees only have a day."""
    return parsed_time("transaction_time", row.get("transaction_time") or row["date"])
