from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from tests.walle.processes import at_once
from tests.walle.records import NOON, SECOND
from tests.walle.trading import LIVE, NO_LIMITS, PAPER, a_bar, a_fill, a_report, admit, funds, wanted
from weaver.errors import NotFound, TermsDiffer
from weaver.glados.risk import Budget, RiskLimits
from weaver.orders import OrderStatus, OrderType, Role, Side
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.leases import Leases
from weaver.walle.live_bars import LiveBars
from weaver.walle.orders import Orders
from weaver.walle.trading_model import AccountLimits, Admitted, NotAdmitted, Wanted
from weaver.walle.trading_queries import TradingQueries

MINUTE = timedelta(minutes=1)


@pytest.fixture
def leases(database: Database) -> Leases:
    return Leases(database)


def verdicts(answers: list[Admitted | NotAdmitted]) -> list[str]:
    return ["admitted" if isinstance(answer, Admitted) else answer.rule for answer in answers]


def fill_whole(orders: Orders, order_id: str, *, at: datetime = NOON, **changes: Any) -> None:
    order = orders.order(order_id)
    terms = {"symbol": order.symbol, "side": order.side, "quantity": order.quantity}
    fill = a_fill(f"e-{order_id}", order_id, **{**terms, **changes})
    report = a_report(order_id, **terms, status=OrderStatus.FILLED, filled_quantity=order.quantity, filled_average_price=fill.price)
    orders.report(order.account, report, [fill], at=at)


def test_an_admitted_order_is_on_record_as_pending_with_its_first_change(orders: Orders) -> None:
    (answer,) = admit(orders, wanted(quantity="1.50", order_type=OrderType.LIMIT, limit_price="99.5", take_profit="110", stop_loss="90"))
    assert isinstance(answer, Admitted)
    assert answer.order == orders.order("o-1")
    assert (
        answer.order.request
        == wanted(quantity="1.50", order_type=OrderType.LIMIT, limit_price="99.5", take_profit="110", stop_loss="90").request
    )
    assert answer.order.status is OrderStatus.PENDING
    assert [(change.number, change.event, change.order) for change in answer.changes] == [(1, "orders.Created", answer.order)]
    assert orders.changes("o-1") == list(answer.changes)


def test_an_order_admitted_twice_is_one_order_with_all_its_changes(orders: Orders) -> None:
    admit(orders, wanted())
    orders.report(PAPER, a_report(), at=NOON)
    (answer,) = admit(orders, wanted(quantity="10.0"), limits={"max_order_notional": 1})
    assert isinstance(answer, Admitted)
    assert answer.order.status is OrderStatus.ACCEPTED
    assert [change.event for change in answer.changes] == ["orders.Created", "orders.Submitted", "orders.Accepted"]
    assert list(answer.changes) == orders.changes("o-1")


def test_the_id_of_an_order_with_other_terms_is_refused_and_nothing_is_written(orders: Orders) -> None:
    admit(orders, wanted())
    for other in (wanted(quantity="11"), wanted(side=Side.SELL), wanted(account=LIVE), wanted(run_id="run-1"), wanted(limit_price="5")):
        with pytest.raises(TermsDiffer):
            admit(orders, wanted("o-2"), other)
    with pytest.raises(NotFound):
        orders.order("o-2")
    assert orders.order("o-1").quantity == 10


def test_a_refusal_names_its_rule_and_writes_nothing(orders: Orders, database: Database) -> None:
    (answer,) = admit(orders, wanted(), limits={"max_order_notional": 999})
    assert answer == NotAdmitted(order_id="o-1", rule="max_order_notional", message="The order moves 1000, more than 999.")
    with pytest.raises(NotFound):
        orders.order("o-1")
    assert TradingQueries(database).orders().total == 0


def test_a_refused_order_may_ask_again(orders: Orders) -> None:
    assert verdicts(admit(orders, wanted(), limits={"max_order_notional": 999})) == ["max_order_notional"]
    assert verdicts(admit(orders, wanted())) == ["admitted"]


def test_a_killed_account_admits_nothing_until_it_is_armed_again(orders: Orders, accounts: Accounts) -> None:
    admit(orders, wanted())
    accounts.kill(PAPER, "somebody pressed it", NOON)
    assert verdicts(admit(orders, wanted(), wanted("o-2"), wanted("o-3", side=Side.SELL, reduce_only=True))) == [
        "admitted",
        "killed",
        "killed",
    ]
    assert verdicts(admit(orders, wanted("o-2", account=LIVE))) == ["admitted"]
    accounts.rearm(PAPER, NOON)
    assert verdicts(admit(orders, wanted("o-3"))) == ["admitted"]


