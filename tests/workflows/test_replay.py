"""Every kind of recorded history replays with the workflow as it is now, sandbox on."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from workflows.account import Account
from workflows.backtest import BacktestRun
from workflows.converter import data_converter
from workflows.order import Order
from workflows.trading import TradingRun

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


PATHS = {"completed", "stopped", "cancelled", "terminated", "failed", "refused", "malformed", "continued_first", "continued_last"}
TRADING = {"flattened", "told", "paused", "cancelled", "failed", "refused", "continued_first", "continued_last"}
ORDERS = {"filled", "cancelled", "bracket", "amended", "in_doubt", "own_exits", "continued_first", "continued_last"}
ACCOUNTS = {"account", "account_continued_first", "account_continued_last"}


def test_each_path_through_the_workflows_is_recorded() -> None:
    trading = {f"trading_{path}" for path in TRADING} | {f"order_{path}" for path in ORDERS} | ACCOUNTS
    assert {path.stem for path in HISTORIES} == PATHS | trading


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    replayer = Replayer(workflows=[BacktestRun, TradingRun, Order, Account], data_converter=data_converter)
    text = path.read_text()
    started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
    await replayer.replay_workflow(WorkflowHistory.from_json(started["workflowId"], text))
