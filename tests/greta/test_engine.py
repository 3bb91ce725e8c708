"""The replay itself: what the strategy sees and when, what it may keep, how its errors come out."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pytest
from pydantic import Field

from tests.builders import MONDAY, bars_of, flat_bars, replay, walk
from weaver.errors import StrategyBroken
from weaver.greta.engine import EngineState, Pulse, advance, initial_state
from weaver.greta.feed import Feed, Setup
from weaver.market import Bars
from weaver.marvin.indicators import sma
from weaver.marvin.intents import Buy, Close, Intent, TargetWeight
from weaver.marvin.strategy import Indicators, Strategy, StrategyParams, StrategyState
from weaver.marvin.view import View


def test_the_view_ends_at_the_bar_that_just_closed() -> None:
    seen: list[tuple[datetime, float, list[float]]] = []

    def look(view: View) -> Iterator[Intent]:
        seen.append((view.time, view.close, view.history("close", 2).tolist()))
        yield from ()

    replay(bars_of([(p, p, p, p) for p in (10.0, 11.0, 12.0)]), look)
    minute = timedelta(minutes=1)
    assert seen == [(MONDAY + minute, 10, [10]), (MONDAY + 2 * minute, 11, [10, 11]), (MONDAY + 3 * minute, 12, [11, 12])]


def test_decisions_begin_at_start_with_indicators_from_the_first_warm_up_bar() -> None:
    class Means(Strategy[StrategyParams]):
        def indicators(self, bars: Bars) -> Indicators:
            return {"mean": sma(bars.close, 3)}

        def decide(self, view: View) -> Iterator[Intent]:
            assert view.indicator("mean") == view.close - 1
            yield Buy(1)

    rows = [(p, p, p, p) for p in (10.0, 11.0, 12.0, 13.0, 14.0)]
    run = replay(bars_of(rows), Means(StrategyParams()), start=MONDAY + timedelta(minutes=2))
    assert run.feed.steps == 3
    assert run.brief == [(1, "buy", 1, 13), (2, "buy", 1, 14)]
    assert run.window.equity.times[0] == run.feed.series[0].bars.starts[2]


def test_a_crossing_shows_on_its_bar_alone() -> None:
    class Cross(Strategy[StrategyParams]):
        def decide(self, view: View) -> Iterator[Intent]:
            if view.crossed_above("close", 11):
                yield Buy(1)
            if view.crossed_below("close", 11):
                yield Close()

    closes = [10.0, 11.0, 12.0, 13.0, 11.0, 10.0, 10.0, 12.0]
    run = replay(bars_of([(p, p, p, p) for p in closes]), Cross(StrategyParams()))
    # 11 → 12 crosses above at bar 2; 11 → 10 crosses below at bar 5; 10 → 12 at the last bar waits for ever.
    assert run.brief == [(3, "buy", 1, 13), (6, "sell", 1, 10)]


def test_a_symbol_without_a_new_bar_is_not_fresh_and_its_orders_wait() -> None:
    one = bars_of(flat_bars(4, 10.0), symbol="ONE/USD")
    two = bars_of(flat_bars(2, 20.0), symbol="TWO/USD", step=3 * 60_000_000)  # at minutes 0 and 3
    freshness: list[tuple[bool, bool]] = []

    def look(view: View) -> Iterator[Intent]:
        freshness.append((view["ONE/USD"].fresh, view["TWO/USD"].fresh))
        if len(freshness) == 1:
            yield Buy(1, symbol="TWO/USD")

    run = replay([one, two], look)
    assert freshness == [(True, True), (True, False), (True, False), (True, True)]
    assert run.brief == [(3, "buy", 1, 20)]


def test_an_order_never_fills_on_a_bar_that_began_before_it() -> None:
    # TWO's hourly bar covers the minute at which ONE's strategy decides: its open is in the past.
    one = bars_of(flat_bars(150, 10.0), symbol="ONE/USD")
    two = bars_of([(20.0, 20.0, 20.0, 20.0), (21.0, 21.0, 21.0, 21.0), (22.0, 22.0, 22.0, 22.0)], symbol="TWO/USD", timeframe="1h")

    def look(view: View) -> Iterator[Intent]:
        if view.time == MONDAY + timedelta(minutes=61):
            yield Buy(1, symbol="TWO/USD")

    run = replay([one, two], look)
    assert [fill.price for fill in run.fills] == [22]


def test_exits_pay_for_entries_across_symbols() -> None:
    one, two = bars_of(flat_bars(4), symbol="ONE/USD"), bars_of(flat_bars(4), symbol="TWO/USD")

    def rotate(view: View) -> Iterator[Intent]:
        if view["ONE/USD"].row == 0:
            yield TargetWeight("TWO/USD", 1)
        if view["ONE/USD"].row == 1:
            yield TargetWeight("ONE/USD", 1)
            yield TargetWeight("TWO/USD", 0)

    run = replay([one, two], rotate, cash=1000)
    assert [(fill.symbol, fill.side, fill.quantity) for fill in run.fills] == [
        ("TWO/USD", "buy", 10),
        ("TWO/USD", "sell", 10),
        ("ONE/USD", "buy", 10),
    ]


class Counter(StrategyState):
    bars: int = 0
    seen: list[float] = Field(default_factory=list)


class Counts(Strategy[StrategyParams, Counter]):
    """Buys on every third bar it has seen."""

    def decide(self, view: View) -> Iterator[Intent]:
        view.state.bars += 1
        view.state.seen.append(view.close)
        if view.state.bars % 3 == 0:
            view.note(f"bar {view.state.bars}")
            yield Buy(1)


def test_declared_state_survives_windows() -> None:
    bars = bars_of(walk(40))
    whole = replay(bars, Counts(StrategyParams()))
    cut = replay(bars, Counts(StrategyParams()), windows=[1, 1, 7, 2])
    assert len(whole.fills) == 13
    assert cut.outcome == whole.outcome
    assert cut.state.strategy_state == whole.state.strategy_state


def test_a_state_that_changes_on_its_way_through_json_is_an_error() -> None:
    class Loose(StrategyState):
        values: object = None

    class Tuples(Strategy[StrategyParams, Loose]):
        def decide(self, view: View) -> Iterator[Intent]:
            view.state.values = (1, 2)
            yield from ()

    with pytest.raises(StrategyBroken, match="changes on its way through JSON"):
        replay(bars_of(flat_bars(2)), Tuples(StrategyParams()))


def test_a_state_that_json_cannot_hold_is_an_error_naming_the_field() -> None:
    class Number(StrategyState):
        value: float = 0.0

    class NotANumber(Strategy[StrategyParams, Number]):
        def decide(self, view: View) -> Iterator[Intent]:
            view.state.value = float("nan")
            yield from ()

    with pytest.raises(StrategyBroken, match=r"State\.value does not read back from JSON"):
        replay(bars_of(flat_bars(2)), NotANumber(StrategyParams()))


def test_a_state_of_more_than_16_kilobytes_is_an_error() -> None:
    class Big(StrategyState):
        text: str = ""

    class Grows(Strategy[StrategyParams, Big]):
        def decide(self, view: View) -> Iterator[Intent]:
            view.state.text += "x" * 10_000
            yield from ()

    with pytest.raises(StrategyBroken, match="at most 16384"):
        replay(bars_of(flat_bars(3)), Grows(StrategyParams()))


def test_an_error_in_decide_names_type_file_and_line() -> None:
    class Fails(Strategy[StrategyParams]):
        def decide(self, view: View) -> Iterator[Intent]:
            yield Buy(1 // 0)

    with pytest.raises(StrategyBroken, match="ZeroDivisionError") as failure:
        replay(bars_of(flat_bars(2)), Fails(StrategyParams()))
    assert failure.value.file == __file__
    assert failure.value.line == Fails.decide.__code__.co_firstlineno + 1


def test_an_indicator_of_the_wrong_length_is_an_error() -> None:
    class Short(Strategy[StrategyParams]):
        def indicators(self, bars: Bars) -> Indicators:
            return {"short": bars.close[1:]}

    with pytest.raises(StrategyBroken, match=r"'short' has shape \(1,\)"):
        replay(bars_of(flat_bars(2)), Short(StrategyParams()))


def test_an_intent_for_a_symbol_that_is_not_the_runs_is_an_error_with_the_nearest() -> None:
    with pytest.raises(StrategyBroken, match="Did you mean 'SIM/USD'"):
        replay(bars_of(flat_bars(2)), {0: [Buy(1, symbol="SIMUSD")]})


def test_something_that_is_no_intent_is_an_error() -> None:
    with pytest.raises(StrategyBroken, match="intent = 'buy'"):
        replay(bars_of(flat_bars(2)), {0: ["buy"]})


def test_a_decision_tells_what_was_seen_said_and_wanted() -> None:
    def look(view: View) -> Iterator[Intent]:
        if view.only.row == 1:
            view.note("cheap")
            yield Buy(2, limit=9)
        else:
            view.note("nothing to see")

    run = replay(bars_of(flat_bars(3, 10.0)), look)
    (decision,) = run.window.decisions
    assert decision.time == run.feed.times[1]
    assert json.loads(decision.seen) == {"SIM/USD": {"position": 0.0, "close": 10.0}}
    assert json.loads(decision.notes) == ["cheap"]
    assert json.loads(decision.intents) == ["Buy(quantity=2, limit=9)"]
    assert json.loads(decision.orders) == [order.id for order in run.orders]


def test_order_ids_carry_the_bars_end_and_a_number() -> None:
    run = replay(bars_of(flat_bars(3)), {0: [Buy(1), Buy(2)]})
    end = int((MONDAY + timedelta(minutes=1)).timestamp())
    stem = np.base_repr(end, 36).lower()
    assert [fill.order_id for fill in run.fills] == [f"{stem}-1", f"{stem}-2"]


def test_fills_since_the_last_bar_are_shown_once() -> None:
    shown: list[int] = []

    def look(view: View) -> Iterator[Intent]:
        shown.append(len(view.fills))
        if view.only.row == 0:
            yield Buy(1)

    replay(bars_of(flat_bars(4)), look)
    assert shown == [0, 1, 0, 0]


def test_progress_is_told_and_may_end_the_replay() -> None:
    feed = Feed.build([bars_of(flat_bars(1000))], Counts(StrategyParams()))
    setup, told = Setup(), []

    def stop(done: int) -> None:
        told.append(done)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        advance(feed, feed.strategy, setup, initial_state(feed, setup, feed.strategy), steps=1000, on_progress=stop)
    assert told == [256, 768]


def test_a_pulse_tells_the_present_step() -> None:
    pulse = Pulse()
    steps: list[int] = []

    class Looks(Strategy[StrategyParams]):
        def decide(self, view: View) -> Iterator[Intent]:
            steps.append(pulse.steps)
            yield from ()

    strategy = Looks(StrategyParams())
    feed, setup = Feed.build([bars_of(flat_bars(600))], strategy), Setup()
    advance(feed, strategy, setup, initial_state(feed, setup, strategy), steps=600, pulse=pulse)
    assert steps == list(range(600))


def test_a_state_reads_back_from_json_exactly() -> None:
    state = replay(bars_of(walk(60)), {n: [Buy(0.1)] for n in range(0, 50, 7)}).state
    assert EngineState.from_json(state.to_json()) == state


def test_coarse_bars_are_seen_only_when_complete() -> None:
    seen: list[float] = []

    def look(view: View) -> Iterator[Intent]:
        seen.append(view.timeframe("3m").close)
        yield from ()

    replay(bars_of([(p, p, p, p) for p in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)]), look, windows=[2])
    assert [value for value in seen if value == value] == [3, 3, 3, 6, 6]
    assert all(value != value for value in seen[:2])  # NaN before the first complete one


def test_a_strategy_may_return_nothing() -> None:
    class Idle(Strategy[StrategyParams]):
        def decide(self, view: View) -> None:
            return None

    assert replay(bars_of(flat_bars(2)), Idle(StrategyParams())).fills == []
