"""Backtests on a real server with real worker processes."""

import json
from decimal import Decimal
from subprocess import CompletedProcess

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from tests.workflows.in_process import outcome
from tests.workflows.stack import BARS, OTHER, SYMBOL, Stack, until
from weaver.errors import AlreadyExists, NotAllowed, NotFound
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.walle.model import RunError
from workflows.client import follow, result, start_backtest, state, stop, tell
from workflows.inputs import ParamsChange, RunResult, RunState

SLOW = 40_000
"""Turns of an empty loop for each bar: about a millisecond."""


def a_request(**changes: object) -> RunCreate:
    return RunCreate.model_validate({"strategy": "spinner", "symbols": [SYMBOL], "timeframe": "1m"} | changes)


async def run(client: Client, **changes: object) -> RunResult:
    return await result(client, await start_backtest(client, a_request(**changes)))


async def slowly(client: Client, **changes: object) -> str:
    """Start a run of several seconds and return its id once it is running."""
    run_id = await start_backtest(client, a_request(**({"params": {"spin": SLOW}} | changes)))
    await until(lambda: is_status(client, run_id, RunStatus.RUNNING), "the run to be running")
    return run_id


async def is_status(client: Client, run_id: str, status: RunStatus) -> bool:
    return (await state(client, run_id)).status is status


async def test_a_run_gives_what_the_engine_gives_in_one_piece(stack: Stack, client: Client) -> None:
    ended = await run(client)
    expected = outcome(stack.catalogue, stack.home / "plugins", "spinner", [SYMBOL])
    assert ended.status is RunStatus.COMPLETED
    assert ended.result_digest == expected.digest
    stored, record = stack.queries.result(ended.run_id), stack.queries.run(ended.run_id)
    assert stored.result_digest == expected.digest
    assert (stored.counts.bars, stored.counts.windows, stored.counts.fills) == (BARS, 1, expected.fills)
    assert stored.provenance["strategy_sha256"] == record.strategy_sha256
    assert (record.status, record.bars_done, record.bars_total) == (RunStatus.COMPLETED, BARS, BARS)
    assert record.started_at
    assert record.stopped_at
    assert stored.final_equity == record.equity


