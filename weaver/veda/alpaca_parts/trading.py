"""Asks and tells about one account: its money, holdings and orders."""

from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from weaver.broker import Fill, Funds, Holding, OrderReport
from weaver.errors import NotFound, Refused, TermsDiffer, Unavailable
from weaver.orders import OrderRequest
from weaver.veda.alpaca_parts.failures import is_duplicate, outcome_open
from weaver.veda.alpaca_parts.line import Door, Line, Request
from weaver.veda.alpaca_parts.lists import all_fills, all_orders
from weaver.veda.alpaca_parts.orders import body_of, report_of
from weaver.veda.alpaca_parts.rows import Garbled, Row, number, number_or_none, row_of, rows_of, text, text_or_none
from weaver.veda.alpaca_parts.symbols import with_slash
from weaver.veda.alpaca_parts.terms import differences

REPLACEMENTS = 20
"""How many replacements of an order are followed before it is taken for a circle."""

BLOCKS = {
    "trading_blocked": "the account may not trade",
    "account_blocked": "the account is blocked",
    "trade_suspended_by_user": "trading is suspended in the account's settings at Alpaca",
}


class Desk:
    """One account: its money, holdings and orders."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def funds(self) -> Funds:
        """Return the account's money. What belonged to the pattern day trader rule is not asked for: Alpaca left it out in 2026."""
        return await self._line.read(Request(door=Door.TRADING, path="/account"), lambda body: _funds(row_of(body)))

    async def verify(self) -> None:
        """Raise Refused with why the account may not trade."""
        account = await self._line.read(Request(door=Door.TRADING, path="/account"), row_of)
        reasons = _obstacles(account)
        if reasons:
            raise Refused(f"The account at Alpaca cannot trade: {'; '.join(reasons)}.")

    async def holdings(self) -> list[Holding]:
        """Return all positions; a short one is negative, and so is what is available of it."""
        return await self._line.read(Request(door=Door.TRADING, path="/positions"), lambda body: [_holding(row) for row in rows_of(body)])

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order once. An id that is taken is looked up: the same terms are the same order, whose answer once was lost."""
        body = body_of(order)
        request = Request(door=Door.TRADING, method="POST", path="/orders", fields=body)
        try:
            return await self._line.read(request, lambda answer: _placed(answer, order.client_order_id))
        except Refused as refusal:
            if not is_duplicate(refusal):
                raise
            duplicate = refusal.reason
        try:
            row = await self._row_by_client_id(order.client_order_id)
        except Unavailable:
            raise outcome_open(f"{duplicate}, and that order cannot be read now", changes=True) from None
        if row is None:  # the id is taken and yet not to be found: nothing may be concluded
            raise outcome_open(f"{duplicate}, and no order of that id is found", changes=True)
        differing = differences(body, row)
        if differing:
            raise TermsDiffer(order.client_order_id, differing)
        return report_of(row, nested=True)

    async def find(self, client_order_id: str) -> OrderReport | None:
        """Return the order of an id, or the one that took its place; None when there is none."""
        row = await self._row_by_client_id(client_order_id)
        return None if row is None else await self._newest(report_of(row, nested=True))

    async def order(self, exchange_order_id: str) -> OrderReport:
        """Return an order, or the one that took its place. Raises NotFound."""
        return await self._newest(report_of(await self._row(exchange_order_id), nested=True))

    async def cancel(self, exchange_order_id: str) -> None:
        """Ask for a cancellation, before all other requests. What has ended already is left alone; of an order that was replaced,
        what took its place is cancelled."""
        request = Request(door=Door.TRADING, method="DELETE", path=_path(exchange_order_id))
        try:
            await self._line.send(request, urgent=True)
        except NotFound:
            raise NotFound("order", exchange_order_id) from None
        except Refused as refusal:
            found = await self.order(exchange_order_id)
            if found.exchange_order_id != exchange_order_id and not found.status.is_final:
                await self.cancel(found.exchange_order_id)
            elif not found.status.is_final and found.venue_status != "pending_cancel":
                raise refusal

    async def open_orders(self) -> list[OrderReport]:
        """Return every order that is not final, or has a leg that is not. Alpaca does not say whether its nested list keeps the legs
        of an entry that has filled, so the plain list is asked for too and adds what is missing."""
        nested = await all_orders(self._line, status="open", nested=True)
        known = {report.exchange_order_id for parent in nested for report in (parent, *parent.legs)}
        flat = await all_orders(self._line, status="open", nested=False)
        return nested + [report for report in flat if report.exchange_order_id not in known]

    async def orders_since(self, moment: datetime) -> list[OrderReport]:
        """Return every order submitted at or after `moment`, oldest first, legs inside their parents."""
        return await all_orders(self._line, status="all", nested=True, since=moment)

    async def fills_since(self, moment: datetime) -> list[Fill]:
        """Return every fill at or after `moment`, oldest first."""
        return await all_fills(self._line, moment)

    async def _newest(self, report: OrderReport) -> OrderReport:
        for _ in range(REPLACEMENTS):
            if report.venue_status != "replaced" or report.replaced_by is None:
                return report
            report = report_of(await self._row(report.replaced_by), nested=True)
        raise outcome_open(f"order {report.exchange_order_id} was replaced more than {REPLACEMENTS} times", changes=False)

    async def _row_by_client_id(self, client_order_id: str) -> Row | None:
        """Return an order with its legs; this question of Alpaca's leaves them out, so a pair is asked for by its own id again."""
        request = Request(door=Door.TRADING, path="/orders:by_client_order_id", fields={"client_order_id": client_order_id})
        try:
            row = await self._line.read(request, _checked)
        except NotFound:
            return None
        if text_or_none(row, "order_class") in ("bracket", "oto", "oco") and not row.get("legs"):
            return await self._row(text(row, "id"))
        return row

    async def _row(self, exchange_order_id: str) -> Row:
        try:
            return await self._line.read(Request(door=Door.TRADING, path=_path(exchange_order_id), fields={"nested": "true"}), _checked)
        except NotFound:
            raise NotFound("order", exchange_order_id) from None


