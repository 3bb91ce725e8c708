"""A backtest: put on record, pinned, replayed window by window, summed up."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

with workflow.unsafe.imports_passed_through():
    from activities.archive import Archive
    from activities.backtests import Backtests
    from activities.records import RunRecords
    from weaver.errors import NotAllowed
    from weaver.glados.runs import RunStatus, actions, check_action
    from weaver.walle.model import RunError
    from workflows import policies
    from workflows.attributes import KIND, MODE, STATUS, STRATEGY, SYMBOLS
    from workflows.inputs import (
        BACKTEST_RUN,
        GRETA_QUEUE,
        ArchiveTask,
        Ask,
        BacktestInput,
        Carried,
        Finished,
        FinishTask,
        ParamsChange,
        Progress,
        Registration,
        Resolved,
        ResolveTask,
        RunResult,
        RunState,
        StatusChange,
        StopRequest,
        WindowDone,
        WindowTask,
    )
    from workflows.problems import problem_of
    from workflows.story import details, listed

_EXAMPLE = '{"strategy": "sma-cross", "symbols": ["AAPL"]}'
_MOST_NOTES = 5
_ASK, _STOP, _NO_CHANGE = Ask(), StopRequest(), ParamsChange()
_ATTRIBUTE_SYMBOLS = 40
"""A search attribute holds 2 KiB; 40 symbols of 32 characters fit."""


@workflow.defn(name=BACKTEST_RUN)
class BacktestRun:
    """One backtest from request to result; its id is the run id."""

    @workflow.init
    def __init__(self, request: BacktestInput | None = None) -> None:
        carried = request.carried if request else None
        self._request = request
        self._run_id = workflow.info().workflow_id
        self._status = carried.status if carried else RunStatus.PENDING
        self._resolved = carried.resolved if carried else None
        self._started_at = carried.started_at if carried else None
        self._state = carried.state if carried else None
        self._next_window = carried.next_window if carried else 0
        self._next_step = carried.next_step if carried else 0
        self._progress = carried.progress if carried else Progress()
        self._ignored = list(carried.ignored) if carried else []
        self._may_start = bool(carried) or not (request and request.start_paused)
        self._stopping = self._status is RunStatus.STOPPING
        self._cancelled = False
        self._is_last = False
        self._error: RunError | None = None
        self._recording = asyncio.Lock()

    @workflow.run
    async def run(self, request: BacktestInput | None = None) -> RunResult:
        """Return what the run came to. Fails with the run's error; is cancelled when cancellation stopped it."""
        if request is None:
            raise ApplicationError(f"bad input: expected a RunCreate as JSON, such as {_EXAMPLE}", type="BadInput", non_retryable=True)
        life = asyncio.create_task(self._live(request))
        while True:
            try:
                ended = await asyncio.shield(life)
                break
            except asyncio.CancelledError:
                if self._cancelled or workflow.cancellation_reason() is None:  # then it is no request, but an eviction
                    raise
                self._cancelled = self._stopping = True
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
            raise _failure(problem_of(failure), failure) from failure
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
            raise _failure(self._error, failure) from failure

    async def _register(self, request: BacktestInput) -> None:
        await workflow.execute_activity_method(
            RunRecords.register,
            Registration(
                run_id=self._run_id,
                first_link=workflow.info().first_execution_run_id,
                request=request.as_asked(),
                created_at=workflow.info().workflow_start_time,
            ),
            start_to_close_timeout=policies.RECORD_TIMEOUT,
            retry_policy=policies.RECORD_RETRY,
            summary="put on record",
        )

    async def _resolve(self, request: BacktestInput) -> Resolved | None:
        task = ResolveTask(run_id=self._run_id, request=request.as_asked())
        resolved = await self._compute(Backtests.resolve, task, f"pin {request.strategy[:80]} and the bars of {listed(request.symbols)}")
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
        done = await self._compute(Backtests.window, task, f"window {task.number + 1}: {task.steps:,} steps from {task.first_step:,} on")
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
                Backtests.finish, task, **_compute_options(f"sum up {task.windows:,} windows")
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

    # Means.

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

    async def _until(self, condition: Callable[[], bool], timeout: timedelta | None = None, summary: str | None = None) -> None:
        """Wait for the condition, at most `timeout`. A cancellation of the run, which wait_condition may raise in any
        task, is left to `run`."""
        before = workflow.cancellation_reason()
        try:
            await workflow.wait_condition(condition, timeout=timeout, timeout_summary=summary)
        except TimeoutError:
            return
        except asyncio.CancelledError:
            if before is not None or workflow.cancellation_reason() is None:
                raise

    async def _become(self, status: RunStatus, event: str, ask: Ask | None = None) -> None:
        """Take a status at once and put it on record, one after the other."""
        self._status = status
        self._show()
        change = StatusChange(
            run_id=self._run_id,
            strategy=self._request.strategy if self._request else "",
            mode="backtest",
            status=status,
            event=event,
            at=workflow.now(),
            error=self._error,
            corr_id=ask.corr_id if ask else None,
        )
        async with self._recording:
            await workflow.execute_activity_method(
                RunRecords.set_status,
                change,
                start_to_close_timeout=policies.RECORD_TIMEOUT,
                retry_policy=policies.RECORD_RETRY,
                summary=f"status {status}",
            )

    async def _archive(self) -> None:
        """Store this link's events. What fails here is made good by the watcher."""
        try:
            await workflow.execute_activity_method(
                Archive.archive_link,
                ArchiveTask(run_id=self._run_id, link=workflow.info().run_id),
                start_to_close_timeout=policies.ARCHIVE_TIMEOUT,
                retry_policy=policies.RECORD_RETRY,
                summary="store the events",
            )
        except ActivityError as failure:
            workflow.logger.warning("events were not stored: %s", problem_of(failure).message)

    def _show(self) -> None:
        if self._request is None:
            return
        workflow.set_current_details(details(self._request, self._status, self._progress, self._error, self._ignored))
        workflow.upsert_search_attributes(
            [
                KIND.value_set("run"),
                MODE.value_set("backtest"),
                STRATEGY.value_set(self._request.strategy[:200]),
                SYMBOLS.value_set(self._request.symbols[:_ATTRIBUTE_SYMBOLS]),
                STATUS.value_set(self._status.value),
            ]
        )

    # Messages: as an update, refused when the status forbids it; as a signal of the same name, noted and ignored then.

    @workflow.query
    def state(self) -> RunState:
        """Return the run as it stands."""
        request = self._request
        return RunState(
            run_id=self._run_id,
            status=self._status,
            strategy=request.strategy if request else "",
            symbols=request.symbols if request else [],
            timeframe=request.timeframe if request else "",
            progress=self._progress,
            error=self._error,
            started_at=self._started_at,
            actions=list(actions(self._status)),
            ignored=self._ignored,
        )

    @workflow.update
    async def start(self, _ask: Ask = _ASK) -> RunState:
        """Let a run begin that was to wait for it."""
        self._may_start = True
        await self._until(lambda: self._status is not RunStatus.PENDING)
        return self.state()

    @start.validator
    def _may_be_started(self, _ask: Ask = _ASK) -> None:
        check_action("start", self._status)

    @workflow.update
    async def pause(self, ask: Ask = _ASK) -> RunState:
        """Begin no further window until resumed."""
        await self._become(RunStatus.PAUSED, "run.Paused", ask)
        return self.state()

    @pause.validator
    def _may_be_paused(self, _ask: Ask = _ASK) -> None:
        check_action("pause", self._status)

    @workflow.update
    async def resume(self, ask: Ask = _ASK) -> RunState:
        """Go on."""
        await self._become(RunStatus.RUNNING, "run.Resumed", ask)
        return self.state()

    @resume.validator
    def _may_be_resumed(self, _ask: Ask = _ASK) -> None:
        check_action("resume", self._status)

    @workflow.update
    async def stop(self, ask: StopRequest = _STOP) -> RunState:
        """Stop, keeping what was done. A second stop changes nothing."""
        self._stopping = True
        if self._status in (RunStatus.RUNNING, RunStatus.PAUSED):
            await self._become(RunStatus.STOPPING, "run.Stopping", ask)
        return self.state()

    @stop.validator
    def _may_be_stopped(self, _ask: StopRequest = _STOP) -> None:
        check_action("stop", self._status)

    @workflow.update
    async def set_params(self, _ask: ParamsChange = _NO_CHANGE) -> RunState:
        """Change parameters: never possible in a backtest, which is pinned to those it was asked with."""
        return self.state()

    @set_params.validator
    def _may_be_changed(self, _ask: ParamsChange = _NO_CHANGE) -> None:
        check_action("set_params", self._status)

    @workflow.signal(name="start")
    async def start_signal(self, _ask: Ask = _ASK) -> None:
        """Like the update."""
        if self._is_allowed("start"):
            self._may_start = True

    @workflow.signal(name="pause")
    async def pause_signal(self, ask: Ask = _ASK) -> None:
        """Like the update."""
        if self._is_allowed("pause"):
            await self.pause(ask)

    @workflow.signal(name="resume")
    async def resume_signal(self, ask: Ask = _ASK) -> None:
        """Like the update."""
        if self._is_allowed("resume"):
            await self.resume(ask)

    @workflow.signal(name="stop")
    async def stop_signal(self, ask: StopRequest = _STOP) -> None:
        """Like the update."""
        if self._is_allowed("stop"):
            await self.stop(ask)

    @workflow.signal(name="set_params")
    async def set_params_signal(self, _ask: ParamsChange = _NO_CHANGE) -> None:
        """Like the update."""
        self._is_allowed("set_params")

    def _is_allowed(self, action: str) -> bool:
        try:
            check_action(action, self._status)
        except NotAllowed as refusal:
            self._ignored = [*self._ignored, f"{workflow.now():%Y-%m-%d %H:%M:%SZ} {refusal}"][-_MOST_NOTES:]
            self._show()
            return False
        return True


