"""Sends, finds, cancels and looks up orders at a venue. Each may run twice: the order's id makes a repeat the same order."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from temporalio import activity

from activities.beating import beating, for_a_person
from activities.trading_steps import OrderSteps
from weaver.broker import OrderReport
from weaver.errors import NotFound, Refused, TermsDiffer, Unknown
from weaver.orders import OrderRequest, OrderStatus, OrderType, Role, TimeInForce
from weaver.veda.terms import differences
from weaver.venue import Venue
from weaver.walle.trading_model import OrderChange, OrderRecord
from workflows.order_inputs import CancelTask, ExitPlan, ExitTask, OrderWish, SendTask, Sent, Synced, SyncTask

IN_FLIGHT_SECONDS = 1.0
"""What an order that an earlier attempt may have sent gets to arrive, before it is sent again."""
SURELY_ARRIVED = timedelta(seconds=30)
"""After this long an order that the venue does not know has not been taken."""

STOP_COLLAR = Decimal("0.01")

_SENT = (OrderStatus.SUBMITTING, OrderStatus.IN_DOUBT)


class VenueOrders(OrderSteps):
    """Works on one account's venue and WallE."""

    def __init__(self, venue: Venue, *, in_flight_seconds: float = IN_FLIGHT_SECONDS) -> None:
        self._venue = venue
        self._in_flight_seconds = in_flight_seconds

    @activity.defn(name="submit_order")
    async def submit(self, task: SendTask) -> Sent:
        async with beating(), for_a_person():
            return await self._submit(task)

    async def _submit(self, task: SendTask) -> Sent:
        """Send the order once, unless it is known already; ask first when it may have been sent."""
        venue = self._venue
        order = await self._order(task.order_id)
        if order.status is not OrderStatus.PENDING and order.status not in _SENT:
            return await self._sent("known", order)
        maybe_sent = task.may_be_sent or order.status in _SENT
        is_late = task.send_before is not None and await venue.now() >= task.send_before
        if is_late and not maybe_sent:
            await asyncio.to_thread(venue.orders.cancel_unsent, order.id, reason="it could not be sent in time", at=await venue.now())
            return await self._sent("too_late", order)
        exchange = await venue.exchange()
        if maybe_sent:
            for pause in (self._in_flight_seconds, None):
                report = await exchange.find(order.id)
                if report is not None:
                    return await self._adopt(order, report)
                if pause is not None:
                    await asyncio.sleep(pause)
            if is_late:
                return await self._give_up(order)
        sending = await asyncio.to_thread(venue.orders.sending, order.id, at=await venue.now())
        if sending.killed and sending.order.status in _SENT:
            return await self._give_up(order)
        if sending.order.status is not OrderStatus.SUBMITTING:
            return await self._sent("known", order)
        try:
            report = await exchange.submit(_as_sent(order.request, keeps=exchange.keeps_brackets(order.symbol)))
        except TermsDiffer as problem:
            return await self._differs(order, str(problem))
        except Refused as refusal:
            await asyncio.to_thread(venue.orders.reject, order.id, reason=refusal.reason, at=await venue.now())
            return await self._sent("known", order)
        except Unknown as problem:
            await asyncio.to_thread(venue.orders.doubt, order.id, reason=str(problem), at=await venue.now())
            told_meanwhile = (await self._order(order.id)).exchange_order_id is not None
            return await self._sent("known" if told_meanwhile else "in_doubt", order, text=str(problem))
        await venue.take(report)
        return await self._sent("known", order)

    @activity.defn(name="find_order")
    async def find(self, task: SendTask) -> Sent:
        async with beating(), for_a_person():
            order = await self._order(task.order_id)
            if order.status not in _SENT:
                return await self._sent("known", order)
            exchange = await self._venue.exchange()
            report = await exchange.find(order.id)
            return await self._sent("absent", order) if report is None else await self._adopt(order, report)

    @activity.defn(name="cancel_order")
    async def cancel(self, task: CancelTask) -> Synced:
        async with beating(), for_a_person():
            venue = self._venue
            order = await self._order(task.order_id)
            if order.status is OrderStatus.PENDING:
                reason = task.reason or "cancelled before it was sent"
                await asyncio.to_thread(venue.orders.cancel_unsent, order.id, reason=reason, at=await venue.now())
            elif not order.status.is_final:
                await self._cancel_at_venue(order)
            return Synced(changes=await self._changes(order.parent_id if order.role and order.parent_id else order.id))

    async def _cancel_at_venue(self, order: OrderRecord) -> None:
        """Ask for the cancellation, and take what the order is then; a lost answer is no matter, since it is read anyway."""
        venue = self._venue
        exchange = await venue.exchange()
        exchange_id = order.exchange_order_id
        if exchange_id is None:
            found = await exchange.find(order.id)
            if found is None or differences(order.request, found):
                return  # one with other terms is not ours; whoever asks for the order says so
            await venue.take(found)
            exchange_id = found.exchange_order_id
        try:
            await exchange.cancel(exchange_id)
        except (NotFound, Refused, Unknown) as problem:
            activity.logger.info("cancel %s: %s", order.id, problem)
        report = await venue.find(order.id, exchange_id)
        if report is not None:
            await venue.take(report)

    @activity.defn(name="sync_order")
    async def sync(self, task: SyncTask) -> Synced:
        async with beating(), for_a_person():
            if task.ask:
                known = await self._ask(await self._order(task.order_id))
                for leg in await asyncio.to_thread(self._venue.orders.legs, task.order_id):
                    if not leg.status.is_final and leg.exchange_order_id not in known:
                        await self._ask(leg)
            return Synced(changes=await self._changes(task.order_id, task.seen))

    async def _ask(self, order: OrderRecord) -> set[str]:
        """Book what the venue says of an order now; return the venue's ids of the order and of the legs that it told of."""
        report = await self._venue.find(order.id, order.exchange_order_id)
        if report is None:
            return set()
        await self._venue.take(report)
        return {one.exchange_order_id for one in (report, *report.legs)}

    @activity.defn(name="plan_exit")
    async def plan_exit(self, task: ExitTask) -> ExitPlan:
        async with beating(), for_a_person():
            entry = await self._order(task.order_id)
            legs = await asyncio.to_thread(self._venue.orders.legs, entry.id)
            exchange = await self._venue.exchange()
            held = {holding.symbol: holding.available for holding in await exchange.positions()}
            left = entry.filled_quantity - sum((leg.filled_quantity for leg in legs), Decimal(0))
            quantity = min(left, abs(held.get(entry.symbol, Decimal(0))))  # a venue may have taken its fee from what was bought
            if quantity <= 0:
                return ExitPlan()
            number = 1 + sum(leg.role is task.role for leg in legs)
            request = exit_of(entry, task.role, quantity, number)
            # At its own price, so that no collar keeps a position from what its bracket has promised.
            return ExitPlan(wish=OrderWish(request=request, is_exit=True, price=request.stop_price or request.limit_price))

    async def _adopt(self, order: OrderRecord, report: OrderReport) -> Sent:
        differing = differences(order.request, report)
        if differing:
            return await self._differs(order, str(TermsDiffer(order.id, differing)))
        await self._venue.take(report)
        return await self._sent("known", order)

    async def _differs(self, order: OrderRecord, text: str) -> Sent:
        """An order of this id with other terms is not ours to go on with: a person must look."""
        await asyncio.to_thread(self._venue.orders.reject, order.id, reason=text, at=await self._venue.now())
        return await self._sent("terms_differ", order, text=text)

    async def _give_up(self, order: OrderRecord) -> Sent:
        """Call an order off whose time is over and that the venue does not know, once it must have arrived if it was sent at all."""
        now = await self._venue.now()
        changes = await asyncio.to_thread(self._venue.orders.changes, order.id)
        if changes and now - max(change.at for change in changes) < SURELY_ARRIVED:
            return await self._sent("absent", order)
        await asyncio.to_thread(self._venue.orders.never_arrived, order.id, reason="it did not reach the venue in time", at=now)
        return await self._sent("too_late", order)

    async def _sent(self, outcome: str, order: OrderRecord, *, text: str | None = None) -> Sent:
        return Sent.model_validate({"outcome": outcome, "changes": await self._changes(order.id), "text": text})

    async def _order(self, order_id: str) -> OrderRecord:
        return await asyncio.to_thread(self._venue.orders.order, order_id)

    async def _changes(self, order_id: str, seen: dict[str, int] | None = None) -> list[OrderChange]:
        """Return the changes of an order and its legs after the numbers seen."""
        known = seen or {}

        def read() -> list[OrderChange]:
            orders = self._venue.orders
            ids = [order_id, *(leg.id for leg in orders.legs(order_id))]
            return [change for one in ids for change in orders.changes(one, known.get(one, 0))]

        return await asyncio.to_thread(read)


