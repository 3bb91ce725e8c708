"""What became of what a backtest wanted, and its bars with all that is kept of them."""

import json
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from weaver.greta.records import DecisionRow, FillRow, OrderRow
from weaver.market import Ints
from weaver.orders import Side
from weaver.walle.model import Json
from weaver.walle.results import RunFiles


@dataclass(frozen=True, slots=True)
class CameOf:
    """Orders and fills of a backtest by the order that a decision wanted: itself first, then its legs."""

    orders: Mapping[str, Sequence[OrderRow]] = field(default_factory=dict[str, Sequence[OrderRow]])
    fills: Mapping[str, Sequence[FillRow]] = field(default_factory=dict[str, Sequence[FillRow]])

    @staticmethod
    def of(files: RunFiles, windows: int, decisions: Iterable[DecisionRow]) -> "CameOf":
        """Read what became of these decisions. An order that works still is not there: it is written when it ends."""
        wanted = {order for one in decisions for order in wanted_orders(one)}
        own = files.rows_of(OrderRow, windows, "id", wanted)
        legs = files.rows_of(OrderRow, windows, "parent_id", wanted)
        fills = files.rows_of(FillRow, windows, "order_id", {order.id for order in (*own, *legs)} | wanted)
        return CameOf.gathered([*own, *legs], fills)

    @staticmethod
    def gathered(orders: Iterable[OrderRow], fills: Iterable[FillRow]) -> "CameOf":
        """Return orders and fills by the orders that were wanted."""
        family: dict[str, list[OrderRow]] = defaultdict(list)
        for order in sorted(orders, key=lambda one: one.parent_id is not None):
            family[order.parent_id or order.id].append(order)
        root = {order.id: name for name, members in family.items() for order in members}
        filled: dict[str, list[FillRow]] = defaultdict(list)
        for fill in fills:
            filled[root.get(fill.order_id, fill.order_id)].append(fill)
        return CameOf(family, filled)


def wanted_orders(decision: DecisionRow) -> list[str]:
    """Return the orders that a decision wanted, by their ids inside the run."""
    return cast(list[str], json.loads(decision.orders))


@dataclass(frozen=True, slots=True)
class ReplayedBar:
    """The end of a bar (UTC microseconds), what was seen there, and what was decided if something was wanted."""

    time: int
    seen: Mapping[str, Json]
    decision: DecisionRow | None


class ReplayedBars:
    """All bars of a backtest, of whatever was wanted at them. `symbols` are the run's, in its order."""

    def __init__(self, files: RunFiles, windows: int, symbols: Sequence[str]) -> None:
        self._files = files
        self._windows = windows
        self._symbols = symbols

    def page(self, *, since: int | None, until: int | None, newest_first: bool, offset: int, limit: int) -> tuple[list[ReplayedBar], int]:
        """Return at most `limit` bar ends after the first `offset` with `since` ≤ time < `until`, and how many there are in all."""
        found: list[ReplayedBar] = []
        total = 0
        for number in reversed(range(self._windows)) if newest_first else range(self._windows):
            times = self._times(number)
            times = times[(times >= (since or 0)) & (times < (until if until is not None else np.iinfo(np.int64).max))]
            if newest_first:
                times = times[::-1]
            wanted = times[max(0, offset - total) : max(0, offset + limit - total)]
            total += len(times)
            if len(wanted):
                found += self._bars(number, wanted)
        return found, total

    def lack(self) -> bool:
        """Tell whether an older Weaver wrote the run, which kept only the bars at which something was wanted."""
        return self._windows > 0 and self._files.seen_times(0) is None

    def _times(self, number: int) -> Ints:
        times = self._files.seen_times(number)
        if times is None:
            return np.array([row.time for row in self._decided(number)], np.int64)
        return times if len(self._symbols) == 1 else np.unique(times)

    def _decided(self, number: int) -> list[DecisionRow]:
        return self._files.window_rows(DecisionRow, number)

    def _bars(self, number: int, times: Ints) -> list[ReplayedBar]:
        decided = {row.time: row for row in self._decided(number)}
        seen = self._seen(number, times)
        return [
            ReplayedBar(time, cast(Mapping[str, Json], json.loads(row.seen, parse_constant=undefined)) if row else seen.get(time, {}), row)
            for time in times.tolist()
            for row in [decided.get(time)]
        ]

    def _seen(self, number: int, times: Ints) -> dict[int, dict[str, Json]]:
        """Return by time what was seen of the symbols of which a bar ended then."""
        columns = self._files.seen(number)
        if columns is None:
            return {}
        rows = np.flatnonzero(np.isin(columns.times, times))
        held = self._held(columns.times[rows], columns.symbols[rows])
        found: dict[int, dict[str, Json]] = defaultdict(dict)
        for at, row in enumerate(rows.tolist()):
            values: dict[str, Json] = {"position": held[at], "close": _known(columns.close.item(row))}
            for name, column in columns.indicators.items():
                values[name] = _known(column.item(row))
            found[columns.times.item(row)][self._symbols[columns.symbols.item(row)]] = values
        return found

    def _held(self, times: Ints, symbols: Ints) -> list[float]:
        """Return what was held of a symbol at each time: the sum of its fills in bars that began before."""
        fills = self._files.fill_columns(self._windows)
        held = np.zeros(len(times))
        for number, symbol in enumerate(self._symbols):
            own = [at for at, name in enumerate(fills["symbol"]) if name == symbol]
            moments = np.array([fills["time"][at] for at in own], np.int64)
            signed = np.cumsum([0.0, *(Side(fills["side"][at]).sign * fills["quantity"][at] for at in own)])
            rows = symbols == number
            held[rows] = signed[np.searchsorted(moments, times[rows])]
        return [round(one, 9) + 0.0 for one in held.tolist()]


def of_orders(wanted: Collection[str], decision: str) -> bool:
    """Tell whether a decision's orders, as the JSON text that is stored, have one of these ids."""
    return any(order in wanted for order in cast(list[str], json.loads(decision)))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def undefined(constant: str) -> None:
    """Take NaN, which JSON has not, as null."""
    del constant
