"""The process that serves live decisions: real, with a real Temporal server, and ended when a strategy overruns."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.beacon import Started
from activities.failures import of_ending
from activities.slots import Ending, Slots
from tests.builders import MONDAY, bars_of, walk
from tests.workflows.stack import Stack
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.market import from_microseconds
from weaver.walle.database import Database
from weaver.walle.live_bars import LiveBars
from weaver.walle.model import RunRecord
from weaver.walle.records import Records
from weaver.walle.trading_model import LiveBar
from weaver.walle.trading_queries import TradingQueries
from workflows.trading_inputs import DecideTask, Decision, Ledger, Pinned, PinTask
from workflows.trading_names import MARVIN_QUEUE

BARS = bars_of(walk(40))


@workflow.defn
class PinAndDecide:
    """What a run asks of the process, and no more."""

    @workflow.run
    async def run(self, request: RunCreate) -> Decision:
        options: dict[str, Any] = {
            "task_queue": MARVIN_QUEUE,
            "start_to_close_timeout": timedelta(seconds=60),
            "retry_policy": RetryPolicy(maximum_attempts=2),
        }
        run_id = workflow.info().workflow_id
        pinned = await workflow.execute_activity("pin_strategy", PinTask(run_id=run_id, request=request), result_type=Pinned, **options)
        task = DecideTask(
            run_id=run_id,
            strategy=request.strategy,
            plan=pinned.plan,
            account="simulated-paper",
            end=from_microseconds(int(BARS.ends[-1])),
            first_end=from_microseconds(int(BARS.ends[20])),
            fresh=request.symbols,
            ledger=Ledger(cash=Decimal(1_000)),
        )
        return await workflow.execute_activity("decide", task, result_type=Decision, **options)


class Place:
    """A Temporal server, and one deciding process kept going as the worker does."""

    def __init__(self, stack: Stack, client: Client) -> None:
        self.stack = stack
        self.client = client
        self.database = Database.open(f"sqlite:///{stack.home / 'walle.db'}")

    async def decided(self, strategy: str, run_id: str) -> Decision:
        run = RunRecord(
            id=run_id, strategy=strategy, mode="paper", status=RunStatus.PENDING, symbols=(), timeframe="1m", created_at=datetime.now(UTC)
        )
        Records(self.database).register_run(run)
        request = RunCreate(strategy=strategy, symbols=[BARS.symbol], timeframe="1m")
        return await self.client.execute_workflow(PinAndDecide.run, request, id=run_id, task_queue="asking")

    async def tell(self, work: Started, ending: Ending) -> None:
        with suppress(RPCError):
            await self.client.get_async_activity_handle(task_token=work.task_token).fail(of_ending(work, ending))


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    stack = Stack(tmp_path / "home")
    stack.start_temporal()
    running: asyncio.Task[None] | None = None
    try:
        made = Place(stack, await stack.connected())
        LiveBars(made.database).save([a_live_bar(row) for row in range(len(BARS))], MONDAY)
        settings = [f"{name}={value}" for name, value in stack.environment.items() if name.startswith("WEAVER_")]
        command = ["env", *settings, sys.executable, "-P", "-m", "processes.slot", str(os.getpid()), "marvin"]
        slots = Slots(commands=[command], limit_seconds=2)
        slots.tell_by(made.tell)
        running = asyncio.create_task(slots.run())
        async with Worker(made.client, task_queue="asking", workflows=[PinAndDecide], workflow_runner=UnsandboxedWorkflowRunner()):
            yield made
        await slots.drain(5)
        made.database.close()
    finally:
        if running:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        stack.stop()


def a_live_bar(row: int) -> LiveBar:
    prices = {name: Decimal(repr(float(getattr(BARS, name)[row]))) for name in ("open", "high", "low", "close", "volume")}
    start = from_microseconds(int(BARS.starts[row]))
    return LiveBar(adapter="simulated", symbol=BARS.symbol, timeframe="1m", start=start, **prices)


async def test_a_decision_is_made_and_on_record(place: Place) -> None:
    decision = await place.decided("buy-and-hold", "my-run")
    assert [one.request.side.value for one in decision.orders] == ["buy"]
    (record,) = TradingQueries(place.database).decisions("my-run")
    assert list(record.orders) == [one.request.client_order_id for one in decision.orders]


async def test_a_strategy_that_overruns_is_ended_and_the_next_is_asked(place: Place) -> None:
    with pytest.raises(WorkflowFailureError) as failure:
        await place.decided("never-ends", "endless")
    cause = failure.value.cause
    assert isinstance(cause, ActivityError)
    assert isinstance(cause.cause, ApplicationError)
    assert cause.cause.type == "StrategyOverran"
    assert (await place.decided("buy-and-hold", "after")).orders
