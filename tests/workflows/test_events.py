"""What recorded histories say."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from weaver.walle.model import EventRecord
from workflows.events import Reading, events_of

HISTORIES = Path(__file__).parent / "histories"
WINDOW = ["data.WindowReady", "backtest.WindowCompleted"]


def history_of(name: str) -> WorkflowHistory:
    return WorkflowHistory.from_json(name, (HISTORIES / f"{name}.json").read_text())


def read(name: str, link: str = "link") -> list[EventRecord]:
    return events_of(history_of(name).events, run_id=name, link=link)


def kinds(name: str) -> list[str]:
    return [event.type for event in read(name)]


def test_a_completed_run_tells_its_story() -> None:
    assert kinds("completed") == ["run.Created", "run.Started", *WINDOW, *WINDOW, *WINDOW, "run.Completed"]


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("stopped", {"status": "stopped"}),
        ("cancelled", {"status": "stopped"}),
        ("failed", {"status": "error"}),
        ("refused", {"status": "error"}),
        ("terminated", {"status": "error", "error": {"message": "enough", "code": "terminated"}}),
        ("malformed", {"status": "error"}),
    ],
)
def test_each_end_is_told_once(name: str, last: dict[str, object]) -> None:
    events = read(name)
    ends = [event for event in events if event.type in {"run.Completed", "run.Stopped", "run.Error"}]
    assert ends == [events[-1]]
    assert events[-1].payload == events[-1].payload | last


def test_a_run_that_failed_at_decoding_says_why() -> None:
    (event,) = read("malformed")
    error = event.payload["error"]
    assert isinstance(error, dict)
    assert error["code"] == "bad_input"
    assert "strategy: Field required" in str(error["message"])


def test_a_failed_strategy_is_named_with_its_line() -> None:
    error = read("failed")[-1].payload["error"]
    assert isinstance(error, dict)
    assert (error["code"], error["file"], error["line"]) == ("strategy_broken", "home/plugins/divides.py", 10)


def test_ids_are_those_of_the_history_and_unique() -> None:
    events = read("completed", link="abc")
    ids = [event.id for event in events]
    assert len(set(ids)) == len(ids)
    ready, done = events[2], events[3]
    assert done.id == f"{ready.id}.1"
    assert done.causation_id == ready.id
    assert ready.id.startswith("abc-")


def test_positions_go_on_in_the_next_link() -> None:
    first, last = read("continued_first", "one"), read("continued_last", "two")
    positions = [event.position for event in first + last]
    assert positions == sorted(positions)
    assert {event.corr_id for event in first} == {event.corr_id for event in last}
    assert last[0].type == "data.WindowReady"


def test_read_event_by_event_it_is_the_same() -> None:
    reading = Reading("completed", "link")
    assert [event for entry in history_of("completed").events for event in reading.events(entry)] == read("completed")


def test_progress_and_data_are_in_the_windows() -> None:
    ready, done = read("completed")[2:4]
    assert ready.payload["symbols"] == ["SEED/USD"]
    assert (ready.payload["from"], ready.payload["to"], ready.payload["bars"]) == ("2024-01-01T00:00:00Z", "2024-01-01T16:40:00Z", 1_000)
    assert done.payload["progress"] == {"bars_done": 1_000, "bars_total": 3_000, "pct": 33.333}
    assert isinstance(done.payload["equity"], str)
