"""A bracket's exits where the venue keeps none: one of them at a time is with the venue."""

from datetime import timedelta
from decimal import Decimal

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows.order_watch import Watched

with workflow.unsafe.imports_passed_through():
    from activities.trading_steps import OrderSteps, PriceSteps
    from weaver.orders import Role
    from weaver.walle.trading_model import OrderRecord
    from workflows import policies
    from workflows.order_inputs import ExitPlan, ExitTask, News, PriceTask
    from workflows.trading_names import data_queue


class WithExits(Watched):
    """Runs the exits of a filled bracket, step by step; where it stands follows from the orders alone."""

    async def _keep_exits(self) -> None:
        """Run a filled bracket's exits where the venue does not: the stop rests there, and gives way once the profit is reached.

        A venue that keeps no brackets lets no two exits stand for one position, so only one of them is with it at a time.
        """
        entry = self._orders[self._order_id]
        if self._request.keeps_bracket or not entry.request.is_bracket or not entry.filled_quantity:
            return
        while not self._cancels and not self._is_time_for_next_link():
            working = next((order for order in self._orders.values() if order.role and not order.status.is_final), None)
            if working is None:
                role = Role.STOP_LOSS if entry.stop_loss is not None and not self._profit_reached else Role.TAKE_PROFIT
                if not await self._place_exit(entry, role):
                    return
            elif working.role is Role.STOP_LOSS and entry.take_profit is not None:
                await self._watch_for_profit(entry, working.id)
            else:
                self._profit_reached = False  # if it does not fill, the stop is placed again
                patience = policies.PROFIT_PATIENCE if entry.stop_loss is not None else None
                await self._watch(working.id, patience)
        if self._cancels:
            await self._look_after(lambda: all(order.status.is_final for order in self._orders.values()))

    async def _place_exit(self, entry: OrderRecord, role: Role) -> bool:
        """Place one exit for what is left of the position; False when nothing is."""
        task = ExitTask(account=self._request.account, order_id=entry.id, role=role)
        plan: ExitPlan = await workflow.execute_activity_method(OrderSteps.plan_exit, task, **self._venue_options(f"plan the {role}"))
        if plan.wish is None:
            return False
        admission = await self._admission([plan.wish], parent_id=entry.id, role=role)
        if not admission.orders:
            await self._tell(
                News(refused=admission.refused, problem=f"The {role} of {entry.id} was refused.", corr_id=self._request.corr_id)
            )
            return False
        await self._take_on_own(admission.orders[0])
        await self._send(admission.orders[0].id)
        return True

    async def _watch_for_profit(self, entry: OrderRecord, stop_id: str) -> None:
        """Follow the stop, and cancel it once the profit's price is there."""
        reached = workflow.start_activity_method(
            PriceSteps.await_price,
            PriceTask(account=self._request.account, symbol=entry.symbol, side=entry.side.opposite, price=entry.take_profit or Decimal(0)),
            task_queue=data_queue(self._request.account),
            start_to_close_timeout=policies.LISTEN_TIMEOUT,
            heartbeat_timeout=policies.VENUE_HEARTBEAT,
            retry_policy=policies.VENUE_RETRY,
            summary=f"wait for {entry.take_profit}",
        )
        await self._look_after(lambda: reached.done() or self._is_final(stop_id) or bool(self._cancels))
        if not reached.done():
            if not self._is_time_for_next_link():  # Temporal calls off what an old link had under way
                reached.cancel()
            return
        try:
            await reached
        except ActivityError:
            return  # it has been waited for long; the next turn waits again
        self._profit_reached = True
        self._leave.append(stop_id)
        await self._look_after(lambda: self._is_final(stop_id))
        self._leave.remove(stop_id)

    async def _watch(self, exit_id: str, patience: timedelta | None) -> None:
        """Follow an exit to its end; one that takes too long gives way to the stop."""
        until = None if patience is None else workflow.now() + patience
        await self._look_after(lambda: self._is_final(exit_id) or bool(self._cancels) or (until is not None and workflow.now() >= until))
        if not self._is_final(exit_id) and not self._cancels and not self._is_time_for_next_link():
            self._leave.append(exit_id)
            await self._look_after(lambda: self._is_final(exit_id))
            self._leave.remove(exit_id)