@pytest.mark.parametrize("window_bars", [7 * 60, 1_000, BARS, 10 * BARS])
async def test_the_size_of_windows_changes_nothing(stack: Stack, client: Client, window_bars: int) -> None:
    ended = await run(client, strategy="sma-cross", window_bars=window_bars)
    assert ended.result_digest == outcome(stack.catalogue, stack.home / "plugins", "sma-cross", [SYMBOL]).digest
    assert ended.progress.windows == -(-BARS // window_bars)


async def test_a_run_of_several_symbols_counts_the_bars_of_all(stack: Stack, client: Client) -> None:
    ended = await run(client, strategy="momentum-rotation", symbols=[SYMBOL, OTHER], window_bars=900)
    assert ended.result_digest == outcome(stack.catalogue, stack.home / "plugins", "momentum-rotation", [SYMBOL, OTHER]).digest
    assert ended.progress.bars_done == ended.progress.bars_total == 2 * BARS


async def test_a_run_that_continues_as_new_gives_the_same(stack: Stack, client: Client) -> None:
    ended = await run(client, strategy="sma-cross", window_bars=75)
    assert ended.result_digest == outcome(stack.catalogue, stack.home / "plugins", "sma-cross", [SYMBOL]).digest
    described = await client.get_workflow_handle(ended.run_id).describe()
    assert described.raw_description.workflow_execution_info.first_run_id != described.run_id
    events = stack.queries.events(ended.run_id)
    assert [event.type for event in events[:2]] == ["run.Created", "run.Started"]
    assert events[-1].type == "run.Completed"
    assert sum(event.type == "backtest.WindowCompleted" for event in events) == BARS // 75
    done = [event.payload["progress"]["bars_done"] for event in events if event.type == "backtest.WindowCompleted"]  # type: ignore[index,call-overload]  # JSON
    assert done == sorted(done)
    assert len({event.corr_id for event in events}) == 1


async def test_following_a_run_shows_the_window_under_way_and_the_end(client: Client) -> None:
    run_id = await slowly(client)
    seen = [sight async for sight in follow(client, run_id, every_seconds=0.2)]
    assert any(0 < sight.progress.bars_done < BARS for sight in seen)
    assert (seen[-1].status, seen[-1].progress.bars_done) == (RunStatus.COMPLETED, BARS)


async def test_the_events_of_a_finished_run_are_in_walle(stack: Stack, client: Client) -> None:
    ended = await run(client, window_bars=BARS // 2)
    events = stack.queries.events(ended.run_id)
    window = ["data.WindowReady", "backtest.WindowCompleted"]
    assert [event.type for event in events] == ["run.Created", "run.Started", *window, *window, "run.Completed"]
    assert events[2].payload["bars"] == BARS // 2
    assert events[3].causation_id == events[2].id


async def test_stop_by_update_leaves_a_partial_result(stack: Stack, client: Client) -> None:
    run_id = await slowly(client, window_bars=250)
    await until(lambda: has_done_a_window(client, run_id), "a window to be done")
    assert await stop(client, run_id) is RunStatus.STOPPING
    ended = await result(client, run_id)
    assert ended.status is RunStatus.STOPPED
    stored = stack.queries.result(run_id)
    assert 250 <= stored.counts.bars < BARS
    assert stored.counts.bars == ended.progress.bars_done
    assert stack.queries.run(run_id).status is RunStatus.STOPPED
    ends = [event.type for event in stack.queries.events(run_id) if event.type.startswith("run.")]
    assert ends == ["run.Created", "run.Started", "run.Stopping", "run.Stopped"]
    assert await stop(client, run_id) is RunStatus.STOPPED


async def has_done_a_window(client: Client, run_id: str) -> bool:
    return (await state(client, run_id)).progress.windows > 0


async def test_stop_by_the_stock_cli_cuts_the_window_under_way_and_keeps_what_it_did(stack: Stack, client: Client) -> None:
    run_id = await slowly(client, params={"spin": 10 * SLOW})
    said = stack.cli("workflow", "signal", "--workflow-id", run_id, "--name", "stop")
    assert said.returncode == 0, said.stderr
    ended = await result(client, run_id)
    assert ended.status is RunStatus.STOPPED
    assert ended.progress.windows == 1
    assert 0 < stack.queries.result(run_id).counts.bars < BARS


async def test_cancellation_stops_a_run_and_keeps_its_result(stack: Stack, client: Client) -> None:
    run_id = await slowly(client, window_bars=250)
    await until(lambda: has_done_a_window(client, run_id), "a window to be done")
    await client.get_workflow_handle(run_id).cancel()
    assert (await result(client, run_id)).status is RunStatus.STOPPED
    description = await client.get_workflow_handle(run_id).describe()
    assert description.status is WorkflowExecutionStatus.CANCELED
    assert stack.queries.run(run_id).status is RunStatus.STOPPED
    assert stack.queries.result(run_id).counts.bars >= 250


async def test_pause_and_resume_go_by_the_table(client: Client) -> None:
    run_id = await slowly(client, window_bars=250)
    assert (await tell(client, run_id, "pause")).status is RunStatus.PAUSED
    with pytest.raises(NotAllowed, match=r"Cannot pause a run that is paused\. Possible now: resume, stop"):
        await tell(client, run_id, "pause")
    with pytest.raises(NotAllowed, match="set_params"):
        await tell(client, run_id, "set_params", ParamsChange(params={"spin": 1}))
    assert (await tell(client, run_id, "resume")).status is RunStatus.RUNNING
    assert (await result(client, run_id)).status is RunStatus.COMPLETED


async def test_a_signal_that_the_table_forbids_is_noted_and_ignored(stack: Stack, client: Client) -> None:
    run_id = await slowly(client, window_bars=250)
    assert stack.cli("workflow", "signal", "--workflow-id", run_id, "--name", "resume").returncode == 0

    async def noted() -> RunState | None:
        seen = await state(client, run_id)
        return seen if seen.ignored else None

    seen = await until(noted, "the note")
    assert "Cannot resume a run that is running" in seen.ignored[0]
    assert seen.status is RunStatus.RUNNING
    await stop(client, run_id)
    assert (await result(client, run_id)).status is RunStatus.STOPPED


async def test_a_run_that_starts_paused_waits_for_start(client: Client) -> None:
    run_id = await start_backtest(client, a_request(start_paused=True))

    async def is_pinned() -> bool:
        return (await state(client, run_id)).progress.bars_total == BARS

    await until(is_pinned, "the data to be pinned")
    assert (await state(client, run_id)).status is RunStatus.PENDING
    with pytest.raises(NotAllowed, match="pending"):
        await tell(client, run_id, "resume")
    await tell(client, run_id, "start")
    assert (await result(client, run_id)).status is RunStatus.COMPLETED


async def test_a_run_stopped_before_it_began_has_no_result(stack: Stack, client: Client) -> None:
    run_id = await start_backtest(client, a_request(start_paused=True))
    await stop(client, run_id)
    ended = await result(client, run_id)
    assert (ended.status, ended.result_digest) == (RunStatus.STOPPED, None)
    with pytest.raises(NotFound):
        stack.queries.result(run_id)


async def test_a_failing_strategy_ends_the_run_with_file_and_line(stack: Stack, client: Client) -> None:
    ended = await run(client, strategy="divides")
    line = 1 + (stack.home / "plugins" / "divides.py").read_text().splitlines().index("            1 / 0")
    file = str(stack.home / "plugins" / "divides.py")
    assert ended.error == RunError(message="ZeroDivisionError: division by zero", code="strategy_broken", file=file, line=line)
    description = await client.get_workflow_handle(ended.run_id).describe()
    assert description.status is WorkflowExecutionStatus.FAILED
    assert stack.queries.run(ended.run_id).error == ended.error
    assert stack.queries.events(ended.run_id)[-1].payload["error"]["line"] == line  # type: ignore[index,call-overload]  # JSON


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"strategy": "sma-cros"}, "unknown_name", "Did you mean 'sma-cross'?"),
        ({"symbols": ["SEED/USB"]}, "unknown_name", "Did you mean 'SEED/USD'?"),
        ({"timeframe": "5m"}, "unknown_name", "No timeframe '5m'"),
        ({"params": {"spim": 3}}, "unknown_name", "Did you mean 'spin'?"),
        ({"params": {"spin": "many"}}, "bad_value", "spin"),
        ({"start": "2030-01-01"}, "no_bars", "Stored: 2024-01-01"),
        ({"symbols": [SYMBOL, OTHER]}, "bad_input", "expected one symbol"),
        ({"mode": "paper"}, "bad_input", "expected backtest"),
    ],
)
async def test_what_cannot_be_run_fails_before_any_window(
    stack: Stack, client: Client, changes: dict[str, object], code: str, message: str
) -> None:
    ended = await run(client, **changes)
    assert ended.error
    assert ended.error.code == code
    assert message in ended.error.message
    assert [event.type for event in stack.queries.events(ended.run_id)] == ["run.Created", "run.Error"]


