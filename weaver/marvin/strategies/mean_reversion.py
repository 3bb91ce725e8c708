"""Prices that stray far from their mean tend to come back."""

from collections.abc import Iterator

from weaver.marvin import Bars, Buy, Close, Field, Indicators, Intent, Strategy, StrategyMeta, StrategyParams, View
from weaver.marvin.indicators import bollinger

META = StrategyMeta(
    id="mean-reversion",
    name="Mean reversion",
    version="1.0.0",
    description="Buy when the close falls through the lower Bollinger band; sell when it is back at the middle.",
    author="Weaver",
)


class Params(StrategyParams):
    period: int = Field(20, ge=2, description="bars in the mean and the deviation")
    width: float = Field(2.0, gt=0, description="distance of the band from the mean, in standard deviations")
    percent: float = Field(95.0, gt=0, le=100, description="share of the equity to buy with, in percent")


class MeanReversion(Strategy[Params]):
    """Buy when the close falls through the lower Bollinger band; sell when it is back at the middle."""

    def warmup(self) -> int:
        return self.params.period

    def indicators(self, bars: Bars) -> Indicators:
        bands = bollinger(bars.close, self.params.period, self.params.width)
        return {"lower": bands.lower, "middle": bands.middle}

    def decide(self, view: View) -> Iterator[Intent]:
        if view.is_flat and view.crossed_below("close", "lower"):
            view.note(f"close {view.close:.2f} fell through {view.indicator('lower'):.2f}")
            yield Buy(percent=self.params.percent)
        elif view.is_long and view.close >= view.indicator("middle"):
            view.note(f"close {view.close:.2f} is back at {view.indicator('middle'):.2f}")
            yield Close()
