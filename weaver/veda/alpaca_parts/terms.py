"""Tells whether an order that the venue has is the one that was sent."""

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from weaver.veda.alpaca_parts.rows import Row, number_or_none, rows_of, text_or_none
from weaver.veda.alpaca_parts.symbols import without_slash

_NUMBERS = {"qty": "quantity", "limit_price": "limit price", "trail_price": "trail", "trail_percent": "trail percent"}


def differences(sent: Mapping[str, object], found: Row) -> str:
    """Return where the terms of an order found at the venue differ from those that were sent, as text for people; equal: empty.

    What the venue adds or moves by itself is no term: a trailing stop's stop price, `extended_hours` when it is not asked for.
    """
    differing = [
        f"{name} {there} instead of {here}"
        for name, here, there in _pairs(sent, found)
        if here != there and not (isinstance(here, str) and isinstance(there, str) and here.casefold() == there.casefold())
    ]
    return ", ".join(differing)


def _pairs(sent: Mapping[str, object], found: Row) -> list[tuple[str, object, object]]:
    here, there = _terms(sent), _terms(found)
    pairs: list[tuple[str, object, object]] = [(name, value, there.get(name)) for name, value in here.items()]
    legs = rows_of(found.get("legs"))
    if legs:
        pairs += [(name, value, _leg_prices(legs).get(name)) for name, value in _exit_prices(sent).items()]
    return pairs


def _terms(row: Row) -> dict[str, object]:
    order_type = text_or_none(row, "type") or text_or_none(row, "order_type")
    terms: dict[str, object] = {
        "symbol": without_slash(text_or_none(row, "symbol") or ""),
        "side": text_or_none(row, "side"),
        "type": order_type,
        "time in force": text_or_none(row, "time_in_force"),
        "class": text_or_none(row, "order_class") or "simple",
        "extended hours": bool(row.get("extended_hours")),
    }
    terms |= {name: number_or_none(row, field) for field, name in _NUMBERS.items()}
    if order_type in ("stop", "stop_limit"):
        terms["stop price"] = number_or_none(row, "stop_price")
    return terms


def _exit_prices(sent: Mapping[str, object]) -> dict[str, Decimal | None]:
    prices: dict[str, Decimal | None] = {}
    for exit_name, field, name in (
        ("take_profit", "limit_price", "take profit"),
        ("stop_loss", "stop_price", "stop loss"),
        ("stop_loss", "limit_price", "stop loss limit"),
    ):
        leg = sent.get(exit_name)
        prices[name] = number_or_none(cast("Row", leg), field) if isinstance(leg, dict) else None
    return prices


def _leg_prices(legs: list[Row]) -> dict[str, Decimal | None]:
    prices: dict[str, Decimal | None] = {}
    for leg in legs:
        if number_or_none(leg, "stop_price") is None:
            prices["take profit"] = number_or_none(leg, "limit_price")
        else:
            prices["stop loss"] = number_or_none(leg, "stop_price")
            prices["stop loss limit"] = number_or_none(leg, "limit_price")
    return prices
