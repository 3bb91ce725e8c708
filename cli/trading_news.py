"""What is new of a run since one last looked: its decisions, refusals and orders, from WallE alone."""

from datetime import datetime

from cli.trading_lines import change_line, decision_line, refusal_lines
from weaver.walle.run_money import TradingRecords
from weaver.walle.trading_model import DecisionRecord

_NEWEST = 100
"""Orders that are looked at each time, besides those that were open the last time."""
_BARS = 200
"""Decisions that are read at once."""


class RunNews:
    """Follows one run. What one call has told, the next does not tell again."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._changes: dict[str, int] = {}
        self._open: set[str] = set()
        self._settled: datetime | None = None
        self._told: set[datetime] = set()
        self._refused: set[datetime] = set()

    def lines(self, records: TradingRecords) -> list[str]:
        """Return a line for everything that happened since the last call, in the order of time."""
        timed = [*self._decisions(records), *self._orders(records)]
        return [line for _, line in sorted(timed, key=lambda one: one[0])]

    def _decisions(self, records: TradingRecords) -> list[tuple[datetime, str]]:
        found = records.trading.decisions(self._run_id, after=self._settled, limit=_BARS)
        lines: list[tuple[datetime, str]] = []
        for decision in found:
            end = decision.bar_end
            if end not in self._told:
                self._told.add(end)
                said = decision_line(decision)
                lines += [] if said is None else [(end, said)]
            if decision.verdicts and end not in self._refused:
                self._refused.add(end)
                lines += [(end, text) for text in refusal_lines(end, decision.verdicts)]
        self._settle(found)
        return lines

    def _settle(self, found: list[DecisionRecord]) -> None:
        """Move on to the last bar before which no verdict is missing; a bar that is followed by another waits for none."""
        awaited = next((one.bar_end for one in found[-1:] if one.orders and not one.verdicts), None)
        done = [one.bar_end for one in found if one.bar_end != awaited]
        if done:
            self._settled = done[-1]
            self._told = {end for end in self._told if end > done[-1]}
            self._refused = {end for end in self._refused if end > done[-1]}

    def _orders(self, records: TradingRecords) -> list[tuple[datetime, str]]:
        newest = records.trading.orders(run_id=self._run_id, page_size=_NEWEST).items
        others = self._open - {order.id for order in newest}
        lines: list[tuple[datetime, str]] = []
        for order in (*newest, *(records.trading.order(order_id) for order_id in sorted(others))):
            seen = self._changes.get(order.id, 0)
            if order.changes > seen:
                lines += [(change.at, change_line(change)) for change in records.trading.history(order.id, seen)]
                self._changes[order.id] = order.changes
            if order.status.is_final:
                self._open.discard(order.id)
            else:
                self._open.add(order.id)
        return lines
