"""What recorded histories say."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.api.common.v1 import Memo, Payload, Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from tests.workflows.record_told import HISTORIES, TOLD, told
from weaver.walle.model import EventRecord
from workflows.events import TYPES, Reading, events_of

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
    assert ready.causation_id == events[1].id
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


def test_what_each_recorded_history_says_its_causes_and_its_requests_stay_the_same() -> None:
    assert told() == json.loads(TOLD.read_text())


def test_a_bar_leads_to_a_decision_that_to_orders_and_each_change_follows_from_the_one_before() -> None:
    events = {event.id: event for event in read("trading_told")}
    filled = next(event for event in events.values() if event.type == "orders.Filled")
    way = [filled]
    while way[-1].causation_id:
        way.append(events[way[-1].causation_id])
    assert [event.type for event in way] == [
        "orders.Filled",
        "orders.Accepted",
        "orders.Submitted",
        "orders.Created",
        "strategy.DecisionMade",
        "clock.Tick",
    ]
    assert {event.corr_id for event in way} == {f"told:{way[-1].payload['bar_end']}"}


def test_what_a_run_was_stopped_for_ends_it() -> None:
    events = read("stopped")
    assert events[-1].causation_id == next(event.id for event in events if event.type == "run.Stopping")


def test_amounts_are_plain_decimals() -> None:
    for event in read("order_own_exits"):
        for name in ("quantity", "filled_quantity", "limit_price", "stop_price", "filled_avg_price"):
            value = event.payload.get(name)
            assert value is None or (isinstance(value, str) and "E" not in value and (value == "0" or not value.endswith(".0")))


def test_every_type_that_is_told_is_known() -> None:
    assert {kind for events in told().values() for _, kind, *_ in events} <= set(TYPES)


# Histories made here: what recorded ones do not hold.


def json_payload(value: object) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())


class Made:
    """A history that grows."""

    def __init__(self, workflow: str, asked: object, *, corr_id: str | None = None) -> None:
        self.events: list[HistoryEvent] = []
        started = self._add(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED).workflow_execution_started_event_attributes
        started.workflow_type.name = workflow
        started.first_execution_run_id = "first"
        started.input.CopyFrom(Payloads(payloads=[json_payload(asked)]))
        if corr_id is not None:
            started.memo.CopyFrom(Memo(fields={"corr_id": json_payload(corr_id)}))

    def _add(self, kind: EventType.ValueType) -> HistoryEvent:
        event = HistoryEvent(event_id=len(self.events) + 1, event_type=kind)
        event.event_time.FromDatetime(datetime(2026, 1, 2, tzinfo=UTC))
        self.events.append(event)
        return event

    def signal(self, name: str, message: object) -> "Made":
        attributes = self._add(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED).workflow_execution_signaled_event_attributes
        attributes.signal_name = name
        attributes.input.CopyFrom(Payloads(payloads=[json_payload(message)]))
        return self

    def result(self, value: object, *, of: int = 0) -> "Made":
        """Let the activity that was scheduled as event `of` complete."""
        event = self._add(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
        event.activity_task_completed_event_attributes.scheduled_event_id = of
        event.activity_task_completed_event_attributes.result.CopyFrom(Payloads(payloads=[json_payload(value)]))
        return self

    def call_off(self, scheduled_event_id: int) -> "Made":
        event = self._add(EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED)
        event.activity_task_cancel_requested_event_attributes.scheduled_event_id = scheduled_event_id
        return self

    def sends(self, message: object, *, is_heard: bool) -> "Made":
        """Let the workflow signal its run."""
        sent = self._add(EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)
        attributes = sent.signal_external_workflow_execution_initiated_event_attributes
        attributes.signal_name = "order_changed"
        attributes.input.CopyFrom(Payloads(payloads=[json_payload(message)]))
        if is_heard:
            done = self._add(EventType.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED)
            done.external_workflow_execution_signaled_event_attributes.initiated_event_id = sent.event_id
        else:
            failed = self._add(EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
            failed.signal_external_workflow_execution_failed_event_attributes.initiated_event_id = sent.event_id
        return self

    def told(self, **how: Any) -> list[EventRecord]:
        reading = Reading("made", "link", **how)
        return [event for entry in self.events for event in reading.events(entry)]


def run_event(kind: str, **more: object) -> dict[str, object]:
    return {"events": [{"type": kind, "payload": {"run_id": "made"}, **more}]}


def change(number: int, kind: str = "orders.Filled", order_id: str = "o") -> dict[str, Any]:
    return {"order_id": order_id, "number": number, "event": kind, "order": {"id": order_id, "run_id": "r", "quantity": "1E+2"}}


def test_the_request_that_started_a_run_is_in_its_events_and_each_message_in_what_it_caused() -> None:
    made = Made("TradingRun", {"strategy": "s"}, corr_id="request-1").result(run_event("run.Created"))
    made.signal("start", {"corr_id": "request-2"}).result(run_event("run.Started"))
    made.result(run_event("run.Stopping", corr_id="request-3")).result(run_event("run.Stopped"))
    events = made.told()
    assert [event.corr_id for event in events] == ["request-1", "request-2", "request-3", "request-3"]
    assert [event.causation_id for event in events] == [None, events[0].id, None, events[2].id]


@pytest.mark.parametrize(
    ("workflow", "last"),
    [
        ("TradingRun", ["run.Stopped"]),  # its fetch completed all the same, and the run did not wait for it
        ("BacktestRun", ["run.Stopped", "clock.Tick"]),  # which waits for what it calls off, and takes the result
    ],
)
def test_what_an_activity_says_that_was_called_off_counts_only_where_the_run_waits_for_it(workflow: str, last: list[str]) -> None:
    made = Made(workflow, {"strategy": "s"}).result(run_event("clock.Tick"), of=5).call_off(7)
    made.result(run_event("run.Stopped"), of=9).result(run_event("clock.Tick"), of=7)
    assert [event.type for event in made.told()] == ["clock.Tick", *last]


def test_without_a_request_a_runs_events_are_grouped_by_its_first_link() -> None:
    (event,) = Made("BacktestRun", {"strategy": "s"}).result(run_event("run.Created")).told()
    assert event.corr_id == "first"


def test_whoever_works_the_kill_switch_is_in_the_event() -> None:
    made = Made("Account", {"account": "a"}).signal("kill", {"corr_id": "request", "flatten": True})
    (event,) = made.result({"events": [{"type": "account.Killed", "payload": {"account": "a"}}]}).told()
    assert (event.corr_id, event.about_run) == ("request", None)


def test_an_order_tells_beside_its_run_only_what_the_run_did_not_hear() -> None:
    made = Made("Order", {"run_id": "r", "order": {"id": "o", "changes": 1}, "corr_id": "r:bar"})
    made.result({"outcome": "known", "changes": [change(2, "orders.Submitted")]})
    made.sends({"changes": [change(2, "orders.Submitted")], "corr_id": "r:bar"}, is_heard=True)
    made.signal("changed", {"changes": [change(3)]})
    made.sends({"changes": [change(3)], "corr_id": "r:bar"}, is_heard=False)
    (event,) = made.told(beside_run=True)
    assert (event.type, event.id, event.corr_id, event.about_run) == ("orders.Filled", "link-7", "r:bar", "r")
    assert event.payload["quantity"] == "100"
    assert [one.type for one in made.told()] == ["orders.Submitted", "orders.Filled"]


def test_positions_of_many_events_in_one_do_not_reach_into_the_next() -> None:
    made = Made("TradingRun", {"strategy": "s"})
    made.signal("order_changed", {"changes": [change(1, order_id=f"o{number}") for number in range(40)]})
    made.signal("order_changed", {"changes": [change(1, order_id="last")]})
    events = made.told()
    assert [event.position for event in events] == sorted({event.position for event in events})
    assert events[-1].payload["id"] == "last"


@pytest.mark.parametrize(
    "message",
    [
        {"changes": 1},
        {"changes": [1, None, {}]},
        {"changes": [{"order_id": 1, "number": "x", "event": "evil\ndata: 1", "order": {}}]},
        {"changes": [{"order_id": 1, "number": [], "event": "orders.Filled", "order": 7}]},
        {"refused": [1]},
        {"refused": {"o": 1}},
        [],
        None,
        "text",
    ],
)
def test_signals_that_anybody_may_send_break_nothing(message: object) -> None:
    made = Made("TradingRun", {"carried": {"link": "x", "seen": {"o": []}}, "order": 3, "corr_id": 9})
    made.signal("order_changed", message).signal("noticed", message).signal("start", message)
    made.signal("noticed", {"type": "evil\ndata: 1", "payload": {}}).signal("noticed", {"type": "account.Connected"})
    assert made.told() == []
    made.signal("order_changed", {"changes": [change(1)]})
    assert [event.type for event in made.told()] == ["orders.Filled"]


def test_a_text_that_could_not_be_stored_is_made_storable() -> None:
    made = Made("TradingRun", {"strategy": "s"})
    made.signal("order_changed", {"changes": [change(1) | {"reason": "half a pair: \ud800"}]})
    (event,) = made.told()
    assert str(event.payload["reason"]).encode() == b"half a pair: ?"
