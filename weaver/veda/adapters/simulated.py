"""The embedded exchange: no keys, no network. Prices are made up from a seed, or stored bars are replayed; orders fill by a
backtest's rules; the account lives in WallE, so that any process that uses it may die at any time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from weaver.broker import Fill, Funds, Holding, MarketBar, MarketClock, OrderReport, Quote, StreamDown, StreamUp, TradeUpdate, TradingDay
from weaver.errors import BadValue, NotConnected, NotFound, Refused, Unavailable, Unknown, UnknownName
from weaver.market import MICROSECONDS, Timeframe, from_microseconds, to_microseconds
from weaver.orders import OrderRequest
from weaver.veda.adapters._simulated_account import Simulation
from weaver.veda.adapters._simulated_faults import (
    Disconnect,
    Duplicate,
    Fault,
    LateFill,
    Outage,
    PartialFill,
    Refuse,
    Reorder,
    TimeOutAfter,
    TimeOutBefore,
)
from weaver.veda.adapters._simulated_market import Market, decimal, market_bar, parse_replays
from weaver.veda.adapters._simulated_options import parse_cash, parse_costs
from weaver.veda.adapters._simulated_reading import Reading
from weaver.veda.adapters._simulated_schedule import session_at
from weaver.veda.adapters._simulated_state import State
from weaver.veda.adapters._simulated_stream import POLL_SECONDS, bell_of, follow_messages, pause
from weaver.veda.exchange import AdapterMeta, Context, Exchange
from weaver.veda.simulation import Message, SimulatedStore

__all__ = [
    "META",
    "Disconnect",
    "Duplicate",
    "Fault",
    "LateFill",
    "Outage",
    "PartialFill",
    "Refuse",
    "Reorder",
    "SimulatedExchange",
    "TimeOutAfter",
    "TimeOutBefore",
]

META = AdapterMeta(
    id="simulated",
    name="Simulated exchange",
    description="Trades made-up prices, or stored bars replayed, without keys and network.",
    features=("brackets", "crypto_data_without_keys"),
    modes=("paper",),
    options=("WEAVER_SIMULATED_SEED", "WEAVER_SIMULATED_CASH", "WEAVER_SIMULATED_COSTS", "WEAVER_SIMULATED_REPLAY"),
)

Answer = TypeVar("Answer")
_SPREAD = Decimal("0.01")
_FAULTS = (Refuse, Outage, TimeOutBefore, TimeOutAfter)


class SimulatedExchange(Exchange):
    """One account of the simulated exchange. Its time is the context's clock; all matching up to now is done by whichever call
    comes next, in one transaction.

    Every symbol exists: one with a slash trades around the clock, others in the sessions of New York. Orders on a symbol meet the
    bars whose length was last asked for by a connection that trades (`bars`, `latest_bar`, `bar_updates`), 1m before that.

    Variables, each the same in all processes of an account: WEAVER_SIMULATED_SEED (any text) decides the prices;
    WEAVER_SIMULATED_CASH is what a new account begins with; WEAVER_SIMULATED_COSTS is JSON with the fields of `Costs`;
    WEAVER_SIMULATED_REPLAY replays stored bars: `SYMBOL=START@TIMEFRAME` or `SYMBOL=STORED@START@TIMEFRAME`, separated by
    commas. The first of these bars is the live bar that is in progress when the symbol is first asked for, and each later bar
    shows the next one, whatever the length of the live bars; a replayed symbol trades around the clock.
    """

    meta = META

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        given = context.environment
        self._cash = parse_cash(given.get("WEAVER_SIMULATED_CASH", "100000"))
        self._costs = parse_costs(given.get("WEAVER_SIMULATED_COSTS", "{}"))
        if context.store is None:
            raise BadValue("store", None, "a store: the simulated exchange keeps its account in WallE")
        self._store: SimulatedStore = context.store  # pyright: ignore[reportAttributeAccessIssue]  # the port leaves its type open
        replays = parse_replays(given.get("WEAVER_SIMULATED_REPLAY", ""))
        self._market = Market(given.get("WEAVER_SIMULATED_SEED", "0"), replays, self._store.sessions, self._store.stored_bars)
        self._bell = bell_of(context.account)
        self._connected = False
        self._trading = False

    async def connect(self, *, trading: bool = True) -> None:
        self._trading = self._trading or trading
        if not self._connected:
            self._connected = True
            await self._ask(lambda _: None)

    async def disconnect(self) -> None:
        self._connected = self._trading = False
        self._bell.ring()

    async def script(self, faults: Iterable[Fault]) -> None:
        """Have these faults happen, each once, after those that were scripted before. Holds for all processes."""
        scripted = list(faults)

        def add(reading: Reading) -> None:
            reading.simulation.state.faults.extend(scripted)
            reading.simulation.outbox.changed = True

        await self._change(add)

    async def account(self) -> Funds:
        def funds(reading: Reading) -> Funds:
            simulation, cash = reading.simulation, reading.cash
            worth = sum((held.market_value or Decimal(0) for held in reading.holdings()), Decimal(0))
            return Funds(
                account_number=self.context.account,
                status="ACTIVE",
                is_active=True,
                cash=cash,
                equity=cash + worth,
                buying_power=max(cash - simulation.reserved(), Decimal(0)),
            )

        return await self._ask(funds)

    async def positions(self) -> list[Holding]:
        return await self._ask(lambda reading: reading.holdings())

    async def submit(self, order: OrderRequest) -> OrderReport:
        outcome: list[Exception] = []

        def place(reading: Reading) -> OrderReport | None:
            self._go_wrong(reading, "submit", outcome)
            if outcome and not isinstance(outcome[0], _Late):
                return None
            known = reading.request(order.client_order_id)
            if known is not None:
                return reading.same(known, order)
            return reading.latest(reading.simulation.submit(order))

        report = await self._change(place)
        _raise(outcome)
        if report is None:
            raise AssertionError("an order is reported unless its call failed")
        return report

    async def cancel(self, exchange_order_id: str) -> None:
        outcome: list[Exception] = []

        def end(reading: Reading) -> None:
            self._go_wrong(reading, "cancel", outcome)
            if outcome and not isinstance(outcome[0], _Late):
                return
            if not reading.simulation.cancel(exchange_order_id) and reading.order(exchange_order_id) is None:
                raise NotFound("order", exchange_order_id)

        await self._change(end)
        _raise(outcome)

    async def order(self, exchange_order_id: str) -> OrderReport:
        report = await self._ask(lambda reading: reading.order(exchange_order_id))
        if report is None:
            raise NotFound("order", exchange_order_id)
        return report

    async def find(self, client_order_id: str) -> OrderReport | None:
        return await self._ask(lambda reading: reading.find(client_order_id))

    async def open_orders(self) -> list[OrderReport]:
        return await self._ask(lambda reading: reading.open_orders())

    async def orders_since(self, time: datetime) -> list[OrderReport]:
        return await self._ask(lambda reading: reading.orders_since(time))

    async def fills_since(self, time: datetime) -> list[Fill]:
        """Return every fill at or after `time`, and those of earlier bars that became known at or after it."""
        return await self._ask(lambda reading: reading.fills_since(time))

    async def bars(self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime) -> dict[str, list[MarketBar]]:
        first, last = to_microseconds(start), to_microseconds(end)
        anchors = await self._follow(symbols, timeframe)

        def read(now: int) -> dict[str, list[MarketBar]]:
            found: dict[str, list[MarketBar]] = {}
            for symbol in symbols:
                slots = self._market.schedule(symbol, timeframe).between(first, min(last, now))
                complete = [slot for slot in slots if slot.end <= now]
                rows = self._market.rows(symbol, complete, anchors[symbol])
                bars = [market_bar(symbol, timeframe, slot, row) for slot, row in zip(complete, rows, strict=True) if row is not None]
                if bars:
                    found[symbol] = bars
            return found

        return await asyncio.to_thread(read, await self._now())

    async def latest_bar(self, symbol: str, timeframe: Timeframe) -> MarketBar | None:
        anchors = await self._follow([symbol], timeframe)

        def read(now: int) -> MarketBar | None:
            slot = self._market.schedule(symbol, timeframe).ending_by(now)
            row = None if slot is None else self._market.rows(symbol, [slot], anchors[symbol])[0]
            return None if slot is None or row is None else market_bar(symbol, timeframe, slot, row)

        return await asyncio.to_thread(read, await self._now())

    async def quote(self, symbol: str) -> Quote:
        _check_symbols([symbol])
        now = await self._now()
        price = await self._ask(lambda reading: reading.simulation.last_price(symbol))
        if price is None:
            raise Unavailable(f"{symbol} has no price now: its replay has no bar.")
        last = decimal(price)
        return Quote(symbol=symbol, bid=max(last - _SPREAD, _SPREAD), ask=last + _SPREAD, time=from_microseconds(now))

    async def clock(self) -> MarketClock:
        now = from_microseconds(await self._now())
        is_open, next_open, next_close = await asyncio.to_thread(session_at, self._store.sessions, now)
        return MarketClock(time=now, is_open=is_open, next_open=from_microseconds(next_open), next_close=from_microseconds(next_close))

    async def calendar(self, start: date, end: date) -> list[TradingDay]:
        await self._now()
        sessions = await asyncio.to_thread(self._store.sessions, start, end)
        times = zip(sessions.dates.tolist(), sessions.opens.tolist(), sessions.closes.tolist(), strict=True)
        return [
            TradingDay(day=date.fromordinal(_EPOCH + day), open=from_microseconds(opens), close=from_microseconds(closes))
            for day, opens, closes in times
        ]

    async def trade_updates(self) -> AsyncIterator[TradeUpdate | StreamUp | StreamDown]:
        self._check_connected()
        stream = follow_messages(self._bell, lambda: self._connected, self._newest_message, self._messages_after)
        async for message in stream:
            yield message

    async def bar_updates(self, symbols: Sequence[str], timeframe: Timeframe) -> AsyncIterator[MarketBar | StreamUp | StreamDown]:
        anchors = await self._follow(symbols, timeframe)
        begun = await self._now()
        seen = dict.fromkeys(symbols, begun)
        yield StreamUp()
        with self._bell.listening() as rung:
            while self._connected:
                now = await self._now()
                waits = [POLL_SECONDS]
                for symbol in symbols:
                    schedule = self._market.schedule(symbol, timeframe)
                    while (slot := schedule.ending_after(seen[symbol])).end <= now:
                        seen[symbol] = slot.end
                        (row,) = await asyncio.to_thread(self._market.rows, symbol, [slot], anchors[symbol])
                        if row is not None:
                            yield market_bar(symbol, timeframe, slot, row)
                    waits.append((slot.end - now) / MICROSECONDS)
                if self._connected:
                    await pause(rung, min(waits))

    async def _now(self) -> int:
        self._check_connected()
        return to_microseconds(await self.context.clock.now())

    def _check_connected(self) -> None:
        if not self._connected:
            raise NotConnected("The simulated exchange was used before connect, or after disconnect.")

    async def _ask(self, question: Callable[[Reading], Answer]) -> Answer:
        """Answer from the account after all matching up to now; write only when there was any."""
        now = await self._now()
        return await asyncio.to_thread(self._asked, now, question)

    async def _change(self, change: Callable[[Reading], Answer]) -> Answer:
        now = await self._now()
        return await asyncio.to_thread(self._changed, now, change)

    def _asked(self, now: int, question: Callable[[Reading], Answer]) -> Answer:
        with self._store.look(self.context.account) as ledger:
            if ledger.state is not None:
                simulation = self._simulation(ledger.state, now)
                due = simulation.next_due
                if due is None or due > now:
                    return question(Reading(simulation, ledger))
        return self._changed(now, question)

    def _changed(self, now: int, change: Callable[[Reading], Answer]) -> Answer:
        with self._store.change(self.context.account) as ledger:
            simulation = self._simulation(ledger.state, now)
            simulation.outbox.changed = ledger.state is None
            simulation.settle()
            settled = simulation.written()
            if settled is not None:
                ledger.write(settled)  # before the change, which may ask for what has just come to its end
            answer = change(Reading(simulation, ledger))
            written = simulation.written()
            if written is not None:
                ledger.write(written)
        if settled is not None or written is not None:
            self._bell.ring()
        return answer

    def _simulation(self, text: str | None, now: int) -> Simulation:
        state = State(cash=self._cash) if text is None else State.from_text(text)
        return Simulation(self.context.account, state, self._market, self._costs, now)

    async def _follow(self, symbols: Sequence[str], timeframe: Timeframe) -> dict[str, int]:
        """Let orders on the symbols meet bars of this length, and return when each symbol's replay began."""
        _check_symbols(symbols)
        trading = self._trading

        def known(reading: Reading) -> dict[str, int] | None:
            state = reading.simulation.state
            anchors: dict[str, int] = {}
            for symbol in symbols:
                traded = state.find(symbol)
                if (trading and (traded is None or traded.timeframe != timeframe.text)) or (
                    self._market.replays(symbol) and not (traded and traded.anchor)
                ):
                    return None
                anchors[symbol] = traded.anchor if traded else 0
            return anchors

        def begin(reading: Reading) -> dict[str, int]:
            if trading:
                for symbol in symbols:
                    reading.simulation.follow(symbol, timeframe)
            return {symbol: reading.simulation.begin_replay(symbol) for symbol in symbols}

        return await self._ask(known) or await self._change(begin)

    def _go_wrong(self, reading: Reading, call: str, outcome: list[Exception]) -> None:
        """Put what the script has for this call into `outcome`."""
        faults = reading.simulation.state.faults
        fault = next((fault for fault in faults if isinstance(fault, _FAULTS) and fault.on == call), None)
        if fault is None:
            return
        faults.remove(fault)
        reading.simulation.outbox.changed = True
        match fault:
            case Refuse(reason=reason):
                outcome.append(Refused(reason, code="scripted"))
            case Outage():
                outcome.append(Unavailable("The simulated exchange does not answer, by script."))
            case TimeOutBefore():
                outcome.append(Unknown(f"The simulated exchange did not answer a {call} in time, by script."))
            case TimeOutAfter():
                outcome.append(_Late(f"The simulated exchange did not answer a {call} in time, by script."))

    async def _newest_message(self) -> int:
        return await self._ask(lambda reading: reading.simulation.state.sequence)

    async def _messages_after(self, sequence: int) -> tuple[list[Message], float]:
        def read(reading: Reading) -> float:
            due = reading.simulation.next_due
            return POLL_SECONDS if due is None else (due - reading.simulation.now) / MICROSECONDS

        seconds = await self._ask(read)
        return await asyncio.to_thread(self._store.messages_after, self.context.account, sequence), seconds


class _Late(Unknown):
    """The answer of a call that was carried out is lost."""


_EPOCH = date(1970, 1, 1).toordinal()


def _raise(outcome: list[Exception]) -> None:
    for problem in outcome:
        raise Unknown(str(problem)) if isinstance(problem, _Late) else problem


def _check_symbols(symbols: Iterable[str]) -> None:
    for symbol in symbols:
        if not symbol or symbol != symbol.strip() or not symbol.isprintable():
            raise UnknownName("symbol", symbol, ())
