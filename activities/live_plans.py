"""What every decision of a live run works from, as one content-named text, and the strategies built from such texts."""

import json
from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, JsonValue

from activities.beacon import Beacon
from weaver.glados.requests import RunCreate
from weaver.greta.feed import Setup
from weaver.marvin.loader import build
from weaver.marvin.source import StrategySource
from weaver.marvin.strategy import AnyStrategy
from weaver.orders import Costs
from weaver.walle.queries import Queries
from weaver.walle.results import RunFiles

_MOST = 512
"""Strategies kept: more than the runs that one process looks after; each takes about 100 KB."""


class LivePlan(BaseModel):
    """A request with its strategy's text and parameters pinned. `warmup` bars of each symbol precede the first one acted on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: str
    strategy_sha256: str
    params: dict[str, JsonValue]
    symbols: list[str]
    timeframe: str
    warmup: int
    cash: Decimal
    costs: Costs
    allow_short: bool
    leverage: Decimal
    fractional: bool

    @staticmethod
    def of(request: RunCreate, *, sha256: str, params: dict[str, JsonValue], warmup: int) -> "LivePlan":
        """Return the plan of a request."""
        return LivePlan(
            strategy=request.strategy,
            strategy_sha256=sha256,
            params=params,
            symbols=request.symbols,
            timeframe=request.timeframe,
            warmup=warmup,
            cash=request.cash,
            costs=request.costs,
            allow_short=request.allow_short,
            leverage=request.leverage,
            fractional=request.fractional,
        )

    def to_json(self) -> str:
        """Return the plan as text, the same for the same plan."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    def setup(self) -> Setup:
        """Return what sizes and money follow from."""
        return Setup(cash=self.cash, costs=self.costs, allow_short=self.allow_short, leverage=self.leverage, fractional=self.fractional)


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A plan with its strategy made."""

    plan: LivePlan
    strategy: AnyStrategy


class LivePlans:
    """The plans that were used last, ready to be asked. Each run has a strategy of its own, built from the stored text."""

    def __init__(self, results: str, queries: Queries, beacon: Beacon) -> None:
        self._results = results
        self._queries = queries
        self._beacon = beacon
        self._ready: OrderedDict[tuple[str, str], Ready] = OrderedDict()

    def get(self, run_id: str, reference: str) -> Ready:
        """Return a run's plan by its reference. NotFound if it was never written; StrategyBroken for what the text does."""
        key = (run_id, reference)
        ready = self._ready.get(key)
        if ready is None:
            ready = self._make(LivePlan.model_validate_json(RunFiles(self._results, run_id).read_text(reference)))
            self._ready[key] = ready
        self._ready.move_to_end(key)
        while len(self._ready) > _MOST:
            self._ready.popitem(last=False)
        return ready

    def _make(self, plan: LivePlan) -> Ready:
        source = StrategySource.from_json(self._queries.source(plan.strategy_sha256).source)
        with self._beacon.user_code():
            loaded = build(source)
            return Ready(plan, loaded.create(loaded.parse_params(plan.params)))
