"""Looks after an account: follows the venue's updates, compares with the venue, works the kill switch."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

from temporalio import activity

from activities.beating import beating, for_a_person
from activities.trading_steps import AccountSteps
from weaver.broker import Fill, OrderReport, StreamDown, StreamUp, TradeUpdate
from weaver.errors import NotFound, Unavailable
from weaver.glados.risk import RiskLimits
from weaver.killing import switch_off
from weaver.orders import OrderStatus
from weaver.veda.exchange import Exchange
from weaver.venue import Venue
from weaver.walle.recovering import HELD
from weaver.walle.trading_model import AccountRecord, Difference, OrderRecord
from workflows.account_inputs import AccountDone, AccountTask
from workflows.inputs import Event

logger = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=5)
"""Executions are asked for again from this long before the last ones seen: a venue lists some late."""
FIRST_LOOK = timedelta(days=1)
SNAPSHOT_EVERY = timedelta(seconds=1)
"""The account's money is read again after a fill, at most this often."""

STILL_CONNECTED_EVERY = timedelta(seconds=10)
"""So often it is noted again that updates come in: who listened before, on another worker, may have noted its end only now."""

Notice = Callable[[Event], Awaitable[None]]
"""Tells the account's workflow of something that happened."""

Adopt = Callable[[OrderRecord], Awaitable[None]]
"""Has an order looked after that is on record and that nobody looks after."""


