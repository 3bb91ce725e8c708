from pathlib import Path

import numpy as np
import pytest

from tests.builders import Replayed, bars_of, flat_bars, replay
from tests.marvin.demo_bars import SYMBOLS, demo_bars
from weaver.errors import BadValue
from weaver.market import Bars
from weaver.marvin.loader import Library, LoadedStrategy, build

STYLE_EXAMPLES = {
    "crossing": '''
from collections.abc import Iterator
from decimal import Decimal

from weaver.marvin import Bars, Buy, Close, Field, Indicators, Intent, Strategy, StrategyMeta, StrategyParams, View
from weaver.marvin.indicators import sma

META = StrategyMeta(id="sma-cross-again", name="SMA crossover", version="1.0.0")

class Params(StrategyParams):
    fast: int = Field(10, ge=1, description="bars in the fast mean")
    slow: int = Field(30, ge=2, description="bars in the slow mean")
    quantity: Decimal = Field(Decimal(1), gt=0)

class SmaCross(Strategy[Params]):
    """Hold while the fast mean is above the slow mean; otherwise be flat."""

    def indicators(self, bars: Bars) -> Indicators:
        return {"fast": sma(bars.close, self.params.fast), "slow": sma(bars.close, self.params.slow)}

    def decide(self, view: View) -> Iterator[Intent]:
        if view.crossed_above("fast", "slow") and view.is_flat:
            yield Buy(self.params.quantity)
        elif view.crossed_below("fast", "slow") and view.is_long:
            yield Close()
''',
    "rotation": '''
from collections.abc import Iterator
from datetime import date
from math import isnan

from weaver.marvin import Bars, Field, Indicators, Intent, Strategy, StrategyMeta, StrategyParams, StrategyState, TargetWeight, View
from weaver.marvin.indicators import rate_of_change

META = StrategyMeta(id="rotation-again", name="Momentum rotation", symbols="many")

class Params(StrategyParams):
    lookback: int = Field(120, ge=1)
    top: int = Field(2, ge=1)

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
''',
}


def shipped(name: str) -> LoadedStrategy:
    return build(Library.open([]).source(name))


def run(loaded: LoadedStrategy, bars: Bars | list[Bars], **params: object) -> Replayed:
    return replay(bars, loaded.create(loaded.parse_params(params)))


@pytest.mark.parametrize(
    ("example", "name", "original"),
    [
        ("crossing", "sma-cross-again", "sma-cross"),
        ("rotation", "rotation-again", "momentum-rotation"),
    ],
)
def test_the_examples_of_the_style_guide_run_as_written(tmp_path: Path, example: str, name: str, original: str) -> None:
    (tmp_path / "example.py").write_text(STYLE_EXAMPLES[example])
    bars = [demo_bars(symbol) for symbol in (SYMBOLS if example == "rotation" else ("AAPL",))]

    written = run(build(Library.open([tmp_path]).source(name)), bars)

    assert written.fills
    assert written.outcome.digest == run(shipped(original), bars).outcome.digest


def test_sma_cross_trades_where_a_plain_loop_says() -> None:
    bars = demo_bars("MSFT")
    closes = bars.close.tolist()
    mean = {length: [np.nan] * (length - 1) for length in (10, 30)}
    for length, values in mean.items():
        values.extend(sum(closes[end - length : end]) / length for end in range(length, len(closes) + 1))
    expected: list[tuple[int, str]] = []
    held = False
    for row in range(1, len(closes) - 1):
        before, now = (mean[10][row - 1], mean[30][row - 1]), (mean[10][row], mean[30][row])
        if before[0] <= before[1] and now[0] > now[1] and not held:
            expected.append((row + 1, "buy"))
            held = True
        elif before[0] >= before[1] and now[0] < now[1] and held:
            expected.append((row + 1, "sell"))
            held = False

    assert [(row, side) for row, side, _, _ in run(shipped("sma-cross"), bars).brief] == expected


def test_sma_cross_does_not_act_on_means_that_tie() -> None:
    # Fast mean 2 and slow mean 4 of closes that repeat with period 2: both are 100.05 from the fourth bar on.
    rows = [(close, close, close, close) for close in (100.0, 100.1) * 20]

    assert run(shipped("sma-cross"), bars_of(rows), fast=2, slow=4).fills == []


def test_rsi_bracket_leaves_by_one_of_its_legs_only() -> None:
    replayed = run(shipped("rsi-bracket"), demo_bars("AAPL"))

    assert {trade.exit_reason for trade in replayed.trades} <= {"take_profit", "stop_loss"}
    assert len({trade.exit_reason for trade in replayed.trades}) == 2


def test_buy_and_hold_buys_each_symbol_once_in_equal_parts() -> None:
    bars = [bars_of(flat_bars(5, price), symbol=symbol) for symbol, price in (("A/USD", 10.0), ("B/USD", 20.0))]

    replayed = run(shipped("buy-and-hold"), bars)

    assert [(fill.symbol, fill.quantity) for fill in replayed.fills] == [("A/USD", 5_000), ("B/USD", 2_500)]


def test_multi_timeframe_trend_never_buys_below_the_coarse_mean() -> None:
    replayed = run(shipped("multi-timeframe-trend"), demo_bars("IBM"))

    assert replayed.fills
    assert all("is above its mean" in row.notes for row in replayed.window.decisions if "buy" in row.intents.lower())


def test_multi_timeframe_trend_refuses_a_timeframe_that_is_none() -> None:
    with pytest.raises(BadValue, match="coarse = 'week'"):
        shipped("multi-timeframe-trend").parse_params({"coarse": "week"})


def test_mean_reversion_sells_what_it_bought() -> None:
    sides = [fill.side for fill in run(shipped("mean-reversion"), demo_bars("MSFT")).fills]

    assert sides == ["buy", "sell"] * (len(sides) // 2)
