"""One order's whole life: admitted, sent, watched, final. It outlives the run that wanted it."""

import re
from decimal import Decimal

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from workflows.exits import WithExits

with workflow.unsafe.imports_passed_through():
    from weaver.orders import OrderRequest, OrderStatus, OrderType
    from weaver.walle.trading_model import OrderRecord
    from workflows import policies
    from workflows.inputs import Ask
    from workflows.moving import next_link
    from workflows.order_inputs import AmendRequest, CancelRequest, CarriedOrder, News, OrderInput, OrderState, OrderWish
    from workflows.trading_names import ORDER, order_workflow_id

_ASK, _CANCEL, _AMEND = Ask(), CancelRequest(), AmendRequest()


@workflow.defn(name=ORDER)
class Order(WithExits):
    """Looks after one order and its bracket's legs; its id is `order-<client_order_id>`."""

    @workflow.init
    def __init__(self, request: OrderInput) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: OrderInput) -> OrderState:
        """Return the order as it ended, or why it never was one."""
        if not self._orders:
            await self._admit(request)
        if self._orders and request.carried is None:
            self._show()
            await self._send(self._order_id)
        self._is_settled = True
        if self._orders:
            await self._look_after(self._is_done)
            await self._keep_exits()
            if self._is_time_for_next_link():
                self._is_leaving = True  # who waits for an answer gets the order as it stands
                await workflow.wait_condition(workflow.all_handlers_finished)
                carried = CarriedOrder(
                    orders=self._orders,
                    seen=self._seen,
                    cancels=self._cancels,
                    amendment=self._amendment,
                    link=(request.carried.link if request.carried else 0) + 1,
                )
                next_link(request.model_copy(update={"carried": carried}))
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
        """Ask for the cancellation. An amendment that is under way ends with it: nothing is placed in the order's stead."""
        self._cancels.append(ask.leg or self._order_id)
        if ask.leg is None:
            self._amendment = None

    @workflow.update
    async def cancel(self, ask: CancelRequest = _CANCEL) -> OrderState:
        """Ask for the cancellation and wait until the order is final."""
        self.cancel_signal(ask)
        await workflow.wait_condition(lambda: self._is_over or self._is_leaving or self._is_final(ask.leg or self._order_id))
        return self.state()

    @cancel.validator
    def _may_be_cancelled(self, ask: CancelRequest = _CANCEL) -> None:
        self._check_open(ask.leg or self._order_id, "cancel")

    @workflow.signal(name="amend")
    def amend_signal(self, ask: AmendRequest = _AMEND) -> None:
        """Cancel, and place the remainder with other terms."""
        if not self._is_final(self._order_id) and not self._is_being_cancelled():
            self._amendment = ask

    @workflow.update
    async def amend(self, ask: AmendRequest = _AMEND) -> OrderState:
        """Cancel, and place the remainder with other terms; answers when that is done."""
        self._amendment = ask
        await workflow.wait_condition(lambda: self._is_over or self._is_leaving)
        return self.state()

    @amend.validator
    def _may_be_amended(self, ask: AmendRequest = _AMEND) -> None:
        if ask.quantity is None and ask.limit_price is None and ask.stop_price is None:
            raise ApplicationError("amend: expected a quantity, limit_price or stop_price", type="BadInput", non_retryable=True)
        self._check_open(self._order_id, "amend")
        if self._is_being_cancelled():
            raise ApplicationError(
                "Cannot amend an order that is being cancelled.", "being cancelled", type="NotAllowed", non_retryable=True
            )

    def _is_being_cancelled(self) -> bool:
        return self._order_id in self._cancels and self._amendment is None

    def _check_open(self, order_id: str, action: str) -> None:
        if self._is_final(order_id):
            status = self._orders[order_id].status
            raise ApplicationError(f"Cannot {action} an order that is {status}.", status.value, type="NotAllowed", non_retryable=True)

    @workflow.update
    async def sync(self, ask: Ask = _ASK) -> OrderState:
        """Ask the venue for the order and its legs now."""
        del ask
        if self._orders and not self._is_over:
            await self._sync(ask=True)
        return self.state()

    # The end.

    async def _place_remainder(self) -> None:
        """Place what an amended order left, under its next id, as an order of its own."""
        order, terms = self._orders[self._order_id], self._amendment
        if terms is None or order.status is not OrderStatus.CANCELLED:
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
                "ends_with_run": self._request.ends_with_run and self._is_heard,  # after the run's end, a person asked for it
                "carried": None,
                "send_before": workflow.now()
                + (policies.ORDER_LIFE if order.order_type is OrderType.MARKET else policies.PRICED_ORDER_LIFE),
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