async def test_an_id_is_given_to_one_run_only(client: Client) -> None:
    await run(client, id="taken")
    with pytest.raises(AlreadyExists, match="run 'taken' exists already: completed"):
        await start_backtest(client, a_request(id="taken"))


async def test_the_stock_cli_starts_a_run_that_everyone_sees(stack: Stack, client: Client) -> None:
    body = {"strategy": "sma-cross", "symbols": [SYMBOL], "timeframe": "1m", "cash": "5000.50"}
    started = cli_start(stack, "by-hand", "--input", json.dumps(body))
    assert started.returncode == 0, started.stderr
    assert (await result(client, "by-hand")).status is RunStatus.COMPLETED
    assert stack.queries.result("by-hand").provenance["cash"] == "5000.50"
    found = [run.id async for run in client.list_workflows("WeaverStrategy = 'sma-cross' AND WeaverStatus = 'completed'")]
    assert "by-hand" in found


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("no-strategy", ['{"symbols": ["SEED/USD"]}'], "strategy: Field required"),
        ("odd-key", ['{"strategy": "spinner", "symbols": ["SEED/USD"], "windowbars": 3}'], "windowbars: Extra inputs are not permitted"),
        ("bad-range", ['{"strategy": "spinner", "symbols": ["SEED/USD"], "start": "2024-02-01", "end": "2024-01-01"}'], "after start"),
        ("no-object", ["[1, 2]"], "bad input"),
        ("nothing", [], "expected a RunCreate"),
        ("null", ["null"], "expected a RunCreate"),
        ("two", ["{}", "{}"], "expected one JSON value, got 2"),
        ("other-id", ['{"id": "mine", "strategy": "spinner", "symbols": ["SEED/USD"], "timeframe": "1m"}'], "expected 'other-id'"),
    ],
)
async def test_a_malformed_input_fails_the_run_with_the_reason(
    stack: Stack, client: Client, name: str, inputs: list[str], message: str
) -> None:
    started = cli_start(stack, name, *(part for given in inputs for part in ("--input", given)))
    assert started.returncode == 0, started.stderr
    ended = await result(client, name)
    assert ended.error
    assert ended.error.code == "bad_input"
    assert message in ended.error.message

    async def recorded() -> bool:
        try:
            return stack.queries.run(name).error is not None
        except NotFound:
            return False

    await until(recorded, "the watcher to put the run on record")


def cli_start(stack: Stack, run_id: str, *arguments: str) -> CompletedProcess[str]:
    return stack.cli("workflow", "start", "--type", "BacktestRun", "--task-queue", "weaver", "--workflow-id", run_id, *arguments)


async def test_the_watcher_gives_a_terminated_run_its_end(stack: Stack, client: Client) -> None:
    run_id = await slowly(client, window_bars=250)
    await client.get_workflow_handle(run_id).terminate(reason="enough")

    async def is_settled() -> bool:
        return any(event.type == "run.Error" for event in stack.queries.events(run_id))

    await until(is_settled, "the watcher")
    record = stack.queries.run(run_id)
    assert record.status is RunStatus.ERROR
    assert record.error == RunError(message="enough", code="terminated")
    assert stack.queries.events(run_id)[-1].payload["error"] == {"message": "enough", "code": "terminated"}


async def test_money_keeps_its_digits(client: Client, stack: Stack) -> None:
    ended = await run(client, cash="100000.10", window_bars=900)
    equity = stack.queries.run(ended.run_id).equity
    assert equity == stack.queries.result(ended.run_id).final_equity
    assert isinstance(equity, Decimal)
