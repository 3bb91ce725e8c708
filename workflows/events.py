"""What a history says: the one mapping from Temporal's events to Weaver's.

Activity results carry their domain events, so nothing is inferred from the order of things; only what no
activity could report (a failure at decoding, a termination, a timeout) is read from Temporal's own events.

Inputs and signals may come from anybody, by the stock command line: what in them does not fit says nothing.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent, WorkflowExecutionStartedEventAttributes

from weaver.documents.values import decimal_text
from weaver.glados.event_types import TYPES
from weaver.walle.model import ACCOUNTS, ORDERS, EventRecord
from workflows.causes import Causes

_KNOWN = frozenset(TYPES)
_PRODUCERS = {"BacktestRun": "weaver.backtest", "TradingRun": "weaver.trading", "Order": ORDERS, "Account": ACCOUNTS}
_DEFAULT_MODES = {"BacktestRun": "backtest", "TradingRun": "paper"}
_NEWS = frozenset({"order_changed", "changed"})
"""Signals that carry orders' changes: to a run, and to the order itself."""
_FINAL = frozenset({"run.Stopped", "run.Completed", "run.Error"})
_ASKED_FOR = {
    "start": "run.Started",
    "kill": "account.Killed",
    "rearm": "account.Rearmed",
    "cancel": "orders.Cancelled",
    "amend": "orders.Cancelled",
}
"""Messages whose effect does not name them: the event that tells of it."""
_EVENTS_OF_A_LINK = 100_000
"""More than the 51,200 at which the server ends a link; keeps positions of successive links apart."""
_TOLD_AT_ONCE = 1_000
"""More events than one history event can tell in its payload."""
_AMOUNTS = (
    "quantity",
    "limit_price",
    "stop_price",
    "trail",
    "trail_percent",
    "take_profit",
    "stop_loss",
    "stop_loss_limit",
    "filled_quantity",
    "filled_avg_price",
)
"""What an order's payload holds as decimal texts."""

_Said = tuple[str, dict[str, Any], str | None]
"""Type, payload, and the corr_id that it names itself."""


