from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from tests.walle.records import NOON, SECOND
from tests.walle.trading import LIVE, PAPER, a_fill, a_report, admit, wanted
from weaver.broker import Fill, OrderReport
from weaver.errors import NotFound
from weaver.orders import OrderStatus, OrderType, Role, Side
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.leases import Leases
from weaver.walle.orders import KILLED, Orders
from weaver.walle.trading_model import OrderChange
from weaver.walle.trading_queries import TradingQueries

S = OrderStatus


@pytest.fixture
def orders(database: Database) -> Orders:
    return Orders(database)


@pytest.fixture
def queries(database: Database) -> TradingQueries:
    return TradingQueries(database)


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database)


@pytest.fixture
def sent(orders: Orders) -> Orders:
    """Orders with one, o-1, that is being sent."""
    admit(orders, wanted())
    orders.sending("o-1", at=NOON)
    return orders


def told(changes: list[OrderChange]) -> list[str]:
    return [change.event.removeprefix("orders.") for change in changes]


def history(orders: Orders, order_id: str = "o-1") -> list[str]:
    changes = orders.changes(order_id)
    assert [change.number for change in changes] == list(range(1, len(changes) + 1))
    return told(changes)


# Sending


def test_an_order_is_on_record_as_being_sent_before_it_is(orders: Orders) -> None:
    admit(orders, wanted())
    sending = orders.sending("o-1", at=NOON)
    assert (sending.order.status, sending.before, sending.killed, sending.changes) == (S.SUBMITTING, S.PENDING, False, [])
    assert orders.order("o-1") == sending.order


def test_who_sends_again_is_told_that_the_order_may_be_out_already(sent: Orders) -> None:
    assert sent.sending("o-1", at=NOON).before is S.SUBMITTING
    sent.doubt("o-1", reason="time-out", at=NOON)
    again = sent.sending("o-1", at=NOON)
    assert (again.order.status, again.before) == (S.SUBMITTING, S.IN_DOUBT)


@pytest.mark.parametrize("status", [S.SUBMITTED, S.ACCEPTED, S.PARTIAL, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED])
def test_an_order_that_the_venue_knows_is_not_sent(sent: Orders, status: OrderStatus) -> None:
    sent.report(PAPER, a_report(status=status), at=NOON)
    sending = sent.sending("o-1", at=NOON)
    assert (sending.order.status, sending.before) == (status, status)


def test_the_kill_switch_rejects_an_order_that_was_never_sent(orders: Orders, accounts: Accounts) -> None:
    admit(orders, wanted())
    accounts.kill(PAPER, "enough", NOON)
    sending = orders.sending("o-1", at=NOON)
    assert sending.killed
    assert (sending.order.status, sending.order.reject_reason) == (S.REJECTED, KILLED)
    assert told(list(sending.changes)) == ["Rejected"]
    assert history(orders) == ["Created", "Rejected"]
    assert orders.sending("o-1", at=NOON).changes == []


def test_the_kill_switch_leaves_an_order_that_may_be_out_for_the_venue_to_tell(sent: Orders, accounts: Accounts) -> None:
    sent.doubt("o-1", reason="time-out", at=NOON)
    accounts.kill(PAPER, "enough", NOON)
    sending = sent.sending("o-1", at=NOON)
    assert (sending.killed, sending.order.status) == (True, S.IN_DOUBT)


def test_no_order_is_sent_after_the_kill_switch_was_on_record(orders: Orders, accounts: Accounts) -> None:
    admit(orders, *(wanted(f"o-{number}") for number in range(20)))

    def send(number: int) -> str:
        sending = orders.sending(f"o-{number}", at=NOON)
        return "killed" if sending.killed else sending.order.status.value

    def work(number: int) -> str:
        gate.wait(60)
        if number == 20:
            accounts.kill(PAPER, "enough", NOON)
            return "kill"
        return send(number)

    gate = Barrier(21)
    with ThreadPoolExecutor(21) as threads:
        found = list(threads.map(work, range(21)))[:20]
    for number, what in enumerate(found):
        assert orders.order(f"o-{number}").status is (S.REJECTED if what == "killed" else S.SUBMITTING)
    assert set(found) <= {"killed", "submitting"}


def test_an_unknown_order_is_not_found_and_the_nearest_is_named(sent: Orders) -> None:
    calls: list[Callable[[], object]] = [
        lambda: sent.sending("o-2", at=NOON),
        lambda: sent.doubt("o-2", reason="", at=NOON),
        lambda: sent.order("o-2"),
    ]
    for call in calls:
        with pytest.raises(NotFound, match="Did you mean 'o-1'"):
            call()


