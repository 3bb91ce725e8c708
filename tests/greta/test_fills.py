"""Each fill rule, worked by hand. Bars are (open, high, low, close); fills are (bar, side, quantity, price)."""

import pytest

from tests.builders import bars_of, flat_bars, replay
from weaver.marvin.intents import Bracket, Buy, Cancel, Close, Replace, Sell, TargetWeight
from weaver.orders import Costs

QUIET = (100.0, 101.0, 99.0, 100.0)


def test_a_market_order_fills_at_the_next_bars_open() -> None:
    run = replay(bars_of([QUIET, (103, 104, 102, 104), QUIET]), {0: [Buy(10)]})
    assert run.brief == [(1, "buy", 10, 103)]
    assert run.window.equity.equity.tolist() == [100_000, 100_000 - 1030 + 1040, 100_000 - 1030 + 1000]


def test_a_market_order_on_the_last_bar_keeps_waiting() -> None:
    run = replay(bars_of([QUIET, QUIET]), {1: [Buy(10)]})
    assert run.fills == []
    assert run.only_order().status == "accepted"


@pytest.mark.parametrize(
    ("bar", "price"),
    [
        ((100, 101, 96, 97), 97.0),  # low 96 ≤ 97 ≤ open: at the limit
        ((95, 96, 94, 95), 95.0),  # opens below: at the open
        ((100, 101, 97, 98), 97.0),  # touched exactly
        ((100, 101, 97.01, 98), None),  # not reached
    ],
)
def test_a_buy_limit_fills_at_the_better_of_open_and_limit(bar: tuple[float, ...], price: float | None) -> None:
    run = replay(bars_of([QUIET, bar]), {0: [Buy(1, limit=97)]})
    assert run.brief == ([] if price is None else [(1, "buy", 1, price)])


@pytest.mark.parametrize(("bar", "price"), [((100, 104, 99, 101), 103.0), ((105, 106, 104, 105), 105.0), ((100, 102.9, 99, 101), None)])
def test_a_sell_limit_mirrors_it(bar: tuple[float, ...], price: float | None) -> None:
    run = replay(bars_of([QUIET, QUIET, bar]), {0: [Buy(1)], 1: [Sell(1, limit=103)]})
    assert run.brief[1:] == ([] if price is None else [(2, "sell", 1, price)])


@pytest.mark.parametrize(("bar", "price"), [((100, 103, 99, 102), 102.0), ((104, 105, 103, 104), 104.0), ((100, 101.9, 99, 101), None)])
def test_a_buy_stop_fills_at_the_stop_or_at_the_gapped_open(bar: tuple[float, ...], price: float | None) -> None:
    run = replay(bars_of([QUIET, bar]), {0: [Buy(1, stop=102)]})
    assert run.brief == ([] if price is None else [(1, "buy", 1, price)])


def test_a_stop_gapped_through_fills_at_the_open() -> None:
    run = replay(bars_of([QUIET, QUIET, (90, 91, 89, 90)]), {0: [Buy(1)], 1: [Sell(1, stop=95)]})
    assert run.brief[1] == (2, "sell", 1, 90)


def test_a_stop_limit_fills_as_a_limit_from_its_trigger_on() -> None:
    # Bar 1 opens at 104, above stop and limit: triggered, low 103.5 > limit 103, so it waits.
    # Bar 2 comes down to 102.5 ≤ 103 from an open of 104: fills at 103.
    run = replay(bars_of([QUIET, (104, 105, 103.5, 104), (104, 104, 102.5, 103)]), {0: [Buy(1, stop=102, limit=103)]})
    assert run.brief == [(2, "buy", 1, 103)]


def test_a_stop_limit_triggered_inside_the_bar_fills_at_the_trigger() -> None:
    run = replay(bars_of([QUIET, (100, 103, 99, 102)]), {0: [Buy(1, stop=102, limit=102.5)]})
    assert run.brief == [(1, "buy", 1, 102)]


