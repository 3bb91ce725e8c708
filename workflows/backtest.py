"""A backtest: put on record, pinned, replayed window by window, summed up."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from workflows.control import Controlled

with workflow.unsafe.imports_passed_through():
    from activities.steps import BacktestSteps
    from weaver.glados.runs import RunStatus
    from workflows import policies
    from workflows.inputs import (
        BACKTEST_RUN,
        GRETA_QUEUE,
        BacktestInput,
        Carried,
        Finished,
        FinishTask,
        Progress,
        Resolved,
        ResolveTask,
        RunResult,
        WindowDone,
        WindowTask,
    )
    from workflows.problems import bad_input, failed, nothing_asked, problem_of
    from workflows.story import listed

_EXAMPLE = '{"strategy": "sma-cross", "symbols": ["AAPL"]}'


@workflow.defn(name=BACKTEST_RUN)
class BacktestRun(Controlled[BacktestInput]):
    """One backtest from request to result; its id is the run id."""

    @workflow.init
    def __init__(self, request: BacktestInput | None = None) -> None:
        carried = request.carried if request else None
        super().__init__(request, carried, "backtest")
        self._resolved = carried.resolved if carried else None
        self._state = carried.state if carried else None
        self._next_window = carried.next_window if carried else 0
        self._next_step = carried.next_step if carried else 0
        self._is_last = False

    @workflow.run
    async def run(self, request: BacktestInput | None = None) -> RunResult:
        """Return what the run came to. Fails with the run's error; is cancelled when cancellation stopped it."""
        if request is None:
            raise nothing_asked(_EXAMPLE)
        ended = await self._outlive_cancellation(self._live(request))
        if isinstance(ended, Carried):
            workflow.continue_as_new(request.model_copy(update={"carried": ended}))
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._cancelled:
            raise CancelledError("stopped by cancellation")
        return ended

    async def _live(self, request: BacktestInput) -> RunResult | Carried:
        """Go through the run's life, to its end or to its next link."""
        self._show()
        try:
            if request.carried is None:
                await self._register(request)
        except ActivityError as failure:  # the id is another run's: nothing may be written to its record
            raise failed(problem_of(failure), failure) from failure
        try:
            _check(request, self._run_id)
            self._resolved = self._resolved or await self._resolve(request)
            await self._until(lambda: self._may_start or self._stopping)
            while self._resolved and not self._stopping and not self._is_last:
                await self._begin()
                await self._until(lambda: self._status is not RunStatus.PAUSED or self._stopping)
                if self._stopping:
                    break
                await self._window(request, self._resolved)
                if workflow.info().is_continue_as_new_suggested() and not self._is_last and not self._stopping:
                    carried = await self._carry(self._resolved)
                    if not self._stopping:
                        return carried
            return await self._end(request)
        except (ActivityError, ApplicationError) as failure:
            self._error = problem_of(failure)
            await self._become(RunStatus.ERROR, "run.Error")
            await self._archive()
            raise failed(self._error, failure) from failure

    async def _resolve(self, request: BacktestInput) -> Resolved | None:
        task = ResolveTask(run_id=self._run_id, request=request.as_asked())
        resolved = await self._compute(
            BacktestSteps.resolve, task, f"pin {request.strategy[:80]} and the bars of {listed(request.symbols)}"
        )
        if isinstance(resolved, Resolved):
            self._progress = Progress(bars_total=resolved.bars_total)
            return resolved
        return None

    async def _begin(self) -> None:
        if self._status is RunStatus.PENDING:
            self._started_at = workflow.now()
            await self._become(RunStatus.RUNNING, "run.Started")

    async def _window(self, request: BacktestInput, resolved: Resolved) -> None:
        task = WindowTask(
            run_id=self._run_id,
            strategy=request.strategy,
            plan=resolved.plan,
            state=self._state,
            number=self._next_window,
            first_step=self._next_step,
            steps=request.window_bars or policies.window_steps(len(request.symbols)),
        )
        done = await self._compute(
            BacktestSteps.window, task, f"window {task.number + 1}: {task.steps:,} steps from {task.first_step:,} on"
        )
        if isinstance(done, WindowDone):
            self._state, self._next_step, self._progress, self._is_last = done.state, done.next_step, done.progress, done.is_last
            self._next_window += 1
            self._show()

    async def _end(self, request: BacktestInput) -> RunResult:
        """Sum up what there is. A run that was stopped keeps the result of the windows it did."""
        digest = None
        if self._resolved and self._state and self._started_at:
            task = FinishTask(
                run_id=self._run_id,
                strategy=request.strategy,
                plan=self._resolved.plan,
                state=self._state,
                windows=self._next_window,
                started_at=self._started_at,
                is_partial=not self._is_last,
            )
            finished: Finished = await workflow.execute_activity_method(
                BacktestSteps.finish, task, **_compute_options(f"sum up {task.windows:,} windows")
            )
            digest = finished.result_digest
        await self._until(lambda: self._status is not RunStatus.PAUSED or self._stopping)
        if self._is_last and self._status is RunStatus.RUNNING:
            await self._become(RunStatus.COMPLETED, "run.Completed")
        else:
            await self._become(RunStatus.STOPPED, "run.Stopped")
        await self._archive()
        return RunResult(run_id=self._run_id, status=self._status, result_digest=digest, progress=self._progress)

    async def _carry(self, resolved: Resolved) -> Carried:
        """Return what the next link needs, with this link's events stored and every message answered."""
        await self._archive()
        await self._until(workflow.all_handlers_finished)
        return Carried(
            status=self._status,
            link=(self._request.carried.link if self._request and self._request.carried else 0) + 1,
            resolved=resolved,
            started_at=self._started_at,
            state=self._state,
            next_window=self._next_window,
            next_step=self._next_step,
            progress=self._progress,
            ignored=self._ignored,
        )

    async def _compute(self, activity: Callable[..., Any], task: ResolveTask | WindowTask, summary: str) -> object:
        """Have an activity compute. Once the run is to stop, wait a little, then cut it short; None if that left nothing."""
        handle = workflow.start_activity_method(activity, task, **_compute_options(summary))
        await self._until(lambda: handle.done() or self._stopping)
        if not handle.done() and not self._cancelled:
            await self._until(lambda: handle.done() or self._cancelled, policies.STOP_GRACE, "stop: time for the work under way")
        if not handle.done():
            handle.cancel()
            await self._until(handle.done, policies.CUT_GRACE, "stop: time to hand in what is done")
        if not handle.done():
            return None
        try:
            return await handle
        except ActivityError as failure:
            # A strategy that fails is an error whenever it does; all else no longer matters to a run that stops.
            if self._stopping and problem_of(failure).code != "strategy_broken":
                return None
            raise


def _check(request: BacktestInput, run_id: str) -> None:
    if request.mode not in (None, "backtest"):
        raise bad_input(f"mode = '{request.mode}': expected backtest, which is what {BACKTEST_RUN} runs.")
    if request.id not in (None, run_id):
        raise bad_input(f"id = '{request.id}': expected '{run_id}', the workflow's id, or none.")


def _compute_options(summary: str) -> dict[str, Any]:
    return {
        "task_queue": GRETA_QUEUE,
        "start_to_close_timeout": policies.COMPUTE_TIMEOUT,
        "heartbeat_timeout": policies.COMPUTE_HEARTBEAT,
        "retry_policy": policies.COMPUTE_RETRY,
        "cancellation_type": workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        "summary": summary,
    }
