from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.walle.trading import a_request
from weaver.glados.risk import KEPT_FREE, LIVE_LIMITS, Budget, Facts, Purse, RiskLimits, check, check_budget, notional, opening, reduces
from weaver.orders import OrderType, Side

CENT = Decimal("0.01")
UNIT = Decimal(1)

PLAIN = Facts(
    price=Decimal(100),
    position=Decimal(0),
    gross_exposure=Decimal(0),
    orders_last_minute=0,
    day_loss=Decimal(0),
    buying_power=Decimal(100_000),
)


def rule(facts: dict[str, Any] | None = None, limits: dict[str, Any] | None = None, **terms: Any) -> str | None:
    """The rule that refuses an order to buy 10 at 100, changed as said."""
    refusal = check(a_request(**terms), replace(PLAIN, **(facts or {})), RiskLimits(**(limits or {})))
    return None if refusal is None else refusal.rule


def test_without_limits_an_order_that_can_be_paid_is_admitted() -> None:
    assert rule() is None


def test_only_allowed_symbols_are_traded() -> None:
    assert rule(limits={"allowed_symbols": ("MSFT", "AAPL")}) is None
    assert rule(limits={"allowed_symbols": ("MSFT",)}) == "allowed_symbols"
    assert rule(limits={"allowed_symbols": ()}) == "allowed_symbols"


def test_an_order_may_move_the_largest_notional_and_not_a_cent_more() -> None:
    # 10 × 100 = 1000
    assert rule(limits={"max_order_notional": 1_000}) is None
    assert rule(limits={"max_order_notional": Decimal(1_000) - CENT}) == "max_order_notional"
    assert rule(limits={"max_order_notional": 1_000}, quantity=Decimal("10.0001")) == "max_order_notional"


def test_a_notional_is_counted_at_the_orders_own_price_where_it_has_one() -> None:
    limit = {"order_type": OrderType.LIMIT, "limit_price": Decimal(90)}
    assert rule(limits={"max_order_notional": 900}, **limit) is None
    assert rule(limits={"max_order_notional": 900 - CENT}, **limit) == "max_order_notional"
    stop = {"order_type": OrderType.STOP, "stop_price": Decimal(110)}
    assert rule(limits={"max_order_notional": 1_100}, **stop) is None
    assert rule(limits={"max_order_notional": 1_100 - CENT}, **stop) == "max_order_notional"


def test_a_limit_to_sell_below_the_last_price_counts_at_that_price_since_it_fills_there() -> None:
    below = a_request(side=Side.SELL, order_type=OrderType.LIMIT, limit_price=Decimal(1))
    assert notional(below, Decimal(100)) == 1_000
    assert notional(replace(below, limit_price=Decimal(120)), Decimal(100)) == 1_200
    assert notional(below, None) == 10


def test_a_price_may_lie_at_the_edge_of_the_collar_on_either_side_and_not_a_cent_further() -> None:
    collar = {"price_collar_pct": 5}  # of 100: from 95 to 105
    for inside, outside in (("95", "94.99"), ("105", "105.01")):
        assert rule(limits=collar, order_type=OrderType.LIMIT, limit_price=Decimal(inside)) is None
        assert rule(limits=collar, order_type=OrderType.LIMIT, limit_price=Decimal(outside)) == "price_collar_pct"
        assert rule(limits=collar, order_type=OrderType.STOP, stop_price=Decimal(inside)) is None
        assert rule(limits=collar, order_type=OrderType.STOP, stop_price=Decimal(outside)) == "price_collar_pct"


def test_the_collar_holds_for_both_prices_of_a_stop_limit_and_not_for_the_exits_of_a_bracket() -> None:
    terms = {"order_type": OrderType.STOP_LIMIT, "stop_price": Decimal(105)}
    assert rule(limits={"price_collar_pct": 5}, **terms, limit_price=Decimal("105.01")) == "price_collar_pct"
    assert rule(limits={"price_collar_pct": 5}, take_profit=Decimal(150), stop_loss=Decimal(50)) is None


def test_a_position_may_grow_to_its_largest_worth_and_not_a_unit_further() -> None:
    # (40 + 10) × 100 = 5000
    assert rule({"position": Decimal(40)}, {"max_position": 5_000}) is None
    assert rule({"position": Decimal(41)}, {"max_position": 5_000}) == "max_position"
    assert rule({"position": Decimal(40)}, {"max_position": 5_000 - CENT}) == "max_position"
    assert rule({"position": Decimal(-40)}, {"max_position": 5_000}, side=Side.SELL) is None
    assert rule({"position": Decimal(-41)}, {"max_position": 5_000}, side=Side.SELL) == "max_position"


def test_a_position_is_valued_at_the_last_price_rather_than_the_orders() -> None:
    terms = {"order_type": OrderType.LIMIT, "limit_price": Decimal(50)}
    assert rule(limits={"max_position": 1_000}, **terms) is None
    assert rule(limits={"max_position": 999}, **terms) == "max_position"
    assert rule({"price": None}, {"max_position": 500}, **terms) is None