# Our own words


def test_a_doubt_is_noted_once_with_its_reason(sent: Orders) -> None:
    first = sent.doubt("o-1", reason="time-out after 10 s", at=NOON)
    assert (told(first), first[0].reason, first[0].order.status) == (["InDoubt"], "time-out after 10 s", S.IN_DOUBT)
    assert sent.doubt("o-1", reason="another", at=NOON + SECOND) == first
    assert history(sent) == ["Created", "InDoubt"]


def test_a_refusal_is_noted_once_with_the_venues_reason(sent: Orders) -> None:
    first = sent.reject("o-1", reason="insufficient\0 buying power", at=NOON)
    assert first[0].order.reject_reason == "insufficient\ufffd buying power"
    assert sent.reject("o-1", reason="another", at=NOON) == first
    assert sent.order("o-1").status is S.REJECTED


def test_only_an_order_that_was_never_sent_is_cancelled_by_our_word_alone(orders: Orders) -> None:
    admit(orders, wanted("o-1"), wanted("o-2"))
    first = orders.cancel_unsent("o-1", reason="the run ends", at=NOON)
    assert (told(first), first[0].reason, first[0].order.cancelled_at) == (["Cancelled"], "the run ends", NOON)
    assert orders.cancel_unsent("o-1", reason="again", at=NOON) == first
    orders.sending("o-2", at=NOON)
    with pytest.raises(ValueError, match="submitting"):
        orders.cancel_unsent("o-2", reason="the run ends", at=NOON)


def test_our_word_never_changes_a_final_order_nor_breaks_the_table(sent: Orders) -> None:
    admit(sent, wanted("o-2"))
    with pytest.raises(ValueError, match="pending"):
        sent.doubt("o-2", reason="never sent", at=NOON)
    sent.report(PAPER, a_report(status=S.FILLED, filled_quantity=Decimal(10)), at=NOON)
    assert sent.doubt("o-1", reason="late", at=NOON) == []
    assert sent.reject("o-1", reason="late", at=NOON) == []
    assert sent.cancel_unsent("o-1", reason="late", at=NOON) == []
    assert sent.order("o-1").status is S.FILLED


# The venue's word


def test_the_first_report_tells_that_the_order_arrived_and_what_became_of_it(sent: Orders) -> None:
    changes = sent.report(PAPER, a_report(), at=NOON + SECOND)
    assert told(changes) == ["Submitted", "Accepted"]
    assert [change.order.status for change in changes] == [S.SUBMITTED, S.ACCEPTED]
    order = sent.order("o-1")
    assert (order.exchange_order_id, order.submitted_at, order.changes) == ("x-o-1", NOON + SECOND, 3)
    assert sent.changes("o-1", after=1) == changes


def test_a_report_said_twice_changes_nothing(sent: Orders) -> None:
    report = a_report(status=S.PARTIAL, filled_quantity=Decimal(4), filled_average_price=Decimal(100))
    sent.report(PAPER, report, [a_fill()], at=NOON)
    before = sent.order("o-1")
    assert sent.report(PAPER, report, [a_fill()], at=NOON + SECOND) == []
    assert sent.order("o-1") == before


@pytest.mark.parametrize(
    ("status", "event"),
    [(S.FILLED, "Filled"), (S.CANCELLED, "Cancelled"), (S.REJECTED, "Rejected"), (S.EXPIRED, "Expired")],
)
def test_a_final_order_stays_as_it_is_whatever_comes_late(sent: Orders, status: OrderStatus, event: str) -> None:
    changes = sent.report(PAPER, a_report(status=status, reject_reason="no", updated_at=NOON), at=NOON)
    assert told(changes) == ["Submitted", event]
    for late in S:
        assert sent.report(PAPER, a_report(status=late), at=NOON + SECOND) == []
    order = sent.order("o-1")
    assert order.status is status
    assert order.filled_at == (NOON if status is S.FILLED else None)
    assert order.cancelled_at == (NOON if status is S.CANCELLED else None)
    assert order.reject_reason == ("no" if status is S.REJECTED else None)


