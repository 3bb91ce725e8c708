"""The trading API: what each path answers. Handlers run at once and whole, so that a request is either accepted or not."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from .accounts import Account, position_body
from .answers import Answer, Call
from .clock import Clock
from .draft import json_body
from .errors import ApiError, invalid, not_found
from .faults import Faults
from .lists import activities_page, orders_page
from .money import account_body
from .orders import Order
from .sessions import Sessions
from .venue import Venue, close_body
from .wire import NEW_YORK, datetime_of, floored, new_york_time

Handler = Callable[[Account, Call, str], Answer]


class TradingApi:
    """Routes of /v2 that need an account."""

    def __init__(self, venue: Venue, sessions: Sessions, clock: Clock, faults: Faults) -> None:
        self._venue = venue
        self._sessions = sessions
        self._clock = clock
        self._faults = faults
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = [
            (method, re.compile(rf"/v2{pattern}"), handler)
            for method, pattern, handler in (
                ("GET", "/account()", self._account),
                ("GET", "/account/activities(?:/(.+))?", self._activities),
                ("GET", "/account/configurations()", self._configurations),
                ("POST", "/orders()", self._place),
                ("GET", "/orders()", self._orders),
                ("DELETE", "/orders()", self._cancel_all),
                ("GET", "/orders:by_client_order_id()", self._by_client_order_id),
                ("GET", "/orders/([^/]*)", self._order),
                ("PATCH", "/orders/([^/]*)", self._replace),
                ("DELETE", "/orders/([^/]*)", self._cancel),
                ("GET", "/positions()", self._positions),
                ("DELETE", "/positions()", self._close_all),
                ("GET", "/positions/([^/]+(?:%2F[^/]+)?)", self._position),
                ("DELETE", "/positions/([^/]+(?:%2F[^/]+)?)", self._close),
                ("GET", "/assets()", self._assets),
                ("GET", "/assets/([^/]+(?:%2F[^/]+)?)", self._asset),
                ("GET", "/clock()", self._clock_now),
                ("GET", "/calendar()", self._calendar),
            )
        ]

    def answer(self, account: Account, call: Call) -> Answer:
        """Answer a request, refusing with ApiError; paths keep their quoting, so that an unquoted slash is not found."""
        for method, pattern, handler in self._routes:
            if method == call.method and (match := pattern.fullmatch(call.path)):
                return handler(account, call, (match[1] or "").replace("%2F", "/").replace("%2f", "/"))
        raise not_found("endpoint not found")

    def _account(self, account: Account, call: Call, _: str) -> Answer:
        return Answer(body=account_body(account, self._venue.prices.now))

    def _configurations(self, account: Account, call: Call, _: str) -> Answer:
        return Answer(
            body={
                "trade_confirm_email": "all",
                "suspend_trade": account.flags["trade_suspended_by_user"],
                "no_shorting": account.spec.multiplier < 2,
                "fractional_trading": True,
                "max_margin_multiplier": str(account.spec.multiplier),
                "max_options_trading_level": 0,
                "ptp_no_exception_entry": False,
                "disable_overnight_trading": False,
            }
        )

    def _activities(self, account: Account, call: Call, kind: str) -> Answer:
        types = {kind} if kind else {word for word in call.query.get("activity_types", "").split(",") if word}
        return Answer(body=activities_page(account, call, types))

    def _place(self, account: Account, call: Call, _: str) -> Answer:
        return Answer(body=self._venue.place(account, json_body(call.body)).body())

    def _orders(self, account: Account, call: Call, _: str) -> Answer:
        return Answer(body=orders_page(account, call))

    def _by_client_order_id(self, account: Account, call: Call, _: str) -> Answer:
        order = account.by_client_id.get(call.query.get("client_order_id", ""))
        if order is None:
            raise not_found("order not found")
        return Answer(body=order.body())

    def _order(self, account: Account, call: Call, name: str) -> Answer:
        return Answer(body=find(account, name).body(nested=call.flag("nested")))

    def _replace(self, account: Account, call: Call, name: str) -> Answer:
        return Answer(body=self._venue.replace(account, find(account, name), json_body(call.body)).body())

    def _cancel(self, account: Account, call: Call, name: str) -> Answer:
        self._venue.cancel(account, find(account, name))
        return Answer(status=204)

    def _cancel_all(self, account: Account, call: Call, _: str) -> Answer:
        rows: list[dict[str, Any]] = []
        for order in account.open_orders():
            if order.is_terminal:  # canceled with its group, by an earlier row
                continue
            if race := self._faults.race("bulk_row", order.symbol):
                rows.append({"id": order.id, "status": race.status, "body": {"code": 50010000, "message": "failed to cancel order"}})
                continue
            try:
                self._venue.cancel(account, order)
            except ApiError as refusal:
                rows.append({"id": order.id, "status": refusal.status, "body": refusal.body()})
            else:
                rows.append({"id": order.id, "status": 200})
        return Answer(status=207, body=rows)

    def _positions(self, account: Account, call: Call, _: str) -> Answer:
        held = sorted(account.positions.values(), key=lambda position: position.asset.symbol)
        return Answer(body=[position_body(account, position, self._venue.prices.now(position.asset.symbol)) for position in held])

    def _position(self, account: Account, call: Call, name: str) -> Answer:
        position = account.positions[self._held(account, name)]
        return Answer(body=position_body(account, position, self._venue.prices.now(position.asset.symbol)))

    def _close(self, account: Account, call: Call, name: str) -> Answer:
        symbol = self._held(account, name)
        asset = account.positions[symbol].asset
        quantity, percentage = call.decimal("qty"), call.decimal("percentage")
        if quantity is not None and percentage is not None:
            raise invalid("only one of qty or percentage is accepted")
        if percentage is not None:
            if not 0 < percentage <= 100:
                raise invalid("percentage must be between 0 and 100")
            quantity = floored(abs(account.quantity(symbol)) * percentage / 100, 9)
        return Answer(body=self._closing(account, symbol, quantity, crypto=asset.crypto).body())

    def _close_all(self, account: Account, call: Call, _: str) -> Answer:
        if call.flag("cancel_orders"):
            for order in account.open_orders():
                if not order.is_terminal and order.status != "pending_cancel":
                    self._venue.cancel(account, order)
                    self._venue.life.end(order, "canceled")  # the venue waits for these before it closes
        rows: list[dict[str, Any]] = []
        for symbol, position in sorted(account.positions.items()):
            name = position.asset.position_symbol
            if race := self._faults.race("bulk_row", symbol):
                rows.append({"symbol": name, "status": race.status, "body": {"code": 50010000, "message": "failed to close position"}})
                continue
            try:
                order = self._closing(account, symbol, None, crypto=position.asset.crypto)
            except ApiError as refusal:
                rows.append({"symbol": name, "status": refusal.status, "body": refusal.body()})
            else:
                rows.append({"symbol": name, "status": 200, "body": order.body()})
        return Answer(status=207, body=rows)

    def _closing(self, account: Account, symbol: str, quantity: Decimal | None, *, crypto: bool) -> Order:
        wanted = abs(account.quantity(symbol)) if quantity is None else quantity
        return self._venue.place(account, close_body(account, symbol, wanted, crypto=crypto), "close")

    def _held(self, account: Account, name: str) -> str:
        asset = self._venue.assets.find(name)
        if asset is None or asset.symbol not in account.positions:
            raise not_found("position does not exist")
        return asset.symbol

    def _assets(self, account: Account, call: Call, _: str) -> Answer:
        rows = [asset.body() for asset in self._venue.assets.all()]
        wanted = {"class": call.query.get("asset_class"), "status": call.query.get("status"), "exchange": call.query.get("exchange")}
        return Answer(body=[row for row in rows if all(not value or row[name] == value for name, value in wanted.items())])

    def _asset(self, account: Account, call: Call, name: str) -> Answer:
        return Answer(body=self._venue.assets.get(name).body())

    def _clock_now(self, account: Account, call: Call, _: str) -> Answer:
        return Answer(
            body={
                "timestamp": new_york_time(self._clock.now()),
                "is_open": self._sessions.phase() == "open",
                "next_open": new_york_time(self._sessions.next_open()),
                "next_close": new_york_time(self._sessions.next_close()),
            }
        )

    def _calendar(self, account: Account, call: Call, _: str) -> Answer:
        start = day_of("start", call.query.get("start"), date(2005, 1, 1))
        end = day_of("end", call.query.get("end"), date(2031, 12, 31))
        rows: list[dict[str, str]] = []
        for day, opens, closes in self._sessions.days(start, end):
            first, last = (datetime_of(stamp).astimezone(NEW_YORK) for stamp in (opens, closes))
            evening = "1700" if last.hour < 16 else "2000"
            rows.append(
                {
                    "date": day.isoformat(),
                    "open": first.strftime("%H:%M"),
                    "close": last.strftime("%H:%M"),
                    "session_open": "0400",
                    "session_close": evening,
                    "settlement_date": self._sessions.settlement(day).isoformat(),
                }
            )
        return Answer(body=rows)


def find(account: Account, name: str) -> Order:
    """Return the account's order of that id; one of another account is not found."""
    try:
        key = str(UUID(name))
    except ValueError as error:
        raise invalid("order_id is missing") from error
    if key not in account.orders:
        raise not_found(f"order not found for {key}")
    return account.orders[key]


def day_of(name: str, text: str | None, default: date) -> date:
    """Return a date parameter, or the default where it is absent."""
    if not text:
        return default
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise invalid(f"invalid {name}: not a date") from error
