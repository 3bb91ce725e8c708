"""Sending and cancelling at their edges: what is on record before each call, and what each answer makes of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.orders import SURELY_ARRIVED, VenueOrders
from tests.activities.scripted_exchange import ScriptedExchange, a_holding
from tests.walle.databases import with_tables
from tests.walle.records import NOON
from tests.walle.trading import NO_LIMITS, PAPER, a_fill, a_report, wanted
from weaver.errors import NotFound, RateLimited, Refused, TermsDiffer, Unavailable, Unknown
from weaver.orders import OrderStatus, OrderType, Role, Side
from weaver.venue import Venue
from weaver.walle.accounts import Accounts
from weaver.walle.known_orders import KnownOrders
from weaver.walle.orders import KILLED, Orders
from weaver.walle.trading_model import OrderChange, OrderRecord
from weaver.walle.trading_queries import TradingQueries
from workflows.order_inputs import CancelTask, ExitTask, SendTask, Sent, SyncTask

ID = "o-1"


class Hands:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = NOON

    async def now(self) -> datetime:
        return self.time


async def _nobody(changes: Sequence[OrderChange]) -> None:
    raise AssertionError(f"activities return changes, and tell nobody: {changes}")


class Place:
    """One order on record and the venue where it goes."""

    def __init__(self, folder: Path) -> None:
        self.database = with_tables(folder)
        self.orders = Orders(self.database)
        self.accounts = Accounts(self.database)
        self.clock = Hands()
        self.exchange = ScriptedExchange(self.clock)
        venue = Venue(
            PAPER,
            make=lambda: self.exchange,
            clock=self.clock,
            orders=self.orders,
            accounts=self.accounts,
            queries=TradingQueries(self.database),
            known=KnownOrders(self.database),
            tell=_nobody,
        )
        self._steps = VenueOrders(venue, in_flight_seconds=0)

    def admit(self, order_id: str = ID, **terms: Any) -> None:
        self.orders.admit([wanted(order_id, **terms)], limits=NO_LIMITS, run_limits=None, at=NOON)

    def order(self, order_id: str = ID) -> OrderRecord:
        return self.orders.order(order_id)

    async def submit(self, **task: Any) -> Sent:
        return await ActivityEnvironment().run(self._steps.submit, SendTask(account=PAPER, order_id=ID, **task))

    async def find(self) -> Sent:
        return await ActivityEnvironment().run(self._steps.find, SendTask(account=PAPER, order_id=ID, may_be_sent=True))

    async def cancel(self, order_id: str = ID) -> list[str]:
        done = await ActivityEnvironment().run(self._steps.cancel, CancelTask(account=PAPER, order_id=order_id))
        return [change.event for change in done.changes]

    async def sync(self, **task: Any) -> list[str]:
        done = await ActivityEnvironment().run(self._steps.sync, SyncTask(account=PAPER, order_id=ID, **task))
        return [change.event for change in done.changes]

    async def exit(self, role: Role) -> Any:
        return await ActivityEnvironment().run(self._steps.plan_exit, ExitTask(account=PAPER, order_id=ID, role=role))

    @property
    def calls(self) -> list[str]:
        return [name for name, _ in self.exchange.calls]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.admit()
    return place


# Sending.


async def test_an_order_is_on_record_as_on_its_way_before_the_venue_hears_of_it(place: Place) -> None:
    seen: list[OrderStatus] = []

    def accepted() -> Any:
        seen.append(place.order().status)
        return a_report()

    place.exchange.submits = [accepted]
    sent = await place.submit()
    assert seen == [OrderStatus.SUBMITTING]
    assert (sent.outcome, place.order().status, place.order().exchange_order_id) == ("known", OrderStatus.ACCEPTED, "x-o-1")
    assert [change.event for change in sent.changes] == ["orders.Created", "orders.Submitted", "orders.Accepted"]
    assert place.calls == ["submit"]


async def test_an_order_that_the_venue_has_told_of_is_not_sent_again(place: Place) -> None:
    place.orders.report(PAPER, a_report(), at=NOON)
    assert (await place.submit()).outcome == "known"
    assert place.calls == []


async def test_an_answer_that_does_not_come_leaves_the_order_in_doubt_and_is_not_a_refusal(place: Place) -> None:
    place.exchange.submits = [Unknown("no answer in 10 s")]
    sent = await place.submit()
    assert (sent.outcome, sent.text) == ("in_doubt", "no answer in 10 s")
    assert (place.order().status, place.order().reject_reason) == (OrderStatus.IN_DOUBT, None)


async def test_an_order_of_which_the_stream_told_while_the_answer_was_lost_is_known(place: Place) -> None:
    def told() -> Any:
        place.orders.report(PAPER, a_report(), at=NOON)
        raise Unknown("cut off")

    place.exchange.submits = [told]
    assert (await place.submit()).outcome == "known"
    assert place.order().status is OrderStatus.ACCEPTED


async def test_a_refusal_is_final_with_the_venues_words(place: Place) -> None:
    place.exchange.submits = [Refused("insufficient buying power", code="40310000")]
    sent = await place.submit()
    assert sent.outcome == "known"
    assert (place.order().status, place.order().reject_reason) == (OrderStatus.REJECTED, "insufficient buying power")


async def test_a_rate_limit_is_waited_out_and_then_asked_before_the_order_is_sent(place: Place) -> None:
    """The venue took nothing; yet whoever tries again cannot know that, and asks."""
    place.exchange.submits = [RateLimited("429", wait_seconds=7.5), a_report()]
    with pytest.raises(ApplicationError) as failure:
        await place.submit()
    assert (failure.value.next_retry_delay, failure.value.non_retryable) == (timedelta(seconds=7.5), False)
    assert place.order().status is OrderStatus.SUBMITTING
    place.exchange.finds = [None, None]
    assert (await place.submit()).outcome == "known"
    assert place.calls == ["submit", "find", "find", "submit"]


async def test_a_venue_that_cannot_be_reached_is_tried_again(place: Place) -> None:
    place.exchange.submits = [Unavailable("no route")]
    with pytest.raises(ApplicationError) as failure:
        await place.submit()
    assert failure.value.non_retryable is False
    assert place.order().status is OrderStatus.SUBMITTING


async def test_an_attempt_that_died_before_it_sent_is_followed_by_one_that_asks_first(place: Place) -> None:
    place.orders.sending(ID, at=NOON)  # and there the process ended
    place.exchange.finds, place.exchange.submits = [None, None], [a_report()]
    assert (await place.submit()).outcome == "known"
    assert place.calls == ["find", "find", "submit"]
    assert place.order().status is OrderStatus.ACCEPTED


@pytest.mark.parametrize("looks", [1, 2])
async def test_an_attempt_that_died_after_it_sent_is_followed_by_one_that_adopts(place: Place, looks: int) -> None:
    place.orders.sending(ID, at=NOON)
    place.exchange.finds = [None, a_report()] if looks == 2 else [a_report()]
    assert (await place.submit()).outcome == "known"
    assert place.calls == ["find"] * looks
    assert place.order().exchange_order_id == "x-o-1"


async def test_an_order_that_the_kill_switch_caught_is_not_sent(place: Place) -> None:
    place.accounts.kill(PAPER, "by hand", NOON)
    assert (await place.submit()).outcome == "known"
    assert (place.order().status, place.order().reject_reason) == (OrderStatus.REJECTED, KILLED)
    assert place.calls == []


async def test_the_kill_switch_keeps_an_order_that_may_be_there_from_being_sent_again(place: Place) -> None:
    place.orders.sending(ID, at=NOON)
    place.accounts.kill(PAPER, "by hand", NOON)
    place.exchange.finds = [None, None]
    place.clock.time = NOON + timedelta(seconds=1)
    assert (await place.submit()).outcome == "absent"
    assert place.order().status is OrderStatus.SUBMITTING
    place.exchange.finds = [None, None]
    place.clock.time = NOON + SURELY_ARRIVED
    assert (await place.submit()).outcome == "too_late"
    assert place.order().status is OrderStatus.CANCELLED
    assert "submit" not in place.calls


async def test_an_order_whose_time_is_over_is_not_sent(place: Place) -> None:
    sent = await place.submit(send_before=NOON)
    assert (sent.outcome, place.order().status) == ("too_late", OrderStatus.CANCELLED)
    assert place.calls == []


OTHERS = a_report(quantity=Decimal(11))
"""An order of the same id with other terms."""


@pytest.mark.parametrize("where", ["answer", "look"])
async def test_other_terms_under_the_orders_id_are_for_a_person(place: Place, where: str) -> None:
    if where == "answer":
        place.exchange.submits = [TermsDiffer(ID, "quantity 11 instead of 10")]
    else:
        place.exchange.finds = [OTHERS]
    sent = await place.submit(may_be_sent=where == "look")
    assert sent.outcome == "terms_differ"
    assert "quantity 11 instead of 10" in str(sent.text)
    order = place.order()
    assert (order.status, order.exchange_order_id, order.filled_quantity) == (OrderStatus.REJECTED, None, 0)
    place.exchange.finds = [OTHERS]
    assert (await place.find()).outcome == "known"  # and stays so
    assert place.order().exchange_order_id is None


# Asking.


async def _in_doubt(place: Place) -> None:
    place.exchange.submits = [Unknown("no answer")]
    await place.submit()
    place.exchange.calls.clear()


async def test_a_look_that_finds_nothing_proves_nothing(place: Place) -> None:
    await _in_doubt(place)
    place.exchange.finds = [None]
    assert (await place.find()).outcome == "absent"
    assert place.order().status is OrderStatus.IN_DOUBT


async def test_a_look_that_finds_the_order_filled_books_what_filled(place: Place) -> None:
    await _in_doubt(place)
    filled = a_report(
        status=OrderStatus.FILLED, venue_status="filled", filled_quantity=Decimal(10), filled_average_price=Decimal(100), submitted_at=NOON
    )
    place.exchange.finds = [filled]
    place.exchange.fills = [a_fill("e-1"), a_fill("e-2", quantity=Decimal(6))]
    assert (await place.find()).outcome == "known"
    order = place.order()
    assert (order.status, order.filled_quantity, order.filled_avg_price) == (OrderStatus.FILLED, 10, 100)


@pytest.mark.parametrize(
    ("later", "outcome", "status"),
    [
        (SURELY_ARRIVED - timedelta(microseconds=1), "absent", OrderStatus.IN_DOUBT),
        (SURELY_ARRIVED, "too_late", OrderStatus.CANCELLED),
    ],
    ids=["before", "after"],
)
async def test_an_order_in_doubt_is_given_up_only_when_it_must_have_arrived(
    place: Place, later: timedelta, outcome: str, status: OrderStatus
) -> None:
    await _in_doubt(place)
    place.clock.time = NOON + later
    place.exchange.finds = [None, None]
    assert (await place.submit(may_be_sent=True, send_before=NOON)).outcome == outcome
    assert place.order().status is status
    assert place.calls == ["find", "find"]


async def test_an_order_that_is_there_although_its_time_is_over_is_adopted(place: Place) -> None:
    await _in_doubt(place)
    place.clock.time = NOON + SURELY_ARRIVED
    place.exchange.finds = [a_report()]
    assert (await place.submit(may_be_sent=True, send_before=NOON)).outcome == "known"
    assert place.order().status is OrderStatus.ACCEPTED


# Cancelling.


async def test_an_order_that_never_was_sent_is_cancelled_on_record_alone(place: Place) -> None:
    assert await place.cancel() == ["orders.Created", "orders.Cancelled"]
    assert place.calls == []


async def _accepted(place: Place) -> None:
    place.exchange.submits = [a_report()]
    await place.submit()
    place.exchange.calls.clear()


CANCELLED = a_report(status=OrderStatus.CANCELLED, venue_status="canceled")


@pytest.mark.parametrize("answer", [None, Unknown("cut off"), NotFound("order", "x-o-1"), Refused("it is not cancelable")], ids=str)
async def test_whatever_a_cancellation_is_answered_the_order_is_read_again(place: Place, answer: Any) -> None:
    await _accepted(place)
    place.exchange.cancels, place.exchange.known = [answer], {"x-o-1": CANCELLED}
    assert (await place.cancel())[-1] == "orders.Cancelled"
    assert place.calls == ["cancel", "order"]


async def test_a_cancellation_that_was_not_carried_out_leaves_the_order_working(place: Place) -> None:
    await _accepted(place)
    place.exchange.cancels, place.exchange.known = [Unknown("cut off")], {"x-o-1": a_report()}
    assert "orders.Cancelled" not in await place.cancel()
    assert place.order().status is OrderStatus.ACCEPTED


async def test_a_fill_that_beats_the_cancellation_is_booked(place: Place) -> None:
    await _accepted(place)
    filled = a_report(
        status=OrderStatus.FILLED, venue_status="filled", filled_quantity=Decimal(10), filled_average_price=Decimal(100), submitted_at=NOON
    )
    place.exchange.cancels, place.exchange.known = [Refused('order is already in "filled" state')], {"x-o-1": filled}
    place.exchange.fills = [a_fill(quantity=Decimal(10))]
    assert (await place.cancel())[-1] == "orders.Filled"
    assert place.order().filled_quantity == 10


async def test_a_cancellation_that_the_venue_cannot_take_now_is_tried_again(place: Place) -> None:
    await _accepted(place)
    place.exchange.cancels = [RateLimited("429", wait_seconds=3)]
    with pytest.raises(ApplicationError) as failure:
        await place.cancel()
    assert failure.value.next_retry_delay == timedelta(seconds=3)


async def test_an_order_in_doubt_is_looked_for_and_cancelled(place: Place) -> None:
    await _in_doubt(place)
    place.exchange.finds, place.exchange.cancels, place.exchange.known = [a_report()], [None], {"x-o-1": CANCELLED}
    assert (await place.cancel())[-1] == "orders.Cancelled"
    assert place.calls == ["find", "cancel", "order"]


async def test_an_order_in_doubt_that_is_not_there_stays_in_doubt(place: Place) -> None:
    await _in_doubt(place)
    place.exchange.finds = [None]
    assert "orders.Cancelled" not in await place.cancel()
    assert place.order().status is OrderStatus.IN_DOUBT
    assert place.calls == ["find"]


async def test_an_order_of_the_same_id_with_other_terms_is_not_ours_to_cancel(place: Place) -> None:
    await _in_doubt(place)
    place.exchange.finds = [OTHERS]
    await place.cancel()
    assert place.calls == ["find"]
    assert (place.order().status, place.order().exchange_order_id) == (OrderStatus.IN_DOUBT, None)


# Looking after.


async def test_a_look_up_without_a_question_asks_nobody(place: Place) -> None:
    await _accepted(place)
    assert await place.sync(seen={ID: 1}, ask=False) == ["orders.Submitted", "orders.Accepted"]
    assert place.calls == []


async def test_an_order_that_the_venue_has_lost_stays_as_it_was(place: Place) -> None:
    await _accepted(place)
    assert await place.sync(seen={ID: 3}, ask=True) == []
    assert place.calls == ["order"]
    assert place.order().status is OrderStatus.ACCEPTED


async def test_an_exit_is_for_what_is_left_and_for_what_the_venue_holds(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.admit(symbol="BTC/USD", take_profit="120", stop_loss="90")
    bought = {"symbol": "BTC/USD", "filled_quantity": Decimal(10), "filled_average_price": Decimal(100), "submitted_at": NOON}
    place.exchange.submits = [a_report(status=OrderStatus.FILLED, venue_status="filled", **bought)]
    place.exchange.fills = [a_fill(symbol="BTC/USD", quantity=Decimal(10))]
    await place.submit()
    assert not place.exchange.sent[0].is_bracket  # the venue keeps no exits
    place.exchange.holdings = [a_holding("BTC/USD", Decimal("9.975"))]
    stop = (await place.exit(Role.STOP_LOSS)).wish.request
    assert (stop.client_order_id, stop.side, stop.order_type) == (f"{ID}.sl", Side.SELL, OrderType.STOP_LIMIT)
    assert (stop.quantity, stop.stop_price, stop.limit_price) == (Decimal("9.975"), 90, Decimal(89))
    profit = (await place.exit(Role.TAKE_PROFIT)).wish.request
    assert (profit.client_order_id, profit.order_type, profit.limit_price) == (f"{ID}.tp", OrderType.LIMIT, 120)
    place.exchange.holdings = []
    assert (await place.exit(Role.STOP_LOSS)).wish is None
