from itertools import product

import pytest

from weaver.orders import OrderStatus, Side, may_follow

S = OrderStatus
FINAL = {S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED}

ALLOWED = {
    S.PENDING: {S.SUBMITTING, S.CANCELLED, S.REJECTED, S.EXPIRED},
    S.SUBMITTING: {S.SUBMITTED, S.ACCEPTED, S.PARTIAL, S.IN_DOUBT} | FINAL,
    S.SUBMITTED: {S.ACCEPTED, S.PARTIAL, S.IN_DOUBT} | FINAL,
    S.ACCEPTED: {S.PARTIAL, S.IN_DOUBT} | FINAL,
    S.PARTIAL: {S.IN_DOUBT} | FINAL,
    S.IN_DOUBT: {S.SUBMITTING, S.SUBMITTED, S.ACCEPTED, S.PARTIAL} | FINAL,
}


@pytest.mark.parametrize(("status", "following"), list(product(S, S)))
def test_an_order_goes_where_the_table_says_and_nowhere_else(status: OrderStatus, following: OrderStatus) -> None:
    assert may_follow(status, following) == (status is following or following in ALLOWED.get(status, set()))


def test_final_statuses_are_those_that_nothing_follows() -> None:
    assert {status for status in S if status.is_final} == FINAL == set(S) - set(ALLOWED)


def test_an_order_is_on_record_as_being_sent_before_the_venue_can_know_it() -> None:
    assert not any(may_follow(S.PENDING, known) for known in (S.SUBMITTED, S.ACCEPTED, S.PARTIAL, S.FILLED, S.IN_DOUBT))


def test_an_order_in_doubt_can_be_sent_again() -> None:
    assert may_follow(S.IN_DOUBT, S.SUBMITTING)
    assert not may_follow(S.IN_DOUBT, S.PENDING)


def test_sides_have_signs_and_opposites() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)
