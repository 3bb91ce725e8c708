"""What holds for every run: money adds up, nothing trades before or outside its bar, windows change nothing."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import MONDAY, Replayed, bars_of, replay, scripted, walk
from weaver.market import Bars
from weaver.marvin.intents import Bracket, Buy, Cancel, Close, Intent, Replace, Sell, TargetWeight
from weaver.marvin.view import View
from weaver.orders import Costs

SYMBOLS = ("ONE/USD", "TWO/USD")
TIMES = ("gtc", "day", "ioc", "fok")


def bars_for(seed: int, count: int) -> list[Bars]:
    """Two symbols; the second starts later and has gaps, so that steps come without a bar of it."""
    one = bars_of(walk(count, seed=seed), symbol="ONE/USD", timeframe="1h")
    two = bars_of(walk(count, seed=seed + 1, price=20.0), symbol="TWO/USD", timeframe="1h", start=MONDAY + timedelta(hours=3))
    kept = np.random.default_rng(seed).random(count) > 0.2
    kept[0] = True
    rows = np.flatnonzero(kept)
    columns = {name: getattr(two, name)[rows] for name in ("starts", "ends", "sessions", "open", "high", "low", "close", "volume")}
    return [one, Bars(symbol=two.symbol, timeframe=two.timeframe, calendar=two.calendar, **columns)]


def random_intents(seed: int) -> object:
    """A strategy that wants random things, the same at the same time: its choices are drawn from the bar's time alone."""

    def decide(view: View) -> Iterator[Intent]:
        random = np.random.default_rng([seed, int(view.time.timestamp())])
        if random.random() > 0.4:
            return
        symbol = SYMBOLS[random.integers(len(SYMBOLS))]
        close = view[symbol].close
        if close != close:
            return
        near = {name: round(close * (1 + offset), 2) for name, offset in zip("abcd", random.normal(0, 0.01, 4), strict=True)}
        tif = TIMES[random.integers(len(TIMES))]
        side = Buy if random.random() < 0.55 else Sell
        size = (
            {"quantity": float(random.integers(1, 300))},
            {"cash": float(random.integers(100, 50_000))},
            {"percent": float(random.integers(1, 120))},
        )[random.integers(3)]
        working = view[symbol].working_orders
        yield (
            side(**size, symbol=symbol, time_in_force=tif),
            side(**size, symbol=symbol, limit=near["a"], time_in_force=tif),
            side(**size, symbol=symbol, stop=near["b"], time_in_force=tif),
            side(**size, symbol=symbol, stop=near["b"], limit=near["c"], time_in_force=tif),
            side(**size, symbol=symbol, trail=close * 0.01),
            side(**size, symbol=symbol, trail_percent=1.5),
            Close(symbol),
            TargetWeight(symbol, float(random.uniform(-0.5, 1))),
            Bracket(Buy(**size, symbol=symbol, limit=near["a"]), take_profit=close * 1.01, stop_loss=close * 0.99),
            Bracket(Sell(**size, symbol=symbol), take_profit=close * 0.99, stop_loss=close * 1.01, stop_limit=close * 1.02),
            Cancel(working[0]) if working else Close(symbol),
            Replace(working[-1], quantity=working[-1].quantity + 1) if working else Close(symbol),
        )[random.integers(12)]

    return scripted(decide)


costs = st.builds(
    Costs,
    commission_bps=st.sampled_from([None, "10"]),
    commission_per_share=st.sampled_from([None, "0.005"]),
    commission_per_order=st.sampled_from([None, "1"]),
    commission_min=st.sampled_from([None, "2"]),
    slippage_bps=st.sampled_from([None, "5"]),
    slippage_volume_share=st.sampled_from([None, "0.1"]),
    participation_cap=st.sampled_from([None, "0.05"]),
)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def run(seed: int, with_costs: Costs, *, short: bool, windows: list[int]) -> Replayed:
    return replay(
        bars_for(seed, 150),
        random_intents(seed),
        costs=with_costs,
        allow_short=short,
        leverage=2 if short else 1,
        windows=windows,
    )


