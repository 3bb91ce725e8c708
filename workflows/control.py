"""What all runs have in common: a status, its record, and the messages that may change it."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.archive import Archive
    from activities.records import RunRecords
    from weaver.errors import NotAllowed
    from weaver.glados.requests import RunCreate
    from weaver.glados.runs import RunStatus, actions, check_action
    from weaver.walle.model import RunError
    from workflows import policies
    from workflows.attributes import KIND, MODE, SEALED, STATUS, STRATEGY, SYMBOLS
    from workflows.inputs import (
        ArchiveTask,
        Ask,
        LiveState,
        ParamsChange,
        Progress,
        Registration,
        RunState,
        StatusChange,
        StopRequest,
    )
    from workflows.problems import problem_of
    from workflows.story import details

_MOST_NOTES = 5
_ASK, _STOP, _NO_CHANGE = Ask(), StopRequest(), ParamsChange()
_ATTRIBUTE_SYMBOLS = 40
"""A search attribute holds 2 KiB; 40 symbols of 32 characters fit."""


class Request(Protocol):
    """The input of a run's workflow."""

    def as_asked(self) -> RunCreate: ...
    @property
    def strategy(self) -> str: ...
    @property
    def symbols(self) -> list[str]: ...
    @property
    def timeframe(self) -> str: ...
    @property
    def start_paused(self) -> bool: ...


class Inherited(Protocol):
    """What every run takes into its next link."""

    @property
    def status(self) -> RunStatus: ...
    @property
    def progress(self) -> Progress: ...
    @property
    def started_at(self) -> datetime | None: ...
    @property
    def ignored(self) -> list[str]: ...


RequestT = TypeVar("RequestT", bound=Request)
EndT = TypeVar("EndT")


