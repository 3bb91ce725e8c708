"""Replays a stretch of the timeline: match, show, decide, place, and the equity of every step.

Speed: while no order works, the loop does nothing but move the view and call `decide`; equity is computed per stretch
from the few steps at which holdings changed. Where a run is cut into windows, or a window into stretches, changes nothing.
"""

import gc
import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from time import perf_counter

import numpy as np

from weaver.errors import StrategyBroken, WeaverError
from weaver.greta.account import ReplayedAccount
from weaver.greta.book import Book
from weaver.greta.decisions import Decided, put_into_words
from weaver.greta.desk import Desk
from weaver.greta.feed import Feed, Setup
from weaver.greta.matching import Order
from weaver.greta.records import EquityColumns, OrderRow, Rows, Window
from weaver.greta.remembered import first_state, read_state, remembered
from weaver.greta.state import EngineState, Totals
from weaver.greta.venue import Venue
from weaver.market import Floats
from weaver.marvin.guard import broken
from weaver.marvin.intents import Intent
from weaver.marvin.strategy import AnyStrategy
from weaver.marvin.view import View

ENGINE_VERSION = "2"
"""Changes whenever the same bars, strategy and costs could give another result."""

_LONGEST_STRETCH = 65_536
_STRETCH_SECONDS = 0.2
_BEFORE_ALL = np.iinfo(np.int64).min


class Pulse:
    """Where a replay is, readable from another thread at any time: `steps` stands still when the strategy does."""

    def __init__(self) -> None:
        self.base = 0
        self.view: View | None = None

    @property
    def steps(self) -> int:
        return self.base + (self.view.step if self.view else 0)


def initial_state(feed: Feed, setup: Setup, strategy: AnyStrategy) -> EngineState:
    """Return the state before the first step: cash only, and the strategy's State with its defaults."""
    book = Book.opened(float(setup.cash), len(feed.series), allow_short=setup.allow_short, leverage=float(setup.leverage))
    return EngineState(0, book.to_dict(), [], Totals(), first_state(strategy))


def advance(
    feed: Feed,
    strategy: AnyStrategy,
    setup: Setup,
    state: EngineState,
    *,
    steps: int,
    on_progress: Callable[[int], None] | None = None,
    pulse: Pulse | None = None,
) -> tuple[EngineState, Window]:
    """Replay the next `steps` steps (fewer at the end) and return the state after them and what they wrote.

    `on_progress` gets the steps done so far, a few times a second; what it raises ends the replay. Raises
    StrategyBroken for what the strategy does wrong.
    """
    replay = _Replay(feed, strategy, setup, state, pulse or Pulse())
    with _rare_collections():
        return _advance(replay, min(steps, feed.steps - state.step), on_progress)


