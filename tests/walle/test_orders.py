from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest

from tests.walle.order_steps import history, told
from tests.walle.records import NOON, SECOND
from tests.walle.trading import PAPER, a_fill, a_report, admit, wanted
from weaver.errors import NotFound
from weaver.orders import OrderStatus
from weaver.walle.accounts import Accounts
from weaver.walle.orders import KILLED, Orders
from weaver.walle.trading_model import OrderChange
from weaver.walle.trading_queries import TradingQueries

S = OrderStatus


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
