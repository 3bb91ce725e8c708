"""A run's ticks: waits for a bar's end, has what ended fetched, and has the strategy decide on it."""

from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow

from workflows.run_orders import WithOrders

with workflow.unsafe.imports_passed_through():
    from activities.trading_steps import StrategySteps, TickSteps
    from weaver.glados.runs import RunStatus
    from weaver.market import Timeframe
    from weaver.walle.trading_model import LedgerPosition, NotDone
    from workflows import policies
    from workflows.inputs import StopRequest
    from workflows.moving import is_to_move
    from workflows.trading_inputs import DecideTask, Decision, LeftUndone, Opened, Pinned, Tick, TickTask, TradingInput
    from workflows.trading_names import MARVIN_QUEUE, data_queue

AnswerT = TypeVar("AnswerT")


class WithTicks(WithOrders):
    """A run that acts at bars' ends: `_next_end` is the next one, `_trade_until` the time after which there is none."""

    def __init__(self, request: TradingInput | None) -> None:
        carried = request.carried if request else None
        super().__init__(request)
        self._next_end = carried.next_end if carried else None
        self._trade_until = carried.trade_until if carried else None
        self._strategy_state = carried.state if carried else None
        self._weighted = list(carried.weighted) if carried else []
        self._cursor = carried.cursor if carried else 0
        self._last_decision = carried.last_decision if carried else None
        self._positions: list[LedgerPosition] = []
        self._marks = dict(carried.marks) if carried else {}
        self._ticks = 0

    async def _wait_for_bar(self, request: TradingInput) -> bool:
        """Wait until shortly before the next bar ends; False when the run is over before. Its fetch waits out what is left."""
        end = self._next_end or workflow.now()
        over = self._trade_until is not None and end > self._trade_until
        wake = self._trade_until if over and self._trade_until else end - self._early(request.timeframe)
        left = wake - workflow.now()
        if left >= policies.SHORTEST_TIMER or (over and left > timedelta(0)):
            await self._until(lambda: self._stopping or self._must_pause() or is_to_move(), left, f"wait for {wake:%Y-%m-%d %H:%M:%S}Z")
            while self._must_pause() and not self._stopping:
                await self._pause_itself()
                left = max(wake - workflow.now(), policies.SHORTEST_TIMER)
                await self._until(lambda: self._stopping or self._must_pause() or is_to_move(), left)
        return not self._stopping and not over

    def _early(self, timeframe: str) -> timedelta:
        """Return how long before a bar's end the run wakes: a moment by chance, since the bars of all runs end at once."""
        if not self._is_second or Timeframe(timeframe).seconds < policies.WAKES_EARLY_FROM.total_seconds():
            return timedelta(0)
        shortest, longest = policies.WAKE_EARLY
        return shortest + workflow.random().random() * (longest - shortest)

    def _must_pause(self) -> bool:
        return self._pause_reason is not None and self._status is RunStatus.RUNNING

    async def _pause_itself(self) -> None:
        self._note(f"paused: {self._pause_reason}")
        await self._become(RunStatus.PAUSED, "run.Paused")

    # One tick.

    async def _tick(self, request: TradingInput, opened: Opened, pinned: Pinned) -> None:
        """Fetch the bars that ended, and when there is something to decide on, decide and order."""
        tick = await self._fetch(request, opened, pinned)
        if tick is None:
            return
        self._next_end, self._ticks, self._left_undone = tick.next_end, self._ticks + 1, None
        self._take_in(tick)
        if tick.breach:
            self._note(tick.breach)
            await self._wind_down(StopRequest(flatten=tick.flatten_on_breach))
            return
        limits = request.risk
        if limits and limits.max_daily_loss is not None and self._day_loss() > limits.max_daily_loss:
            self._note(f"The run lost {self._day_loss():f} today, more than the {limits.max_daily_loss:f} it may.")
            await self._wind_down(StopRequest(flatten=limits.on_daily_loss == "flatten"))
            return
        if tick.fresh and not tick.is_missed and self._is_trading():
            decision = await self._decide(request, opened, pinned, tick)
            if not decision or not self._is_trading():
                self._leave_undone(tick.end)
            elif self._is_stale(request, decision):
                self._left_undone = LeftUndone(end=tick.end, reason=NotDone.LATE)
            else:
                self._progress = self._progress.model_copy(update={"fills": self._progress.fills + len(tick.ledger.fills)})
                self._cursor = tick.ledger.cursor  # what no decision has seen comes again with the next tick
                self._strategy_state, self._weighted, self._last_decision = decision.state, decision.weighted, decision.end
                await self._carry_out(request, decision, tick.ledger)
        self._show()

    async def _fetch(self, request: TradingInput, opened: Opened, pinned: Pinned) -> Tick | None:
        """Return the bars that ended; None once the run is to stop. A fetch knows whether the run is paused, so another one takes its
        place when that changes while it waits."""
        tick: Tick | None = None
        while tick is None and not self._stopping:
            if self._must_pause():
                await self._pause_itself()
            tick = await self._fetch_unless_changed(request, opened, pinned)
        return tick

    async def _fetch_unless_changed(self, request: TradingInput, opened: Opened, pinned: Pinned) -> Tick | None:
        is_paused = self._status is not RunStatus.RUNNING
        handle = self._start_fetch(request, opened, pinned, is_paused=is_paused)

        def has_changed() -> bool:
            if not self._is_second:
                return self._stopping
            return self._stopping or self._must_pause() or (self._status is not RunStatus.RUNNING) is not is_paused

        await self._until(lambda: handle.done() or has_changed())
        return await handle if handle.done() else _call_off(handle)

    def _start_fetch(self, request: TradingInput, opened: Opened, pinned: Pinned, *, is_paused: bool) -> workflow.ActivityHandle[Tick]:
        end = self._next_end or opened.first_end
        self._heard_since_fetch.clear()
        task = TickTask(
            run_id=self._run_id,
            account=opened.account,
            symbols=request.symbols,
            timeframe=request.timeframe,
            end=end,
            first_end=opened.first_end,
            warmup=pinned.warmup,
            budget=request.cash,
            cursor=self._cursor,
            bars_done=self._progress.bars_done,
            is_paused=is_paused,
            left_undone=self._left_undone,
        )
        return workflow.start_activity_method(
            TickSteps.tick,
            task,
            task_queue=data_queue(opened.account),
            start_to_close_timeout=policies.TICK_TIMEOUT,
            heartbeat_timeout=policies.TICK_HEARTBEAT,
            retry_policy=policies.VENUE_RETRY,
            cancellation_type=workflow.ActivityCancellationType.TRY_CANCEL,
            summary=f"bars until {end:%Y-%m-%d %H:%M:%S}Z",
        )

    async def _unless_stopped(self, handle: workflow.ActivityHandle[AnswerT]) -> AnswerT | None:
        """Return the activity's result; None once the run is to stop, since nobody may be there to give one."""
        await self._until(lambda: handle.done() or self._stopping)
        return await handle if handle.done() else _call_off(handle)

    def _take_in(self, tick: Tick) -> None:
        """Take WallE's word for what the run holds and has working, unless it has heard of an order since."""
        ledger = tick.ledger
        self._marks |= tick.fresh
        kept = self._heard_since_fetch if self._is_third else set()
        recorded = {order.id: order.status for order in ledger.working if order.id not in kept}
        self._working = recorded | {order_id: status for order_id, status in self._working.items() if order_id in kept}
        self._positions = ledger.positions
        self._progress = self._progress.model_copy(update={"bars_done": self._progress.bars_done + len(tick.fresh)})
        if tick.equity is not None:
            self._note_equity(tick.end, tick.equity)

    async def _decide(self, request: TradingInput, opened: Opened, pinned: Pinned, tick: Tick) -> Decision | None:
        task = DecideTask(
            run_id=self._run_id,
            strategy=request.strategy,
            plan=pinned.plan,
            account=opened.account,
            end=tick.end,
            first_end=opened.first_end,
            fresh=list(tick.fresh),
            ledger=tick.ledger,
            state=self._strategy_state,
            weighted=self._weighted,
        )
        handle = workflow.start_activity_method(StrategySteps.decide, task, **marvin_options(f"decide at {tick.end:%Y-%m-%d %H:%M:%S}Z"))
        return await self._unless_stopped(handle)

    def _is_stale(self, request: TradingInput, decision: Decision) -> bool:
        """Tell whether a decision came so late that what it saw is no longer so; it is noted then, and not carried out."""
        bar = timedelta(seconds=Timeframe(request.timeframe).seconds)
        late = workflow.now() - decision.end > max(bar, policies.STALE_AFTER)
        if late and (decision.orders or decision.cancels or decision.amendments):
            self._note(f"the decision at {decision.end:%Y-%m-%d %H:%M:%S}Z came too late and was not carried out")
        return late


def _call_off(handle: workflow.ActivityHandle[Any]) -> None:
    """Have an activity end; nobody waits for it any more, and how it ends is no news."""
    handle.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    handle.cancel()


def marvin_options(summary: str) -> dict[str, Any]:
    """Return how the strategy is asked."""
    return {
        "task_queue": MARVIN_QUEUE,
        "start_to_close_timeout": policies.DECIDE_TIMEOUT,
        "heartbeat_timeout": policies.COMPUTE_HEARTBEAT,
        "retry_policy": policies.DECIDE_RETRY,
        "summary": summary,
    }
