"""The classic first strategy: two moving averages."""

from collections.abc import Iterator
from decimal import Decimal

from weaver.marvin import Bars, Buy, Close, Field, Indicators, Intent, Strategy, StrategyMeta, StrategyParams, View
from weaver.marvin.indicators import sma

META = StrategyMeta(
    id="sma-cross",
    name="SMA crossover",
    version="1.0.0",
    description="Hold while the fast mean is above the slow mean; otherwise be flat.",
    author="Weaver",
)


class Params(StrategyParams):
    fast: int = Field(10, ge=1, description="bars in the fast mean")
    slow: int = Field(30, ge=2, description="bars in the slow mean")
    quantity: Decimal = Field(Decimal(1), gt=0, description="units to buy")


class SmaCross(Strategy[Params]):
    """Hold while the fast mean is above the slow mean; otherwise be flat."""

    def indicators(self, bars: Bars) -> Indicators:
        return {"fast": sma(bars.close, self.params.fast), "slow": sma(bars.close, self.params.slow)}

    def decide(self, view: View) -> Iterator[Intent]:
        if view.crossed_above("fast", "slow") and view.is_flat:
            yield Buy(self.params.quantity)
        elif view.crossed_below("fast", "slow") and view.is_long:
            yield Close()
