"""An entry with its two exits in one order."""

from collections.abc import Iterator

from weaver.marvin import Bars, Bracket, Buy, Field, Indicators, Intent, Strategy, StrategyMeta, StrategyParams, View
from weaver.marvin.indicators import atr, rsi

META = StrategyMeta(
    id="rsi-bracket",
    name="RSI with bracket",
    version="1.0.0",
    description="Buy when RSI recovers from oversold, with a take-profit and a stop-loss at multiples of the average true range.",
    author="Weaver",
)


class Params(StrategyParams):
    period: int = Field(14, ge=2, description="bars in RSI and in the average true range")
    oversold: float = Field(30.0, gt=0, lt=100, description="RSI level that must be crossed upwards")
    take_profit: float = Field(3.0, gt=0, description="distance of the take-profit from the close, in average true ranges")
    stop_loss: float = Field(2.0, gt=0, description="distance of the stop-loss from the close, in average true ranges")
    percent: float = Field(50.0, gt=0, le=100, description="share of the equity to buy with, in percent")


class RsiBracket(Strategy[Params]):
    """Buy when RSI recovers from oversold, with a take-profit and a stop-loss at multiples of the average true range."""

    def warmup(self) -> int:
        return 10 * self.params.period  # Wilder's means forget slowly

    def indicators(self, bars: Bars) -> Indicators:
        return {"rsi": rsi(bars.close, self.params.period), "atr": atr(bars.high, bars.low, bars.close, self.params.period)}

    def decide(self, view: View) -> Iterator[Intent]:
        if not view.is_flat or view.working_orders or not view.crossed_above("rsi", self.params.oversold):
            return
        unit = view.indicator("atr")
        stop_loss = view.close - self.params.stop_loss * unit
        if stop_loss > 0:  # also false where the range is not yet known
            view.note(f"RSI {view.indicator('rsi'):.1f} is back above {self.params.oversold:g}")
            yield Bracket(
                Buy(percent=self.params.percent),
                take_profit=view.close + self.params.take_profit * unit,
                stop_loss=stop_loss,
            )
