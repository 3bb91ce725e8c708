"""However much happens, a channel gets few messages a minute, and every event is in one of them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from weaver.notify.pacing import MINUTE, Pace, pace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_few_events_are_told_one_by_one() -> None:
    assert pace(["a", "b"], {}, 3, NOON) == Pace(messages={"a": ["a"], "b": ["b"]})


def test_more_than_the_limit_are_told_by_one_digest() -> None:
    paced = pace(["a", "b", "c"], {"x": NOON}, 3, NOON)

    assert [list(told) for told in paced.messages.values()] == [["a", "b", "c"]]
    assert pace(["a", "b", "c"], {"x": NOON}, 3, NOON) == paced, "the same events make the same id"


def test_the_next_digest_waits_until_a_minute_has_passed() -> None:
    digest = next(iter(pace(["a", "b"], {"x": NOON}, 2, NOON).messages))

    assert pace(["c", "d"], {"x": NOON, digest: NOON}, 2, NOON + timedelta(seconds=20)) == Pace(wait=timedelta(seconds=40))
    assert len(pace(["c", "d", "e"], {digest: NOON}, 2, NOON + MINUTE).messages) == 1


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 5))
def test_no_minute_has_more_messages_than_the_limit_and_one(arrivals: list[int], limit: int) -> None:
    sent: dict[str, datetime] = {}
    told: list[str] = []
    waiting: list[str] = []
    now, number = NOON, 0
    for count in [*arrivals, *[0] * 20]:
        waiting += [f"e{number + one}" for one in range(count)]
        number += count
        paced = pace(waiting, sent, limit, now)
        for message, events in paced.messages.items():
            sent[message] = now
            told += events
            waiting = waiting[len(events) :]
        assert len([at for at in sent.values() if at > now - MINUTE]) <= limit + 1
        now += timedelta(seconds=7)

    assert told == [f"e{one}" for one in range(number)]
