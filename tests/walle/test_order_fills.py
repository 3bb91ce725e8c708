from decimal import Decimal

from tests.walle.order_steps import told
from tests.walle.records import NOON, SECOND
from tests.walle.trading import LIVE, PAPER, a_fill, a_report, admit, wanted
from weaver.orders import OrderStatus
from weaver.walle.orders import Orders
from weaver.walle.trading_queries import TradingQueries

S = OrderStatus


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