def _check(request: BacktestInput, run_id: str) -> None:
    if request.mode not in (None, "backtest"):
        raise _bad_input(f"mode = '{request.mode}': expected backtest, which is what {BACKTEST_RUN} runs.")
    if request.id not in (None, run_id):
        raise _bad_input(f"id = '{request.id}': expected '{run_id}', the workflow's id, or none.")


def _bad_input(text: str) -> ApplicationError:
    return ApplicationError(text, RunError(message=text, code="bad_input"), type="BadInput", non_retryable=True)


def _failure(problem: RunError, cause: BaseException) -> ApplicationError:
    """Return what the workflow fails with: the error's own text, where it happened, and the error as its one detail."""
    place = f"{problem.file}:{problem.line}: " if problem.file and problem.line else ""
    inner = cause.cause if isinstance(cause, ActivityError) else cause
    kind = inner.type if isinstance(inner, ApplicationError) and inner.type else "RunFailed"
    return ApplicationError(f"{place}{problem.message}", problem, type=kind, non_retryable=True)


def _compute_options(summary: str) -> dict[str, Any]:
    return {
        "task_queue": GRETA_QUEUE,
        "start_to_close_timeout": policies.COMPUTE_TIMEOUT,
        "heartbeat_timeout": policies.COMPUTE_HEARTBEAT,
        "retry_policy": policies.COMPUTE_RETRY,
        "cancellation_type": workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        "summary": summary,
    }
