from dataclasses import replace
from decimal import Decimal

import pytest

from tests.walle.order_steps import told
from tests.walle.records import NOON, SECOND
from tests.walle.trading import PAPER, a_fill, a_report, admit, wanted
from weaver.broker import Fill
from weaver.orders import OrderStatus, OrderType, Side
from weaver.walle.orders import Orders
from weaver.walle.trading_queries import TradingQueries

S = OrderStatus


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