def test_an_older_word_of_the_venue_does_not_take_an_order_back(sent: Orders) -> None:
    sent.report(PAPER, a_report(status=S.PARTIAL, filled_quantity=Decimal(4)), at=NOON)
    assert sent.report(PAPER, a_report(status=S.ACCEPTED), at=NOON) == []
    assert sent.report(PAPER, a_report(status=S.SUBMITTED), at=NOON) == []
    assert sent.order("o-1").status is S.PARTIAL


def test_a_doubt_is_resolved_by_the_venues_word_and_comes_too_late_after_it(sent: Orders) -> None:
    sent.doubt("o-1", reason="time-out", at=NOON)
    assert told(sent.report(PAPER, a_report(), [a_fill()], at=NOON)) == ["Submitted", "PartiallyFilled"]
    assert sent.doubt("o-1", reason="a sender that did not hear of it", at=NOON) == []
    assert sent.order("o-1").status is S.PARTIAL


def test_an_order_that_the_venue_has_counts_as_sent_whatever_is_on_record(orders: Orders) -> None:
    admit(orders, wanted())
    assert told(orders.report(PAPER, a_report(status=S.ACCEPTED), at=NOON)) == ["Submitted", "Accepted"]


def test_an_order_of_ours_by_its_id_and_another_by_its_terms_is_not_adopted(sent: Orders) -> None:
    assert sent.report(PAPER, a_report(quantity=Decimal(7)), at=NOON) == []
    assert sent.order("o-1").exchange_order_id is None
    assert told(sent.report(PAPER, replace(a_report(), exchange_order_id="x-ours"), at=NOON)) == ["Submitted", "Accepted"]


def test_fills_of_an_order_with_other_terms_are_not_booked_with_its_report(sent: Orders, queries: TradingQueries) -> None:
    theirs = a_report(quantity=Decimal(7), status=S.PARTIAL, filled_quantity=Decimal(4))
    assert sent.report(PAPER, theirs, [a_fill()], at=NOON) == []
    assert (sent.order("o-1").exchange_order_id, queries.fills().total) == (None, 0)


@pytest.mark.parametrize(
    "theirs",
    [
        [a_fill(symbol="MSFT")],
        [a_fill(side=Side.SELL)],
        [a_fill(quantity=Decimal(11))],
        [a_fill("e-1", quantity=Decimal(6)), a_fill("e-2", quantity=Decimal(5))],
        [a_fill(price=Decimal("100.01"))],
    ],
    ids=["symbol", "side", "quantity", "quantity of two", "beyond the limit"],
)
def test_fills_under_our_id_that_our_order_cannot_have_are_somebody_elses(
    orders: Orders, queries: TradingQueries, theirs: list[Fill], caplog: pytest.LogCaptureFixture
) -> None:
    admit(orders, wanted(order_type=OrderType.LIMIT, limit_price="100"))
    orders.sending("o-1", at=NOON)
    assert orders.book(PAPER, theirs, at=NOON) == []
    order = orders.order("o-1")
    assert (order.status, order.exchange_order_id, order.filled_quantity, queries.fills().total) == (S.SUBMITTING, None, 0, 0)
    assert "that it cannot have" in caplog.text
    assert told(orders.book(PAPER, [a_fill("e-3", exchange_order_id="x-ours")], at=NOON)) == ["Submitted", "PartiallyFilled"]


def test_words_that_no_venue_can_say_are_left_alone(sent: Orders) -> None:
    sent.report(PAPER, a_report(), at=NOON)
    for status in (S.PENDING, S.SUBMITTING, S.IN_DOUBT):
        assert sent.report(PAPER, a_report(status=status), at=NOON) == []
    assert sent.order("o-1").status is S.ACCEPTED


def test_an_order_replaced_at_the_venue_says_so(sent: Orders) -> None:
    changes = sent.report(PAPER, a_report(status=S.CANCELLED, replaced_by="x-9", updated_at=NOON), at=NOON)
    assert told(changes) == ["Submitted", "Replaced"]
    assert sent.order("o-1").cancelled_at == NOON


# Fills


def test_each_fill_is_told_and_the_last_one_fills_the_order(sent: Orders) -> None:
    sent.report(PAPER, a_report(), at=NOON)
    first = sent.report(PAPER, a_report(status=S.PARTIAL, filled_quantity=Decimal(4)), [a_fill("e-1")], at=NOON)
    last = a_fill("e-2", quantity=Decimal(6), price=Decimal("101.5"), time=NOON + SECOND)
    done = a_report(status=S.FILLED, filled_quantity=Decimal(10), filled_average_price=Decimal("100.9"))
    second = sent.report(PAPER, done, [last], at=NOON + SECOND)
    assert (told(first), told(second)) == (["PartiallyFilled"], ["Filled"])
    order = second[0].order
    # (4 × 100 + 6 × 101.5) / 10 = 100.9
    assert (order.filled_quantity, order.filled_avg_price, order.filled_at) == (Decimal(10), Decimal("100.9"), NOON + SECOND)


