"""Bars and indicators of the last plan, kept in the process between windows and computed anew on a miss."""

from dataclasses import dataclass
from typing import Any

from activities.beacon import Beacon
from activities.memory import give_back
from activities.plans import Plan
from weaver.greta.engine import initial_state
from weaver.greta.feed import Feed, Setup
from weaver.greta.state import EngineState
from weaver.market import to_microseconds
from weaver.marvin.guard import user_code
from weaver.marvin.loader import build
from weaver.marvin.source import StrategySource
from weaver.marvin.strategy import Strategy
from weaver.walle.bars import Catalogue
from weaver.walle.queries import Queries


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A plan ready to be replayed."""

    feed: Feed
    strategy: Strategy[Any, Any]
    setup: Setup

    def first_state(self) -> EngineState:
        """Return the state before the first step; StrategyBroken if the strategy's State has no defaults."""
        with user_code(self.feed.name, self.strategy.code_files()):
            return initial_state(self.feed, self.setup, self.strategy)

    def bars_until(self, step: int) -> int:
        """Return how many bars of all symbols, warm-up excluded, have ended before `step`."""
        if step == 0 or self.feed.rows is None:
            return step
        newest = [int(rows[step - 1]) for rows in self.feed.rows]
        return sum(max(0, row + 1 - first) for row, first in zip(newest, self.feed.first_rows, strict=True))


class PreparedPlans:
    """At most one plan by its content-named reference; bars of a million minutes take about 100 MB."""

    def __init__(self, catalogue: Catalogue, queries: Queries, beacon: Beacon) -> None:
        self._catalogue = catalogue
        self._queries = queries
        self._beacon = beacon
        self._reference: str | None = None
        self._prepared: Prepared | None = None

    def get(self, reference: str, plan: Plan) -> Prepared:
        """Return the plan prepared. The strategy is built from the stored text, whatever its file says by now."""
        if self._prepared is None or self._reference != reference:
            self.release()  # first, so that two are never held
            self._prepared = self._prepare(plan)
            self._reference = reference
        return self._prepared

    def release(self) -> None:
        """Let the kept plan go."""
        self._prepared = None
        give_back()

    def _prepare(self, plan: Plan) -> Prepared:
        source = StrategySource.from_json(self._queries.source(plan.strategy_sha256).source)
        bars = [self._catalogue.load(pin) for pin in plan.pin.series]
        start = None if plan.start is None else to_microseconds(plan.start)
        with self._beacon.user_code():
            loaded = build(source)
            strategy = loaded.create(loaded.parse_params(plan.params))
            feed = Feed.build(bars, strategy, start=start, name=plan.strategy)
        return Prepared(feed, strategy, plan.setup())
