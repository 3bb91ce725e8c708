"""Where a backtest stands between two windows."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Totals:
    """Sums over the run so far; money in quote currency."""

    commission: float = 0.0
    slippage: float = 0.0
    exposed_steps: int = 0
    orders: int = 0
    fills: int = 0
    trades: int = 0


@dataclass(frozen=True, slots=True)
class EngineState:
    """Everything the next window needs, as plain JSON values: next step, money, working orders, the strategy's State."""

    step: int
    book: dict[str, Any]
    orders: list[dict[str, Any]]
    totals: Totals = field(default_factory=Totals)
    strategy_state: str | None = None

    def to_json(self) -> str:
        """Return the state as text; floats are written so that they read back exactly."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> "EngineState":
        fields = json.loads(text)
        totals = Totals(**fields.pop("totals"))
        return EngineState(totals=totals, **fields)
