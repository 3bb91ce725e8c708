"""Every kind of recorded history replays with the workflow as it is now, sandbox on."""

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import _Definition

from processes.served import NOTIFYING, WORKFLOWS
from workflows.converter import data_converter

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


PATHS = {"completed", "stopped", "cancelled", "terminated", "failed", "refused", "malformed", "continued_first", "continued_last"}
TRADING = {"flattened", "told", "paused", "cancelled", "failed", "refused", "continued_first", "continued_last", "newcomer", "late_news"}
ORDERS = {"filled", "cancelled", "bracket", "amended", "in_doubt", "own_exits", "ended_with_run", "continued_first", "continued_last"}
NOTIFICATIONS = {"notifier", "delivery", "delivery_digest"}
ACCOUNTS = {"account", "account_continued_first", "account_continued_last"}


def test_each_path_through_the_workflows_is_recorded() -> None:
    trading = {f"trading_{path}" for path in TRADING} | {f"order_{path}" for path in ORDERS} | ACCOUNTS
    assert {path.stem for path in HISTORIES} == PATHS | trading | {"archive"} | NOTIFICATIONS


def test_each_workflow_that_workers_serve_is_recorded() -> None:
    recorded = {_begun(path)["workflowType"]["name"] for path in HISTORIES}
    assert recorded == {definition.name for served in (*WORKFLOWS, *NOTIFYING) if (definition := _Definition.must_from_class(served))}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    replayer = Replayer(workflows=[*WORKFLOWS, *NOTIFYING], data_converter=data_converter)
    await replayer.replay_workflow(WorkflowHistory.from_json(_begun(path)["workflowId"], path.read_text()))


def _begun(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())["events"][0]["workflowExecutionStartedEventAttributes"]
