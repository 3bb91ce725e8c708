"""What a run reads at a bar's end: the bars that ended, its orders' news, and its money by WallE's ledger."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from temporalio import activity

from activities.account_news import AccountNews
from activities.bar_requests import BarRequests
from activities.beating import beating
from activities.lacking_bars import Want
from activities.numbers import ticked
from activities.progress import ProgressNotes
from activities.trading_steps import TickSteps
from weaver.glados.risk import RiskLimits
from weaver.glados.schedule import CalendarOf, is_due, lateness_allowed, next_bar_end, passed_ends, warmup_start
from weaver.market import Calendar, Timeframe
from weaver.veda.clocks import wait_until
from weaver.venue import Venue
from weaver.walle.decisions import Decisions
from weaver.walle.live_bars import LiveBars
from weaver.walle.records import Records
from weaver.walle.trading_model import LedgerPosition, RunLedger
from workflows.inputs import Event
from workflows.trading_inputs import Ledger, Tick, TickTask

MOST_ENDS = 100
"""Bar ends that a clock.Missed lists; it counts all."""
MOST_FILLS = 100
"""Fills that a tick carries; the rest come with the next one, so that the payload stays small."""
LOOKED_BACK = 1_000
"""Bars before the warm-up that are looked through for gaps when a process first sees a series."""


class Ticks(TickSteps):
    """Serves all runs of one account in this process. `limits` are the account's."""

    def __init__(
        self,
        venue: Venue,
        *,
        live_bars: LiveBars,
        records: Records,
        decisions: Decisions,
        limits: RiskLimits,
        calendar_of: CalendarOf = Calendar.of,
    ) -> None:
        self._venue = venue
        self._adapter = venue.account.rpartition("-")[0]
        self._live_bars = live_bars
        self._progress = ProgressNotes(records)
        self._limits = limits
        self._calendar_of = calendar_of
        self._decisions = decisions
        self._bars = BarRequests(venue.exchange, venue.clock, live_bars, adapter=self._adapter, calendar_of=calendar_of)
        self._news = AccountNews(venue)

    @activity.defn(name="fetch_bars")
    async def tick(self, task: TickTask) -> Tick:
        async with beating():
            # Before the bar's end, so that nothing is left to be worked out when it comes.
            if undone := task.left_undone:
                await asyncio.to_thread(self._decisions.not_done, task.run_id, undone.end, undone.reason)
            plan = await asyncio.to_thread(self._planned, task)
            now = await wait_until(self._venue.clock, task.end)
            ticked(task.end, now)
            if now > task.end + lateness_allowed(Timeframe(task.timeframe)):
                return await asyncio.to_thread(self._missed, task, now)
            return await self._read(task, plan, now)

    def _missed(self, task: TickTask, now: datetime) -> Tick:
        """Return what was slept through. Nothing is asked of the venue: nothing is decided on it. Blocks."""
        timeframe, calendar_of = Timeframe(task.timeframe), self._calendar_of
        passed = passed_ends(task.symbols, timeframe, task.end, now, most=MOST_ENDS, calendar_of=calendar_of)
        self._decisions.skip(task.run_id, passed.first or [task.end], "missed")
        money = self._money(task, {})
        payload = {
            "run_id": task.run_id,
            "from": _text(task.end),
            "to": _text(passed.last or task.end),
            "count": max(passed.count, 1),
            "ends": [_text(end) for end in passed.first],
        }
        return Tick(
            end=task.end,
            next_end=next_bar_end(task.symbols, timeframe, now, calendar_of=calendar_of),
            is_missed=True,
            ledger=money.ledger,
            equity=money.equity,
            events=[Event(type="clock.Missed", payload=payload, corr_id=_cause(task))],
        )

    async def _read(self, task: TickTask, plan: "_Plan", began: datetime) -> Tick:
        venue = self._venue
        answers = self._bars.closes(plan.wants, Timeframe(task.timeframe), task.end)
        if await asyncio.to_thread(venue.queries.working, venue.account, run_id=task.run_id):
            # If it fails the whole tick is tried again: nothing is decided on positions that may have changed.
            await self._news.orders(task.end)
        if self._limits.max_daily_loss is not None:
            await self._news.money(task.end)
        closes = {symbol: await asyncio.shield(answer) for symbol, answer in answers.items()}
        fresh = {symbol: close for symbol, close in closes.items() if close is not None}
        missing = [symbol for symbol, close in closes.items() if close is None]
        money, breach = await asyncio.to_thread(lambda: (self._money(task, fresh), self._breach()))
        if task.is_paused or not fresh:
            reason = "paused" if task.is_paused else "no bar"
            await asyncio.to_thread(self._decisions.skip, task.run_id, [task.end], reason)
        now = await venue.now()
        self._progress.note(task.run_id, bars_done=task.bars_done + len(fresh), equity=money.equity, at=now)
        return Tick(
            end=task.end,
            next_end=plan.next_end,
            fresh=fresh,
            ledger=money.ledger,
            equity=money.equity,
            breach=breach,
            flatten_on_breach=breach is not None and self._limits.on_daily_loss == "flatten",
            events=_events(task, began, list(fresh), missing, breach),
        )

    async def settled(self) -> None:
        """Return when nothing is left to be written, such as before the process ends."""
        await self._progress.written()

    def _planned(self, task: TickTask) -> "_Plan":
        """Return what is to be asked for. Blocks, for half a second when a process's first equity loads the calendar."""
        timeframe, calendar_of = Timeframe(task.timeframe), self._calendar_of
        due = [symbol for symbol in task.symbols if is_due(symbol, timeframe, task.end, calendar_of=calendar_of)]
        wants: list[Want] = []
        for symbol in due:
            since = warmup_start([symbol], timeframe, task.first_end, task.warmup + 1, calendar_of=calendar_of)
            checked = warmup_start([symbol], timeframe, task.end, task.warmup + 1 + LOOKED_BACK, calendar_of=calendar_of)
            wants.append(Want(symbol=symbol, since=since, checked_from=max(since, checked)))
        return _Plan(wants=wants, next_end=next_bar_end(task.symbols, timeframe, task.end, calendar_of=calendar_of))

    def _money(self, task: TickTask, fresh: Mapping[str, Decimal]) -> "_Money":
        """Return the run's money by WallE. Blocks."""
        ledger = self._venue.queries.ledger(task.run_id, task.budget, task.cursor)
        held = [position for position in ledger.positions if position.quantity]
        closes = self._newest_closes(held, task.timeframe, fresh)
        equity = None
        if len(closes) == len(held):
            equity = ledger.cash + sum((position.quantity * closes[position.symbol] for position in held), Decimal(0))
        return _Money(ledger=_carried(ledger), equity=equity)

    def _newest_closes(self, held: list[LedgerPosition], timeframe: str, fresh: Mapping[str, Decimal]) -> dict[str, Decimal]:
        closes = dict(fresh)
        for position in held:
            if position.symbol not in closes:
                newest = self._live_bars.last(self._adapter, position.symbol, timeframe)
                if newest is not None:
                    closes[position.symbol] = newest.close
        return {position.symbol: closes[position.symbol] for position in held if position.symbol in closes}

    def _breach(self) -> str | None:
        most = self._limits.max_daily_loss
        if most is None:
            return None
        loss = self._venue.accounts.day_loss(self._venue.account)
        return f"The account lost {loss:f} today, more than the {most:f} it may." if loss > most else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    wants: list[Want]
    next_end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Money:
    """`equity` is None while something held has no close."""

    ledger: Ledger
    equity: Decimal | None