def test_several_fills_at_once_are_told_one_by_one(sent: Orders) -> None:
    fills = [
        a_fill("e-2", quantity=Decimal(3), time=NOON + SECOND),
        a_fill("e-1", quantity=Decimal(4)),
        a_fill("e-3", quantity=Decimal(3), time=NOON + 2 * SECOND),
    ]
    changes = sent.report(PAPER, a_report(status=S.FILLED, filled_quantity=Decimal(10)), fills, at=NOON)
    assert told(changes) == ["Submitted", "PartiallyFilled", "PartiallyFilled", "Filled"]
    assert [change.order.filled_quantity for change in changes] == [0, 4, 7, 10]


def test_fills_that_add_up_fill_the_order_before_the_venue_says_so(sent: Orders) -> None:
    assert told(sent.book(PAPER, [a_fill(quantity=Decimal(10))], at=NOON)) == ["Submitted", "Filled"]
    assert sent.report(PAPER, a_report(status=S.FILLED, filled_quantity=Decimal(10)), at=NOON) == []


def test_an_order_is_filled_by_the_venues_word_and_executions_that_come_later_are_no_second_news(
    sent: Orders, queries: TradingQueries
) -> None:
    filled = a_report(status=S.FILLED, filled_quantity=Decimal(10), filled_average_price=Decimal("100.5"))
    assert told(sent.report(PAPER, filled, at=NOON)) == ["Submitted", "Filled"]
    assert sent.order("o-1").filled_avg_price == Decimal("100.5")
    assert sent.book(PAPER, [a_fill("e-1"), a_fill("e-2", quantity=Decimal(6), price=Decimal(101))], at=NOON) == []
    assert queries.fills(order_id="o-1").total == 2
    assert sent.order("o-1").filled_avg_price == Decimal("100.6")  # (400 + 606) / 10


def test_what_the_venue_says_is_filled_counts_before_its_executions_are_known(sent: Orders) -> None:
    five = a_report(status=S.PARTIAL, filled_quantity=Decimal(5), filled_average_price=Decimal(99))
    assert told(sent.report(PAPER, five, at=NOON)) == ["Submitted", "PartiallyFilled"]
    assert sent.book(PAPER, [a_fill()], at=NOON) == []  # 4 of the 5
    order = sent.order("o-1")
    assert (order.filled_quantity, order.filled_avg_price) == (5, 99)
    assert told(sent.book(PAPER, [a_fill("e-2", quantity=Decimal(2))], at=NOON)) == ["PartiallyFilled"]
    assert sent.order("o-1").filled_quantity == 6


def test_a_fill_after_the_cancellation_is_booked_and_told_and_the_order_stays_cancelled(sent: Orders, queries: TradingQueries) -> None:
    sent.report(PAPER, a_report(status=S.CANCELLED), at=NOON)
    changes = sent.book(PAPER, [a_fill()], at=NOON)
    assert (told(changes), changes[0].order.status, changes[0].order.filled_quantity) == (["PartiallyFilled"], S.CANCELLED, 4)
    assert queries.positions(PAPER)[0].quantity == 4


def test_a_cancelled_order_keeps_its_fills(sent: Orders) -> None:
    sent.report(PAPER, a_report(status=S.PARTIAL, filled_quantity=Decimal(4)), [a_fill()], at=NOON)
    (change,) = sent.report(PAPER, a_report(status=S.CANCELLED, filled_quantity=Decimal(4)), at=NOON)
    assert (change.event, change.order.filled_quantity, change.order.filled_avg_price) == ("orders.Cancelled", 4, 100)


def test_a_fill_is_booked_once_whichever_door_it_comes_by(sent: Orders, queries: TradingQueries) -> None:
    sent.book(PAPER, [a_fill(), a_fill()], at=NOON)
    sent.report(PAPER, a_report(), [a_fill()], at=NOON)
    sent.book(PAPER, [a_fill(price=Decimal(999))], at=NOON + SECOND)
    (fill,) = queries.fills(account=PAPER).items
    assert (fill.id, fill.number, fill.quantity, fill.price, fill.order_id) == ("e-1", 1, 4, 100, "o-1")


