"""Several symbols and a memory: hold what rose most, look again each month."""

from collections.abc import Iterator
from datetime import date
from math import isnan

from weaver.marvin import Bars, Field, Indicators, Intent, Strategy, StrategyMeta, StrategyParams, StrategyState, TargetWeight, View
from weaver.marvin.indicators import rate_of_change

META = StrategyMeta(
    id="momentum-rotation",
    name="Momentum rotation",
    version="1.0.0",
    description="Hold the strongest symbols of the last bars in equal weights; rotate monthly.",
    author="Weaver",
    symbols="many",
)


class Params(StrategyParams):
    lookback: int = Field(120, ge=1, description="bars over which strength is measured")
    top: int = Field(2, ge=1, description="how many symbols to hold")


class State(StrategyState):
    last_rotation: date | None = None


class MomentumRotation(Strategy[Params, State]):
    """Hold the `top` strongest symbols of the last `lookback` bars in equal weights; rotate monthly."""

    def warmup(self) -> int:
        return self.params.lookback

    def indicators(self, bars: Bars) -> Indicators:
        return {"momentum": rate_of_change(bars.close, self.params.lookback)}

    def decide(self, view: View) -> Iterator[Intent]:
        today = view.time.date()
        last = view.state.last_rotation
        if last and (today.year, today.month) == (last.year, last.month):
            return
        known = [s for s in view.symbols if view[s].fresh and not isnan(view[s]["momentum"])]
        ranked = sorted(known, key=lambda s: view[s]["momentum"], reverse=True)
        chosen = ranked[: self.params.top]
        view.note(f"strongest: {', '.join(chosen)}")
        for symbol in view.symbols:
            yield TargetWeight(symbol, 1 / self.params.top if symbol in chosen else 0)
        view.state.last_rotation = today