def test_a_stop_limit_that_is_not_triggered_does_not_fill_at_its_limit() -> None:
    run = replay(bars_of([QUIET, (100, 101.9, 95, 96)]), {0: [Buy(1, stop=102, limit=103)]})
    assert run.fills == []


def test_a_trailing_stop_follows_completed_bars() -> None:
    # Placed at the close 100 with a trail of 5: stop 95. Bar 2's high of 110 counts only from bar 3 on: stop 105,
    # although bar 2's own low of 104 is below it. Bar 3 falls to 104.5: filled at 105.
    rows = [QUIET, QUIET, (100, 110, 104, 109), (108, 108, 104.5, 106)]
    rows[2] = (104, 110, 104, 109)
    run = replay(bars_of(rows), {0: [Buy(1)], 1: [Sell(1, trail=5)]})
    assert run.brief == [(1, "buy", 1, 100), (3, "sell", 1, 105)]


def test_a_trailing_stop_in_percent_trails_by_its_share_of_the_extreme() -> None:
    # Extreme 100 at placement, 10 %: stop 90; after a high of 120: stop 108.
    run = replay(bars_of([QUIET, QUIET, (110, 120, 109, 118), (118, 118, 100, 101)]), {0: [Buy(1)], 1: [Sell(1, trail_percent=10)]})
    assert run.brief[1] == (3, "sell", 1, 108)


def test_a_trailing_buy_stop_follows_the_lows() -> None:
    run = replay(bars_of([QUIET, (98, 98, 90, 91), (91, 97, 91, 96)]), {0: [Buy(1, trail=5)]})
    assert run.brief == [(2, "buy", 1, 95)]


def test_exits_come_first_and_pay_for_entries() -> None:
    # 1,000 in cash buys 10 at 100. The new entry was placed before the exit, yet needs its proceeds.
    run = replay(bars_of(flat_bars(4)), {0: [Buy(10)], 1: [Buy(10, limit=100), Close()]}, cash=1000)
    assert run.brief == [(1, "buy", 10, 100), (2, "sell", 10, 100), (2, "buy", 10, 100)]


def test_buying_power_is_what_is_left_after_earlier_fills() -> None:
    run = replay(bars_of(flat_bars(3)), {0: [Buy(6), Buy(6)]}, cash=1000)
    assert run.brief == [(1, "buy", 6, 100)]
    assert [(order.status, order.reject_reason) for order in run.orders] == [
        ("filled", None),
        ("rejected", "costs 600.00 with 400.00 of cash"),
    ]


def test_a_size_in_cash_is_taken_at_the_decision_close_and_reduced_at_the_fill() -> None:
    # 1,000 / close 100 = 10 units; the next open is 125: cash pays for 8.
    run = replay(bars_of([QUIET, (125, 125, 125, 125)], symbol="SIM/USD"), {0: [Buy(cash=1000)]}, cash=1000)
    assert run.brief == [(1, "buy", 8, 125)]
    assert run.only_order().status == "filled"


def test_reduction_at_the_fill_includes_costs() -> None:
    # 1 % commission: q × 100 × 1.01 ≤ 1000 → q = 9.90099009 in lots of 1e-8.
    run = replay(bars_of(flat_bars(2)), {0: [Buy(percent=100)]}, cash=1000, costs=Costs(commission_bps=100))
    assert run.fills[0].quantity == 9.90099009
    assert run.state.book["cash"] >= 0


def test_sizes_round_towards_zero_to_the_lot() -> None:
    run = replay(bars_of(flat_bars(2, price=3.0)), {0: [Buy(cash=1)]}, cash=1000)
    assert run.fills[0].quantity == 0.33333333


