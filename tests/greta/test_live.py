"""A live decision wants what a backtest over the same bars wants: the same orders, cancellations, replacements, refusals and State."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import MONDAY, bars_of, flat_bars, walk
from tests.greta.live_replay import PREFIX, both
from weaver.errors import StrategyBroken
from weaver.glados.clock import bar_columns
from weaver.greta.feed import Setup
from weaver.greta.live import Answer, Holdings, ask
from weaver.greta.matching import Order
from weaver.greta.moment import Moment
from weaver.market import Bars, Calendar, to_microseconds
from weaver.marvin.indicators import ema, sma
from weaver.marvin.intents import Bracket, Buy, Cancel, Close, Intent, Replace, Sell, TargetWeight
from weaver.marvin.strategy import AnyStrategy, Indicators, Strategy, StrategyParams, StrategyState
from weaver.marvin.view import View
from weaver.orders import Costs, OrderType, Role, TimeInForce

SYMBOLS = ("ONE/USD", "TWO/USD", "THREE")
TIMES = ("gtc", "day", "ioc", "fok")


class Count(StrategyState):
    wanted: int = 0
    last: str | None = None


def acting(decide: Callable[[View], Iterable[Intent]]) -> AnyStrategy:
    class Acting(Strategy[StrategyParams, Count]):
        def indicators(self, bars: Bars) -> Indicators:
            return {"mean": sma(bars.close, 5), "fast": ema(bars.close, 3)}

        def decide(self, view: View) -> Iterable[Intent]:
            return decide(view)

    return Acting(StrategyParams())


def without_prefix(text: str) -> str:
    return text.replace(PREFIX, "")


def look(view: View) -> str:
    """Everything that a view tells."""
    told: list[object] = [view.time, view.cash, view.equity, view.state.model_dump_json()]
    for symbol in view.symbols:
        one = view[symbol]
        told += [symbol, one.row, one.fresh, one.open, one.close, one.volume, one["mean"], one["fast"], one.position, one.is_flat]
        told += [one.history("fast", 7).tolist(), one.crossed_above("fast", "mean"), one.crossed_below("fast", 100.0)]
        told += [one.working_orders, one.fills]
        if symbol != "THREE":
            coarse = one.timeframe("4h")
            told += [coarse.row, coarse.fresh, coarse.known, coarse["mean"], coarse.close, coarse.crossed_above("fast", "mean")]
    return without_prefix(repr(told))


def random_decisions(seed: int, log: list[str]) -> Callable[[View], Iterator[Intent]]:
    """Want up to three random things at a time, the same at the same time, and write down what is seen."""

    def decide(view: View) -> Iterator[Intent]:
        log.append(look(view))
        random = np.random.default_rng([seed, int(view.time.timestamp())])
        for _ in range(random.integers(4)):
            symbol = SYMBOLS[random.integers(len(SYMBOLS))]
            close = view[symbol].close
            if close != close:
                close = 50.0
            view.state.wanted += 1
            yield one_of(random, view, symbol, close)
        if view.working_orders:
            view.state.last = without_prefix(view.working_orders[-1].id)

    return decide


def one_of(random: np.random.Generator, view: View, symbol: str, close: float) -> Intent:
    near = {name: round(close * (1 + offset), 2) for name, offset in zip("abc", random.normal(0, 0.01, 3), strict=True)}
    tif = TIMES[random.integers(len(TIMES))]
    side = Buy if random.random() < 0.55 else Sell
    size = (
        {"quantity": float(random.integers(1, 300))},
        {"quantity": round(float(random.uniform(0.1, 5)), 3)},
        {"cash": float(random.integers(1, 30_000))},
        {"percent": float(random.integers(1, 120))},
    )[random.integers(4)]
    working = view[symbol].working_orders
    any_order = working[random.integers(len(working))] if working else None
    return (
        side(**size, symbol=symbol, time_in_force=tif),
        side(**size, symbol=symbol, limit=near["a"], time_in_force=tif),
        side(**size, symbol=symbol, stop=near["b"], time_in_force=tif),
        side(**size, symbol=symbol, stop=near["b"], limit=near["c"]),
        side(**size, symbol=symbol, trail=close * 0.01),
        side(**size, symbol=symbol, trail_percent=1.5),
        Close(symbol),
        TargetWeight(symbol, float(random.uniform(-0.5, 1))),
        TargetWeight(symbol, float(random.uniform(0, 0.3))),
        Bracket(Buy(**size, symbol=symbol, limit=near["a"]), take_profit=close * 1.01, stop_loss=close * 0.99),
        Bracket(Sell(**size, symbol=symbol), take_profit=close * 0.99, stop_loss=close * 1.01, stop_limit=close * 1.02),
        Cancel(any_order) if any_order else Close(symbol),
        Replace(any_order.id, quantity=any_order.quantity + 1) if any_order else Close(symbol),
        Replace(any_order, quantity=any_order.filled_quantity) if any_order else Close(symbol),
        Replace(any_order, limit=near["a"]) if any_order and any_order.limit else Close(symbol),
        Replace(any_order, stop=near["b"]) if any_order and any_order.stop else Close(symbol),
    )[random.integers(16)]


def some_bars(seed: int, count: int) -> list[Bars]:
    """Three symbols: the second starts later and has gaps, the third is an equity."""
    one = bars_of(walk(count, seed=seed), symbol="ONE/USD", timeframe="1h")
    two = bars_of(walk(count, seed=seed + 1, price=20.0), symbol="TWO/USD", timeframe="1h", start=MONDAY + timedelta(hours=3))
    kept = np.flatnonzero(np.random.default_rng(seed).random(count) > 0.3)
    times = bar_columns(one.starts, one.timeframe, Calendar.XNYS)
    three = bars_of(walk(count, seed=seed + 2, price=50.0), symbol="THREE", timeframe="1h")
    prices = {name: getattr(three, name) for name in ("open", "high", "low", "close", "volume")}
    equity = Bars(
        symbol="THREE",
        timeframe=one.timeframe,
        calendar=Calendar.XNYS,
        starts=times.starts,
        ends=times.ends,
        sessions=times.sessions,
        calendar_sessions=times.calendar_sessions,
        **prices,
    )
    open_hours = np.flatnonzero((times.starts // 3_600_000_000) % 24 >= 15)
    return [one, _rows(two, kept), _rows(equity, open_hours[open_hours < count])]


def _rows(bars: Bars, rows: np.ndarray) -> Bars:
    columns = {name: getattr(bars, name)[rows] for name in ("starts", "ends", "sessions", "open", "high", "low", "close", "volume")}
    return Bars(symbol=bars.symbol, timeframe=bars.timeframe, calendar=bars.calendar, calendar_sessions=bars.calendar_sessions, **columns)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), short=st.booleans(), fractional=st.booleans(), cap=st.sampled_from([None, "0.02"]))
def test_a_live_decision_is_the_backtests(seed: int, short: bool, fractional: bool, cap: str | None) -> None:
    log: list[str] = []
    setup = Setup(
        costs=Costs(commission_bps=Decimal(10), participation_cap=None if cap is None else Decimal(cap)),
        allow_short=short,
        leverage=Decimal(2 if short else 1),
        fractional=fractional,
    )
    start = to_microseconds(MONDAY + timedelta(hours=10))
    pairs = both(some_bars(seed, 90), lambda: acting(random_decisions(seed, log)), setup, start=start)
    for engine, live in pairs:
        assert live == engine
    assert log[::2] == log[1::2]
    assert len(log) == 2 * len(pairs)
    assert any(engine.orders for engine, _ in pairs)


def at_the_end(bars: Bars | Sequence[Bars], decide: Callable[[View], Iterable[Intent]], **known: object) -> Answer:
    """What the strategy wants at the end of the last bar."""
    series = [bars] if isinstance(bars, Bars) else list(bars)
    end = max(int(one.ends[-1]) for one in series if len(one))
    fresh = frozenset(one.symbol for one in series if len(one) and one.ends[-1] == end)
    nothing = {"cash": 10_000.0, "quantities": [0.0] * len(series), "average_prices": [None] * len(series)}
    state = known.pop("state", None)
    holdings = Holdings(**(nothing | known))
    return ask(Moment(series, acting(decide), end=end, fresh=fresh, name="test"), holdings, Setup(), prefix=PREFIX, state=state)


BARS = bars_of(flat_bars(3))


def test_exits_come_first_and_each_says_its_price() -> None:
    answer = at_the_end(BARS, lambda _: [Buy(1, limit=90), Sell(2, limit=110), Buy(3), Close()], quantities=[5.0])
    assert [(one.is_exit, one.request.quantity, one.price) for one in answer.wishes.orders] == [
        (True, Decimal("2.0"), Decimal("100.0")),
        (True, Decimal("5.0"), Decimal("100.0")),
        (False, Decimal("1.0"), Decimal("100.0")),
        (False, Decimal("3.0"), Decimal("100.0")),
    ]


@pytest.mark.parametrize(
    ("intent", "lot"),
    [
        (Buy(1), None),
        (Buy(cash=500), Decimal("1e-8")),
        (Buy(percent=10), Decimal("1e-8")),
        (TargetWeight("SIM/USD", 0.5), Decimal("1e-8")),
    ],
    ids=lambda value: str(value),
)
def test_what_is_sized_in_money_may_be_made_smaller_by_the_lot(intent: Intent, lot: Decimal | None) -> None:
    (order,) = at_the_end(BARS, lambda _: [intent]).wishes.orders
    assert order.lot == lot


def test_buying_back_what_is_short_is_an_exit() -> None:
    answer = at_the_end(BARS, lambda _: [Sell(1), Buy(1)], quantities=[-2.0])
    assert [(one.is_exit, str(one.request.side)) for one in answer.wishes.orders] == [(True, "buy"), (False, "sell")]


def a_limit(quantity: float = 10.0, *, filled: float = 0.0) -> Order:
    return Order(f"{PREFIX}abc-1", 0, 1, OrderType.LIMIT, quantity, 0, limit=95.0, filled=filled)


def test_a_replacement_names_what_changes_and_counts_what_is_filled() -> None:
    order = a_limit(filled=4.0)
    answer = at_the_end(BARS, lambda view: [Replace(view.working_orders[0], quantity=12, limit=96)], working=[order])
    (terms,) = answer.wishes.amendments
    assert (terms.order_id, terms.quantity, terms.limit_price, terms.stop_price) == (order.id, Decimal("12.0"), Decimal("96.0"), None)
    assert not answer.wishes.cancels
    assert not answer.wishes.orders


def test_orders_are_listed_as_they_were_wanted_however_late_the_venue_got_them() -> None:
    ids = [f"{PREFIX}abc-2", f"{PREFIX}abc-1.r1", f"{PREFIX}abd-1", f"{PREFIX}abc-2.tp", f"{PREFIX}abc-10"]
    working = [Order(order_id, 0, 1, OrderType.LIMIT, 1.0, 0, limit=95.0) for order_id in ids]
    listed: list[str] = []

    def decide(view: View) -> Iterator[Intent]:
        listed.extend(without_prefix(order.id) for order in view.working_orders)
        yield from ()

    at_the_end(BARS, decide, working=working)
    assert listed == ["abc-1.r1", "abc-2", "abc-2.tp", "abc-10", "abd-1"]


def test_a_replacement_by_less_than_is_filled_cancels() -> None:
    answer = at_the_end(BARS, lambda view: [Replace(view.working_orders[0], quantity=3)], working=[a_limit(filled=4.0)])
    assert answer.wishes.cancels == [f"{PREFIX}abc-1"]
    assert not answer.wishes.amendments


def test_a_replacement_that_is_refused_cancels_and_says_why() -> None:
    small = [Replace(f"{PREFIX}abc-1", quantity=4.5 + 1e-9)]
    answer = at_the_end(BARS, lambda _: small, working=[a_limit()])
    assert answer.wishes.cancels == [f"{PREFIX}abc-1"]
    assert list(answer.wishes.rejected) == [f"{PREFIX}abc-1.r1"]
    assert "not a multiple of the lot" in answer.wishes.rejected[f"{PREFIX}abc-1.r1"]


def test_what_cannot_be_sized_is_no_order_and_says_why() -> None:
    late = bars_of([], symbol="LATE/USD")
    answer = at_the_end([BARS, late], lambda _: [Buy(cash=1e-9, symbol="SIM/USD"), Buy(1, symbol="LATE/USD"), TargetWeight("SIM/USD", 0.1)])
    assert list(answer.wishes.rejected.values()) == ["the size rounds to nothing", "LATE/USD has no bar yet"]
    assert [one.request.client_order_id.rpartition("-")[2] for one in answer.wishes.orders] == ["3"]


def test_a_target_weight_takes_back_the_one_before_it() -> None:
    waiting = Order(f"{PREFIX}abc-1", 0, 1, OrderType.MARKET, 5.0, 0, weighted=True)
    answer = at_the_end(BARS, lambda _: [TargetWeight("SIM/USD", 0.2), TargetWeight("SIM/USD", 0.5)], working=[waiting])
    assert answer.wishes.cancels == [waiting.id]
    assert list(answer.wishes.rejected.values()) == ["a newer target weight"]
    assert [(one.request.quantity, one.weighted) for one in answer.wishes.orders] == [(Decimal("50.0"), True)]


@pytest.mark.parametrize("wanted", [Close(), TargetWeight("SIM/USD", 0)])
def test_what_a_fee_left_is_closed_up_to_its_whole_lots(wanted: Intent) -> None:
    answer = at_the_end(BARS, lambda _: [wanted], quantities=[0.123148139])
    assert [one.request.quantity for one in answer.wishes.orders] == [Decimal("0.12314813")]
    dust = at_the_end(BARS, lambda _: [wanted], quantities=[0.000000009])
    assert not dust.wishes.orders


def test_a_bracket_is_one_order_with_its_exits() -> None:
    answer = at_the_end(BARS, lambda _: [Bracket(Buy(1, time_in_force="day"), take_profit=110, stop_loss=90, stop_limit=89)])
    (one,) = answer.wishes.orders
    request = one.request
    assert (request.take_profit, request.stop_loss, request.stop_loss_limit) == (Decimal("110.0"), Decimal("90.0"), Decimal("89.0"))
    assert request.is_bracket
    assert request.time_in_force is TimeInForce.DAY


def test_an_entry_is_shown_with_its_role() -> None:
    entry = a_limit()
    entry.role = Role.ENTRY
    seen: list[Role | None] = []

    def decide(view: View) -> Iterable[Intent]:
        seen.extend(order.role for order in view.working_orders)
        return ()

    at_the_end(BARS, decide, working=[entry])
    assert seen == [Role.ENTRY]


def test_the_state_is_carried_as_json() -> None:
    def decide(view: View) -> Iterable[Intent]:
        view.state.wanted += 1
        return ()

    first = at_the_end(BARS, decide)
    assert first.state == '{"wanted":1,"last":null}'
    assert at_the_end(BARS, decide, state=first.state).state == '{"wanted":2,"last":null}'


def test_a_state_that_grows_without_bound_breaks_the_strategy() -> None:
    def decide(view: View) -> Iterable[Intent]:
        view.state.last = "x" * 17_000
        return ()

    with pytest.raises(StrategyBroken, match="at most 16384 are kept"):
        at_the_end(BARS, decide)


def test_what_the_strategy_raises_comes_out_with_its_line() -> None:
    def decide(_: View) -> Iterable[Intent]:
        raise ZeroDivisionError("none left")

    with pytest.raises(StrategyBroken, match="ZeroDivisionError: none left") as broken:
        at_the_end(BARS, decide)
    assert broken.value.file == __file__


def test_an_intent_for_another_symbol_breaks_the_strategy() -> None:
    with pytest.raises(StrategyBroken, match="No symbol 'OTHER'"):
        at_the_end(BARS, lambda _: [Buy(1, symbol="OTHER")])