def exit_of(entry: OrderRecord, role: Role, quantity: Decimal, number: int) -> OrderRequest:
    """Return the `number`th take-profit or stop-loss of a bracket that Weaver runs itself.

    The stop is a stop-limit, which every venue takes; its limit is the one asked for, else 1 % beyond the stop.
    """
    side = entry.side.opposite
    suffix = {Role.TAKE_PROFIT: "tp", Role.STOP_LOSS: "sl"}[role] + (str(number) if number > 1 else "")
    if role is Role.TAKE_PROFIT:
        order_type, limit, stop = OrderType.LIMIT, entry.take_profit, None
    else:
        assert entry.stop_loss is not None, "a stop-loss is placed for brackets that have one"
        beyond = (entry.stop_loss * (1 + side.sign * STOP_COLLAR)).quantize(entry.stop_loss)
        order_type, limit, stop = OrderType.STOP_LIMIT, entry.stop_loss_limit or beyond, entry.stop_loss
    return OrderRequest(
        client_order_id=f"{entry.id}.{suffix}",
        symbol=entry.symbol,
        side=side,
        order_type=order_type,
        quantity=quantity,
        limit_price=limit,
        stop_price=stop,
        time_in_force=TimeInForce.GTC,
        reduce_only=True,
    )


def _as_sent(request: OrderRequest, *, keeps: bool) -> OrderRequest:
    """Return the order without exits where the venue does not keep them: Weaver runs these itself."""
    if keeps or not request.is_bracket:
        return request
    return replace(request, take_profit=None, stop_loss=None, stop_loss_limit=None)
