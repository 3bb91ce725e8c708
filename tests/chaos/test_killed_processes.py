"""Real processes are killed in the middle of a run; the result is the same."""

import os
import signal
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.workflows.in_process import outcome
from tests.workflows.stack import BARS, SYMBOL, Stack, until
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from workflows.client import result, start_backtest, stop

SPIN = 25_000
"""Turns of an empty loop for each bar: some seconds for all."""


async def start(client: Client, **changes: object) -> str:
    body = {"strategy": "spinner", "symbols": [SYMBOL], "timeframe": "1m", "params": {"spin": SPIN}}
    return await start_backtest(client, RunCreate.model_validate(body | changes))


async def in_a_window(client: Client, run_id: str) -> None:
    """Wait until the run's window has done some bars but not all."""

    async def is_half_done() -> bool:
        description = await client.get_workflow_handle(run_id).describe()
        for activity in description.raw_description.pending_activities:
            if activity.heartbeat_details.payloads:
                (beat,) = await client.data_converter.decode(activity.heartbeat_details.payloads)
                return 0 < beat["bars_done"] < BARS
        return False

    await until(is_half_done, "a window under way")


def expected_digest(stack: Stack) -> str:
    return outcome(stack.catalogue, stack.home / "plugins", "spinner", [SYMBOL]).digest


async def test_a_process_killed_in_a_window_costs_nothing_but_time(stack: Stack) -> None:
    client = await stack.start()
    run_id = await start(client)
    await in_a_window(client, run_id)
    for slot in stack.slots():
        os.kill(slot, signal.SIGKILL)
    ended = await result(client, run_id)
    assert (ended.status, ended.result_digest) == (RunStatus.COMPLETED, expected_digest(stack))
    assert "died (signal 9)" in stack.log("worker")


async def test_a_killed_worker_leaves_no_process_and_another_goes_on(stack: Stack) -> None:
    client = await stack.start()

    async def both() -> list[int] | None:
        return slots if len(slots := stack.slots()) == 2 else None

    slots = await until(both, "both processes")  # the second starts after the first
    run_id = await start(client, window_bars=1_000)
    await in_a_window(client, run_id)
    assert stack.worker
    stack.worker.kill()
    stack.worker.wait()

    async def are_gone() -> bool:
        return not any(is_alive(slot) for slot in slots)

    await until(are_gone, "the worker's processes to die with it", seconds=10)
    stack.start_worker()
    ended = await result(client, run_id)
    assert (ended.status, ended.result_digest) == (RunStatus.COMPLETED, expected_digest(stack))


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


async def test_a_killed_temporal_server_goes_on_where_it_was(stack: Stack) -> None:
    client = await stack.start()
    run_id = await start(client, window_bars=1_000)
    await in_a_window(client, run_id)
    assert stack.temporal
    stack.temporal.kill()
    stack.temporal.wait()
    stack.start_temporal()
    client = await stack.ready()
    ended = await result(client, run_id)
    assert (ended.status, ended.result_digest) == (RunStatus.COMPLETED, expected_digest(stack))


@pytest.mark.parametrize("strategy", ["never-ends", "holds-the-lock"])
async def test_a_strategy_that_never_ends_is_ended_and_the_worker_goes_on(stack: Stack, strategy: str) -> None:
    client = await stack.start()
    ended = await result(client, await start(client, strategy=strategy, params={}))
    assert ended.status is RunStatus.ERROR
    assert ended.error
    assert ended.error.code == "strategy_overran"
    assert f"'{strategy}' took more than 2 s" in ended.error.message
    following = await result(client, await start(client, params={}))
    assert (following.status, following.result_digest) == (RunStatus.COMPLETED, expected_digest(stack))


async def test_a_worker_told_to_end_hands_its_work_to_the_next(stack: Stack) -> None:
    client = await stack.start()
    run_id = await start(client, window_bars=1_000)
    await in_a_window(client, run_id)
    assert stack.worker
    stack.worker.send_signal(signal.SIGTERM)
    assert stack.worker.wait(15) == 0
    stack.start_worker()
    ended = await result(client, run_id)
    assert (ended.status, ended.result_digest) == (RunStatus.COMPLETED, expected_digest(stack))


async def test_a_run_can_be_stopped_while_no_worker_is_there(stack: Stack) -> None:
    stack.start_temporal()
    client = await stack.connected()
    run_id = await start(client)
    assert await stop(client, run_id) is RunStatus.PENDING
    stack.start_worker()
    assert (await result(client, run_id)).status is RunStatus.STOPPED