def test_a_target_weight_orders_the_difference() -> None:
    # 50 % of 1,000 at 100 → 5 units; at 200 equity is 1,500, half of it 3.75 units: sell 1.25.
    rows = [QUIET, QUIET, (200, 200, 200, 200), (200, 200, 200, 200)]
    run = replay(bars_of(rows), {0: [TargetWeight("SIM/USD", 0.5)], 2: [TargetWeight("SIM/USD", 0.5)]}, cash=1000)
    assert run.brief == [(1, "buy", 5, 100), (3, "sell", 1.25, 200)]


def test_a_sale_of_more_than_is_held_is_rejected() -> None:
    run = replay(bars_of(flat_bars(4)), {0: [Buy(5)], 1: [Sell(6)]})
    assert run.orders[1].status == "rejected"
    assert run.orders[1].reject_reason == "would sell 6 with 5 held; short selling is not allowed"


def test_a_short_is_possible_when_allowed_and_bounded_by_equity() -> None:
    run = replay(bars_of(flat_bars(5)), {0: [Sell(10)], 1: [Sell(1)], 2: [Close()]}, cash=1000, allow_short=True)
    assert run.brief == [(1, "sell", 10, 100), (3, "buy", 10, 100)]
    assert run.orders[1].status == "rejected"


def test_leverage_lets_exposure_reach_its_multiple_of_equity() -> None:
    run = replay(bars_of(flat_bars(4)), {0: [Buy(20)], 1: [Buy(1)]}, cash=1000, leverage=2)
    assert run.brief == [(1, "buy", 20, 100)]


def test_both_legs_touched_in_one_bar_is_the_stop() -> None:
    rows = [QUIET, QUIET, (100, 111, 89, 100)]
    run = replay(bars_of(rows), {0: [Bracket(Buy(1), take_profit=110, stop_loss=90)]})
    assert run.brief == [(1, "buy", 1, 100), (2, "sell", 1, 90)]
    assert [(order.role, order.status) for order in run.orders] == [
        ("entry", "filled"),
        ("stop_loss", "filled"),
        ("take_profit", "cancelled"),
    ]
    assert run.trades[0].exit_reason == "stop_loss"


def test_an_entry_at_the_open_may_be_closed_by_a_leg_in_the_same_bar() -> None:
    run = replay(bars_of([QUIET, (100, 111, 95, 105)]), {0: [Bracket(Buy(1), take_profit=110, stop_loss=90)]})
    assert run.brief == [(1, "buy", 1, 100), (1, "sell", 1, 110)]


def test_an_entry_inside_the_bar_is_met_only_by_its_stop_leg_in_that_bar() -> None:
    # Limit 97 inside the bar; the high of 111 may have come before, so only the stop at 95 (low 94) counts.
    run = replay(bars_of([QUIET, (100, 111, 94, 105)]), {0: [Bracket(Buy(1, limit=97), take_profit=110, stop_loss=95)]})
    assert run.brief == [(1, "buy", 1, 97), (1, "sell", 1, 95)]
    run = replay(bars_of([QUIET, (100, 111, 96, 105), QUIET]), {0: [Bracket(Buy(1, limit=97), take_profit=110, stop_loss=95)]})
    assert run.brief == [(1, "buy", 1, 97)]
    assert {order.role for order in run.still_open} == {"take_profit", "stop_loss"}


def test_closing_a_position_cancels_its_legs() -> None:
    run = replay(bars_of(flat_bars(4)), {0: [Bracket(Buy(1), take_profit=110, stop_loss=90)], 1: [Close()]})
    assert run.brief == [(1, "buy", 1, 100), (2, "sell", 1, 100)]
    assert [order.status for order in run.orders if order.role != "entry"].count("cancelled") == 2
    assert run.still_open == []


def test_a_day_order_expires_after_the_session_of_the_first_bar_it_could_fill_on() -> None:
    # Daily bars around the clock: decided on day 0, it may fill on day 1 only.
    bars = bars_of([QUIET, QUIET, (100, 101, 90, 95)], timeframe="1d")
    run = replay(bars, {0: [Buy(1, limit=95, time_in_force="day")]})
    assert run.fills == []
    assert run.only_order().status == "expired"
    assert run.only_order().closed_at == bars.starts[1]