def test_a_fill_finds_its_order_by_either_id(sent: Orders, queries: TradingQueries) -> None:
    sent.book(PAPER, [a_fill("e-1")], at=NOON)
    sent.book(PAPER, [a_fill("e-2", client_order_id=None)], at=NOON)
    assert queries.fills(order_id="o-1").total == 2


def test_what_is_of_no_order_here_is_neither_booked_nor_told(sent: Orders, queries: TradingQueries) -> None:
    assert sent.report(PAPER, a_report("foreign"), [a_fill(order_id="foreign")], at=NOON) == []
    assert sent.book(PAPER, [a_fill(order_id="foreign")], at=NOON) == []
    assert sent.report("nobody-paper", a_report(), at=NOON) == []
    assert (queries.fills().total, queries.orders().total) == (0, 1)


def test_accounts_never_see_each_others_orders_and_fills(sent: Orders, queries: TradingQueries) -> None:
    admit(sent, wanted("o-2", account=LIVE))
    sent.report(PAPER, a_report(exchange_order_id="x-same"), [a_fill("e-same", exchange_order_id="x-same")], at=NOON)
    assert sent.report(LIVE, a_report("o-1"), [a_fill("e-2", "o-1")], at=NOON) == []
    changes = sent.report(LIVE, a_report("o-2", exchange_order_id="x-same"), [a_fill("e-same", "o-2", exchange_order_id="x-same")], at=NOON)
    assert {change.order_id for change in changes} == {"o-2"}
    assert [(fill.account, fill.number) for fill in queries.fills().items] == [(LIVE, 1), (PAPER, 1)]


def test_a_second_order_at_the_venue_under_our_id_is_not_taken_for_ours(sent: Orders) -> None:
    sent.report(PAPER, a_report(), at=NOON)
    assert sent.report(PAPER, a_report(exchange_order_id="x-other", status=S.FILLED), at=NOON) == []
    assert sent.order("o-1").status is S.ACCEPTED


def test_fees_taken_from_what_is_bought_lessen_the_position_and_not_the_order(sent: Orders, queries: TradingQueries) -> None:
    sent.book(PAPER, [a_fill(quantity=Decimal(10), received=Decimal("9.975"))], at=NOON)
    assert sent.order("o-1").filled_quantity == 10
    assert queries.positions(PAPER)[0].quantity == Decimal("9.975")


# Brackets


def a_bracket(**changes: Any) -> OrderReport:
    profit = a_report("random-1", side=Side.SELL, order_type=OrderType.LIMIT, limit_price=Decimal(110), role=Role.TAKE_PROFIT)
    stop = a_report("random-2", side=Side.SELL, order_type=OrderType.STOP, stop_price=Decimal(90))
    return a_report(legs=(profit, stop), **changes)


def test_the_legs_of_a_bracket_are_adopted_as_orders_of_the_same_run(orders: Orders, database: Database) -> None:
    Leases(database).take(PAPER, ["AAPL"], "run-1", NOON)
    admit(orders, wanted(run_id="run-1", take_profit="110", stop_loss="90"))
    changes = orders.report(PAPER, a_bracket(), at=NOON)
    assert [(change.order_id, change.event) for change in changes if change.order_id != "o-1"] == [
        ("o-1.tp", "orders.Created"),
        ("o-1.sl", "orders.Created"),
        ("o-1.tp", "orders.Submitted"),
        ("o-1.tp", "orders.Accepted"),
        ("o-1.sl", "orders.Submitted"),
        ("o-1.sl", "orders.Accepted"),
    ]
    assert told([change for change in changes if change.order_id == "o-1"]) == ["Submitted", "Accepted"]
    stop, profit = orders.legs("o-1")
    assert (profit.id, profit.role, profit.exchange_order_id, profit.limit_price) == ("o-1.tp", Role.TAKE_PROFIT, "x-random-1", 110)
    assert (stop.id, stop.role, stop.exchange_order_id, stop.stop_price) == ("o-1.sl", Role.STOP_LOSS, "x-random-2", 90)
    assert {(leg.run_id, leg.parent_id, leg.side, leg.quantity) for leg in (profit, stop)} == {("run-1", "o-1", Side.SELL, Decimal(10))}
    assert orders.report(PAPER, a_bracket(), at=NOON) == []