def _carried(ledger: RunLedger) -> Ledger:
    """Return the ledger as a message, with no more fills than fit; the cursor stays at the last of them."""
    fills = ledger.fills[:MOST_FILLS]
    return Ledger(
        cash=ledger.cash,
        positions=list(ledger.positions),
        working=list(ledger.working),
        fills=list(fills),
        cursor=fills[-1].number if len(fills) < len(ledger.fills) else ledger.cursor,
    )


def _events(task: TickTask, began: datetime, fresh: list[str], missing: list[str], breach: str | None) -> list[Event]:
    cause = _cause(task)
    late = max(0, round((began - task.end).total_seconds() * 1_000))
    tick = {"run_id": task.run_id, "bar_end": _text(task.end), "fresh": fresh, "missing": missing, "late_ms": late}
    events = [Event(type="clock.Tick", payload=tick | ({"paused": True} if task.is_paused else {}), corr_id=cause)]
    if missing:
        payload = {"run_id": task.run_id, "bar_end": _text(task.end), "symbols": missing}
        events.append(Event(type="data.Missing", payload=payload, corr_id=cause))
    if breach is not None:
        payload = {"run_id": task.run_id, "account": task.account, "rule": "max_daily_loss", "message": breach}
        events.append(Event(type="risk.Breached", payload=payload, corr_id=cause))
    return events


def _cause(task: TickTask) -> str:
    return f"{task.run_id}:{_text(task.end)}"


def _text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
