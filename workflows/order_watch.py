"""What an order's workflow does with an order: has it admitted, sends it, follows it, tells its run."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.trading_steps import OrderSteps, PriceSteps, RunSteps
    from weaver.orders import Role
    from weaver.walle.trading_model import OrderChange, OrderRecord
    from workflows import policies
    from workflows.attributes import KIND, MODE, SEALED, STATUS, SYMBOLS
    from workflows.moving import is_to_move
    from workflows.order_inputs import (
        AmendRequest,
        CancelTask,
        News,
        OrderInput,
        OrderWish,
        PriceReached,
        QuoteTask,
        SendTask,
        Sent,
        Synced,
        SyncTask,
    )
    from workflows.story import order_details
    from workflows.trading_inputs import Admission, AdmitTask
    from workflows.trading_names import data_queue, veda_queue

_URGENT = Priority(priority_key=1)


class Watched:
    """The order of a workflow and its legs, by id.

    `_seen` numbers the changes that were told; `_cancels` and `_leave` are to be cancelled: asked for, or to make room.
    `_ask_again` says when a cancellation that was asked for, and did not come, is asked for again; `_is_heard`, whether the run was
    still there to hear what it was told last.
    """

    def __init__(self, request: OrderInput) -> None:
        carried = request.carried
        self._request = request
        self._orders: dict[str, OrderRecord] = dict(carried.orders) if carried else {}
        self._seen: dict[str, int] = dict(carried.seen) if carried else {}
        self._cancels: list[str] = list(carried.cancels) if carried else []
        self._amendment: AmendRequest | None = carried.amendment if carried else None
        self._order_id = request.order.id if request.order else request.wish.request.client_order_id if request.wish else ""
        self._leave: list[str] = []
        self._ask_again: dict[str, datetime] = {}
        self._profit_reached = False
        self._news: list[OrderChange] = []
        self._refused: tuple[str, str] | None = None
        self._problem: str | None = None
        self._is_settled = bool(carried)
        self._is_over = False
        self._is_leaving = False
        self._is_heard = True
        self._shown: str | None = None
        if request.order and not carried:
            self._take_on(request.order)

    # Admission.

    async def _admit(self, request: OrderInput) -> None:
        assert request.wish is not None, "an order that is not on record comes as a wish"
        wish = request.wish if request.wish.price is not None else await self._priced(request.wish)
        admission = await self._admission([wish], parent_id=request.parent_id, role=request.role)
        if admission.orders:
            await self._take_on_own(admission.orders[0])
            if request.ends_with_run and not self._is_heard:  # its run ended just before it, and cannot cancel what it does not know
                self._cancels.append(self._order_id)
            return
        self._refused = admission.refused[self._order_id]
        await self._tell(News(refused=admission.refused, corr_id=request.corr_id))

    async def _priced(self, wish: OrderWish) -> OrderWish:
        """Return the wish with the present price, which its limits are checked with; as it is when the venue has none."""
        try:
            now: PriceReached = await workflow.execute_activity_method(
                PriceSteps.price_now,
                QuoteTask(account=self._request.account, symbol=wish.request.symbol, side=wish.request.side),
                task_queue=data_queue(self._request.account),
                schedule_to_close_timeout=policies.PRICE_PATIENCE,
                retry_policy=policies.VENUE_RETRY,
                summary="what is its price",
            )
        except ActivityError:
            return wish
        return wish.model_copy(update={"price": now.price})

    async def _admission(self, wishes: list[OrderWish], *, parent_id: str | None, role: Role | None) -> Admission:
        request = self._request
        return await workflow.execute_activity_method(
            RunSteps.admit,
            AdmitTask(
                account=request.account,
                run_id=request.run_id,
                wishes=wishes,
                limits=request.limits,
                budget=request.budget,
                parent_id=parent_id,
                role=role,
                corr_id=request.corr_id,
            ),
            summary="admit",
            start_to_close_timeout=policies.ADMIT_TIMEOUT,
            retry_policy=policies.ADMIT_RETRY,
        )

    async def _take_on_own(self, order: OrderRecord) -> None:
        """Take on an order that was admitted here, of which its run has not heard."""
        self._take_on(order)
        if order.changes == 1:
            created = OrderChange(order_id=order.id, number=1, event="orders.Created", at=order.created_at, order=order)
            await self._tell(News(changes=[created], corr_id=self._request.corr_id))

    def _take_on(self, order: OrderRecord) -> None:
        self._orders[order.id] = order
        self._seen[order.id] = order.changes  # that it was created, its admission has told

    # Sending.

    async def _send(self, order_id: str) -> None:
        """Send the order and go on asking for it until what became of it is known."""
        may_be_sent, absences, questions = False, 0, 0
        while not self._is_final(order_id):
            is_called_off = bool({order_id, self._order_id} & {*self._cancels}) or self._amendment is not None
            if not may_be_sent and is_called_off:
                await self._ask_for_cancellation(order_id)
                may_be_sent = True  # as its record says, if it is not final now
                continue
            step = OrderSteps.find if may_be_sent and absences < policies.ABSENT_TWICE else OrderSteps.submit
            if step is OrderSteps.submit:
                absences = 0
            useful_until = self._request.send_before if order_id == self._order_id else None
            task = SendTask(
                account=self._request.account,
                order_id=order_id,
                may_be_sent=may_be_sent,
                send_before=workflow.now() if is_called_off else useful_until,
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

    async def _look_after(self, is_done: Callable[[], bool]) -> None:
        """Follow the order and its legs until that is done, or this link is long enough."""
        quiet = 0
        while not is_done() and not self._is_time_for_next_link():
            wanted = self._wanted_cancellations()
            if wanted:
                for order_id in wanted:
                    await self._ask_for_cancellation(order_id)
                quiet = 0
                if is_done():
                    return
            try:
                await workflow.wait_condition(
                    lambda: is_done() or self._has_something_to_do() or (is_to_move() and self._has_more_to_come()),
                    timeout=_at(policies.LOOK_AFTER, quiet),
                    timeout_summary="look after it",
                )
            except TimeoutError:
                await self._sync(ask=quiet >= 2 or any(not self._is_final(order_id) for order_id in self._ask_again))
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
        """Return the open orders whose cancellation is to be asked for now: again only after a while, since a venue takes its time."""
        if self._amendment is not None and self._order_id not in self._cancels:
            self._cancels.append(self._order_id)
        wanted = dict.fromkeys([*self._cancels, *self._leave])
        if self._order_id in wanted:
            wanted |= dict.fromkeys(self._orders)
        now = workflow.now()
        is_open = (order_id for order_id in wanted if order_id in self._orders and not self._is_final(order_id))
        return [order_id for order_id in is_open if now >= self._ask_again.get(order_id, now)]

    async def _ask_for_cancellation(self, order_id: str) -> None:
        self._ask_again[order_id] = workflow.now() + policies.CANCEL_AGAIN
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
        """Tell the run, if there is one, and note whether it still listens: whoever asks for the order reads its own history."""
        if self._request.run_id is None:
            return
        try:
            await workflow.get_external_workflow_handle(self._request.run_id).signal("order_changed", news)
            self._is_heard = True
        except ApplicationError:
            self._is_heard = False

    # What is known.

    def _is_final(self, order_id: str) -> bool:
        order = self._orders.get(order_id)
        return order is not None and order.status.is_final

    def _is_done(self) -> bool:
        order = self._orders[self._order_id]
        if order.request.is_bracket and not self._request.keeps_bracket:
            return order.status.is_final  # its exits are run one by one
        if not all(one.status.is_final for one in self._orders.values()):
            return False
        has_legs = order.take_profit is not None or order.stop_loss is not None
        waits_for_legs = has_legs and self._request.keeps_bracket and order.filled_quantity > 0
        return not waits_for_legs or len(self._orders) > 1

    def _is_time_for_next_link(self) -> bool:
        long = workflow.info().is_continue_as_new_suggested() or workflow.info().get_current_history_length() > policies.EVENTS_A_LINK
        return (long or is_to_move()) and self._has_more_to_come()

    def _has_more_to_come(self) -> bool:
        return not (self._is_done() and all(order.status.is_final for order in self._orders.values()))

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
                    *([] if SEALED in workflow.memo() else [SYMBOLS.value_set([order.symbol])]),
                    STATUS.value_set(order.status.value),
                ]
            )


def _by_number(change: OrderChange) -> tuple[bool, str, int]:
    return ("." in change.order_id, change.order_id, change.number)


def _at(delays: Sequence[timedelta], index: int) -> timedelta:
    return delays[min(index, len(delays) - 1)]
