"""What people read."""

import json

import pytest

from tests.notify.events import an_event
from weaver.glados.event_types import TYPES
from weaver.notify.messages import digest_id, message_of
from weaver.notify.wording import line
from weaver.walle.model import EventRecord


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (an_event(), "Filled: buy 1 SIM/USD, at 99.5 [run first, account simulated-paper]"),
        (an_event(1, "orders.Rejected", side="sell", quantity="2", symbol="AAPL", reason="no\nfunds"),
         "Rejected: sell 2 AAPL (no funds) [run first]"),
        (an_event(1, "run.Error", error={"message": "division by zero"}), "Run ended in error (division by zero) [run first]"),
        (an_event(1, "run.Completed"), "Run completed [run first]"),
        (an_event(1, "clock.Missed", count=3), "Bars' ends missed: 3 [run first]"),
        (an_event(1, "risk.Breached", account="a-live", rule="max_daily_loss", message="Too much."),
         "Limit breached: max_daily_loss (Too much.) [run first, account a-live]"),
        (an_event(1, "account.Killed", account="a-live", reason="odd"), "Kill switch on (odd) [account a-live]"),
        (
            an_event(1, "account.Drift", account="a-live", drift=[{"kind": "position", "symbol": "X", "ours": "1", "theirs": "2"}]),
            "Differs from its venue: X position ours 1, theirs 2 [account a-live]",
        ),
        (an_event(1, "account.Drift", account="a-live", drift=[]), "Differs from its venue: no more [account a-live]"),
    ],
    ids=lambda value: value.type if isinstance(value, EventRecord) else "",
)  # fmt: skip
def test_an_event_is_told_in_a_line(event: EventRecord, told: str) -> None:
    assert line(event) == told


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_can_be_told_whatever_its_payload(kind: str) -> None:
    for payload in ({}, {"drift": "x", "error": [], "reason": 7, "message": {"a": 1}}):
        assert "\n" not in line(an_event(1, kind, **payload))


def test_a_digest_counts_all_and_shows_first_what_is_rare() -> None:
    events = [an_event(number) for number in range(1, 400)] + [an_event(400, "account.Killed", account="a-live", reason="odd")]

    message = message_of(digest_id([event.id for event in events]), events)

    assert message.title == "Weaver: 400 events"
    assert "399 × orders.Filled" in message.text
    assert "Kill switch on (odd)" in message.text
    assert "and 380 more" in message.text
    assert len(json.loads(message.body())["events"]) == 400


def test_the_body_is_the_same_bytes_at_each_try() -> None:
    event = an_event()

    assert message_of("link-1", [event]).body() == message_of("link-1", [event]).body()
    assert json.loads(message_of("link-1", [event]).body())["events"][0]["id"] == "link-1"