def test_a_run_trades_only_what_it_has_leased_and_a_person_anything(orders: Orders, leases: Leases) -> None:
    leases.take(PAPER, ["AAPL"], "run-1", NOON)
    answers = admit(
        orders,
        wanted("o-1", run_id="run-1"),
        wanted("o-2", run_id="run-2"),
        wanted("o-3", run_id="run-2", symbol="MSFT"),
        wanted("o-4"),
        wanted("o-5", run_id="run-1", account=LIVE),
    )
    assert verdicts(answers) == ["admitted", "lease", "lease", "admitted", "lease"]
    assert isinstance(answers[1], NotAdmitted)
    assert "run-1" in answers[1].message


def test_an_accounts_mode_chooses_its_limits(orders: Orders) -> None:
    answers = admit(orders, wanted("o-1"), wanted("o-2", account=LIVE), live={"max_order_notional": 1})
    assert verdicts(answers) == ["admitted", "max_order_notional"]


def test_a_runs_limits_hold_on_top_and_count_only_its_own_orders(orders: Orders, leases: Leases) -> None:
    leases.take(PAPER, ["AAPL"], "run-1", NOON)
    leases.take(PAPER, ["MSFT"], "run-2", NOON)
    admit(orders, wanted("a", run_id="run-1"), wanted("b", run_id="run-1"))
    assert verdicts(admit(orders, wanted("c", run_id="run-1"), run_limits=RiskLimits(max_orders_per_minute=2))) == ["max_orders_per_minute"]
    assert verdicts(admit(orders, wanted("d", run_id="run-2", symbol="MSFT"), run_limits=RiskLimits(max_orders_per_minute=1))) == [
        "admitted"
    ]
    assert verdicts(admit(orders, wanted("e", run_id="run-1"), run_limits=RiskLimits(max_position=Decimal(2_999)))) == ["max_position"]
    assert verdicts(admit(orders, wanted("e", run_id="run-1"), run_limits=RiskLimits(max_position=Decimal(3_000)))) == ["admitted"]


def test_a_runs_loss_of_the_day_is_its_own_word(orders: Orders, leases: Leases) -> None:
    leases.take(PAPER, ["AAPL"], "run-1", NOON)
    limits = RiskLimits(max_daily_loss=Decimal(100))
    assert verdicts(admit(orders, wanted(run_id="run-1"), run_limits=limits, run_day_loss=Decimal("100.01"))) == ["max_daily_loss"]
    assert verdicts(admit(orders, wanted(run_id="run-1"), run_limits=limits, run_day_loss=Decimal(100))) == ["admitted"]


def test_earlier_orders_of_a_call_count_for_later_ones(orders: Orders) -> None:
    three = [wanted(f"o-{number}") for number in range(4)]
    assert verdicts(admit(orders, *three, limits={"max_position": 3_000})) == ["admitted"] * 3 + ["max_position"]


def test_working_orders_count_until_they_end(orders: Orders) -> None:
    limits = {"max_gross_exposure": 1_000}
    admit(orders, wanted("o-1"))
    assert verdicts(admit(orders, wanted("o-2"), limits=limits)) == ["max_gross_exposure"]
    orders.sending("o-1", at=NOON)
    orders.doubt("o-1", reason="time-out", at=NOON)
    assert verdicts(admit(orders, wanted("o-2"), limits=limits)) == ["max_gross_exposure"]
    orders.reject("o-1", reason="no", at=NOON)
    assert verdicts(admit(orders, wanted("o-2"), limits=limits)) == ["admitted"]


def test_an_order_half_filled_counts_once_in_all(orders: Orders) -> None:
    admit(orders, wanted("o-1", order_type=OrderType.LIMIT, limit_price="100"))
    orders.report(PAPER, a_report(), [a_fill()], at=NOON)  # 4 held, 6 to come, all at 100
    assert verdicts(admit(orders, wanted("o-2", quantity="1"), limits={"max_gross_exposure": 1_099})) == ["max_gross_exposure"]
    assert verdicts(admit(orders, wanted("o-2", quantity="1"), limits={"max_gross_exposure": 1_100})) == ["admitted"]