def _obstacles(account: Row) -> list[str]:
    status = text_or_none(account, "status") or "unknown"
    reasons = [] if status == "ACTIVE" else [f"its status is {status}"]
    return reasons + [reason for name, reason in BLOCKS.items() if account.get(name) is True]


def _funds(account: Row) -> Funds:
    return Funds(
        account_number=text(account, "account_number"),
        status=text(account, "status"),
        is_active=not _obstacles(account),
        cash=number(account, "cash"),
        equity=number(account, "equity"),
        buying_power=number(account, "buying_power"),
        currency=text_or_none(account, "currency") or "USD",
    )


def _holding(row: Row) -> Holding:
    sign = -1 if text_or_none(row, "side") == "short" else 1
    quantity = number(row, "qty")
    available = number_or_none(row, "qty_available")
    return Holding(
        symbol=with_slash(text(row, "symbol"), text_or_none(row, "asset_class")),
        quantity=sign * abs(quantity) if sign < 0 else quantity,
        available=quantity if available is None else sign * abs(available) if sign < 0 else available,
        average_entry_price=number_or_none(row, "avg_entry_price"),
        market_value=number_or_none(row, "market_value"),
        unrealized_pnl=number_or_none(row, "unrealized_pl"),
    )


def _placed(answer: object, client_order_id: str) -> OrderReport:
    report = report_of(row_of(answer), nested=True)
    if report.client_order_id != client_order_id:
        raise Garbled(f"it is about order '{report.client_order_id}'")
    return report


def _checked(body: object) -> Row:
    """Return an order's row that `report_of` is certain to understand."""
    row = row_of(body)
    report_of(row, nested=True)
    return row


def _path(exchange_order_id: str) -> str:
    try:
        UUID(exchange_order_id)
    except ValueError:  # Alpaca would answer that the id is missing
        raise NotFound("order", exchange_order_id) from None
    return f"/orders/{quote(exchange_order_id, safe='')}"
