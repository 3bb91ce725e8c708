"""What every window of a backtest works from, as one content-named text."""

import json
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, JsonValue

from weaver.glados.requests import RunCreate
from weaver.greta.feed import Setup
from weaver.orders import Costs
from weaver.provenance import provenance
from weaver.walle.pins import DataPin


class Plan(BaseModel):
    """A request with its strategy's text, parameters and bars pinned. `start` and `end` are as asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: str
    strategy_sha256: str
    params: dict[str, JsonValue]
    pin: DataPin
    provenance: dict[str, JsonValue]
    symbols: list[str]
    timeframe: str
    start: datetime | None
    end: datetime | None
    cash: Decimal
    costs: Costs
    allow_short: bool
    leverage: Decimal
    fractional: bool

    @staticmethod
    def of(request: RunCreate, *, sha256: str, params: dict[str, JsonValue], pin: DataPin) -> "Plan":
        """Return the plan of a request."""
        return Plan(
            strategy=request.strategy,
            strategy_sha256=sha256,
            params=params,
            pin=pin,
            provenance=provenance(request, strategy=request.strategy, sha256=sha256, params=params, fingerprint=pin.fingerprint),
            symbols=request.symbols,
            timeframe=request.timeframe,
            start=request.start,
            end=request.end,
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
        """Return what the engine starts from."""
        return Setup(cash=self.cash, costs=self.costs, allow_short=self.allow_short, leverage=self.leverage, fractional=self.fractional)
