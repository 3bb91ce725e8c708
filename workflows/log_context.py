"""What log lines are about, from a workflow to its activities: run and request go with each activity as a header.

Headers are no part of what is compared when a history is replayed.
"""

import json
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ExecuteWorkflowInput,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)

HEADER = "weaver-about"
_RUNS = ("BacktestRun", "TradingRun")


def named(task: object, name: str) -> str | None:
    """Return an input's field when it is a text."""
    value = getattr(task, name, None)
    return value if isinstance(value, str) else None


def about(payload: Payload | None) -> dict[str, str]:
    """Return what a header says; nothing where there is none."""
    return json.loads(payload.data) if payload is not None else {}


class Naming(WorkflowInboundInterceptor):
    """Notes what a workflow is about when it begins."""

    def __init__(self, next: WorkflowInboundInterceptor) -> None:  # noqa: A002  # Temporal's own name
        super().__init__(next)
        self._about: dict[str, str] = {}

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Telling(outbound, self._about))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002  # Temporal's own name
        info = workflow.info()
        task = input.args[0] if input.args else None
        known = {
            "run_id": info.workflow_id if info.workflow_type in _RUNS else named(task, "run_id"),
            "corr_id": workflow.memo_value("corr_id", None, type_hint=str) or named(task, "corr_id"),
        }
        self._about.update({name: value for name, value in known.items() if value})
        return await super().execute_workflow(input)


class _Telling(WorkflowOutboundInterceptor):
    def __init__(self, next: WorkflowOutboundInterceptor, known: dict[str, str]) -> None:  # noqa: A002  # Temporal's own name
        super().__init__(next)
        self._about = known

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002  # Temporal's own name
        if self._about:
            told = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(self._about).encode())
            input.headers = {**input.headers, HEADER: told}
        return super().start_activity(input)
