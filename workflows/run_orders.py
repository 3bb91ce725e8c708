"""What a run does with its orders: has them admitted, starts what looks after each, hears what becomes of them, winds them down."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from workflows.control import Controlled

with workflow.unsafe.imports_passed_through():
    from activities.trading_steps import RunSteps
    from weaver.glados.risk import Budget
    from weaver.glados.runs import RunStatus
    from weaver.market import Timeframe
    from weaver.orders import OrderType, Role
    from weaver.walle.trading_model import NotDone, OrderRecord
    from workflows import policies
    from workflows.attributes import SEALED
    from workflows.inputs import Ask
    from workflows.order_inputs import AmendRequest, CancelRequest, News, OrderInput, OrderWish
    from workflows.trading_inputs import Admission, AdmitTask, Decision, FlattenPlan, FlattenTask, Ledger, LeftUndone, Opened, TradingInput
    from workflows.trading_names import ORDER, looked_after_by, order_workflow_id


class WithOrders(Controlled[TradingInput]):
    """A run with orders, which live on by themselves: `_working` are those that are not final, by id.

    Of those `_heard_since_fetch` it heard since its latest fetch began: WallE's word of then may be older. `_ending` are, once it winds
    down, those that it told to end, and those that close its positions.
    """

    def __init__(self, request: TradingInput | None) -> None:
        carried = request.carried if request else None
        super().__init__(request, carried, (request.mode if request else None) or "paper")
        self._opened: Opened | None = carried.opened if carried else None
        self._working = dict(carried.working) if carried else {}
        self._heard_since_fetch: set[str] = set()
        self._pause_reason = carried.pause_reason if carried else None
        self._flatten = carried.stop_flattens if carried else False
        self._heard = carried.heard if carried else 0
        self._session: str | None = carried.session if carried else None
        self._is_second = self._is_third = False
        self._opening_equity: Decimal | None = carried.opening_equity if carried else None
        self._left_undone: LeftUndone | None = carried.left_undone if carried else None
        self._ending: set[str] | None = None

    @workflow.signal
    def order_changed(self, news: News) -> None:
        """Hear of an order's changes, from the order itself."""
        self._heard += len(news.changes)
        for change in news.changes:
            self._note_status(change.order)
        for order_id in news.refused:
            self._working.pop(order_id, None)
            self._heard_since_fetch.add(order_id)
        if news.problem and self._status is RunStatus.RUNNING:
            self._pause_reason = news.problem

    def _note_status(self, order: OrderRecord) -> None:
        self._heard_since_fetch.add(order.id)
        if order.status.is_final:
            self._working.pop(order.id, None)
        else:
            self._working[order.id] = order.status

    def _is_trading(self) -> bool:
        return self._status is RunStatus.RUNNING and not self._stopping and self._pause_reason is None

    def _leave_undone(self, end: datetime) -> None:
        """Have it put on record that a decision is not done, or not all of it, since the run does not trade any more."""
        self._left_undone = LeftUndone(end=end, reason=NotDone.STOPPED if self._stopping else NotDone.PAUSED)

    def _budget(self, request: TradingInput) -> Budget:
        return Budget(amount=request.cash, leverage=request.leverage, allow_short=request.allow_short)

    def _day_loss(self) -> Decimal:
        """Return what the run has lost since the session (the UTC day) began, a gain being negative."""
        present = self._progress.equity
        return Decimal(0) if present is None or self._opening_equity is None else self._opening_equity - present

    def _note_equity(self, at: datetime, equity: Decimal) -> None:
        """Take the run's equity at a bar's end; the last one of the day before is what the session opens with."""
        session = at.date().isoformat()
        if self._session != session:
            before = self._progress.equity
            self._session, self._opening_equity = session, equity if before is None else before
        self._progress = self._progress.model_copy(update={"equity": equity})

    async def _carry_out(self, request: TradingInput, decision: Decision, ledger: Ledger) -> None:
        """Cancel and amend what is wanted, then send: exits first, entries once this tick's market exits are final."""
        await self._each([partial(self._cancel, order_id, self._cause(decision.end)) for order_id in decision.cancels])
        for change in decision.amendments:
            terms = AmendRequest(quantity=change.quantity, limit_price=change.limit_price, stop_price=change.stop_price)
            await self._signal_order(change.order_id, "amend", terms)
        await self._make_room(decision, ledger)
        exits = [wish for wish in decision.orders if wish.is_exit]
        entries = [wish for wish in decision.orders if not wish.is_exit]
        at_market = [wish.request.client_order_id for wish in exits if wish.request.order_type is OrderType.MARKET]
        if entries and at_market:
            await self._send(request, exits, decision.end)
            bar = timedelta(seconds=Timeframe(request.timeframe).seconds)
            limit = max(min(policies.EXITS_FIRST, bar / 4), policies.SHORTEST_TIMER)
            await self._until(lambda: not any(order_id in self._working for order_id in at_market), limit, "wait for the exits")
            if self._is_trading():
                await self._send(request, entries, decision.end)
            else:
                self._leave_undone(decision.end)
        elif decision.orders:
            await self._send(request, [*exits, *entries], decision.end)

    async def _make_room(self, decision: Decision, ledger: Ledger) -> None:
        """Cancel the bracket legs that hold what is to be closed at the market: a venue lets no two orders sell the same."""
        closing = {
            wish.request.symbol for wish in decision.orders if wish.request.reduce_only and wish.request.order_type is OrderType.MARKET
        }
        if self._opened is None or not self._opened.exits_hold_positions:
            return
        legs = [order.id for order in ledger.working if order.role in (Role.TAKE_PROFIT, Role.STOP_LOSS) and order.symbol in closing]
        parents = dict.fromkeys(looked_after_by(leg) for leg in legs)
        await self._each([partial(self._cancel, parent, self._cause(decision.end)) for parent in parents])
        if legs:
            await self._until(lambda: not any(leg in self._working for leg in legs), policies.EXITS_FIRST, "wait for the legs to end")

    async def _send(self, request: TradingInput, wishes: Sequence[OrderWish], end: datetime | None) -> list[str]:
        """Have orders admitted and start what looks after each; return their ids."""
        opened = self._opened
        assert opened is not None, "a run that sends orders has been opened"
        cause = self._cause(end or workflow.now())
        admission: Admission = await workflow.execute_activity_method(
            RunSteps.admit,
            AdmitTask(
                account=opened.account,
                run_id=self._run_id,
                wishes=list(wishes),
                limits=request.risk,
                budget=self._budget(request),
                run_day_loss=self._day_loss(),
                end=end,
                corr_id=cause,
            ),
            summary=f"admit {len(wishes)} order{'s' if len(wishes) > 1 else ''}",
            start_to_close_timeout=policies.ADMIT_TIMEOUT,
            retry_policy=policies.ADMIT_RETRY,
        )
        bar = timedelta(seconds=Timeframe(request.timeframe).seconds)
        steps: list[Callable[[], Awaitable[None]]] = []
        for order in admission.orders:
            self._note_status(order)
            at_market = order.order_type is OrderType.MARKET
            life = max(bar, policies.ORDER_LIFE) if at_market else max(10 * bar, policies.PRICED_ORDER_LIFE)
            steps.append(partial(self._look_after, order, opened, workflow.now() + life, cause))
        await self._each(steps)
        self._progress = self._progress.model_copy(update={"orders": self._progress.orders + len(admission.orders)})
        return [order.id for order in admission.orders]

    async def _look_after(self, order: OrderRecord, opened: Opened, send_before: datetime, cause: str) -> None:
        try:
            await workflow.start_child_workflow(
                ORDER,
                OrderInput(
                    account=opened.account,
                    run_id=self._run_id,
                    order=order,
                    limits=self._request.risk if self._request else None,
                    budget=self._budget(self._request) if self._request else None,
                    keeps_bracket=order.symbol in opened.keeps_brackets,
                    ends_with_run=self._request is not None and self._request.at_end != "keep",
                    send_before=send_before,
                    corr_id=cause,
                ),
                id=order_workflow_id(order.id),
                memo={SEALED: "yes"} if SEALED in workflow.memo() else None,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"{order.side} {order.quantity.normalize():f} {order.symbol}, {order.order_type}",
            )
        except WorkflowAlreadyStartedError:
            return  # it exists since an earlier try, and is looked after

    async def _each(self, steps: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Take the steps in order, some at a time: each waits for the server, and that need not be one after the other."""
        if not self._is_second:
            for step in steps:
                await step()
            return
        for first in range(0, len(steps), policies.STEPS_AT_ONCE):
            await asyncio.gather(*(step() for step in steps[first : first + policies.STEPS_AT_ONCE]))

    async def _cancel(self, order_id: str, cause: str | None = None) -> None:
        """Have an order cancelled, or only the leg of a bracket that is named."""
        parent = looked_after_by(order_id)
        await self._signal_order(parent, "cancel", CancelRequest(leg=order_id if order_id != parent else None, corr_id=cause))

    async def _signal_order(self, order_id: str, name: str, message: Ask) -> None:
        """Tell an order something. One that has come to its end cannot hear it, and need not."""
        try:
            await workflow.get_external_workflow_handle(order_workflow_id(order_id)).signal(name, message)
        except ApplicationError:
            return

    def _cause(self, end: datetime) -> str:
        return f"{self._run_id}:{end:%Y-%m-%dT%H:%M:%SZ}"

    # The end.

    async def _wind_down_orders(self, request: TradingInput, opened: Opened) -> None:
        how = "flatten" if self._flatten else request.at_end
        if how == "keep":
            return
        if self._is_third:
            await self._cancel_working()
        else:
            await self._each([partial(self._cancel, parent) for parent in self._to_cancel()])
            await self._until(lambda: not self._working, policies.WIND_DOWN, "wait for the orders to end")
        if how == "flatten":
            await self._close_positions(request, opened)
        if self._working:
            self._note(f"still working when the run ended: {', '.join(self._working)}")

    async def _cancel_working(self) -> None:
        """Cancel what works, and what begins to while that ends: the remainder of an amended order may be on its way."""
        told = self._ending = set()
        over = workflow.now() + policies.WIND_DOWN
        while self._working and workflow.now() < over:
            await self._cancel_newcomers()
            left = over - workflow.now()
            await self._until(lambda: not self._working or bool(self._to_cancel(told)), left, "wait for the orders to end")

    async def _cancel_newcomers(self) -> None:
        """Cancel what works and was not told to end yet, without waiting for that. As a run's last step it reaches whatever the run
        hears of until it ends: a signal that comes just then has that step done again."""
        while self._ending is not None and (parents := self._to_cancel(self._ending)):
            self._ending.update(parents)
            await self._each([partial(self._cancel, parent) for parent in parents])

    def _to_cancel(self, told: Collection[str] = ()) -> list[str]:
        """Return the orders to tell so that all that works ends, without those that were."""
        return [parent for parent in dict.fromkeys(looked_after_by(one) for one in self._working) if parent not in told]

    async def _close_positions(self, request: TradingInput, opened: Opened) -> None:
        plan: FlattenPlan = await workflow.execute_activity_method(
            RunSteps.plan_flattening,
            FlattenTask(run_id=self._run_id, account=opened.account, budget=request.cash, at=workflow.now()),
            summary="what is to be closed",
            start_to_close_timeout=policies.RECORD_TIMEOUT,
            retry_policy=policies.RECORD_RETRY,
        )
        if plan.wishes:
            sent = await self._send(request, plan.wishes, None)
            if self._ending is not None:
                self._ending.update(sent)
            await self._until(lambda: not self._working, policies.WIND_DOWN, "wait for the positions to close")