def test_holdings_are_valued_at_the_newest_recorded_bar(orders: Orders, database: Database) -> None:
    admit(orders, wanted("o-1"))
    fill_whole(orders, "o-1")
    other = wanted("o-2", symbol="MSFT", quantity="1", price="10")
    assert verdicts(admit(orders, other, limits={"max_gross_exposure": 1_009})) == ["max_gross_exposure"]  # 10 × 100 filled + 10
    LiveBars(database).save([a_bar(close=Decimal(50)), a_bar(timeframe="5m", start=NOON - MINUTE, close=Decimal(70))], NOON)
    assert verdicts(admit(orders, other, limits={"max_gross_exposure": 509})) == ["max_gross_exposure"]
    assert verdicts(admit(orders, other, limits={"max_gross_exposure": 510})) == ["admitted"]


def test_a_minute_holds_as_many_orders_as_are_allowed_and_an_order_a_minute_old_is_forgotten(orders: Orders) -> None:
    limits = {"max_orders_per_minute": 2}
    assert verdicts(admit(orders, wanted("a"), at=NOON, limits=limits)) == ["admitted"]
    assert verdicts(admit(orders, wanted("b"), at=NOON + SECOND, limits=limits)) == ["admitted"]
    assert verdicts(admit(orders, wanted("c"), at=NOON + MINUTE - SECOND, limits=limits)) == ["max_orders_per_minute"]
    assert verdicts(admit(orders, wanted("c"), at=NOON + MINUTE, limits=limits)) == ["admitted"]
    assert verdicts(admit(orders, wanted("d"), at=NOON + MINUTE, limits=limits)) == ["max_orders_per_minute"]


def test_legs_that_the_venue_made_are_no_orders_of_the_minute_and_reserve_nothing(orders: Orders, accounts: Accounts) -> None:
    accounts.snapshot(PAPER, funds(buying_power=Decimal(10_000)), session="2024-01-02", at=NOON - SECOND)
    admit(orders, wanted("o-1", take_profit="110", stop_loss="90"))
    orders.report(PAPER, a_bracket(), at=NOON)
    limits = {"max_orders_per_minute": 2, "max_gross_exposure": 2_000}
    assert verdicts(admit(orders, wanted("o-2"), limits=limits)) == ["admitted"]


def a_bracket(**changes: Any) -> Any:
    leg = a_report("leg", side=Side.SELL, order_type=OrderType.LIMIT, limit_price=Decimal(110), role=Role.TAKE_PROFIT)
    stop = replace(
        leg, order_type=OrderType.STOP, limit_price=None, stop_price=Decimal(90), role=Role.STOP_LOSS, exchange_order_id="x-stop"
    )
    return a_report(legs=(replace(leg, client_order_id="random-1"), replace(stop, client_order_id="random-2")), **changes)


def test_the_exits_of_a_bracket_leave_no_room_for_another_sale_and_never_count_as_a_short(orders: Orders) -> None:
    admit(orders, wanted("o-1", take_profit="110", stop_loss="90"))
    orders.report(PAPER, a_bracket(), at=NOON)
    fill_whole(orders, "o-1")
    limits = {"max_daily_loss": 1, "max_position": 500}
    short = wanted("o-2", side=Side.SELL, quantity="6")  # from the nothing that the exits leave
    assert verdicts(admit(orders, short, limits=limits)) == ["max_position"]
    assert verdicts(admit(orders, wanted("o-3", side=Side.SELL, quantity="5"), limits=limits)) == ["admitted"]
    closing = wanted("o-4", side=Side.SELL, quantity="10", reduce_only=True)
    assert verdicts(admit(orders, closing, limits=limits)) == ["admitted"]


def test_a_second_sale_of_the_same_holding_is_no_reduction(orders: Orders, accounts: Accounts) -> None:
    admit(orders, wanted("o-1"))
    fill_whole(orders, "o-1")
    accounts.snapshot(PAPER, funds(equity=Decimal(100)), session="2024-01-02", at=NOON)
    accounts.snapshot(PAPER, funds(equity=Decimal(98)), session="2024-01-02", at=NOON + SECOND)
    limits = {"max_daily_loss": 1}
    assert verdicts(admit(orders, wanted("o-2", quantity="1"), limits=limits)) == ["max_daily_loss"]
    assert verdicts(admit(orders, wanted("o-3", side=Side.SELL, quantity="6"), limits=limits)) == ["admitted"]
    assert verdicts(admit(orders, wanted("o-4", side=Side.SELL, quantity="4"), limits=limits)) == ["admitted"]
    assert verdicts(admit(orders, wanted("o-5", side=Side.SELL, quantity="1"), limits=limits)) == ["max_daily_loss"]


