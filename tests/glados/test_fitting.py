"""Orders of a size in money are made as small as their money is, and no smaller."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.walle.trading import a_request
from weaver.glados.fitting import fitted
from weaver.glados.risk import Budget, Facts, Purse, RiskLimits, check, check_budget
from weaver.orders import OrderRequest, Side

SHARE, SATOSHI = Decimal(1), Decimal("1e-8")
FACTS = Facts(
    price=Decimal(100),
    position=Decimal(0),
    gross_exposure=Decimal(0),
    orders_last_minute=0,
    day_loss=Decimal(0),
    buying_power=Decimal(100_000),
)
BUDGET = Budget(amount=Decimal(100_000))
PURSE = Purse(cash=Decimal(100_000), reserved=Decimal(0), equity=Decimal(100_000), facts=replace(FACTS, buying_power=None))


def units(
    quantity: int | str, lot: Decimal = SHARE, facts: Facts = FACTS, purse: Purse = PURSE, budget: Budget = BUDGET, **terms: object
) -> Decimal:
    return fitted(a_request(quantity=str(quantity), **terms), lot, facts, purse, budget).quantity


def test_all_of_an_accounts_money_buys_what_may_be_used_of_it() -> None:
    # 1000 x 100 = 100 000; 5 % stay free: 95 000 / 100 = 950
    assert units(1_000) == 950
    assert units(950) == 950
    assert units(7) == 7


def test_it_is_rounded_towards_zero_to_the_lot() -> None:
    # 95 000 / 101 = 940.59...
    assert units(1_000, facts=replace(FACTS, price=Decimal(101))) == 940
    assert units(1_000, SATOSHI, facts=replace(FACTS, price=Decimal(101))) == Decimal("940.59405940")


def test_a_run_that_has_less_buys_less() -> None:
    # (5 000 - 1 000) / 100 = 40
    assert units(1_000, purse=replace(PURSE, cash=Decimal(5_000), reserved=Decimal(1_000))) == 40


def test_what_closes_a_position_is_not_bought_with_money() -> None:
    # 300 of 1 000 close a short position; 95 000 / 100 = 950 more could be bought, the run may open (100 000 - 65 000) / 100 = 350
    budget = replace(BUDGET, allow_short=True)
    short = replace(PURSE, facts=replace(PURSE.facts, position=Decimal(-300), gross_exposure=Decimal(65_000)))
    assert units(1_000, facts=replace(FACTS, position=Decimal(-300)), purse=short, budget=budget) == 300 + 350


@pytest.mark.parametrize("purse", [PURSE, replace(PURSE, cash=Decimal(50))], ids=["nothing to use", "less than a lot"])
def test_what_pays_nothing_stays_as_it_was_and_is_refused_with_its_reason(purse: Purse) -> None:
    facts = replace(FACTS, buying_power=Decimal(0)) if purse is PURSE else FACTS
    assert units(1_000, facts=facts, purse=purse) == 1_000


def test_a_sale_of_more_than_is_held_and_an_order_without_a_price_are_left_alone() -> None:
    assert units(1_000, side=Side.SELL) == 1_000
    assert units(1_000, facts=replace(FACTS, price=None)) == 1_000


MONEY = st.decimals(0, 1_000_000, places=2)


@given(
    quantity=st.decimals("0.00000001", 100_000, places=8),
    price=st.decimals("0.01", 100_000, places=4),
    buying_power=MONEY,
    cash=MONEY,
    position=st.decimals(-500, 500, places=3),
    leverage=st.sampled_from([1, 2]),
    short=st.booleans(),
    lot=st.sampled_from([SHARE, SATOSHI]),
)
def test_what_was_fitted_is_admitted_and_one_lot_more_would_not_be(
    quantity: Decimal,
    price: Decimal,
    buying_power: Decimal,
    cash: Decimal,
    position: Decimal,
    leverage: int,
    short: bool,
    lot: Decimal,
) -> None:
    facts = replace(FACTS, price=price, position=position, buying_power=buying_power)
    purse = Purse(cash=cash, reserved=Decimal(0), equity=cash, facts=replace(facts, buying_power=None))
    budget = Budget(amount=cash, leverage=Decimal(leverage), allow_short=short)

    def is_admitted(order: OrderRequest) -> bool:
        return check(order, facts, RiskLimits()) is None and check_budget(order, purse, budget) is None

    wanted = a_request(quantity=str(quantity))
    got = fitted(wanted, lot, facts, purse, budget)
    assert Decimal(0) < got.quantity <= quantity
    if got.quantity < quantity:
        assert is_admitted(got)
        assert not is_admitted(replace(got, quantity=got.quantity + lot))