def test_an_immediate_or_cancel_order_takes_the_open_or_nothing() -> None:
    run = replay(bars_of([QUIET, (100, 101, 96, 98)]), {0: [Buy(1, limit=97, time_in_force="ioc")]})
    assert run.only_order().status == "cancelled"
    run = replay(bars_of([QUIET, (96, 101, 96, 98)]), {0: [Buy(1, limit=97, time_in_force="ioc")]})
    assert run.brief == [(1, "buy", 1, 96)]


def test_a_participation_cap_gives_partial_fills() -> None:
    rows = [(100.0, 100.0, 100.0, 100.0, 50.0)] * 5
    run = replay(bars_of(rows), {0: [Buy(12)]}, costs=Costs(participation_cap="0.1"))
    assert run.brief == [(1, "buy", 5, 100), (2, "buy", 5, 100), (3, "buy", 2, 100)]


def test_fill_or_kill_under_a_cap_is_whole_or_nothing() -> None:
    rows = [(100.0, 100.0, 100.0, 100.0, 50.0)] * 3
    costs = Costs(participation_cap="0.1")
    assert replay(bars_of(rows), {0: [Buy(12, time_in_force="fok")]}, costs=costs).only_order().status == "cancelled"
    assert replay(bars_of(rows), {0: [Buy(5, time_in_force="fok")]}, costs=costs).brief == [(1, "buy", 5, 100)]
    partly = replay(bars_of(rows), {0: [Buy(12, time_in_force="ioc")]}, costs=costs)
    assert partly.brief == [(1, "buy", 5, 100)]
    assert partly.only_order().status == "cancelled"


def test_volume_plays_no_part_without_a_cap() -> None:
    rows = [(100.0, 100.0, 100.0, 100.0, 0.0)] * 3
    assert replay(bars_of(rows), {0: [Buy(12)]}).brief == [(1, "buy", 12, 100)]


def test_slippage_is_adverse_and_never_makes_a_limit_worse_than_its_price() -> None:
    costs = Costs(slippage_bps=100)
    run = replay(bars_of(flat_bars(6)), {0: [Buy(1)], 1: [Sell(1)], 3: [Buy(1, limit=100.5)]}, costs=costs)
    # 1 % of 100: buys at 101, sells at 99; the limit of 100.5 caps 101.
    assert run.brief == [(1, "buy", 1, 101), (2, "sell", 1, 99), (4, "buy", 1, 100.5)]
    assert run.state.totals.slippage == pytest.approx(1 + 1 + 0.5)


def test_volume_share_slippage_is_the_square_of_the_share() -> None:
    # zipline: 100 × 0.5 × (100/1000)² = 0.5.
    run = replay(bars_of(flat_bars(2)), {0: [Buy(100)]}, costs=Costs(slippage_volume_share="0.5"))
    assert run.fills[0].price == pytest.approx(100.5)


@pytest.mark.parametrize(
    ("costs", "commission"),
    [
        ({"commission_bps": "10"}, 1.0),  # 10 × 100 × 0.001
        ({"commission_per_share": "0.005"}, 0.05),
        ({"commission_per_order": "1.5"}, 1.5),
        ({"commission_bps": "10", "commission_min": "3"}, 3.0),
        ({"commission_bps": "10", "commission_per_share": "0.005", "commission_per_order": "1.5", "commission_min": "2"}, 2.55),
    ],
)
def test_commission_adds_its_parts_and_has_a_minimum(costs: dict[str, str], commission: float) -> None:
    run = replay(bars_of(flat_bars(2)), {0: [Buy(10)]}, costs=Costs(**costs))
    assert run.fills[0].commission == pytest.approx(commission, rel=1e-12)