def test_buying_power_is_kept_for_orders_the_venue_had_not_seen_when_it_was_asked(orders: Orders, accounts: Accounts) -> None:
    # 95 % of 2000 may be used: 1900. Each order takes 1000.
    accounts.snapshot(PAPER, funds(buying_power=Decimal(2_000)), session="2024-01-02", at=NOON)
    assert verdicts(admit(orders, wanted("o-1"), wanted("o-2", quantity="9.0001"))) == ["admitted", "buying_power"]
    assert verdicts(admit(orders, wanted("o-2", quantity="9"))) == ["admitted"]
    assert verdicts(admit(orders, wanted("o-3", quantity="0.0001"))) == ["buying_power"]


def test_an_order_of_a_size_in_money_is_made_as_small_as_the_money_is_and_a_repeat_is_the_same_order(
    orders: Orders, accounts: Accounts
) -> None:
    """2 000 of which 5 % stay free pay 19 units at 100."""
    accounts.snapshot(PAPER, funds(buying_power=Decimal(2_000)), session="2024-01-02", at=NOON)
    in_money = wanted("o-1", quantity="20", lot=Decimal(1))
    for _ in range(2):
        (answer,) = admit(orders, in_money)
        assert isinstance(answer, Admitted)
        assert answer.order.quantity == 19
    with pytest.raises(TermsDiffer):
        admit(orders, wanted("o-1", quantity="18", lot=Decimal(1)))
    assert verdicts(admit(orders, wanted("o-2", quantity="1", lot=Decimal(1)))) == ["buying_power"]


def test_an_order_at_the_edge_of_the_buying_power_is_admitted_whatever_the_reservations_are(orders: Orders, accounts: Accounts) -> None:
    accounts.snapshot(PAPER, funds(buying_power=Decimal(100_000)), session="2024-01-02", at=NOON)
    odd = wanted("o-1", quantity="0.01")  # 1 / 0.95 has no end
    assert verdicts(admit(orders, odd, wanted("o-2", quantity="949.9901"), wanted("o-3", quantity="949.99"))) == [
        "admitted",
        "buying_power",
        "admitted",
    ]


def test_an_order_filled_since_the_venue_was_asked_still_takes_its_buying_power(orders: Orders, accounts: Accounts) -> None:
    accounts.snapshot(PAPER, funds(buying_power=Decimal(2_000)), session="2024-01-02", at=NOON)
    admit(orders, wanted("o-1"))
    fill_whole(orders, "o-1", at=NOON + SECOND)
    assert verdicts(admit(orders, wanted("o-2"))) == ["buying_power"]
    accounts.snapshot(PAPER, funds(buying_power=Decimal(1_500)), session="2024-01-02", at=NOON + 2 * SECOND)
    assert verdicts(admit(orders, wanted("o-2"))) == ["admitted"]


def test_an_order_that_the_venue_had_when_it_was_asked_is_not_taken_off_twice(orders: Orders, accounts: Accounts) -> None:
    admit(orders, wanted("o-1", order_type=OrderType.LIMIT, limit_price="100"))
    orders.report(PAPER, a_report(order_type=OrderType.LIMIT, limit_price=Decimal(100)), at=NOON)
    accounts.snapshot(PAPER, funds(buying_power=Decimal(1_100)), session="2024-01-02", at=NOON + SECOND)
    assert verdicts(admit(orders, wanted("o-2"))) == ["admitted"]
    assert verdicts(admit(orders, wanted("o-3"))) == ["buying_power"]


def test_a_market_order_without_a_price_is_refused_where_money_is_counted(orders: Orders, accounts: Accounts) -> None:
    assert verdicts(admit(orders, wanted(price=None), limits={"max_position": 10})) == ["no_price"]
    accounts.snapshot(PAPER, funds(), session="2024-01-02", at=NOON)
    assert verdicts(admit(orders, wanted(price=None))) == ["no_price"]
    assert verdicts(admit(orders, wanted(price=None, order_type=OrderType.LIMIT, limit_price="1"))) == ["admitted"]


def test_accounts_do_not_count_for_each_other(orders: Orders) -> None:
    limits = {"max_orders_per_minute": 1, "max_position": 1_000}
    answers = admit(orders, wanted("a"), wanted("b", account="alpaca-paper"), wanted("c"), limits=limits)
    assert verdicts(answers) == ["admitted", "admitted", "max_position"]


def all_at_once(count: int, work: Callable[[int], list[str]]) -> list[str]:
    gate = Barrier(count)

    def let_go(number: int) -> list[str]:
        gate.wait(60)
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return [verdict for verdicts in threads.map(let_go, range(count)) for verdict in verdicts]


