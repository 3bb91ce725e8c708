"""Every kind of recorded history replays with the workflow as it is now, sandbox on."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from workflows.backtest import BacktestRun
from workflows.converter import data_converter

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def test_each_path_through_the_workflow_is_recorded() -> None:
    paths = {"completed", "stopped", "cancelled", "terminated", "failed", "refused", "malformed", "continued_first", "continued_last"}
    assert {path.stem for path in HISTORIES} == paths


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    replayer = Replayer(workflows=[BacktestRun], data_converter=data_converter)
    await replayer.replay_workflow(WorkflowHistory.from_json(path.stem.partition("_")[0], path.read_text()))
