"""What a history says: the one mapping from Temporal's events to Weaver's.

Activity results carry their domain events, so nothing is inferred from the order of things; only what no
activity could report (a failure at decoding, a termination, a timeout) is read from Temporal's own events.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from weaver.walle.model import EventRecord

_PRODUCERS = {"BacktestRun": "weaver.backtest", "TradingRun": "weaver.trading", "Order": "weaver.orders", "Account": "weaver.accounts"}
_DEFAULT_MODES = {"BacktestRun": "backtest", "TradingRun": "paper"}
_NEWS = frozenset({"order_changed", "changed"})
"""Signals that carry orders' changes: to a run, and to the order itself."""
_FINAL = frozenset({"run.Stopped", "run.Completed", "run.Error"})
_EVENTS_OF_A_LINK = 100_000
"""More than the 51,200 at which the server ends a link; keeps positions of successive links apart."""


class Reading:
    """Reads one link of a run's history, event by event from the first.

    `link` is the link's Temporal run id. An event's id is `<link>-<event id>`, with `.1`, `.2` ... for the second,
    third ... that one history event yields: the same whenever and by whomever it is read.
    """

    def __init__(self, run_id: str, link: str) -> None:
        self.run_id = run_id
        self.link = link
        self._first_link = link
        self._number = 0
        self._asked: dict[str, Any] = {}
        self._workflow = "BacktestRun"
        self._told: set[tuple[str, int]] = set()
        self._is_over = False

    def events(self, event: HistoryEvent) -> list[EventRecord]:
        """Return what one history event says, in order; most say nothing."""
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            self._begin(event)
        found = list(self._said(event))
        self._is_over = self._is_over or any(kind in _FINAL for kind, _, _ in found)
        return [
            EventRecord(
                id=f"{self.link}-{event.event_id}" + (f".{index}" if index else ""),
                type=kind,
                run_id=self.run_id,
                position=(self._number * _EVENTS_OF_A_LINK + event.event_id) * 10 + index,
                corr_id=corr_id or self._first_link,
                causation_id=f"{self.link}-{event.event_id}" if index else None,
                ts=_time(event),
                producer=_PRODUCERS.get(self._workflow, "weaver"),
                payload=payload,
            )
            for index, (kind, payload, corr_id) in enumerate(found)
        ]

    def _begin(self, event: HistoryEvent) -> None:
        attributes = event.workflow_execution_started_event_attributes
        self._first_link = attributes.first_execution_run_id or self.link
        self._workflow = attributes.workflow_type.name
        asked = _value(attributes.input)
        self._asked = asked if isinstance(asked, dict) else {}
        carried = self._asked.get("carried")
        self._number = int(carried.get("link", 0)) if isinstance(carried, dict) else 0
        seen = carried.get("seen") if isinstance(carried, dict) else None
        if isinstance(seen, dict):  # an order's: its earlier links have told these
            self._told |= {(order_id, number) for order_id, last in seen.items() for number in range(1, last + 1)}

    def _said(self, event: HistoryEvent) -> Iterator[tuple[str, dict[str, Any], str | None]]:
        match event.event_type:
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                result = _value(event.activity_task_completed_event_attributes.result)
                if isinstance(result, dict):
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

    def _heard(self, event: HistoryEvent) -> Iterator[tuple[str, dict[str, Any], str | None]]:
        """Yield what a signal tells: of orders, or of an account's connection."""
        attributes = event.workflow_execution_signaled_event_attributes
        message = _value(attributes.input)
        if not isinstance(message, dict):
            return
        if attributes.signal_name in _NEWS:
            yield from self._changed(message)
            for order_id, (rule, text) in (message.get("refused") or {}).items():
                yield "risk.Refused", {"order_id": order_id, "rule": rule, "message": text}, message.get("corr_id")
        elif attributes.signal_name == "noticed":
            yield message["type"], message["payload"], message.get("corr_id")

    def _changed(self, message: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str | None]]:
        """Yield changes of orders, each once: an order hears of one from its venue's answer and from the stream."""
        for change in message.get("changes") or ():
            key = (change["order_id"], change["number"])
            if key not in self._told:
                self._told.add(key)
                yield change["event"], change["order"] | {"client_order_id": change["order_id"]}, message.get("corr_id")

    def _ended(self, kind: str, error: dict[str, Any] | None) -> Iterator[tuple[str, dict[str, Any], str | None]]:
        """Yield the end that Temporal saw, unless the run itself has said how it ended."""
        if self._is_over or self._workflow not in _DEFAULT_MODES:
            return
        payload: dict[str, Any] = {
            "run_id": self.run_id,
            "strategy": str(self._asked.get("strategy", "")),
            "mode": str(self._asked.get("mode") or _DEFAULT_MODES.get(self._workflow, "")),
            "status": "stopped" if kind == "run.Stopped" else "error",
        }
        yield kind, payload | ({"error": error} if error else {}), None


def events_of(history: Iterable[HistoryEvent], *, run_id: str, link: str) -> list[EventRecord]:
    """Return the events of one whole link in order."""
    reading = Reading(run_id, link)
    return [event for entry in history for event in reading.events(entry)]


def _error(failure: Failure) -> dict[str, Any]:
    """Return message, code, file and line of a failure: its first detail when that is a RunError."""
    details = _value(failure.application_failure_info.details)
    if isinstance(details, dict) and "code" in details and "message" in details:
        return details
    kind = failure.application_failure_info.type
    return {"message": failure.message, "code": "bad_input" if kind == "PayloadValidationError" else "error"}


def _value(payloads: Payloads) -> Any:
    """Return the JSON value of the first payload, None when there is none or it is no JSON."""
    if not payloads.payloads or payloads.payloads[0].metadata.get("encoding") != b"json/plain":
        return None
    try:
        return json.loads(payloads.payloads[0].data)
    except ValueError:
        return None


def _time(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime(tzinfo=UTC)
