"""One order's whole life: admitted, sent, watched, final. It outlives the run that wanted it."""

import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.trading_steps import OrderSteps, RunSteps
    from weaver.orders import OrderRequest, OrderStatus
    from weaver.walle.trading_model import OrderChange, OrderRecord
    from workflows import policies
    from workflows.attributes import KIND, MODE, STATUS, SYMBOLS
    from workflows.story import order_details
    from workflows.trading_inputs import (
        ORDER,
        Admission,
        AdmitTask,
        AmendRequest,
        CancelRequest,
        CancelTask,
        CarriedOrder,
        News,
        OrderInput,
        OrderState,
        OrderWish,
        SendTask,
        Sent,
        Synced,
        SyncTask,
        order_workflow_id,
        veda_queue,
    )

_CANCEL, _AMEND = CancelRequest(), AmendRequest()
_URGENT = Priority(priority_key=1)


@workflow.defn(name=ORDER)
class Order:
    """Looks after one order and its bracket's legs; its id is `order-<client_order_id>`."""

    @workflow.init
    def __init__(self, request: OrderInput) -> None:
        carried = request.carried
        self._request = request
        self._orders: dict[str, OrderRecord] = dict(carried.orders) if carried else {}
        self._seen: dict[str, int] = dict(carried.seen) if carried else {}
        self._cancels: list[str] = list(carried.cancels) if carried else []
        self._amendment = carried.amendment if carried else None
        self._order_id = request.order.id if request.order else request.wish.request.client_order_id if request.wish else ""
        self._news: list[OrderChange] = []
        self._refused: tuple[str, str] | None = None
        self._problem: str | None = None
        self._is_settled = bool(carried)
        self._is_over = False
        self._shown: str | None = None
        if request.order and not carried:
            self._take_on(request.order)

    @workflow.run
    async def run(self, request: OrderInput) -> OrderState:
        """Return the order as it ended, or why it never was one."""
        if not self._orders:
            await self._admit(request)
        if self._orders and request.carried is None:
            self._show()
            await self._send()
        self._is_settled = True
        if self._orders:
            await self._look_after()
            if self._is_time_for_next_link():
                carried = CarriedOrder(orders=self._orders, seen=self._seen, cancels=self._cancels, amendment=self._amendment)
                workflow.continue_as_new(request.model_copy(update={"carried": carried}))
            await self._place_remainder()
        self._is_over = True
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self.state()

    # Messages.

    @workflow.query
    def state(self) -> OrderState:
        """Return the order as it stands."""
        return OrderState(order=self._orders.get(self._order_id), refused=self._refused, error=self._problem)

    @workflow.update
    async def settled(self) -> OrderState:
        """Wait until the order is refused, or the venue has answered."""
        await workflow.wait_condition(lambda: self._is_settled)
        return self.state()

    @workflow.signal
    def changed(self, news: News) -> None:
        """Hear what the venue's updates brought, as it was booked."""
        self._news += news.changes

    @workflow.signal(name="cancel")
    def cancel_signal(self, ask: CancelRequest = _CANCEL) -> None:
        """Ask for the cancellation."""
        self._cancels.append(ask.leg or self._order_id)

    @workflow.update
    async def cancel(self, ask: CancelRequest = _CANCEL) -> OrderState:
        """Ask for the cancellation and wait until the order is final."""
        self._cancels.append(ask.leg or self._order_id)
        await workflow.wait_condition(lambda: self._is_over or self._is_final(ask.leg or self._order_id))
        return self.state()

    @cancel.validator
    def _may_be_cancelled(self, ask: CancelRequest = _CANCEL) -> None:
        self._check_open(ask.leg or self._order_id, "cancel")

    @workflow.signal(name="amend")
    def amend_signal(self, ask: AmendRequest = _AMEND) -> None:
        """Cancel, and place the remainder with other terms."""
        if not self._is_final(self._order_id):
            self._amendment = ask

    @workflow.update
    async def amend(self, ask: AmendRequest = _AMEND) -> OrderState:
        """Cancel, and place the remainder with other terms; answers when that is done."""
        self._amendment = ask
        await workflow.wait_condition(lambda: self._is_over)
        return self.state()

    @amend.validator
    def _may_be_amended(self, ask: AmendRequest = _AMEND) -> None:
        if ask.quantity is None and ask.limit_price is None and ask.stop_price is None:
            raise ApplicationError("amend: expected a quantity, limit_price or stop_price", type="BadInput", non_retryable=True)
        self._check_open(self._order_id, "amend")

    def _check_open(self, order_id: str, action: str) -> None:
        if self._is_final(order_id):
            status = self._orders[order_id].status
            raise ApplicationError(f"Cannot {action} an order that is {status}.", type="NotAllowed", non_retryable=True)

    # Admission.

    async def _admit(self, request: OrderInput) -> None:
        assert request.wish is not None, "an order that is not on record comes as a wish"
        admission: Admission = await workflow.execute_activity_method(
            RunSteps.admit,
            AdmitTask(
                account=request.account,
                run_id=request.run_id,
                wishes=[request.wish],
                limits=request.limits,
                parent_id=request.parent_id,
                role=request.role,
                corr_id=request.corr_id,
            ),
            summary="admit",
            start_to_close_timeout=policies.RECORD_TIMEOUT,
            retry_policy=policies.RECORD_RETRY,
        )
        if admission.orders:
            self._take_on(admission.orders[0])
            return
        self._refused = admission.refused[self._order_id]
        await self._tell(News(refused=admission.refused, corr_id=request.corr_id))

    def _take_on(self, order: OrderRecord) -> None:
        self._orders[order.id] = order
        self._seen[order.id] = order.changes  # that it was created, its admission has told

    # Sending.

    async def _send(self) -> None:
        """Send the order and go on asking for it until what became of it is known."""
        may_be_sent, absences, questions = False, 0, 0
        while not self._is_final(self._order_id):
            if self._cancels and not may_be_sent:
                await self._ask_for_cancellation(self._order_id)
                continue
            step = OrderSteps.find if may_be_sent and absences < policies.ABSENT_TWICE else OrderSteps.submit
            if step is OrderSteps.submit:
                absences = 0
            task = SendTask(
                account=self._request.account,
                order_id=self._order_id,
                may_be_sent=may_be_sent,
                send_before=self._request.send_before,
            )
            sent: Sent = await workflow.execute_activity_method(
                step, task, **self._venue_options("send" if step is OrderSteps.submit else "ask for it")
            )
            may_be_sent = True
            await self._take(sent.changes)
            match sent.outcome:
                case "known" | "too_late":
                    return
                case "terms_differ":
                    self._problem = sent.text
                    await self._tell(News(problem=sent.text, corr_id=self._request.corr_id))
                    return
                case "absent":
                    absences += 1
                case "in_doubt":
                    absences = 0
            self._is_settled = True  # as far as can be said now; it is being asked for
            await workflow.sleep(_at(policies.DOUBT_AFTER, questions), summary="before it is asked for")
            questions += 1

    # Watching.

    async def _look_after(self) -> None:
        """Follow the order until it and its legs are final, or this link is long enough."""
        quiet = 0
        while not self._is_done() and not self._is_time_for_next_link():
            wanted = self._wanted_cancellations()
            if wanted:
                for order_id in wanted:
                    await self._ask_for_cancellation(order_id)
                quiet = 0
                if self._is_done():
                    return
            delay = policies.CANCEL_AGAIN if wanted else _at(policies.LOOK_AFTER, quiet)
            try:
                await workflow.wait_condition(self._has_something_to_do, timeout=delay, timeout_summary="look after it")
            except TimeoutError:
                await self._sync(ask=quiet >= 2 or bool(wanted))
                quiet += 1
                continue
            if self._news:
                news, self._news = self._news, []
                if self._has_hole(news):
                    await self._sync(ask=False)
                else:
                    await self._take(news)
                quiet = 0

    def _has_something_to_do(self) -> bool:
        return bool(self._news) or bool(self._wanted_cancellations())

    def _wanted_cancellations(self) -> list[str]:
        """Return the orders to be cancelled that have not been asked for since this was called last, open ones only."""
        if self._amendment is not None and self._order_id not in self._cancels:
            self._cancels.append(self._order_id)
        wanted = dict.fromkeys(self._cancels)
        if self._order_id in wanted:
            wanted |= dict.fromkeys(self._orders)
        return [order_id for order_id in wanted if order_id in self._orders and not self._is_final(order_id)]

    async def _ask_for_cancellation(self, order_id: str) -> None:
        task = CancelTask(account=self._request.account, order_id=order_id)
        done: Synced = await workflow.execute_activity_method(
            OrderSteps.cancel, task, **self._venue_options(f"cancel {order_id}"), priority=_URGENT
        )
        await self._take(done.changes)

    async def _sync(self, *, ask: bool) -> None:
        task = SyncTask(account=self._request.account, order_id=self._order_id, seen=self._seen, ask=ask)
        synced: Synced = await workflow.execute_activity_method(
            OrderSteps.sync, task, **self._venue_options("ask the venue" if ask else "look it up")
        )
        await self._take(synced.changes)

    def _has_hole(self, news: Sequence[OrderChange]) -> bool:
        seen = dict(self._seen)
        for change in sorted(news, key=_by_number):
            if change.number > seen.get(change.order_id, 0) + 1:
                return True
            seen[change.order_id] = max(change.number, seen.get(change.order_id, 0))
        return False

    async def _take(self, changes: Sequence[OrderChange]) -> None:
        """Take in what is new, and tell the run."""
        new: list[OrderChange] = []
        for change in sorted(changes, key=_by_number):
            if change.number > self._seen.get(change.order_id, 0):
                self._seen[change.order_id] = change.number
                self._orders[change.order_id] = change.order
                new.append(change)
        if new:
            self._show()
            await self._tell(News(changes=new, corr_id=self._request.corr_id))

    async def _tell(self, news: News) -> None:
        """Tell the run, if there is one that still listens."""
        if self._request.run_id is None:
            return
        try:
            await workflow.get_external_workflow_handle(self._request.run_id).signal("order_changed", news)
        except ApplicationError:
            return  # the run has come to its end; whoever asks for the order reads its own history

    # The end.

    def _is_final(self, order_id: str) -> bool:
        order = self._orders.get(order_id)
        return order is not None and order.status.is_final

    def _is_done(self) -> bool:
        order = self._orders[self._order_id]
        if not all(one.status.is_final for one in self._orders.values()):
            return False
        has_legs = order.take_profit is not None or order.stop_loss is not None
        waits_for_legs = has_legs and self._request.keeps_bracket and order.filled_quantity > 0
        return not waits_for_legs or len(self._orders) > 1

    async def _place_remainder(self) -> None:
        """Place what an amended order left, under its next id, as an order of its own."""
        order, terms = self._orders[self._order_id], self._amendment
        if terms is None or order.status is OrderStatus.FILLED:
            return
        left = (terms.quantity or order.quantity) - order.filled_quantity
        if left <= 0:
            return
        request = _amended(order, terms, left)
        following = self._request.model_copy(
            update={
                "order": None,
                "wish": OrderWish(request=request, is_exit=request.reduce_only, price=None),
                "parent_id": order.id,
                "carried": None,
                "send_before": workflow.now() + policies.ORDER_LIFE,
                "corr_id": terms.corr_id or self._request.corr_id,
            }
        )
        try:
            await workflow.start_child_workflow(
                ORDER,
                following,
                id=order_workflow_id(request.client_order_id),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"the remainder of {order.id}",
            )
        except WorkflowAlreadyStartedError:
            return

    def _is_time_for_next_link(self) -> bool:
        long = workflow.info().is_continue_as_new_suggested() or workflow.info().get_current_history_length() > policies.EVENTS_A_LINK
        return long and not self._is_done()

    def _venue_options(self, summary: str) -> dict[str, Any]:
        return {
            "task_queue": veda_queue(self._request.account),
            "start_to_close_timeout": policies.VENUE_TIMEOUT,
            "heartbeat_timeout": policies.VENUE_HEARTBEAT,
            "retry_policy": policies.VENUE_RETRY,
            "summary": summary,
        }

    def _show(self) -> None:
        order = self._orders[self._order_id]
        workflow.set_current_details(order_details(list(self._orders.values())))
        if self._shown is None or order.status.is_final:
            if self._shown == order.status:
                return
            self._shown = order.status
            workflow.upsert_search_attributes(
                [
                    KIND.value_set("order"),
                    MODE.value_set(order.account.rpartition("-")[2]),
                    SYMBOLS.value_set([order.symbol]),
                    STATUS.value_set(order.status.value),
                ]
            )