def test_of_50_runs_that_decide_at_once_exactly_those_within_the_limit_are_admitted(
    orders: Orders, leases: Leases, database: Database
) -> None:
    for number in range(50):
        leases.take(PAPER, [f"S{number}"], f"run-{number}", NOON)

    def decide(number: int) -> list[str]:
        order = wanted(f"o-{number}", symbol=f"S{number}", run_id=f"run-{number}")
        return verdicts(admit(orders, order, limits={"max_gross_exposure": 7_000}))

    assert sorted(all_at_once(50, decide)) == ["admitted"] * 7 + ["max_gross_exposure"] * 43
    assert TradingQueries(database).orders().total == 7


def test_of_50_orders_at_once_exactly_those_the_buying_power_pays_are_admitted(
    orders: Orders, accounts: Accounts, database: Database
) -> None:
    accounts.snapshot(PAPER, funds(buying_power=Decimal(10_000)), session="2024-01-02", at=NOON)
    found = all_at_once(50, lambda number: verdicts(admit(orders, wanted(f"o-{number}"))))
    assert sorted(found) == ["admitted"] * 9 + ["buying_power"] * 41  # 9500 may be used, each takes 1000
    assert TradingQueries(database).orders().total == 9


def test_the_same_order_asked_for_50_times_at_once_is_one_order(orders: Orders, database: Database) -> None:
    found = all_at_once(50, lambda _: verdicts(admit(orders, wanted(), limits={"max_orders_per_minute": 1})))
    assert found == ["admitted"] * 50
    assert TradingQueries(database).orders().total == 1
    assert [change.number for change in orders.changes("o-1")] == [1]


def test_processes_at_once_admit_exactly_what_is_permitted(database_url: str) -> None:
    Database.open(database_url).close()
    at_once(_admit_ten, [(database_url, number) for number in range(4)])
    database = Database.open(database_url)
    assert TradingQueries(database).orders().total == 15
    database.close()


def _admit_ten(url: str, number: int) -> None:
    database = Database.open(url)
    limits = AccountLimits(paper=RiskLimits(max_orders_per_minute=15), live=RiskLimits())
    for one in range(10):
        Orders(database).admit([wanted(f"o-{number}-{one}")], limits=limits, run_limits=None, at=NOON + number * SECOND)
    database.close()


def test_two_accounts_asked_for_in_either_order_do_not_wait_for_each_other(orders: Orders) -> None:
    def both(number: int) -> list[str]:
        two: list[Wanted] = [wanted(f"p-{number}"), wanted(f"l-{number}", account=LIVE)]
        return verdicts(orders.admit(two if number % 2 else two[::-1], limits=NO_LIMITS, run_limits=None, at=NOON))

    assert all_at_once(20, both) == ["admitted"] * 40


def test_a_run_spends_its_budget_once_whatever_the_account_has(database: Database) -> None:
    Leases(database).take(PAPER, ["AAPL"], "r-1", NOON)
    budget = Budget(amount=Decimal(1_500))
    own = {"run_id": "r-1"}
    first, second = admit(Orders(database), wanted("o-1", **own), wanted("o-2", **own), budget=budget)
    assert isinstance(first, Admitted)
    assert isinstance(second, NotAdmitted)  # 10 × 100 twice is more than 1500
    assert second.rule == "budget"
    (by_hand,) = admit(Orders(database), wanted("o-3"), budget=budget)
    assert isinstance(by_hand, Admitted)


def test_what_a_run_earned_it_may_spend_and_what_it_sold_it_may_not_sell_again(database: Database) -> None:
    orders = Orders(database)
    Leases(database).take(PAPER, ["AAPL"], "r-1", NOON)
    budget = Budget(amount=Decimal(1_000))
    own = {"run_id": "r-1"}
    admit(orders, wanted("o-1", **own), budget=budget)
    fill = a_fill("e-1", quantity=Decimal(10))
    orders.report(PAPER, a_report(status=OrderStatus.FILLED, filled_quantity=Decimal(10)), [fill], at=NOON)
    (entry,) = admit(orders, wanted("o-2", **own), budget=budget)
    assert isinstance(entry, NotAdmitted)
    sale, again = admit(orders, *(wanted(f"s-{number}", side=Side.SELL, **own) for number in (1, 2)), budget=budget)
    assert isinstance(sale, Admitted)
    assert isinstance(again, NotAdmitted)
    assert (entry.rule, again.rule) == ("budget", "not_held")