def test_a_leg_speaks_for_itself_by_its_id_at_the_venue(orders: Orders) -> None:
    admit(orders, wanted(take_profit="110", stop_loss="90"))
    orders.report(PAPER, a_bracket(), at=NOON)
    profit = replace(a_bracket().legs[0], status=S.FILLED, filled_quantity=Decimal(10))
    fill = a_fill("e-9", "random-1", side=Side.SELL, quantity=Decimal(10), price=Decimal(110))
    assert [(change.order_id, change.event) for change in orders.report(PAPER, profit, [fill], at=NOON)] == [("o-1.tp", "orders.Filled")]
    both = replace(a_bracket().legs[1], status=S.CANCELLED)
    assert told(orders.report(PAPER, both, at=NOON)) == ["Cancelled"]


def test_fills_of_legs_in_a_report_of_the_parent_are_booked_to_the_legs(orders: Orders, queries: TradingQueries) -> None:
    admit(orders, wanted(take_profit="110", stop_loss="90"))
    exit_fill = a_fill("e-2", "random-1", side=Side.SELL, quantity=Decimal(10), price=Decimal(110), client_order_id=None)
    orders.report(PAPER, a_bracket(status=S.FILLED, filled_quantity=Decimal(10)), [a_fill(quantity=Decimal(10)), exit_fill], at=NOON)
    assert [fill.order_id for fill in queries.fills(account=PAPER).items] == ["o-1", "o-1.tp"]
    assert queries.positions(PAPER) == []


def test_a_leg_that_takes_anothers_place_gets_an_id_of_its_own(orders: Orders) -> None:
    admit(orders, wanted(take_profit="110", stop_loss="90"))
    orders.report(PAPER, a_bracket(), at=NOON)
    moved = replace(a_bracket().legs[1], exchange_order_id="x-moved", client_order_id="random-3", stop_price=Decimal(95))
    orders.report(PAPER, a_report(legs=(moved,)), at=NOON + SECOND)
    assert [leg.id for leg in orders.legs("o-1")] == ["o-1.sl", "o-1.tp", "o-1.sl2"]


def test_legs_that_weaver_itself_sent_are_found_by_their_ids_and_not_adopted(orders: Orders) -> None:
    admit(orders, wanted())
    admit(
        orders,
        wanted(
            "o-1.tp",
            side=Side.SELL,
            order_type=OrderType.LIMIT,
            limit_price="110",
            reduce_only=True,
            parent_id="o-1",
            role=Role.TAKE_PROFIT,
        ),
    )
    leg = a_report("o-1.tp", side=Side.SELL, order_type=OrderType.LIMIT, limit_price=Decimal(110), role=Role.TAKE_PROFIT)
    orders.report(PAPER, a_report(legs=(leg,)), at=NOON)
    assert [(one.id, one.status) for one in orders.legs("o-1")] == [("o-1.tp", S.ACCEPTED)]


def test_the_remainder_of_an_amended_order_is_no_leg(orders: Orders) -> None:
    admit(orders, wanted(), wanted("o-1.r1", parent_id="o-1"))
    assert orders.legs("o-1") == []
    assert orders.order("o-1.r1").parent_id == "o-1"


# All doors at once


def test_many_doors_at_once_tell_each_step_once(sent: Orders, queries: TradingQueries) -> None:
    fills = [a_fill(f"e-{number}", quantity=Decimal(1)) for number in range(10)]
    final = a_report(status=S.FILLED, filled_quantity=Decimal(10))

    def door(number: int) -> list[OrderChange]:
        gate.wait(60)
        if number % 4 == 3:
            return sent.report(PAPER, a_report(status=S.ACCEPTED), at=NOON)
        if number % 4 == 2:
            return sent.report(PAPER, final, fills, at=NOON)
        return [change for fill in (fills if number % 2 else fills[::-1]) for change in sent.book(PAPER, [fill], at=NOON)]

    gate = Barrier(12)
    with ThreadPoolExecutor(12) as threads:
        changes = [change for changes in threads.map(door, range(12)) for change in changes]
    assert sorted(changes, key=lambda change: change.number) == sent.changes("o-1", after=1)
    assert history(sent)[-1] == "Filled"
    assert history(sent).count("Filled") == history(sent).count("Submitted") == 1
    assert queries.positions(PAPER)[0].quantity == 10
    assert sorted(fill.number for fill in queries.fills(account=PAPER).items) == list(range(1, 11))
