"""Two timeframes: trade with the slow trend only."""

from collections.abc import Iterator

from weaver.errors import BadValue
from weaver.marvin import (
    Bars,
    Buy,
    Close,
    Field,
    Indicators,
    Intent,
    Strategy,
    StrategyMeta,
    StrategyParams,
    Timeframe,
    View,
    field_validator,
)
from weaver.marvin.indicators import ema

META = StrategyMeta(
    id="multi-timeframe-trend",
    name="Multi-timeframe trend",
    version="1.0.0",
    description="Follow crossings of two means while the close of a coarser timeframe is above its own mean.",
    author="Weaver",
)


class Params(StrategyParams):
    fast: int = Field(10, ge=1, description="bars in the fast mean")
    slow: int = Field(30, ge=2, description="bars in the slow mean, of both timeframes")
    coarse: str = Field("1w", description="timeframe whose trend must be up")
    percent: float = Field(95.0, gt=0, le=100, description="share of the equity to buy with, in percent")

    @field_validator("coarse")
    @classmethod
    def _is_a_timeframe(cls, text: str) -> str:
        try:
            return Timeframe(text).text
        except BadValue as problem:
            raise ValueError(problem.expected) from None


class MultiTimeframeTrend(Strategy[Params]):
    """Buy when the fast mean crosses above the slow one in an upward coarse trend; leave when either turns."""

    def warmup(self) -> int:
        return 10 * self.params.slow

    def indicators(self, bars: Bars) -> Indicators:
        return {"fast": ema(bars.close, self.params.fast), "slow": ema(bars.close, self.params.slow)}

    def decide(self, view: View) -> Iterator[Intent]:
        trend = view.timeframe(self.params.coarse)
        upward = trend.close > trend["slow"]  # false while the mean is not yet known
        downward = trend.close < trend["slow"]
        if view.is_flat and upward and view.crossed_above("fast", "slow"):
            view.note(f"{self.params.coarse} close {trend.close:.2f} is above its mean {trend['slow']:.2f}")
            yield Buy(percent=self.params.percent)
        elif view.is_long and (downward or view.crossed_below("fast", "slow")):
            yield Close()