class Reading:
    """Reads one link of a workflow's history, event by event from the first.

    `workflow_id` is the run's id, `link` the link's Temporal run id. An event's id is `<link>-<event id>`, with `.1`, `.2` ... for
    the second, third ... that one history event yields: the same whenever and by whomever it is read.

    With `beside_run`, an order that belongs to a run tells only what that run no longer heard: the rest is in the run's own
    history, and would be told twice.
    """

    def __init__(self, workflow_id: str, link: str, *, beside_run: bool = False) -> None:
        self.workflow_id = workflow_id
        self.link = link
        self.first_link = link
        self.number = 0
        self.next_link: str | None = None
        self.closed_at: datetime | None = None
        self._beside_run = beside_run
        self._corr_id = link
        self._stopped_by: str | None = None
        self._asked: dict[str, Any] = {}
        self._workflow = "BacktestRun"
        self._told: set[tuple[str, int]] = set()
        self._sent: dict[int, dict[str, Any]] = {}
        self._requested: dict[str, str] = {}
        self._called_off: set[int] = set()
        self._causes = Causes()
        self._is_over = False

    @property
    def before(self) -> int:
        """The last position before the link."""
        return positions_before(self.number)

    def events(self, event: HistoryEvent) -> list[EventRecord]:
        """Return what one history event says, in order; most say nothing."""
        self._take_in(event)
        return [self._record(event, index, said) for index, said in enumerate(self._said(event))]

    def _record(self, event: HistoryEvent, index: int, said: _Said) -> EventRecord:
        kind, payload, named = said
        own = f"{self.link}-{event.event_id}" + (f".{index}" if index else "")
        corr_id = named or self._requested.pop(kind, None)
        if kind in _FINAL:
            self._is_over = True
            corr_id = corr_id or self._stopped_by
        causation_id = self._causes.of(kind, payload, corr_id)
        self._causes.note(kind, payload, corr_id, own)
        if kind == "run.Stopping":
            self._stopped_by = corr_id
        return EventRecord(
            id=own,
            type=kind,
            run_id=self.workflow_id,
            position=self.before + 1 + event.event_id * _TOLD_AT_ONCE + index,
            corr_id=corr_id or self._corr_id,
            causation_id=causation_id,
            ts=_time(event),
            producer=_PRODUCERS.get(self._workflow, "weaver"),
            payload=_plain(payload) if kind.startswith("orders.") else payload,
        )

    def _take_in(self, event: HistoryEvent) -> None:
        """Learn what the link is, what was asked of it, and how it ended."""
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                self._begin(event.workflow_execution_started_event_attributes)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                signal = event.workflow_execution_signaled_event_attributes
                self._request(signal.signal_name, _value(signal.input))
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
                update = event.workflow_execution_update_accepted_event_attributes.accepted_request.input
                self._request(update.name, _value(update.args))
            case EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
                self._called_off.add(event.activity_task_cancel_requested_event_attributes.scheduled_event_id)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
                self._close(event, event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
                self._close(event, event.workflow_execution_completed_event_attributes.new_execution_run_id)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
                self._close(event, event.workflow_execution_failed_event_attributes.new_execution_run_id)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
                self._close(event, event.workflow_execution_timed_out_event_attributes.new_execution_run_id)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED | EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
                self._close(event, "")
            case _:
                return

    def _close(self, event: HistoryEvent, next_link: str) -> None:
        self.closed_at = _time(event)
        self.next_link = next_link or None

    def _request(self, name: str, message: Any) -> None:
        corr_id = message.get("corr_id") if isinstance(message, dict) else None
        if name in _ASKED_FOR and isinstance(corr_id, str):
            self._requested[_ASKED_FOR[name]] = corr_id

    def _begin(self, started: WorkflowExecutionStartedEventAttributes) -> None:
        self.first_link = started.first_execution_run_id or self.link
        self._workflow = started.workflow_type.name
        asked = _value(started.input)
        self._asked = asked if isinstance(asked, dict) else {}
        request = _json(started.memo.fields["corr_id"]) if "corr_id" in started.memo.fields else None
        self._corr_id = next((one for one in (request, self._asked.get("corr_id")) if isinstance(one, str) and one), self.first_link)
        carried = self._asked.get("carried")
        self.number = _count((carried if isinstance(carried, dict) else self._asked).get("link"))
        seen = carried.get("seen") if isinstance(carried, dict) else None
        order = self._asked.get("order")
        if isinstance(seen, dict):  # an order's: its earlier links have told these
            self._told |= {(order_id, number) for order_id, last in seen.items() for number in range(1, _count(last) + 1)}
        elif isinstance(order, dict):  # it was on record when this began, and whoever put it there has told
            self._told |= {(str(order.get("id")), number) for number in range(1, _count(order.get("changes")) + 1)}

    def _said(self, event: HistoryEvent) -> Iterator[_Said]:
        if self._beside_run and self._workflow == "Order" and self._asked.get("run_id"):
            yield from self._not_heard(event)
            return
        match event.event_type:
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                completed = event.activity_task_completed_event_attributes
                result = _value(completed.result)
                if isinstance(result, dict) and not self._is_ignored(completed.scheduled_event_id):
                    for said in result.get("events", ()):
                        if said["type"] == "orders.Created":
                            self._told.add((said["payload"]["client_order_id"], said["payload"]["changes"]))
                        yield said["type"], said["payload"], said.get("corr_id")
                    yield from self._changed(result)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                yield from self._heard(event)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
                yield from self._ended("run.Error", _error(event.workflow_execution_failed_event_attributes.failure))
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
                reason = event.workflow_execution_terminated_event_attributes.reason
                yield from self._ended("run.Error", {"message": reason or "The run was terminated.", "code": "terminated"})
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
                yield from self._ended("run.Error", {"message": "The run took longer than its workflow timeout.", "code": "timed_out"})
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
                yield from self._ended("run.Stopped", None)
            case _:
                return

    def _is_ignored(self, scheduled_event_id: int) -> bool:
        """Tell whether the run takes nothing from an activity's result: a trading run does not wait for what it has called off, which may
        complete all the same."""
        return self._workflow == "TradingRun" and scheduled_event_id in self._called_off

    def _not_heard(self, event: HistoryEvent) -> Iterator[_Said]:
        """Yield what an order wanted to tell its run and could not, since the run had ended."""
        match event.event_type:
            case EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
                sent = event.signal_external_workflow_execution_initiated_event_attributes
                message = _value(sent.input)
                if sent.signal_name in _NEWS and isinstance(message, dict):
                    self._sent[event.event_id] = message
            case EventType.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED:
                self._sent.pop(event.external_workflow_execution_signaled_event_attributes.initiated_event_id, None)
            case EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
                failed = event.signal_external_workflow_execution_failed_event_attributes
                yield from self._news(self._sent.pop(failed.initiated_event_id, {}))
            case _:
                return

    def _heard(self, event: HistoryEvent) -> Iterator[_Said]:
        """Yield what a signal tells: of orders, or of an account's connection."""
        attributes = event.workflow_execution_signaled_event_attributes
        message = _value(attributes.input)
        if not isinstance(message, dict):
            return
        if attributes.signal_name in _NEWS:
            yield from self._news(message)
        elif attributes.signal_name == "noticed":
            kind, payload = message.get("type"), message.get("payload")
            if kind in _KNOWN and isinstance(payload, dict):
                yield str(kind), payload, _text(message.get("corr_id"))

    def _news(self, message: dict[str, Any]) -> Iterator[_Said]:
        yield from self._changed(message)
        refused = message.get("refused")
        for order_id, why in refused.items() if isinstance(refused, dict) else ():
            if isinstance(why, list) and len(why) == 2:
                yield "risk.Refused", {"order_id": order_id, "rule": why[0], "message": why[1]}, _text(message.get("corr_id"))

    def _changed(self, message: dict[str, Any]) -> Iterator[_Said]:
        """Yield changes of orders, each once: an order hears of one from its venue's answer and from the stream."""
        changes = message.get("changes")
        for change in changes if isinstance(changes, list) else ():
            if not isinstance(change, dict) or change.get("event") not in _KNOWN or not isinstance(change.get("order"), dict):
                continue
            key = (str(change.get("order_id")), _count(change.get("number")))
            if key not in self._told:
                self._told.add(key)
                payload = change["order"] | {"client_order_id": change.get("order_id")}
                reason = change.get("reason")
                yield change["event"], payload | ({"reason": reason} if reason else {}), _text(message.get("corr_id"))

    def _ended(self, kind: str, error: dict[str, Any] | None) -> Iterator[_Said]:
        """Yield the end that Temporal saw, unless the run itself has said how it ended."""
        if self._is_over or self._workflow not in _DEFAULT_MODES:
            return
        payload: dict[str, Any] = {
            "run_id": self.workflow_id,
            "strategy": str(self._asked.get("strategy", "")),
            "mode": str(self._asked.get("mode") or _DEFAULT_MODES.get(self._workflow, "")),
            "status": "stopped" if kind == "run.Stopped" else "error",
        }
        yield kind, payload | ({"error": error} if error else {}), None


def positions_before(link: int) -> int:
    """Return the last position that events of the links before the `link`th (from 0) may have."""
    return link * _EVENTS_OF_A_LINK * _TOLD_AT_ONCE - 1


def events_of(history: Iterable[HistoryEvent], *, run_id: str, link: str) -> list[EventRecord]:
    """Return the events of one whole link in order."""
    reading = Reading(run_id, link)
    return [event for entry in history for event in reading.events(entry)]


def _plain(order: dict[str, Any]) -> dict[str, Any]:
    """Return an order's payload with its amounts as decimal texts without exponent and without zeros at the end."""
    return order | {name: _amount(order[name]) for name in _AMOUNTS if isinstance(order.get(name), str)}


def _amount(text: str) -> str:
    try:
        return decimal_text(Decimal(text))
    except InvalidOperation:
        return text


def _error(failure: Failure) -> dict[str, Any]:
    """Return message, code, file and line of a failure: its first detail when that is a RunError."""
    details = _value(failure.application_failure_info.details)
    if isinstance(details, dict) and "code" in details and "message" in details:
        return details
    kind = failure.application_failure_info.type
    return {"message": failure.message, "code": "bad_input" if kind == "PayloadValidationError" else "error"}


def _value(payloads: Payloads) -> Any:
    """Return the JSON value of the first payload, None when there is none or it is no JSON."""
    return _json(payloads.payloads[0]) if payloads.payloads else None


def _json(payload: Payload) -> Any:
    if payload.metadata.get("encoding") != b"json/plain":
        return None
    try:
        value = json.loads(payload.data, parse_constant=_none)
        # Half a pair of surrogates is JSON, but no text that could be stored or sent.
        return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) if b"\\ud" in payload.data.lower() else value
    except ValueError:
        return None


def _none(constant: str) -> None:
    """Take NaN and Infinity, which JSON has not, as null."""
    del constant


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < _EVENTS_OF_A_LINK else 0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime(tzinfo=UTC)
