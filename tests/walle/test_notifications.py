"""What channels are to be told, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.notify.events import an_event
from weaver.walle.database import Database
from weaver.walle.notifications import Notifications

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def store(database: Database) -> Notifications:
    return Notifications(database)


def test_an_event_is_noted_once_for_each_channel(store: Notifications) -> None:
    event = an_event()
    store.note([("ops", event), ("mail", event)], NOON)
    store.note([("ops", event)], NOON + timedelta(seconds=1))

    assert store.waiting() == ["mail", "ops"]
    assert [one.event_id for one in store.unplanned("ops", 10)] == [event.id]
    assert [(count.channel, count.waiting, count.oldest) for count in store.counts()] == [("mail", 1, NOON), ("ops", 1, NOON)]


def test_more_than_fits_an_insert_is_noted(store: Notifications) -> None:
    store.note([("ops", an_event(number)) for number in range(1_000)], NOON)

    assert len(store.unplanned("ops", 2_000)) == 1_000


def test_a_message_has_the_same_events_at_each_try(store: Notifications) -> None:
    events = [an_event(number) for number in (1, 2, 3)]
    store.note([("ops", event) for event in events], NOON)
    store.plan("ops", {"one": ["link-1"], "digest-x": ["link-2", "link-3"]}, NOON)
    store.plan("ops", {"digest-y": ["link-1", "link-2"]}, NOON)  # by a try that came late

    assert store.planned("ops") == ["one", "digest-x"]
    assert store.events("ops", "digest-x") == events[1:]
    assert store.events("ops", "digest-y") == []
    assert store.unplanned("ops", 10) == []
    assert store.planned_since("ops", NOON - timedelta(seconds=1)) == {"one": NOON, "digest-x": NOON}
    assert store.planned_since("ops", NOON + timedelta(seconds=1)) == {}


def test_what_was_taken_or_given_up_waits_no_longer(store: Notifications) -> None:
    store.note([("ops", an_event(number)) for number in (1, 2, 3)], NOON)
    store.plan("ops", {f"link-{number}": [f"link-{number}"] for number in (1, 2, 3)}, NOON)
    store.met("ops", "link-2", "It answered 500.")
    later = NOON + timedelta(seconds=9)
    store.delivered("ops", "link-1", later)
    store.failed("ops", "link-2", later)

    (count,) = store.counts()
    assert (count.waiting, count.delivered, count.failed) == (1, 1, 1)
    assert (count.last_delivered, count.problem) == (later, "It answered 500.")
    assert store.planned("ops") == ["link-3"]
    store.note([("ops", an_event(1))], later)
    assert store.planned("ops") == ["link-3"], "what is delivered is not told again"

    store.forget(later)
    assert store.counts()[0].delivered == 1
    store.forget(later + timedelta(seconds=1))
    assert (store.counts()[0].delivered, store.counts()[0].waiting) == (0, 1)


def test_how_far_was_followed_never_goes_back(store: Notifications) -> None:
    assert store.seen_until() is None
    store.saw(NOON)
    store.saw(NOON - timedelta(minutes=1))
    assert store.seen_until() == NOON