class Controlled(Generic[RequestT]):
    """A run that can be started, paused, resumed and stopped, by the table of `weaver.glados.runs`.

    A message comes as an update, refused when the status forbids it, or as a signal of the same name, noted and
    ignored then. `_stopping` tells that the run is to wind down, `_cancelled` that it is to do so at once.
    """

    def __init__(self, request: RequestT | None, carried: Inherited | None, mode: str) -> None:
        self._request = request
        self._mode = mode
        self._run_id = workflow.info().workflow_id
        self._status = carried.status if carried else RunStatus.PENDING
        self._progress = carried.progress if carried else Progress()
        self._started_at = carried.started_at if carried else None
        self._ignored = list(carried.ignored) if carried else []
        waits = carried.status is RunStatus.PENDING if carried else bool(request and request.start_paused)
        self._may_start = not waits
        self._stopping = self._status is RunStatus.STOPPING
        self._cancelled = False
        self._error: RunError | None = None
        self._shown: RunStatus | None = None
        self._recording = asyncio.Lock()

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
            actions=list(actions(self._status, self._mode)),
            ignored=self._ignored,
            live=self._live_state(),
        )

    def _live_state(self) -> LiveState | None:
        """Return what a trading run has to add to its state."""
        return None

    @workflow.update
    async def start(self, ask: Ask = _ASK) -> RunState:
        """Let a run begin that was to wait for it."""
        del ask
        self._may_start = True
        await self._until(lambda: self._status is not RunStatus.PENDING)
        return self.state()

    @start.validator
    def _may_be_started(self, ask: Ask = _ASK) -> None:
        del ask
        check_action("start", self._status, self._mode)

    @workflow.update
    async def pause(self, ask: Ask = _ASK) -> RunState:
        """Begin no further window until resumed."""
        await self._become(RunStatus.PAUSED, "run.Paused", ask)
        return self.state()

    @pause.validator
    def _may_be_paused(self, ask: Ask = _ASK) -> None:
        del ask
        check_action("pause", self._status, self._mode)

    @workflow.update
    async def resume(self, ask: Ask = _ASK) -> RunState:
        """Go on."""
        self._resumed()
        await self._become(RunStatus.RUNNING, "run.Resumed", ask)
        return self.state()

    @resume.validator
    def _may_be_resumed(self, ask: Ask = _ASK) -> None:
        del ask
        check_action("resume", self._status, self._mode)

    @workflow.update
    async def stop(self, ask: StopRequest = _STOP) -> RunState:
        """Stop, keeping what was done. A second stop changes nothing."""
        await self._wind_down(ask)
        return self.state()

    @stop.validator
    def _may_be_stopped(self, ask: StopRequest = _STOP) -> None:
        del ask
        check_action("stop", self._status, self._mode)

    @workflow.update
    async def set_params(self, ask: ParamsChange = _NO_CHANGE) -> RunState:
        """Change parameters: never possible in a backtest, which is pinned to those it was asked with."""
        await self._change_params(ask)
        return self.state()

    @set_params.validator
    def _may_be_changed(self, ask: ParamsChange = _NO_CHANGE) -> None:
        del ask
        check_action("set_params", self._status, self._mode)

    @workflow.signal(name="start")
    async def start_signal(self, ask: Ask = _ASK) -> None:
        """Like the update."""
        del ask
        if self._is_allowed("start"):
            self._may_start = True

    @workflow.signal(name="pause")
    async def pause_signal(self, ask: Ask = _ASK) -> None:
        """Like the update."""
        if self._is_allowed("pause"):
            await self._become(RunStatus.PAUSED, "run.Paused", ask)

    @workflow.signal(name="resume")
    async def resume_signal(self, ask: Ask = _ASK) -> None:
        """Like the update."""
        if self._is_allowed("resume"):
            self._resumed()
            await self._become(RunStatus.RUNNING, "run.Resumed", ask)

    @workflow.signal(name="stop")
    async def stop_signal(self, ask: StopRequest = _STOP) -> None:
        """Like the update."""
        if self._is_allowed("stop"):
            await self._wind_down(ask)

    @workflow.signal(name="set_params")
    async def set_params_signal(self, ask: ParamsChange = _NO_CHANGE) -> None:
        """Like the update; values that do not fit are noted and change nothing."""
        if self._is_allowed("set_params"):
            try:
                await self._change_params(ask)
            except ApplicationError as refusal:
                self._note(f"set_params: {refusal.message}")

    async def _change_params(self, ask: ParamsChange) -> None:
        """Take new parameters, in runs that may. Raises ApplicationError for values that do not fit."""
        raise NotImplementedError

    def _resumed(self) -> None:
        """Forget why the run was paused."""

    async def _wind_down(self, ask: StopRequest) -> None:
        self._stopping = True
        if self._status in (RunStatus.RUNNING, RunStatus.PAUSED):
            await self._become(RunStatus.STOPPING, "run.Stopping", ask)

    def _is_allowed(self, action: str) -> bool:
        try:
            check_action(action, self._status, self._mode)
        except NotAllowed as refusal:
            self._note(str(refusal))
            return False
        return True

    def _note(self, text: str) -> None:
        self._ignored = [*self._ignored, f"{workflow.now():%Y-%m-%d %H:%M:%SZ} {text}"][-_MOST_NOTES:]
        self._show()

    async def _outlive_cancellation(self, life: Coroutine[Any, Any, EndT]) -> EndT:
        """Return what the run's life came to. A cancellation of the workflow only tells it to wind down at once."""
        living = asyncio.create_task(life)
        while True:
            try:
                return await asyncio.shield(living)
            except asyncio.CancelledError:
                if self._cancelled or workflow.cancellation_reason() is None:  # then it is no request, but an eviction
                    raise
                self._cancelled = self._stopping = True

    async def _register(self, request: RequestT) -> None:
        await workflow.execute_activity_method(
            RunRecords.register,
            Registration(
                run_id=self._run_id,
                first_link=workflow.info().first_execution_run_id,
                request=request.as_asked(),
                created_at=workflow.info().workflow_start_time,
                mode=self._mode,
            ),
            start_to_close_timeout=policies.RECORD_TIMEOUT,
            retry_policy=policies.RECORD_RETRY,
            summary="put on record",
        )

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
            mode=self._mode,
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

    async def _archive(self, link: str | None = None) -> None:
        """Store the events of a link, of this one unless said otherwise. What fails here is made good by the watcher."""
        try:
            await workflow.execute_activity_method(
                Archive.archive_link,
                ArchiveTask(run_id=self._run_id, link=link or workflow.info().run_id),
                start_to_close_timeout=policies.ARCHIVE_TIMEOUT,
                retry_policy=policies.RECORD_RETRY,
                summary="store the events",
            )
        except ActivityError as failure:
            workflow.logger.warning("events were not stored: %s", problem_of(failure).message)

    def _details(self, request: RequestT) -> str:
        return details(request, self._status, self._progress, self._error, self._ignored)

    def _told(self, request: RequestT) -> list[SearchAttributeUpdate[Any]]:
        return [STRATEGY.value_set(request.strategy[:200]), SYMBOLS.value_set(request.symbols[:_ATTRIBUTE_SYMBOLS])]

    def _show(self) -> None:
        if self._request is None:
            return
        workflow.set_current_details(self._details(self._request))
        if self._shown is self._status:  # progress and notes are no search attributes
            return
        self._shown = self._status
        workflow.upsert_search_attributes(
            [
                KIND.value_set("run"),
                MODE.value_set(self._mode),
                *([] if SEALED in workflow.memo() else self._told(self._request)),
                STATUS.value_set(self._status.value),
            ]
        )
