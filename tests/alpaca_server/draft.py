"""An order as it was asked for: the JSON body read into typed values, before any rule of trading."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .assets import Asset, Assets
from .errors import invalid, malformed
from .wire import decimal_of

TYPES = frozenset({"market", "limit", "stop", "stop_limit", "trailing_stop"})
CLASSES = frozenset({"", "simple", "bracket", "oco", "oto"})
TIMES_IN_FORCE = frozenset({"day", "gtc", "opg", "cls", "ioc", "fok"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The fields of POST /v2/orders."""

    asset: Asset
    side: str
    type: str
    time_in_force: str
    order_class: str
    quantity: Decimal | None
    notional: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_price: Decimal | None
    trail_percent: Decimal | None
    take_profit: Decimal | None
    stop_loss: Decimal | None
    stop_loss_limit: Decimal | None
    extended_hours: bool
    client_order_id: str | None


def json_body(raw: bytes) -> dict[str, Any]:
    """Return the object in a request body, its fractions as Decimal; refuse anything else with 400."""
    try:
        body = json.loads(raw or b"{}", parse_float=Decimal)
    except ValueError as error:
        raise malformed("request body format is invalid") from error
    if not isinstance(body, dict):
        raise malformed("request body format is invalid")
    return body


def client_order_id_of(body: dict[str, Any]) -> str | None:
    """Return the client_order_id that was sent, None without one."""
    value = body.get("client_order_id") or None
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid("client_order_id must be a string")
    if len(value) > 128:
        raise invalid("client_order_id must be no more than 128 characters")
    return value


def read_draft(body: dict[str, Any], assets: Assets) -> Draft:
    """Return the fields of an order body; refuse what is missing or unreadable."""
    symbol = required(body, "symbol")
    asset = assets.find(symbol)
    if asset is None:
        raise invalid(f'asset "{symbol}" not found')
    quantity, notional = decimal_of("qty", body.get("qty")), decimal_of("notional", body.get("notional"))
    if quantity is not None and notional is not None:
        raise malformed("only one of qty or notional is accepted")
    if quantity is None and notional is None:
        raise invalid("qty or notional is required")
    if (quantity or notional or Decimal(0)) <= 0:
        raise invalid("qty must be > 0" if notional is None else "notional must be > 0")
    take_profit, stop_loss = part(body, "take_profit"), part(body, "stop_loss")
    limit_price = decimal_of("limit_price", body.get("limit_price"))
    target = decimal_of("take_profit.limit_price", take_profit.get("limit_price"))
    order_class = one_of("order_class", str(body.get("order_class") or ""), CLASSES)
    return Draft(
        asset=asset,
        side=one_of("side", required(body, "side"), frozenset({"buy", "sell"})),
        type=one_of("type", required(body, "type"), TYPES),
        time_in_force=one_of("time_in_force", required(body, "time_in_force"), TIMES_IN_FORCE),
        order_class="" if order_class == "simple" else order_class,
        quantity=quantity,
        notional=notional,
        limit_price=target if order_class == "oco" and limit_price is None else limit_price,
        stop_price=decimal_of("stop_price", body.get("stop_price")),
        trail_price=decimal_of("trail_price", body.get("trail_price")),
        trail_percent=decimal_of("trail_percent", body.get("trail_percent")),
        take_profit=target,
        stop_loss=decimal_of("stop_loss.stop_price", stop_loss.get("stop_price")),
        stop_loss_limit=decimal_of("stop_loss.limit_price", stop_loss.get("limit_price")),
        extended_hours=body.get("extended_hours") is True,
        client_order_id=client_order_id_of(body),
    )


def required(body: dict[str, Any], name: str) -> str:
    """Return a text field that must be there."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(f"{name} is required")
    return value


def one_of(name: str, value: str, allowed: frozenset[str]) -> str:
    """Return `value` if it is one of the allowed words."""
    if value not in allowed:
        raise invalid(f"invalid {name}: {value}")
    return value


def part(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a nested object, empty where it is absent."""
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise invalid(f"{name} must be an object")
    return value