def test_a_position_turned_round_counts_with_what_is_left_on_the_other_side() -> None:
    # 4 long, 10 sold: 6 short
    assert rule({"position": Decimal(4)}, {"max_position": 600}, side=Side.SELL) is None
    assert rule({"position": Decimal(4)}, {"max_position": 599}, side=Side.SELL) == "max_position"


def test_the_exposure_may_reach_its_limit_and_not_a_cent_more() -> None:
    assert rule({"gross_exposure": Decimal(4_000)}, {"max_gross_exposure": 5_000}) is None
    assert rule({"gross_exposure": Decimal(4_000) + CENT}, {"max_gross_exposure": 5_000}) == "max_gross_exposure"


def test_the_last_order_of_a_minute_is_admitted_and_the_next_is_not() -> None:
    assert rule({"orders_last_minute": 9}, {"max_orders_per_minute": 10}) is None
    assert rule({"orders_last_minute": 10}, {"max_orders_per_minute": 10}) == "max_orders_per_minute"


def test_a_loss_at_the_limit_stops_nothing_and_a_cent_more_does() -> None:
    assert rule({"day_loss": Decimal(500)}, {"max_daily_loss": 500}) is None
    assert rule({"day_loss": Decimal(500) + CENT}, {"max_daily_loss": 500}) == "max_daily_loss"
    assert rule({"day_loss": Decimal(-10_000)}, {"max_daily_loss": 500}) is None


def test_95_percent_of_the_buying_power_may_be_used_and_not_a_cent_more() -> None:
    power = {"buying_power": Decimal(1_000)}
    assert Decimal("0.05") == KEPT_FREE
    assert rule(power, quantity=Decimal("9.5")) is None
    assert rule(power, quantity=Decimal("9.5001")) == "buying_power"
    assert rule({"buying_power": None}, quantity=Decimal(1_000_000)) is None


def test_a_short_sale_needs_buying_power_for_what_it_opens() -> None:
    power = {"buying_power": Decimal(1_000), "position": Decimal("0.5")}
    assert rule(power, side=Side.SELL, quantity=Decimal(10)) is None  # 9.5 opened
    assert rule(power, side=Side.SELL, quantity=Decimal("10.01")) == "buying_power"


@pytest.mark.parametrize(
    "terms", [{"side": Side.SELL}, {"side": Side.SELL, "quantity": Decimal(20)}, {"side": Side.BUY, "reduce_only": True}]
)
def test_an_order_that_can_only_reduce_passes_whatever_went_wrong(terms: dict[str, Any]) -> None:
    bad = {"position": Decimal(20), "gross_exposure": Decimal(10**9), "day_loss": Decimal(10**9), "buying_power": Decimal(-1)}
    limits = {"max_position": 1, "max_gross_exposure": 1, "max_daily_loss": 1}
    assert rule(bad, limits, **terms) is None
    assert rule({**bad, "price": None}, limits, **terms) is None


def test_an_order_one_unit_larger_than_the_position_does_not_only_reduce_it() -> None:
    bad = {"position": Decimal(20), "day_loss": Decimal(2)}
    assert rule(bad, {"max_daily_loss": 1}, side=Side.SELL, quantity=Decimal(20)) is None
    assert rule(bad, {"max_daily_loss": 1}, side=Side.SELL, quantity=Decimal(21)) == "max_daily_loss"


def test_an_order_that_reduces_is_held_to_symbols_and_collar_only() -> None:
    held = {"position": Decimal(20)}
    selling = {"side": Side.SELL}
    assert rule(held, {"allowed_symbols": ()}, **selling) == "allowed_symbols"
    assert rule(held, {"price_collar_pct": 1}, **selling, order_type=OrderType.STOP, stop_price=Decimal(90)) == "price_collar_pct"
    assert rule(held, {"max_order_notional": 999}, **selling) is None
    assert rule({**held, "orders_last_minute": 1}, {"max_orders_per_minute": 1}, **selling) is None


@pytest.mark.parametrize("limits", [{"max_order_notional": 10**9}, {"max_position": 10**9}, {"max_gross_exposure": 10**9}, {}])
def test_an_order_whose_price_nobody_knows_is_not_admitted(limits: dict[str, Any]) -> None:
    assert rule({"price": None}, limits) == "no_price"
    assert rule({"price": None}, limits, order_type=OrderType.LIMIT, limit_price=Decimal(100)) is None


def test_a_collar_without_a_last_price_admits_no_limit() -> None:
    terms = {"order_type": OrderType.LIMIT, "limit_price": Decimal(100)}
    assert rule({"price": None, "buying_power": None}, {"price_collar_pct": 5}, **terms) == "no_price"
    assert rule({"price": None, "buying_power": None}, {"price_collar_pct": 5}) is None