def _by_number(change: OrderChange) -> tuple[bool, str, int]:
    return ("." in change.order_id, change.order_id, change.number)


def _at(delays: Sequence[timedelta], index: int) -> timedelta:
    return delays[min(index, len(delays) - 1)]


def _amended(order: OrderRecord, terms: AmendRequest, quantity: Decimal) -> OrderRequest:
    """Return the remainder's terms, under the id `<first id>.r<n>`."""
    revised = re.fullmatch(r"(.*)\.r(\d+)", order.id)
    root, revision = (revised[1], int(revised[2])) if revised else (order.id, 0)
    old = order.request
    return OrderRequest(
        client_order_id=f"{root}.r{revision + 1}",
        symbol=old.symbol,
        side=old.side,
        order_type=old.order_type,
        quantity=quantity,
        limit_price=old.limit_price if terms.limit_price is None else terms.limit_price,
        stop_price=old.stop_price if terms.stop_price is None else terms.stop_price,
        trail=old.trail,
        trail_percent=old.trail_percent,
        time_in_force=old.time_in_force,
        extended_hours=old.extended_hours,
        take_profit=old.take_profit,
        stop_loss=old.stop_loss,
        stop_loss_limit=old.stop_loss_limit,
        reduce_only=old.reduce_only,
    )
