"""What every other strategy is measured against."""

from collections.abc import Iterator

from weaver.marvin import Field, Intent, Strategy, StrategyMeta, StrategyParams, StrategyState, TargetWeight, View

META = StrategyMeta(
    id="buy-and-hold",
    name="Buy and hold",
    version="1.0.0",
    description="Buy equal parts of every symbol at its first bar and never sell.",
    author="Weaver",
    symbols="many",
)


class Params(StrategyParams):
    invested: float = Field(1.0, gt=0, le=1, description="share of the equity to put to work")


class State(StrategyState):
    bought: list[str] = Field(default_factory=list)


class BuyAndHold(Strategy[Params, State]):
    """Buy equal parts of every symbol at its first bar and never sell."""

    def decide(self, view: View) -> Iterator[Intent]:
        bought = view.state.bought
        if len(bought) == len(view.symbols):
            return
        for symbol in view.symbols:
            if view[symbol].fresh and symbol not in bought:
                bought.append(symbol)
                yield TargetWeight(symbol, self.params.invested / len(view.symbols))
