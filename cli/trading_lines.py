"""Decisions and orders as lines for a person to read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import cast

from cli.render import rounded
from weaver.documents.values import decimal_text
from weaver.walle.model import Json
from weaver.walle.trading_model import DecisionRecord, OrderChange, OrderRecord

_VERBS = {"PartiallyFilled": "partly filled", "InDoubt": "in doubt"}


def wish(order: OrderRecord) -> str:
    """Return what an order wants: `buy 1 SIM/USD limit 99.5`."""
    terms = [order.side.value, decimal_text(order.quantity), order.symbol, order.order_type.value.replace("_", " ")]
    terms += [decimal_text(price) for price in (order.stop_price, order.limit_price, order.trail) if price is not None]
    if order.trail_percent is not None:
        terms.append(f"{decimal_text(order.trail_percent)} %")
    return " ".join(terms)


def change_line(change: OrderChange) -> str:
    """Return one step of an order: when, what happened, to which."""
    name = change.event.removeprefix("orders.")
    order = change.order
    text = f"{change.at:%H:%M:%S}  {_VERBS.get(name, name.lower())}: {wish(order)}"
    if name in ("PartiallyFilled", "Filled") and order.filled_avg_price is not None:
        text += f" at {rounded(order.filled_avg_price)}"
        if name == "PartiallyFilled":
            text += f" ({decimal_text(order.filled_quantity)} of it)"
    reason = change.reason or (order.reject_reason if name == "Rejected" else None)
    return text + (f" ({reason})" if reason else "") + f"  {order.id}"


def decision_line(decision: DecisionRecord) -> str | None:
    """Return what a bar brought: closes, notes, intents; None when nothing happened."""
    if not (decision.notes or decision.intents or decision.skipped):
        return None
    said = [f"skipped: {decision.skipped}"] if decision.skipped else []
    said += list(decision.notes)
    if decision.intents:
        said.append(f"wants {'; '.join(decision.intents)}")
    closes = [f"{symbol} {close}" for symbol, close in closes_of(decision.seen).items()]
    head = " ".join([f"{decision.bar_end:%H:%M:%S}  bar", *closes[:5]])
    return f"{head}: {'; '.join(said)}"


def refusal_lines(at: datetime, verdicts: Sequence[Mapping[str, Json]]) -> list[str]:
    """Return a line for each order that a limit refused, with the rule."""
    return [f"{at:%H:%M:%S}  refused by {verdict_text(one)}  {one.get('order_id')}" for one in verdicts if not one.get("admitted")]


def verdict_text(verdict: Mapping[str, Json]) -> str:
    """Return `admitted`, or the rule that refused and why."""
    if verdict.get("admitted"):
        return "admitted"
    message = verdict.get("message")
    return f"{verdict.get('rule')}: {message}" if message else f"{verdict.get('rule')}"


def closes_of(seen: Mapping[str, Json]) -> dict[str, str]:
    """Return the closes that a decision saw, by symbol."""
    values = {symbol: cast(Mapping[str, Json], of_symbol).get("close") for symbol, of_symbol in seen.items()}
    return {symbol: number_text(close) for symbol, close in values.items() if close is not None}


def number_text(value: Json) -> str:
    """Write a number that was seen, short enough to read."""
    return "-" if value is None else decimal_text(round(Decimal(repr(value)), 6)) if isinstance(value, int | float) else str(value)


def seen_lines(seen: Mapping[str, Json]) -> list[str]:
    """Return a line for each symbol: its close, the position, the indicators."""
    lines: list[str] = []
    for symbol, of_symbol in seen.items():
        values = cast(Mapping[str, Json], of_symbol)
        first = [name for name in ("close", "position") if name in values]
        names = [*first, *(name for name in values if name not in first)]
        lines.append(f"{symbol}  " + "  ".join(f"{name} {number_text(values[name])}" for name in names))
    return lines
