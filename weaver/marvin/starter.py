"""Writes the first version of a person's own strategy, with a test that passes."""

import keyword
import re

from weaver.errors import BadValue

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")

_STRATEGY = '''"""What this strategy trades, and why that should earn money."""

from collections.abc import Iterator

from weaver.marvin import Bars, Buy, Close, Field, Indicators, Intent, Strategy, StrategyMeta, StrategyParams, View
from weaver.marvin.indicators import sma

# Read without running this file, so every value must be written out.
META = StrategyMeta(
    id="@id@",
    name="@title@",
    version="1.0.0",
    description="Hold while the close is above its mean.",
)


class Params(StrategyParams):
    """What may be set with `--param length=50`; the checks here are made before anything runs."""

    length: int = Field(20, ge=2, description="bars in the mean")
    percent: float = Field(95.0, gt=0, le=100, description="share of the equity to buy with, in percent")


class @class@(Strategy[Params]):
    """Hold while the close is above its mean."""

    def warmup(self) -> int:
        """Bars wanted before the first decision, so that the mean is known by then."""
        return self.params.length

    def indicators(self, bars: Bars) -> Indicators:
        """Called once for all bars. The value at a row may depend on that row and earlier ones only."""
        return {"mean": sma(bars.close, self.params.length)}

    def decide(self, view: View) -> Iterator[Intent]:
        """Called at the end of each bar; what is ordered here trades at the next bar's open at the earliest.

        There is no other memory than the position: to remember more, declare a StrategyState.
        """
        if view.is_flat and view.crossed_above("close", "mean"):
            view.note(f"close {view.close:.2f} rose above its mean {view.indicator('mean'):.2f}")
            yield Buy(percent=self.params.percent)
        elif view.is_long and view.crossed_below("close", "mean"):
            yield Close()
'''

_TEST = '''"""Runs @id@ on made-up bars. Start it with: pytest plugins/tests"""

from pathlib import Path

import pandas as pd

from weaver import backtest
from weaver.marvin.loader import Library, build

STRATEGIES = Path(__file__).parent.parent / "strategies"


def bars(closes: list[float]) -> pd.DataFrame:
    """Daily bars with these closes, each opening at the close before it."""
    opens = [closes[0], *closes[:-1]]
    return pd.DataFrame(
        {
            "time": pd.date_range("2024-01-01", periods=len(closes), freq="D", tz="UTC"),
            "open": opens,
            "high": [max(pair) + 1 for pair in zip(opens, closes, strict=True)],
            "low": [min(pair) - 1 for pair in zip(opens, closes, strict=True)],
            "close": closes,
            "volume": 1000.0,
        }
    )


def test_it_buys_when_the_price_rises_and_leaves_when_it_falls() -> None:
    flat = [100.0] * 30
    rise = [100.0 + step for step in range(1, 31)]
    fall = [130.0 - step for step in range(1, 31)]
    strategy = build(Library.open([STRATEGIES]).source("@id@")).strategy_class

    run = backtest(strategy, data=bars(flat + rise + fall), length=10)

    assert list(run.fills["side"]) == ["buy", "sell"]
    assert run.stats["total_trades"] == 1
'''


def starter(name: str) -> dict[str, str]:
    """Return the files of a new strategy by path: `plugins/strategies/<name>.py` and its test. BadValue for a name that cannot be one."""
    if not _NAME.fullmatch(name) or len(name) > 48 or keyword.iskeyword(name):
        raise BadValue("name", name, "lower-case words joined by -, beginning with a letter, at most 48 characters, such as my-idea")
    words = re.split("[-_]", name)
    stem = "_".join(words)
    values = {
        "@id@": "-".join(words),
        "@title@": " ".join(words).capitalize(),
        "@class@": "".join(word.capitalize() for word in words),
    }
    texts = {f"plugins/strategies/{stem}.py": _STRATEGY, f"plugins/tests/test_{stem}.py": _TEST}
    return {path: re.sub("@[a-z]+@", lambda match: values[match[0]], text) for path, text in texts.items()}
