"""A decision in words and numbers, no longer than a payload may be."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from weaver.greta.live import Answer, Holdings
from weaver.greta.moment import Moment
from weaver.marvin.intents import describe

SEEN_BYTES, NOTES_BYTES, INTENTS_BYTES, REJECTED_BYTES = 24_000, 6_000, 12_000, 12_000
"""How much of each is told, as JSON. A decision holds all of it twice, its event included, beside its orders."""
_LONGEST_TEXT = 1_000

Seen = dict[str, dict[str, float | None]]
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a strategy saw, said and wanted, cut to size. `left_out` counts what is not told of each."""

    seen: Seen
    notes: list[str]
    intents: list[str]
    rejected: dict[str, str]
    left_out: dict[str, int] = field(default_factory=dict[str, int])


def seen(moment: Moment, holdings: Holdings) -> Seen:
    """Return position, close and indicators of each symbol; None where a number is not finite."""
    told: Seen = {}
    for series, quantity in zip(moment.series, holdings.quantities, strict=True):
        columns = {"close": series.bars.close, **series.indicators}
        values = {name: float(column[-1]) if len(column) else None for name, column in columns.items()}
        told[series.bars.symbol] = {"position": quantity} | {name: _finite(value) for name, value in values.items()}
    return told


def told(everything: Seen, answer: Answer, holdings: Holdings) -> Told:
    """Return what fits. Symbols that are held, ordered or on order come first; the others in the run's order."""
    symbols = list(everything)
    concerned = {symbols[order.symbol] for order in holdings.working} | {one.request.symbol for one in answer.wishes.orders}
    ranked = sorted(symbols, key=lambda symbol: symbol not in concerned and not everything[symbol]["position"])
    shown = _fitting([(symbol, everything[symbol]) for symbol in ranked], SEEN_BYTES)
    kept = {symbol for symbol, _ in shown}
    notes = _fitting(_short(answer.notes), NOTES_BYTES)
    intents = _fitting(_short(map(describe, answer.intents)), INTENTS_BYTES)
    rejected = _fitting(list(answer.wishes.rejected.items()), REJECTED_BYTES)
    left_out = {
        "seen": len(symbols) - len(kept),
        "notes": len(answer.notes) - len(notes),
        "intents": len(answer.intents) - len(intents),
        "rejected": len(answer.wishes.rejected) - len(rejected),
    }
    return Told(
        seen={symbol: values for symbol, values in everything.items() if symbol in kept},
        notes=notes,
        intents=intents,
        rejected=dict(rejected),
        left_out={name: count for name, count in left_out.items() if count},
    )


def _fitting(items: Sequence[ItemT], room: int) -> list[ItemT]:
    """Return the first items that fit into `room` bytes of JSON."""
    kept: list[ItemT] = []
    for item in items:
        room -= len(json.dumps(item)) + 2
        if room < 0:
            break
        kept.append(item)
    return kept


def _short(texts: Iterable[object]) -> list[str]:
    return [text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…" for text in map(str, texts)]


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None
