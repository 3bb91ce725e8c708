"""What a person asks of trading, checked field by field: the limits of a run, an order, new terms of one."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from cli.requests import create, parse_params
from weaver.errors import BadInput, BadValue, UnknownName
from weaver.glados.requests import OrderCreate, RunCreate
from weaver.glados.risk import RiskLimits
from weaver.orders import OrderType, TimeInForce

ModelT = TypeVar("ModelT", bound=BaseModel)


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said at all."""
    return {name: value for name, value in values.items() if value is not None}


def create_trading(fields: Mapping[str, Any]) -> RunCreate:
    """Return the checked request of a paper or live run. Raises BadInput for a backtest, and as `create` does."""
    fields = {"mode": "paper", **given(fields)}
    if fields["mode"] not in ("paper", "live"):
        raise BadValue("mode", fields["mode"], "paper or live; a backtest is started with: weaver backtest")
    if not fields.get("symbols"):
        raise BadValue("symbols", None, "at least one symbol, such as --symbol SIM/USD")
    if isinstance(fields.get("risk"), Mapping):
        checked(RiskLimits, cast(Mapping[str, Any], fields["risk"]), "limit")
    return create(fields)


def parse_risk(texts: Iterable[str]) -> dict[str, object]:
    """Return `name=value` texts as limits; `allowed_symbols` are separated by commas."""
    limits: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadValue("--risk", text, "name=value, such as max_order_notional=500")
        if name in limits:
            raise BadValue("--risk", text, f"each limit once; {name} is there already")
        limits[name] = [one for one in value.split(",") if one] if name == "allowed_symbols" else value
    return limits


def typed_params(texts: Iterable[str]) -> dict[str, object]:
    """Return `name=value` texts as parameters, at least one. Raises BadValue."""
    params = parse_params(texts)
    if not params:
        raise BadValue("--param", None, "at least one name=value, such as fast=10")
    return params


def create_order(fields: Mapping[str, Any]) -> OrderCreate:
    """Return the checked order. The type follows from the prices when it is not given; a symbol with a slash gets gtc unless
    it says otherwise, since venues that never close know no day."""
    fields = given(fields)
    if "order_type" not in fields:
        fields["order_type"] = _type_by_prices(fields)
    if "time_in_force" not in fields and "/" in str(fields.get("symbol", "")):
        fields["time_in_force"] = TimeInForce.GTC
    return checked(OrderCreate, fields, "field")


def _type_by_prices(fields: Mapping[str, Any]) -> OrderType:
    if "trail" in fields or "trail_percent" in fields:
        return OrderType.TRAILING_STOP
    match "limit_price" in fields, "stop_price" in fields:
        case True, True:
            return OrderType.STOP_LIMIT
        case True, False:
            return OrderType.LIMIT
        case False, True:
            return OrderType.STOP
        case _:
            return OrderType.MARKET


def checked(model: type[ModelT], fields: Mapping[str, Any], kind: str) -> ModelT:
    """Return the model of these fields. Raises UnknownName for an unknown key with the nearest, BadValue for a bad value."""
    try:
        return model.model_validate(dict(fields))
    except ValidationError as problem:
        errors = problem.errors(include_url=False)
        first = next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])
        field = ".".join(str(step) for step in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UnknownName(kind, field, model.model_fields) from None
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        if not field:
            raise BadInput(f"{reason}.", field=reason.partition(":")[0]) from None
        if field == "account":
            reason = "<adapter>-<mode>, such as simulated-paper"
        if field == "client_order_id":
            reason = "letters, digits and . _ : -, beginning with a letter or digit, at most 48"
        raise BadValue(field, first["input"], reason.removeprefix("expected ")) from None
