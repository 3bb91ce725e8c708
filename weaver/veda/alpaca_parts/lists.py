"""Reads long lists whole: Alpaca gives orders and fills a page at a time, and its pages may overlap or leave rows out at their edges."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from weaver.broker import Fill, OrderReport
from weaver.veda.alpaca_parts.line import Door, Line, Request
from weaver.veda.alpaca_parts.orders import reports_of
from weaver.veda.alpaca_parts.rows import number_or_none, rows_of, text, time_or_none
from weaver.veda.alpaca_parts.updates import fill_of_activity

ORDERS_PAGE = 500
FILLS_PAGE = 100
BOOKED_LATE = timedelta(minutes=10)
"""How long after a fill its activity may be made: Alpaca filters by the latter, in whole seconds, where Weaver asks for the former."""


async def all_orders(line: Line, *, status: str, nested: bool, since: datetime | None = None) -> list[OrderReport]:
    """Return the orders of a status (`open`, `all`) submitted at or after `since`, oldest first, each once.

    There is no page token: the next page is what was submitted after the last row. `after` is exclusive, and the venue knows
    nanoseconds where we know microseconds, so each page is asked from a microsecond before, and its repeats are dropped.
    """
    found: dict[str, OrderReport] = {}
    after = None if since is None else since - timedelta(microseconds=1)
    while True:
        fields: dict[str, object] = {"status": status, "direction": "asc", "limit": ORDERS_PAGE, "nested": str(nested).lower()}
        if after is not None:
            fields["after"] = _wire(after)
        request = Request(door=Door.TRADING, path="/orders", fields=fields)
        count, page, last = await line.read(request, _orders_page)
        fresh = [report for report in page if report.exchange_order_id not in found]
        found |= {report.exchange_order_id: report for report in fresh}
        if count < ORDERS_PAGE or last is None:
            break
        after = last - timedelta(microseconds=1) if fresh else last + timedelta(microseconds=1)
    return [report for report in found.values() if since is None or report.submitted_at is None or report.submitted_at >= since]


async def all_fills(line: Line, since: datetime) -> list[Fill]:
    """Return the fills at or after `since`, oldest first, each once.

    Rows of one millisecond come in any order, and a page token within it can leave some out; so each page after the first
    starts again before the last row's millisecond.
    """
    found: dict[str, tuple[Decimal, Fill]] = {}
    token: str | None = None
    while True:
        fields: dict[str, object] = {
            "after": _wire((since - BOOKED_LATE).replace(microsecond=0)),
            "direction": "asc",
            "page_size": FILLS_PAGE,
        }
        if token is not None:
            fields["page_token"] = token
        page = await line.read(Request(door=Door.TRADING, path="/account/activities/FILL", fields=fields), _fills_page)
        known = len(found)
        found |= page
        if len(page) < FILLS_PAGE or len(found) == known:
            break
        token = _token(list(page))
    recent = [(fill.time, done, fill) for done, fill in found.values() if fill.time >= since]
    recent.sort(key=lambda entry: entry[:2])
    return [fill for _, _, fill in recent]


def _orders_page(body: object) -> tuple[int, list[OrderReport], datetime | None]:
    rows = rows_of(body)
    return len(rows), reports_of(rows), time_or_none(rows[-1], "submitted_at") if rows else None


def _fills_page(body: object) -> dict[str, tuple[Decimal, Fill]]:
    return {text(row, "id"): (number_or_none(row, "cum_qty") or Decimal(0), fill_of_activity(row)) for row in rows_of(body)}


def _token(ids: list[str]) -> str:
    """Return the last row before the millisecond of the last one, the last one if all are of one millisecond."""
    moment = ids[-1].partition("::")[0]
    earlier = [row_id for row_id in ids if row_id.partition("::")[0] != moment]
    return earlier[-1] if earlier else ids[-1]


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