class VenueAccount(AccountSteps):
    """One account. `limits` are those of the account itself; `notice` and `look` reach its workflow, `adopt` those of orders."""

    def __init__(
        self, venue: Venue, *, limits: RiskLimits, notice: Notice, look: Callable[[], Awaitable[None]], adopt: Adopt | None = None
    ) -> None:
        self._venue = venue
        self._adopt = adopt
        self._limits = limits
        self._notice = notice
        self._look = look
        self._listening = 0

    # Following.

    @activity.defn(name="listen")
    async def listen(self, task: AccountTask) -> AccountDone:
        async with beating():
            exchange = await self._venue.exchange()
            snapshot_at = datetime.min.replace(tzinfo=(await self._venue.now()).tzinfo)
            self._listening += 1
            noting: asyncio.Task[None] | None = None
            try:
                async for update in exchange.trade_updates():
                    match update:
                        case StreamUp():
                            noting = noting or asyncio.create_task(self._keep_noting())
                            await self._connected(
                                is_connected=True, event=Event(type="account.Connected", payload={"account": task.account})
                            )
                            await self._look()  # what happened while nobody listened
                        case StreamDown(reason=reason):
                            noting = _ended(noting)
                            payload = {"account": task.account, "reason": reason}
                            await self._connected(is_connected=False, event=Event(type="account.Disconnected", payload=payload))
                        case TradeUpdate(order=order, fill=fill):
                            await self._booked(order, [fill] if fill else [])
                            now = await self._venue.now()
                            if fill is not None and now - snapshot_at >= SNAPSHOT_EVERY:
                                snapshot_at = now
                                if self._loss_breached(await self._snapshot()):
                                    await self._look()
            finally:
                _ended(noting)
                self._listening -= 1
                if not self._listening:  # the account's next link may listen already
                    with suppress(Unavailable):
                        await self._connected(is_connected=False, event=None)
            raise Unavailable(f"The updates of {task.account} ended; they are followed again.")

    async def _booked(self, report: OrderReport, fills: Sequence[Fill]) -> None:
        changes = await self._venue.take(report, fills)
        if changes:
            await self._venue.tell(changes)

    async def _connected(self, *, is_connected: bool, event: Event | None) -> None:
        await asyncio.to_thread(self._venue.accounts.connected, self._venue.account, is_connected, await self._venue.now())
        if event is not None:
            await self._notice(event)

    async def _keep_noting(self) -> None:
        """Note again and again that updates come in, until cancelled."""
        while True:
            await asyncio.sleep(STILL_CONNECTED_EVERY.total_seconds())
            with suppress(Unavailable):
                await self._connected(is_connected=True, event=None)

    # Comparing.

    @activity.defn(name="reconcile")
    async def reconcile(self, task: AccountTask) -> AccountDone:
        async with beating(), for_a_person():
            return await self._reconcile(task)

    async def _reconcile(self, task: AccountTask) -> AccountDone:
        """Apply what was missed, record what differs, look at the day's loss. Sends no order to make a difference go away."""
        venue = self._venue
        exchange = await venue.exchange()
        began = await venue.now()
        account = await self._snapshot()
        reports = await exchange.open_orders()
        working = await asyncio.to_thread(venue.queries.working, venue.account)
        reports += await self._of_those_not_open(reports, working)
        fills = await exchange.fills_since((account.fills_seen_until or began - FIRST_LOOK) - OVERLAP)
        if _is_held(account):
            since = (account.fills_seen_until or began - FIRST_LOOK) - OVERLAP
            recovered = await self._recovered(exchange, [*reports, *await exchange.orders_since(since)], fills, began)
            have = {report.exchange_order_id for report in reports}
            reports += [report for report in recovered if report.exchange_order_id not in have]
            await self._have_looked_after(working)
        changes = await venue.take_all(reports, fills)
        changes += await venue.book(fills)
        await asyncio.to_thread(venue.accounts.fills_seen, venue.account, began)
        if changes:
            await venue.tell(changes)
        events = await self._drift(account, reports, began)
        events += await self._let_go(began)
        leases = await asyncio.to_thread(venue.queries.leases, venue.account)
        runs = sorted({lease.run_id for lease in leases})
        breached = self._loss_breached(await self._snapshot()) and bool(runs)
        if breached:
            text = f"The account lost more than {self._limits.max_daily_loss} today."
            events.append(Event(type="risk.Breached", payload={"account": task.account, "rule": "max_daily_loss", "message": text}))
        return AccountDone(
            events=events,
            is_busy=bool(runs or working),
            stop_runs=runs if breached else [],
            flatten=breached and self._limits.on_daily_loss == "flatten",
        )

    async def _snapshot(self) -> AccountRecord:
        exchange = await self._venue.exchange()
        asked = await self._venue.now()
        funds = await exchange.account()
        return await asyncio.to_thread(
            self._venue.accounts.snapshot, self._venue.account, funds, session=asked.date().isoformat(), at=asked
        )

    def _loss_breached(self, account: AccountRecord) -> bool:
        limit = self._limits.max_daily_loss
        if limit is None or account.opening_equity is None or account.equity is None:
            return False
        return account.opening_equity - account.equity > limit

    async def _of_those_not_open(self, reports: Sequence[OrderReport], working: Sequence[OrderRecord]) -> list[OrderReport]:
        """Return what the venue has of orders that WallE holds for open and the venue does not list as such."""
        listed = {one.exchange_order_id for report in reports for one in (report, *report.legs)}
        listed_ids = {report.client_order_id for report in reports}
        found: list[OrderReport] = []
        for order in working:
            never_sent = order.status is OrderStatus.PENDING
            if never_sent or order.exchange_order_id in listed or order.id in listed_ids:
                continue
            report = await self._venue.find(order.id, order.exchange_order_id)
            if report is not None:
                found.append(report)
        return found

    async def _recovered(self, exchange: Exchange, told: Sequence[OrderReport], fills: Sequence[Fill], at: datetime) -> list[OrderReport]:
        """Put orders on record again that our runs sent and that a restored backup does not know; return what the venue says of them.

        Only on an account that is held because of a restore: at any other time what has an id of ours and is not on record is
        somebody else's.
        """
        venue = self._venue
        if venue.lost is None:
            return []
        listed = {report.exchange_order_id: report for report in told}
        ids = listed.keys() | {fill.exchange_order_id for fill in fills}
        unknown = await asyncio.to_thread(venue.lost.unknown, venue.account, set(ids))
        for exchange_order_id in sorted(unknown - listed.keys()):
            with suppress(NotFound):
                listed[exchange_order_id] = await exchange.order(exchange_order_id)
        candidates = [report for key, report in listed.items() if key in unknown]
        for report in sorted(candidates, key=lambda one: (one.submitted_at or at, one.client_order_id)):
            order = await asyncio.to_thread(venue.lost.recover, venue.account, report, at)
            if order is not None:
                logger.warning("%s: %s of run %s is on record again", venue.account, order.id, order.run_id)
                if self._adopt is not None and not report.status.is_final and order.role is None:
                    await self._adopt(order)
        return candidates

    async def _have_looked_after(self, working: Sequence[OrderRecord]) -> None:
        """Have every working order looked after: what a backup has of Temporal is a moment older than what it has of WallE."""
        if self._adopt is not None:
            for order in working:
                if order.role is None:  # exits are looked after with their entry
                    await self._adopt(order)

    async def _let_go(self, at: datetime) -> list[Event]:
        """Allow orders again on an account that was held because of a restore, once nothing differs and nothing is on its way."""
        venue = self._venue
        account = await asyncio.to_thread(venue.accounts.account, venue.account)
        if not _is_held(account) or account.drift or venue.lost is None or await asyncio.to_thread(venue.lost.is_unsettled, venue.account):
            return []
        await asyncio.to_thread(venue.accounts.rearm, venue.account, at)
        return [Event(type="account.Rearmed", payload={"account": venue.account})]

    async def _drift(self, account: AccountRecord, reports: Sequence[OrderReport], at: datetime) -> list[Event]:
        """Record what the venue has and WallE has not, or the other way round."""
        venue = self._venue
        differences = await self._position_differences()
        if differences:  # a fill may have come since the fills were asked for
            exchange = await venue.exchange()
            changes = await venue.book(await exchange.fills_since(at - OVERLAP))
            if changes:
                await venue.tell(changes)
            await venue.settle_fees()
            differences = await self._position_differences()
        for report in reports:
            if not report.status.is_final and not await asyncio.to_thread(venue.known.is_ours, venue.account, report):
                differences.append(Difference(kind="foreign_order", symbol=report.symbol, ours="none", theirs=report.client_order_id))
        if list(account.drift) == differences:
            return []
        await asyncio.to_thread(venue.accounts.drift, venue.account, differences, at)
        listed = [{"kind": one.kind, "symbol": one.symbol, "ours": one.ours, "theirs": one.theirs} for one in differences]
        return [Event(type="account.Drift", payload={"account": venue.account, "drift": listed})]

    async def _position_differences(self) -> list[Difference]:
        exchange = await self._venue.exchange()
        theirs = {holding.symbol: holding.quantity for holding in await exchange.positions()}
        ours = {one.symbol: one.quantity for one in await asyncio.to_thread(self._venue.queries.positions, self._venue.account)}
        none = Decimal(0)
        return [
            Difference(kind="position", symbol=symbol, ours=str(ours.get(symbol, none)), theirs=str(theirs.get(symbol, none)))
            for symbol in sorted({*theirs, *ours})
            if ours.get(symbol, none) != theirs.get(symbol, none)
        ]

    # The kill switch.

    @activity.defn(name="kill_account")
    async def kill(self, task: AccountTask) -> AccountDone:
        async with beating(), for_a_person():
            done = await switch_off(self._venue, reason=task.reason or "asked for", flatten=task.flatten, at=task.at)
            leases = await asyncio.to_thread(self._venue.queries.leases, self._venue.account)
            payload = {"account": task.account, "reason": task.reason, "cancelled": len(done.cancelled), "closing": list(done.closing)}
            return AccountDone(
                events=[Event(type="account.Killed", payload=payload)],
                stop_runs=sorted({lease.run_id for lease in leases}) if task.flatten else [],  # what they hold is no longer theirs
            )

    @activity.defn(name="rearm_account")
    async def rearm(self, task: AccountTask) -> AccountDone:
        async with beating():
            await asyncio.to_thread(self._venue.accounts.rearm, task.account, task.at or await self._venue.now())
            return AccountDone(events=[Event(type="account.Rearmed", payload={"account": task.account})])


def _is_held(account: AccountRecord) -> bool:
    """Tell whether the account takes no orders because it was restored."""
    return account.killed and (account.killed_reason or "").startswith(HELD)


def _ended(noting: asyncio.Task[None] | None) -> None:
    """Stop noting that updates come in."""
    if noting is not None:
        noting.cancel()
