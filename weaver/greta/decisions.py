"""Decisions that wanted something, and how they are put into words."""

import json
import math
from dataclasses import dataclass

from weaver.greta.feed import Feed
from weaver.greta.records import DecisionRow
from weaver.marvin.intents import Intent, describe


@dataclass(slots=True)
class Decided:
    """A step at which the strategy wanted something, before it is put into words."""

    step: int
    quantities: tuple[float, ...]
    notes: tuple[str, ...]
    intents: list[Intent]
    orders: list[str]


def put_into_words(feed: Feed, decided: list[Decided]) -> list[DecisionRow]:
    """Put decisions into words: what was seen, said and wanted, as JSON."""
    rows: list[DecisionRow] = []
    for one in decided:
        seen: dict[str, dict[str, float | None]] = {}
        for index, series in enumerate(feed.series):
            row = feed.row(index, one.step)
            columns = {"close": series.bars.close, **series.indicators}
            values = {name: float(column[row]) if row >= 0 else math.nan for name, column in columns.items()}
            known = {name: value if math.isfinite(value) else None for name, value in values.items()}
            seen[series.bars.symbol] = {"position": one.quantities[index], **known}
        rows.append(
            DecisionRow(
                int(feed.times[one.step]),
                json.dumps(seen),
                json.dumps(one.notes),
                json.dumps([describe(intent) for intent in one.intents]),
                json.dumps(one.orders),
            )
        )
    return rows