def test_the_first_rule_in_order_is_the_one_that_is_named() -> None:
    facts: dict[str, Any] = {"gross_exposure": Decimal(1), "orders_last_minute": 1, "day_loss": Decimal(2), "buying_power": Decimal(0)}
    limits: dict[str, Any] = {
        "allowed_symbols": (),
        "max_order_notional": 1,
        "price_collar_pct": Decimal("0.01"),
        "max_position": 1,
        "max_gross_exposure": 1,
        "max_orders_per_minute": 1,
        "max_daily_loss": 1,
    }
    named: list[str] = []
    while limits:
        refused = rule(facts, limits, order_type=OrderType.LIMIT, limit_price=Decimal(99))
        assert refused is not None
        named.append(refused)
        del limits[refused]
    assert named == [
        "allowed_symbols",
        "max_order_notional",
        "price_collar_pct",
        "max_position",
        "max_gross_exposure",
        "max_orders_per_minute",
        "max_daily_loss",
    ]
    assert rule(facts, order_type=OrderType.LIMIT, limit_price=Decimal(99)) == "buying_power"


def test_a_refusal_says_the_numbers_plainly() -> None:
    refusal = check(a_request(), PLAIN, RiskLimits(max_order_notional=Decimal("999.90")))
    assert refusal is not None
    assert refusal.message == "The order moves 1000, more than 999.9."


def test_live_accounts_are_limited_unless_said_otherwise() -> None:
    assert check(a_request(quantity=Decimal(51)), PLAIN, LIVE_LIMITS) is not None
    assert check(a_request(quantity=Decimal(50)), PLAIN, LIVE_LIMITS) is None


@pytest.mark.parametrize("value", [0, -1, "NaN"])
def test_a_limit_that_is_no_positive_number_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        RiskLimits(max_order_notional=value)


amounts = st.decimals(min_value="0.0001", max_value="100000", places=4)


@given(quantity=amounts, position=st.decimals(min_value="-100000", max_value="100000", places=4), side=st.sampled_from(Side))
def test_what_opens_and_what_closes_make_up_the_order(quantity: Decimal, position: Decimal, side: Side) -> None:
    order = a_request(quantity=quantity, side=side)
    opens = opening(order, position)
    after = position + side.sign * quantity
    assert 0 <= opens <= quantity
    assert reduces(order, position) == (opens == 0)
    if opens == 0:
        assert abs(after) == abs(position) - quantity
    elif opens < quantity:
        assert abs(after) == opens
    else:
        assert abs(after) == abs(position) + quantity


def budget_rule(budget: dict[str, Any] | None = None, purse: dict[str, Any] | None = None, **terms: Any) -> str | None:
    """What of a run's own money forbids an order to buy 10 at 100, changed as said."""
    facts = {name: purse.pop(name) for name in ("position", "gross_exposure", "price") if purse and name in purse}
    own = Purse(cash=Decimal(1_000), reserved=Decimal(0), equity=Decimal(1_000), facts=replace(PLAIN, **facts))
    refusal = check_budget(a_request(**terms), replace(own, **(purse or {})), Budget(**({"amount": Decimal(1_000)} | (budget or {}))))
    return None if refusal is None else refusal.rule


def test_a_run_spends_its_last_cent_and_not_one_more() -> None:
    # 10 × 100 = 1000
    assert budget_rule() is None
    assert budget_rule(purse={"cash": Decimal(1_000) - CENT}) == "budget"


def test_what_working_entries_may_take_is_not_spent_twice() -> None:
    assert budget_rule(purse={"cash": Decimal(1_500), "reserved": Decimal(500)}) is None
    assert budget_rule(purse={"cash": Decimal(1_500), "reserved": Decimal(500) + CENT}) == "budget"


def test_a_run_sells_what_it_holds_and_nothing_else() -> None:
    selling = {"side": Side.SELL}
    assert budget_rule(purse={"position": Decimal(10)}, **selling) is None
    assert budget_rule(purse={"position": Decimal("9.999")}, **selling) == "not_held"
    assert budget_rule(purse={"position": Decimal(0)}, **selling, reduce_only=True) is None
    assert budget_rule({"allow_short": True}, {"position": Decimal(0)}, **selling) is None


def test_leverage_bounds_what_a_run_holds_by_its_equity() -> None:
    # 2 × 1000 = 2000 of equity: 1000 held and 10 × 100 more are just that.
    assert budget_rule({"leverage": Decimal(2)}, {"gross_exposure": Decimal(1_000), "cash": Decimal(0)}) is None
    assert budget_rule({"leverage": Decimal(2)}, {"gross_exposure": Decimal(1_000) + CENT, "cash": Decimal(0)}) == "budget"


def test_an_order_whose_price_nobody_knows_is_no_matter_of_a_budget_alone() -> None:
    assert budget_rule(purse={"price": None}) == "no_price"