def _advance(replay: "_Replay", left: int, on_progress: Callable[[int], None] | None) -> tuple[EngineState, Window]:
    stretch, done = 256, 0
    while done < left:
        count = min(stretch, left - done)
        began = perf_counter()
        replay.stretch(count)
        done += count
        if on_progress:
            on_progress(done)
        quick = perf_counter() - began < _STRETCH_SECONDS
        stretch = min(2 * stretch, _LONGEST_STRETCH) if quick else max(stretch // 2, 1)
    return replay.state(), replay.window()


@contextmanager
def _rare_collections() -> Generator[None, None, None]:
    """Look for cyclic garbage rarely: a replay makes many rows that stay and no cycles, and looking costs a third of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def open_orders(feed: Feed, setup: Setup, state: EngineState) -> list[OrderRow]:
    """Return the orders that still work in `state`, as rows."""
    replay = _Replay(feed, feed.strategy, setup, state, Pulse())
    return [replay.venue.row(order) for order in replay.venue.working]


class _Replay:
    """One window under way."""

    def __init__(self, feed: Feed, strategy: AnyStrategy, setup: Setup, state: EngineState, pulse: Pulse) -> None:
        self.feed = feed
        self.strategy = strategy
        self.step = state.step
        self.book = Book.opened(float(setup.cash), len(feed.series), allow_short=setup.allow_short, leverage=float(setup.leverage))
        self.book.restore(state.book)
        self.totals = Totals(**{name: getattr(state.totals, name) for name in Totals.__dataclass_fields__})
        self.venue = Venue(feed, setup, self.book, [Order.from_dict(order) for order in state.orders], self.totals)
        self.desk = Desk(feed, self.venue)
        self._state_json = state.strategy_state
        self._cash = float(setup.cash)
        account = ReplayedAccount(feed, self.venue, lambda: self.step + self.view.step)
        self.view = View(feed.series, account, feed.coarse, read_state(strategy, state.strategy_state))
        self._symbols = list(self.view.by_symbol.values())
        self._files = strategy.code_files()
        self._pulse = pulse
        self._decided: list[Decided] = []
        self._equity: list[Floats] = []
        self._benchmark: list[Floats] = []
        self._first = state.step
        pulse.view = self.view

    def stretch(self, count: int) -> None:
        """Replay `count` steps from the present one."""
        first = self.step
        self._pulse.base = first
        self._show(first, count)
        changes = [(0, self.book.cash, tuple(self.book.quantities))]
        at = 0
        while at < count:
            if self.venue.working and self.venue.match(first + at, self._new_rows(first + at)):
                changes.append((at, self.book.cash, tuple(self.book.quantities)))
            at, intents = self._decide(at, at + 1 if self.venue.working else count)
            if intents:
                self._place(first + at, intents)
                self.view.notes.clear()
            at += 1
        self._measure(first, count, changes)
        self.step = first + count
        self.view.step = 0
        self._pulse.base = self.step

    def state(self) -> EngineState:
        return EngineState(self.step, self.book.to_dict(), [order.to_dict() for order in self.venue.working], self.totals, self._state_json)

    def window(self) -> Window:
        self.book.excursions.measure()
        none = np.empty(0, np.float64)
        return Window(
            EquityColumns(
                self.feed.starts[self._first : self.step],
                np.concatenate([none, *self._equity]),
                np.concatenate([none, *self._benchmark]),
            ),
            self.venue.written.fills,
            Rows(len(self.venue.written.orders), self.venue.order_rows),
            self.venue.written.trades,
            Rows(len(self._decided), partial(put_into_words, self.feed, self._decided)),
        )

    # Moving along the timeline.

    def _show(self, first: int, count: int) -> None:
        feed, view = self.feed, self.view
        view.show(feed.times[first : first + count], int(feed.times[first - 1]) if first else self._before_first())
        if feed.rows is None:
            row = feed.first_rows[0] + first
            self._symbols[0].show(row, row + count - 1)
            self._symbols[0].move(0, True)
            return
        self._rows: list[list[int]] = []
        self._fresh: list[list[bool]] = []
        for symbol, series, rows in zip(self._symbols, feed.series, feed.rows, strict=True):
            part = rows[first : first + count]
            symbol.show(int(part[0]), int(part[-1]))
            ends = series.bars.ends[np.maximum(part, 0)]
            self._rows.append(part.tolist())
            self._fresh.append(((part >= 0) & (ends == feed.times[first : first + count])).tolist())

    def _before_first(self) -> int:
        ends = [int(series.bars.ends[row - 1]) for series, row in zip(self.feed.series, self.feed.first_rows, strict=True) if row]
        return max(ends, default=int(_BEFORE_ALL))

    def _move(self, at: int) -> None:
        self.view.step = at
        if self.feed.rows is None:
            return
        for symbol, rows, fresh in zip(self._symbols, self._rows, self._fresh, strict=True):
            symbol.at = rows[at] - rows[0]
            symbol.fresh = fresh[at]

    def _new_rows(self, step: int) -> list[int]:
        """Return each symbol's row at `step`, -1 where no bar ended."""
        if self.feed.rows is None:
            return [self.feed.first_rows[0] + step]
        at = step - self.step
        return [rows[at] if fresh[at] else -1 for rows, fresh in zip(self._rows, self._fresh, strict=True)]

    # Asking the strategy.

    def _decide(self, first: int, until: int) -> tuple[int, list[Intent]]:
        """Ask from step `first` on until something is wanted; return the last step asked and what it wants."""
        view, decide = self.view, self.strategy.decide
        intents: list[Intent] = []
        at = first
        try:
            if self.feed.rows is None:
                only = self._symbols[0]
                for at in range(first, until):
                    only.at = at
                    for intent in decide(view) or ():
                        intents.append(intent)
                    if intents or view.touched:
                        self._settle(keep_notes=bool(intents))
                        if intents:
                            break
            else:
                for at in range(first, until):
                    self._move(at)
                    for intent in decide(view) or ():
                        intents.append(intent)
                    if intents or view.touched:
                        self._settle(keep_notes=bool(intents))
                        if intents:
                            break
        except Exception as error:  # the user's code may raise anything; its name and line go on
            raise broken(error, self.feed.name, self._files) from error
        return at, intents

    def _settle(self, *, keep_notes: bool) -> None:
        """Take the strategy's State through JSON, so that what it finds next is what a restart would find."""
        if not self.view.touched:
            return
        self.view.touched = False
        if not keep_notes:
            self.view.notes.clear()
        if self.strategy.state_type is None:
            return
        state = self.view.state
        self.view.touched = False
        self.view.state, self._state_json = remembered(self.strategy, self.feed.name, state, self._state_json)

    def _place(self, step: int, intents: list[Intent]) -> None:
        try:
            orders = self.desk.place(intents, self.feed.times.item(step), self.feed.marks(step))
        except WeaverError as error:
            raise StrategyBroken(str(error), strategy=self.feed.name, file=next(iter(sorted(self._files)), None)) from error
        self._decided.append(Decided(step, tuple(self.book.quantities), tuple(self.view.notes), intents, orders))

    # Measuring.

    def _measure(self, first: int, count: int, changes: list[tuple[int, float, tuple[float, ...]]]) -> None:
        """Write equity and benchmark of the stretch, from the holdings after each change."""
        bounds = [at for at, _, _ in changes[1:]] + [count]
        lengths = np.diff([0, *bounds])
        equity = np.repeat([cash for _, cash, _ in changes], lengths)
        held = np.zeros(count, dtype=bool)
        benchmark = np.zeros(count)
        for index, series in enumerate(self.feed.series):
            row = self.feed.first_rows[index]
            rows = np.arange(row + first, row + first + count) if self.feed.rows is None else self.feed.rows[index][first : first + count]
            closes = series.bars.close[np.maximum(rows, 0)]
            quantities = np.repeat([quantities[index] for _, _, quantities in changes], lengths)
            if quantities.any():
                equity = equity + np.where(quantities != 0, quantities * closes, 0.0)
                held |= quantities != 0
            begun = rows >= row
            base = float(series.bars.close[row]) if row < len(series.bars) else math.nan
            benchmark += np.where(begun, closes / base, 1.0) if base > 0 else 1.0
        self._equity.append(equity)
        self._benchmark.append(self._cash * (benchmark / len(self.feed.series)))
        self.totals.exposed_steps += int(held.sum())
