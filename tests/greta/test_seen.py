"""What could be seen at each bar is kept window by window, as the strategy saw it."""

from collections.abc import Mapping

import numpy as np
import pytest

from tests.builders import bars_of, walk
from weaver.greta.feed import Feed
from weaver.greta.seen import MOST_INDICATORS, seen_bars
from weaver.market import Bars, Floats
from weaver.marvin.indicators import sma
from weaver.marvin.strategy import Strategy, StrategyParams
from weaver.marvin.view import View


class Averages(Strategy[StrategyParams]):
    def indicators(self, bars: Bars) -> Mapping[str, Floats]:
        return {"mean of 3": sma(bars.close, 3)}

    def decide(self, view: View) -> tuple[()]:
        return ()


class Many(Averages):
    def indicators(self, bars: Bars) -> Mapping[str, Floats]:
        return {f"mean.{number}": bars.close for number in range(MOST_INDICATORS + 3)}


def test_windows_together_are_the_whole_and_the_warm_up_is_left_out() -> None:
    bars = bars_of(walk(20))
    feed = Feed.build([bars], Averages(StrategyParams()), start=int(bars.starts[5]))
    whole = seen_bars(feed, 0, feed.steps)
    parts = [seen_bars(feed, 0, 4), seen_bars(feed, 4, 5), seen_bars(feed, 5, 15)]
    assert whole.times.tolist() == bars.ends[5:].tolist()
    assert whole.close.tolist() == bars.close[5:].tolist()
    # The first bar's mean is of bars of the warm-up too.
    assert whole.indicators["mean of 3"][0] == pytest.approx(np.mean(bars.close[3:6]))
    for name in ("times", "close", "symbols"):
        assert np.concatenate([getattr(part, name) for part in parts]).tolist() == getattr(whole, name).tolist()
    assert np.concatenate([part.indicators["mean of 3"] for part in parts]).tolist() == whole.indicators["mean of 3"].tolist()


def test_each_symbol_has_the_bars_that_ended() -> None:
    minutes = bars_of(walk(6), symbol="A/USD")
    hours = bars_of(walk(3, seed=2), symbol="B/USD", step=2 * 60_000_000)
    feed = Feed.build([minutes, hours], Averages(StrategyParams()))
    seen = seen_bars(feed, 2, 6)
    assert seen.symbols.tolist() == [0, 0, 0, 0, 1, 1]
    assert seen.times.tolist() == [*minutes.ends[2:6].tolist(), *hours.ends[1:3].tolist()]
    assert seen_bars(feed, 3, 4).symbols.tolist() == [0]
    assert len(seen_bars(feed, 3, 3).times) == 0


def test_of_very_many_indicators_the_first_are_kept() -> None:
    feed = Feed.build([bars_of(walk(3))], Many(StrategyParams()))
    assert list(seen_bars(feed, 0, 3).indicators) == [f"mean.{number}" for number in range(MOST_INDICATORS)]