@quick
@given(seed=st.integers(0, 10_000), with_costs=costs, short=st.booleans())
def test_cash_and_positions_at_their_marks_are_equity_on_every_bar(seed: int, with_costs: Costs, short: bool) -> None:
    result = run(seed, with_costs, short=short, windows=[])
    cash, held, at = 100_000.0, dict.fromkeys(SYMBOLS, 0.0), 0
    fills = sorted(result.fills, key=lambda fill: result.feed.times.searchsorted(_end_of(result, fill.symbol, fill.time)))
    for step, end in enumerate(result.feed.times):
        while at < len(fills) and _end_of(result, fills[at].symbol, fills[at].time) <= end:
            fill = fills[at]
            sign = 1 if fill.side == "buy" else -1
            cash -= sign * fill.quantity * fill.price + fill.commission
            held[fill.symbol] += sign * fill.quantity
            at += 1
        worth = sum(
            quantity * float(series.bars.close[result.feed.row(index, step)])
            for index, (series, quantity) in enumerate(zip(result.feed.series, held.values(), strict=True))
            if abs(quantity) > 1e-9
        )
        assert abs(result.window.equity.equity[step] - (cash + worth)) <= 1e-6
    assert at == len(fills)


def _end_of(result: Replayed, symbol: str, start: int) -> int:
    bars = next(series.bars for series in result.feed.series if series.bars.symbol == symbol)
    return int(bars.ends[bars.starts.searchsorted(start)])


@quick
@given(seed=st.integers(0, 10_000), with_costs=costs, short=st.booleans())
def test_no_fill_comes_before_its_order_or_outside_its_bar_except_by_slippage(seed: int, with_costs: Costs, short: bool) -> None:
    result = run(seed, with_costs, short=short, windows=[])
    placed = {order.id: order.created_at for order in result.orders}
    for fill in result.fills:
        bars = next(series.bars for series in result.feed.series if series.bars.symbol == fill.symbol)
        row = int(bars.starts.searchsorted(fill.time))
        assert fill.time >= placed[fill.order_id]
        unslipped = fill.price + (-1 if fill.side == "buy" else 1) * fill.slippage / fill.quantity
        assert bars.low[row] - 1e-6 <= unslipped <= bars.high[row] + 1e-6
        assert fill.slippage >= 0


@quick
@given(seed=st.integers(0, 10_000), with_costs=costs, short=st.booleans(), windows=st.lists(st.integers(1, 60), max_size=8))
def test_any_split_into_windows_gives_the_same_result(seed: int, with_costs: Costs, short: bool, windows: list[int]) -> None:
    whole = run(seed, with_costs, short=short, windows=[])
    cut = run(seed, with_costs, short=short, windows=windows)
    assert cut.outcome == whole.outcome
    assert [asdict(row) for row in cut.orders] == [asdict(row) for row in whole.orders]
    assert [asdict(row) for row in cut.window.decisions] == [asdict(row) for row in whole.window.decisions]
    assert np.array_equal(cut.window.equity.benchmark, whole.window.equity.benchmark)


@quick
@given(seed=st.integers(0, 10_000), with_costs=costs)
def test_a_cash_account_owes_nothing_but_commission_and_is_never_short(seed: int, with_costs: Costs) -> None:
    result = run(seed, with_costs, short=False, windows=[])
    held = dict.fromkeys(SYMBOLS, 0.0)
    for fill in result.fills:
        held[fill.symbol] += (1 if fill.side == "buy" else -1) * fill.quantity
        assert held[fill.symbol] >= -1e-6


@quick
@given(seed=st.integers(0, 10_000), with_costs=costs, short=st.booleans())
def test_orders_fill_at_most_what_they_asked_for_and_an_oco_pair_closes_its_entry_once(seed: int, with_costs: Costs, short: bool) -> None:
    result = run(seed, with_costs, short=short, windows=[])
    filled: dict[str, float] = {}
    for fill in result.fills:
        filled[fill.order_id] = filled.get(fill.order_id, 0) + fill.quantity
    orders = {order.id: order for order in result.orders}
    for order_id, quantity in filled.items():
        assert quantity <= orders[order_id].quantity + 1e-6
    for entry in orders.values():
        legs = [order for order in orders.values() if order.parent_id == entry.id]
        if any(".r" in leg.id for leg in legs):
            continue  # the strategy itself asked for more
        assert sum(leg.filled_quantity for leg in legs) <= entry.filled_quantity + 1e-6


@quick
@given(seed=st.integers(0, 10_000), with_costs=costs, short=st.booleans())
def test_trades_and_open_lots_account_for_every_unit(seed: int, with_costs: Costs, short: bool) -> None:
    result = run(seed, with_costs, short=short, windows=[])
    for index, symbol in enumerate(SYMBOLS):
        bought_and_sold = sum(fill.quantity for fill in result.fills if fill.symbol == symbol)
        closed = sum(trade.quantity for trade in result.trades if trade.symbol == symbol)
        still_open = sum(lot["quantity"] for lot in result.state.book["lots"][index])
        assert abs(bought_and_sold - 2 * closed - still_open) <= 1e-6
