"""A paper or live run: at each bar's end fetch, decide, order; its orders live on by themselves."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from workflows.run_ticks import WithTicks, marvin_options

with workflow.unsafe.imports_passed_through():
    from activities.trading_steps import RunSteps, StrategySteps
    from weaver.glados.runs import RunStatus
    from workflows import policies
    from workflows.inputs import LiveState, ParamsChange, RunResult, StopRequest
    from workflows.moving import is_to_move, next_link
    from workflows.problems import bad_input, failed, nothing_asked, problem_of
    from workflows.story import trading_details
    from workflows.trading_inputs import (
        CarriedRun,
        Closed,
        CloseTask,
        Opened,
        OpenTask,
        Pinned,
        PinTask,
        TradingInput,
    )
    from workflows.trading_names import TRADING_RUN

_SECOND = "second"
"""The patch by which fetches begin before their bar's end and know of a pause, and orders start together; links that began without it go
on as they were."""
_THIRD = "third"
"""The patch by which a run forgets no order of which it heard during a fetch, and one that ends cancels also what begins to work
meanwhile; links that began without it go on as they were."""
_EXAMPLE = '{"strategy": "sma-cross", "symbols": ["SIM/USD"], "timeframe": "1m"}'


@workflow.defn(name=TRADING_RUN)
class TradingRun(WithTicks):
    """One paper or live run; its id is the run id."""

    @workflow.init
    def __init__(self, request: TradingInput | None = None) -> None:
        carried = request.carried if request else None
        super().__init__(request)
        self._pinned = carried.pinned if carried else None

    @workflow.run
    async def run(self, request: TradingInput | None = None) -> RunResult:
        """Return what the run came to. Fails with the run's error; is cancelled when cancellation stopped it."""
        if request is None:
            raise nothing_asked(_EXAMPLE)
        ended = await self._outlive_cancellation(self._live(request))
        if isinstance(ended, CarriedRun):
            next_link(request.model_copy(update={"carried": ended}))
        await workflow.wait_condition(workflow.all_handlers_finished)
        await self._cancel_newcomers()
        if self._cancelled:
            raise CancelledError("stopped by cancellation")
        return ended

    def _live_state(self) -> LiveState | None:
        return LiveState(
            account=self._account,
            next_tick=self._next_end,
            positions={position.symbol: position.quantity for position in self._positions if position.quantity},
            working_orders={order_id: status.value for order_id, status in self._working.items()},
            last_decision=self._last_decision,
            pause_reason=self._pause_reason,
            heard=self._heard,
        )

    @property
    def _account(self) -> str:
        return self._opened.account if self._opened else self._request.account if self._request else ""

    # The run's life.

    async def _live(self, request: TradingInput) -> RunResult | CarriedRun:
        """Go through the run's life, to its end or to its next link."""
        self._is_second, self._is_third = workflow.patched(_SECOND), workflow.patched(_THIRD)
        self._show()
        try:
            if request.carried is None:
                await self._register(request)
        except ActivityError as failure:  # the id is another run's: nothing may be written to its record
            raise failed(problem_of(failure), failure) from failure
        try:
            _check(request, self._run_id)
            if self._opened is None or self._pinned is None:
                self._opened = await self._open(request)
                self._pinned = await self._pin(PinTask(run_id=self._run_id, request=request.as_asked()))
                self._next_end = self._opened.first_end
            before = workflow.info().continued_run_id
            if before:  # what it heard while it handed over is in its history only
                await self._archive(before)
            await self._until(lambda: self._may_start or self._stopping or is_to_move())
            if not self._may_start and not self._stopping:
                carried = await self._carry(self._opened)
                if not self._may_start and not self._stopping:
                    return carried
            while not self._stopping:
                await self._begin(request)
                if not await self._wait_for_bar(request):
                    break
                if not is_to_move():  # else the bar is the next link's
                    await self._tick(request, self._opened, self._pinned)
                if self._is_time_for_next_link() and not self._stopping:
                    carried = await self._carry(self._opened)
                    if not self._stopping:
                        return carried
            return await self._end(request)
        except (ActivityError, ApplicationError) as failure:
            self._error = problem_of(failure)
            await self._wind_down_after_error(request)
            await self._become(RunStatus.ERROR, "run.Error")
            await self._archive()
            await self._cancel_newcomers()
            raise failed(self._error, failure) from failure

    async def _open(self, request: TradingInput) -> Opened:
        return await workflow.execute_activity_method(
            RunSteps.open,
            OpenTask(run_id=self._run_id, request=request.as_asked(), now=workflow.now()),
            summary=f"check and lease {request.account}",
            start_to_close_timeout=policies.RECORD_TIMEOUT,
            retry_policy=policies.RECORD_RETRY,
        )

    async def _pin(self, task: PinTask) -> Pinned:
        return await workflow.execute_activity_method(StrategySteps.pin, task, **marvin_options(f"pin {task.request.strategy[:80]}"))

    async def _begin(self, request: TradingInput) -> None:
        if self._status is not RunStatus.PENDING:
            return
        self._started_at = workflow.now()
        if self._next_end and self._next_end <= self._started_at:  # it waited to be started
            self._opened = await self._open(request)
            self._next_end = self._opened.first_end
        ends = [self._started_at + request.trades_for] if request.trades_for else []
        ends += [request.end] if request.end else []
        self._trade_until = min(ends, default=None)
        await self._become(RunStatus.RUNNING, "run.Started")

    # Messages.

    async def _change_params(self, ask: ParamsChange) -> None:
        if self._pinned is None or self._request is None:
            raise ApplicationError("The run is not ready yet; try again in a moment.", type="NotAllowed", non_retryable=True)
        pinned = self._pinned
        task = PinTask(
            run_id=self._run_id,
            request=self._request.as_asked(),
            sha256=pinned.strategy_sha256,
            params=pinned.params | ask.params,
            corr_id=ask.corr_id,
        )
        try:
            self._pinned = await self._pin(task)
        except ActivityError as failure:
            problem = problem_of(failure)
            raise ApplicationError(problem.message, problem, type="BadInput", non_retryable=True) from failure

    async def _wind_down(self, ask: StopRequest) -> None:
        self._flatten = self._flatten or ask.flatten
        await super()._wind_down(ask)

    def _resumed(self) -> None:
        self._pause_reason = None

    # The end.

    async def _end(self, request: TradingInput) -> RunResult:
        """Cancel, keep or flatten, return the leases, and become what the run came to."""
        over = not self._stopping
        if self._opened and self._started_at:
            await self._wind_down_orders(request, self._opened)
        if self._opened:
            closed = await self._close(request, self._opened)
            self._positions = closed.positions
            self._progress = self._progress.model_copy(
                update={"equity": self._progress.equity if closed.equity is None else closed.equity, "fills": closed.fills}
            )
        if over and self._status is RunStatus.RUNNING:
            await self._become(RunStatus.COMPLETED, "run.Completed")
        else:
            await self._become(RunStatus.STOPPED, "run.Stopped")
        await self._archive()
        return RunResult(run_id=self._run_id, status=self._status, progress=self._progress)

    async def _close(self, request: TradingInput, opened: Opened) -> Closed:
        return await workflow.execute_activity_method(
            RunSteps.close,
            CloseTask(
                run_id=self._run_id,
                account=opened.account,
                budget=request.cash,
                bars_done=self._progress.bars_done,
                marks=self._marks,
                left_undone=self._left_undone,
            ),
            summary="return the leases",
            start_to_close_timeout=policies.RECORD_TIMEOUT,
            retry_policy=policies.RECORD_RETRY,
        )

    async def _wind_down_after_error(self, request: TradingInput) -> None:
        """Do as at any end. What fails here does not hide why the run ends; its orders are looked after in any case."""
        if self._opened is None:
            return
        try:
            if self._started_at:
                await self._wind_down_orders(request, self._opened)
            await self._close(request, self._opened)
        except (ActivityError, ApplicationError) as failure:
            self._note(f"while it ended: {problem_of(failure).message}")

    # The next link.

    def _is_time_for_next_link(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() or self._ticks >= policies.BARS_A_LINK or is_to_move()

    async def _carry(self, opened: Opened) -> CarriedRun:
        """Return what the next link needs, with this link's events stored and every message answered."""
        await self._archive()
        # Who has just started it waits until it has begun, which it then does here.
        await self._until(lambda: workflow.all_handlers_finished() or (self._may_start and self._status is RunStatus.PENDING))
        assert self._pinned is not None, "a run that has ticked is pinned"
        assert self._next_end is not None, "and knows its next bar"
        carried = self._request.carried if self._request else None
        return CarriedRun(
            status=self._status,
            link=(carried.link if carried else 0) + 1,
            opened=opened,
            pinned=self._pinned,
            started_at=self._started_at,
            trade_until=self._trade_until,
            next_end=self._next_end,
            state=self._strategy_state,
            weighted=self._weighted,
            cursor=self._cursor,
            progress=self._progress,
            working=self._working,
            pause_reason=self._pause_reason,
            last_decision=self._last_decision,
            ignored=self._ignored,
            stop_flattens=self._flatten,
            marks=self._marks,
            session=self._session,
            opening_equity=self._opening_equity,
            heard=self._heard,
            left_undone=self._left_undone,
        )

    def _details(self, request: TradingInput) -> str:
        live = self._live_state()
        return trading_details(super()._details(request), live) if live else super()._details(request)


def _check(request: TradingInput, run_id: str) -> None:
    if request.mode == "backtest":
        raise bad_input(f"mode = 'backtest': expected paper or live, which is what {TRADING_RUN} runs.")
    if request.mode == "live" and "cash" not in request.model_fields_set:
        raise bad_input('cash: expected a budget of the run, such as "1000", since real money is meant.')
    if request.id not in (None, run_id):
        raise bad_input(f"id = '{request.id}': expected '{run_id}', the workflow's id, or none.")