def test_price_per_order_and_minimum_count_once_however_many_fills() -> None:
    rows = [(100.0, 100.0, 100.0, 100.0, 50.0)] * 5
    costs = Costs(participation_cap="0.1", commission_per_order="1", commission_min="2")
    run = replay(bars_of(rows), {0: [Buy(12)]}, costs=costs)
    assert [fill.commission for fill in run.fills] == [2, 0, 0]


def test_commission_in_basis_points_is_of_the_slipped_price() -> None:
    run = replay(bars_of(flat_bars(2)), {0: [Buy(10)]}, costs=Costs(commission_bps=10, slippage_bps=100))
    assert run.fills[0].commission == pytest.approx(10 * 101 * 0.001)


def test_an_order_can_be_cancelled_and_replaced() -> None:
    def script(view):
        if view.only.row == 0:
            yield Buy(2, limit=90)
            yield Buy(3, limit=91)
        if view.only.row == 1:
            first, second = view.working_orders
            yield Cancel(first)
            yield Replace(second, quantity=5, limit=100)

    run = replay(bars_of(flat_bars(4)), script)
    assert run.brief == [(2, "buy", 5, 100)]
    assert [(order.id.split("-")[-1], order.status) for order in run.orders] == [("1", "cancelled"), ("2", "cancelled"), ("2.r1", "filled")]


def test_a_replacement_is_listed_in_the_place_of_what_it_replaces() -> None:
    listed: list[list[str]] = []

    def script(view):
        listed.append([order.id.partition("-")[2] for order in view.working_orders])
        if view.only.row == 0:
            yield Bracket(Buy(1), take_profit=120, stop_loss=80)
            yield Buy(2, limit=90)
            yield Buy(3, limit=91)
        if view.only.row == 1:
            yield Replace(next(order for order in view.working_orders if order.quantity == 2), limit=92)

    replay(bars_of(flat_bars(3)), script)
    assert listed == [[], ["1.sl", "1.tp", "2", "3"], ["1.sl", "1.tp", "2.r1", "3"]]


def test_a_trade_carries_its_excursions_bars_and_reason() -> None:
    # In at the open of bar 1 (100), out at the open of bar 3 (105). Held over bars 1 and 2: low 95, high 110.
    rows = [QUIET, (100, 106, 95, 104), (104, 110, 103, 108), (105, 200, 1, 105)]
    run = replay(bars_of(rows), {0: [Buy(2)], 2: [Close()]}, costs=Costs(commission_per_order=1))
    (trade,) = run.trades
    assert (trade.side, trade.quantity, trade.entry_price, trade.exit_price, trade.bars_held) == ("long", 2, 100, 105, 2)
    assert trade.pnl == 2 * 5 - 2  # two commissions of 1
    assert trade.return_pct == pytest.approx(4.0)  # 8 of 200
    assert (trade.mae_pct, trade.mfe_pct) == (pytest.approx(-5.0), pytest.approx(10.0))
    assert trade.exit_reason == "signal"


def test_lots_are_closed_first_in_first_out() -> None:
    rows = [(p, p, p, p) for p in (100.0, 100.0, 110.0, 120.0, 120.0)]
    run = replay(bars_of(rows), {0: [Buy(2)], 1: [Buy(2)], 2: [Sell(3)]})
    assert [(trade.quantity, trade.entry_price, trade.pnl) for trade in run.trades] == [(2, 100, 40), (1, 110, 10)]


def test_a_fraction_of_a_share_is_rejected_unless_fractional() -> None:
    from dataclasses import replace

    from weaver.market import Calendar

    bars = replace(bars_of(flat_bars(3), symbol="AAPL", timeframe="1d"), calendar=Calendar.XNYS)
    assert replay(bars, {0: [Buy(0.5)]}).only_order().reject_reason == "0.5 is not a multiple of the lot 1"
    run = replay(bars, {0: [Buy(0.5)]}, fractional=True)
    assert run.brief == [(1, "buy", 0.5, 100)]
    assert run.only_order().time_in_force == "day"
