"""Asks a venue for the bars that all runs of a process want, each bar once and many symbols a request, and records them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from activities.lacking_bars import RecordedBars, Want
from weaver.errors import BadInput
from weaver.glados.schedule import CalendarOf
from weaver.market import Calendar, Timeframe, from_microseconds, to_microseconds
from weaver.veda.clocks import wait_until
from weaver.veda.exchange import Clock, Exchange
from weaver.walle.live_bars import LiveBars

_GATHERING = 0.02  # seconds of real time in which wants become one request
_MOST_SYMBOLS = 100  # in a request, so that its address stays short and its answer is few pages
_TOGETHER = 20  # bars: symbols whose wants begin no further apart share a request
_ROUNDS_KEPT = 3  # bar ends of a timeframe whose answers late runs still find
_LONGEST_WAIT = timedelta(seconds=10)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=0.2), timedelta(seconds=1)


Answer = asyncio.Future[Decimal | None]


@dataclass(slots=True)
class _Known:
    """What this process asked for of a series, in UTC microseconds: bars that start at `begins` or later, before `upto`."""

    begins: int
    upto: int


@dataclass(slots=True)
class _Round:
    """The answers for one bar end, and from when on each was checked; `gathering` are the wants of the next request while it is
    being put together."""

    timeframe: Timeframe
    end: datetime
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    checked_from: dict[str, datetime] = field(default_factory=dict[str, datetime])
    gathering: dict[str, Want] | None = None


def patience(timeframe: Timeframe) -> timedelta:
    """Return how long after its end a bar is waited for: a quarter of its length, at most 10 s."""
    return min(timedelta(seconds=timeframe.seconds) / 4, _LONGEST_WAIT)


class BarRequests:
    """The bars of one venue for the runs of this process. `exchange` gives it connected. Call it on one event loop only."""

    def __init__(
        self,
        exchange: Callable[[], Awaitable[Exchange]],
        clock: Clock,
        live_bars: LiveBars,
        *,
        adapter: str,
        calendar_of: CalendarOf = Calendar.of,
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._recorded = RecordedBars(live_bars, adapter=adapter, calendar_of=calendar_of)
        self._known: dict[tuple[str, Timeframe], _Known] = {}
        self._rounds: dict[tuple[Timeframe, datetime], _Round] = {}
        self._at_work: set[asyncio.Task[None]] = set()

    def closes(self, wants: Iterable[Want], timeframe: Timeframe, end: datetime) -> dict[str, Answer]:
        """Have bars recorded up to the one that ends at `end`, and return each symbol's future close of that one, None where it
        did not come in time. Every symbol must have a bar that ends there.

        The futures are shared: shield them from cancellation. They raise what the venue or the database raised; then the
        next call asks again.
        """
        this = self._round(timeframe, end)
        found: dict[str, Answer] = {}
        for want in wants:
            symbol, gathering = want.symbol, this.gathering
            if gathering is not None and symbol in gathering:
                gathering[symbol] = gathering[symbol].wider(want)
            elif symbol not in this.answers or want.checked_from < this.checked_from[symbol]:
                this.answers[symbol] = asyncio.get_running_loop().create_future()
                self._gather(this, want)
            this.checked_from[symbol] = min(want.checked_from, this.checked_from.get(symbol, want.checked_from))
            found[symbol] = this.answers[symbol]
        return found

    def _round(self, timeframe: Timeframe, end: datetime) -> _Round:
        key = (timeframe, end)
        if key not in self._rounds:
            ends = sorted(known for of, known in self._rounds if of == timeframe)
            for old in ends[: 1 - _ROUNDS_KEPT]:
                if all(answer.done() for answer in self._rounds[timeframe, old].answers.values()):
                    del self._rounds[timeframe, old]
            self._rounds[key] = _Round(timeframe, end)
        return self._rounds[key]

    def _gather(self, this: _Round, want: Want) -> None:
        if this.gathering is not None:
            this.gathering[want.symbol] = want
            return
        wants = this.gathering = {want.symbol: want}
        answers: dict[str, Answer] = {}
        task = asyncio.get_running_loop().create_task(self._serve(this, wants, answers))
        self._at_work.add(task)  # the loop itself would let go of it
        task.add_done_callback(lambda task: self._served(task, this, answers))

    def _served(self, task: asyncio.Task[None], this: _Round, answers: Mapping[str, Answer]) -> None:
        """Hand a failure on to whoever waits, and forget the answers so that they are asked for again."""
        self._at_work.discard(task)
        problem = asyncio.CancelledError() if task.cancelled() else task.exception()
        if problem is not None:
            for symbol, answer in answers.items():
                _fail(this, symbol, answer, problem)

    async def _serve(self, this: _Round, wants: Mapping[str, Want], answers: dict[str, Answer]) -> None:
        """Ask until every want has its answer or its time is over."""
        answers.update({symbol: this.answers[symbol] for symbol in wants})
        await asyncio.sleep(_GATHERING)
        this.gathering = None
        answers.update({symbol: this.answers[symbol] for symbol in wants})
        timeframe, deadline, pause = this.timeframe, this.end + patience(this.timeframe), _FIRST_PAUSE
        starts = await self._first_missing(this, wants, answers)
        while starts:
            for symbols, start in _requests(starts, timeframe):
                closes = await self._ask(this, symbols, start, answers)
                for symbol, close in closes.items():
                    answers[symbol].set_result(close)
            for symbol, want in wants.items():  # not before: what could not be asked for must be asked for again
                known = self._known[symbol, timeframe]
                known.begins = min(known.begins, to_microseconds(want.checked_from))
            starts = {symbol: self._known[symbol, timeframe].upto for symbol in starts if not answers[symbol].done()}
            now = await self._clock.now()
            if now >= deadline:
                for symbol in starts:
                    answers[symbol].set_result(None)
                return
            if starts:
                await wait_until(self._clock, min(now + pause, deadline))
                pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _first_missing(self, this: _Round, wants: Mapping[str, Want], answers: Mapping[str, Answer]) -> dict[str, int]:
        """Return the start of each symbol's first bar to be asked for, and answer where all are recorded."""
        starts: dict[str, int] = {}
        unseen: list[Want] = []
        timeframe = this.timeframe
        for symbol, want in wants.items():
            known = self._known.get((symbol, timeframe))
            last = self._recorded.last_start(symbol, timeframe, this.end)
            if known is not None and known.begins <= to_microseconds(want.checked_from) and known.upto <= last:
                starts[symbol] = known.upto
            else:
                unseen.append(want)
        missing = self._recorded.first_missing
        found = await asyncio.to_thread(lambda: {want.symbol: missing(want, timeframe, this.end) for want in unseen}) if unseen else {}
        for want in unseen:
            first, close = found[want.symbol]
            begins = to_microseconds(want.checked_from)
            known = self._known.setdefault((want.symbol, timeframe), _Known(begins, first))
            if close is None:
                starts[want.symbol] = first
            else:
                known.begins, known.upto = min(known.begins, begins), max(known.upto, first)
                answers[want.symbol].set_result(close)
        return starts

    async def _ask(self, this: _Round, symbols: Sequence[str], start: int, answers: Mapping[str, Answer]) -> dict[str, Decimal]:
        """Ask once, record what came, and return the closes of the bars that end now. A symbol that the venue refuses by
        name fails alone, since the others are other runs'."""
        try:
            exchange = await self._exchange()
            received = await exchange.bars(symbols, this.timeframe, from_microseconds(start), this.end)
        except BadInput as problem:
            if len(symbols) == 1:
                _fail(this, symbols[0], answers[symbols[0]], problem)
                return {}
            alone = [await self._ask(this, [symbol], start, answers) for symbol in symbols]
            return {symbol: close for closes in alone for symbol, close in closes.items()}
        mine = {symbol: bars for symbol, bars in received.items() if symbol in symbols}
        at = await self._clock.now()
        kept = await asyncio.to_thread(self._recorded.keep, mine, this.timeframe, start, this.end, at=at)
        for symbol, upto in kept.upto.items():
            known = self._known[symbol, this.timeframe]
            known.upto = max(known.upto, upto)
        return kept.closes


def _fail(this: _Round, symbol: str, answer: Answer, problem: BaseException) -> None:
    if answer.done():
        return
    if this.answers.get(symbol) is answer:
        del this.answers[symbol]
    answer.set_exception(problem)
    answer.exception()  # looked at, so that nobody is told of it when all who waited are gone


def _requests(starts: Mapping[str, int], timeframe: Timeframe) -> list[tuple[list[str], int]]:
    """Return symbols and first start of as few requests as make sense: alike starts together, at most 100 symbols each."""
    groups: list[tuple[list[str], int]] = []
    for symbol, start in sorted(starts.items(), key=lambda item: (item[1], item[0])):
        near = groups and start - groups[-1][1] <= _TOGETHER * timeframe.microseconds
        if near and len(groups[-1][0]) < _MOST_SYMBOLS:
            groups[-1][0].append(symbol)
        else:
            groups.append(([symbol], start))
    return groups
