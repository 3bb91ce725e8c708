"""Small worlds for tests: bars from a few numbers, strategies from a script, a replay in one call."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from weaver.greta.engine import advance, initial_state, open_orders
from weaver.greta.feed import Feed, Setup
from weaver.greta.records import EquityColumns, FillRow, OrderRow, TradeRow, Window
from weaver.greta.results import Outcome, summarise
from weaver.greta.state import EngineState
from weaver.market import DAY, Bars, Calendar, Timeframe, to_microseconds
from weaver.marvin.intents import Intent
from weaver.marvin.strategy import AnyStrategy, Strategy, StrategyParams
from weaver.marvin.view import View
from weaver.orders import Costs

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
Row = tuple[float, float, float, float] | tuple[float, float, float, float, float]


def bars_of(
    rows: Sequence[Row], *, symbol: str = "SIM/USD", timeframe: str = "1m", start: datetime = MONDAY, step: int | None = None
) -> Bars:
    """Bars of (open, high, low, close[, volume 1000]) rows, one after the other, around the clock."""
    frame = Timeframe(timeframe)
    starts = to_microseconds(start) + np.arange(len(rows), dtype=np.int64) * (step or frame.microseconds)
    columns = np.array([(*row, 1000.0)[:5] for row in rows], dtype=np.float64).reshape(-1, 5)
    return Bars(
        symbol=symbol,
        timeframe=frame,
        calendar=Calendar.ALWAYS,
        starts=starts,
        ends=starts + frame.microseconds,
        sessions=starts // DAY,
        open=columns[:, 0],
        high=columns[:, 1],
        low=columns[:, 2],
        close=columns[:, 3],
        volume=columns[:, 4],
    )


def flat_bars(count: int, price: float = 100.0) -> list[Row]:
    return [(price, price, price, price)] * count


def walk(count: int, *, seed: int = 1, price: float = 100.0, tick: float = 0.01) -> list[Row]:
    """A seeded random walk of bars on a tick grid, each opening near the last close."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    close = price
    for _ in range(count):
        opened = max(tick, round(close + random.normal(0, price / 500), 2))
        closed = max(tick, round(opened + random.normal(0, price / 200), 2))
        high = round(max(opened, closed) + abs(random.normal(0, price / 400)), 2)
        low = max(tick, round(min(opened, closed) - abs(random.normal(0, price / 400)), 2))
        rows.append((opened, high, low, closed, float(random.integers(0, 2000))))
        close = closed
    return rows


Script = Mapping[int, Sequence[Intent]] | Callable[[View], Iterable[Intent]]


def scripted(script: Script) -> AnyStrategy:
    """A strategy that wants `script[n]` at the end of bar n, or whatever a function of the view yields."""

    class Scripted(Strategy[StrategyParams]):
        def decide(self, view: View) -> Iterable[Intent]:
            if callable(script):
                return script(view)
            return script.get(view.only.row, ())

    return Scripted(StrategyParams())


@dataclass(frozen=True)
class Replayed:
    """A finished replay and what it wrote."""

    feed: Feed
    window: Window
    state: EngineState
    outcome: Outcome
    still_open: list[OrderRow]

    @property
    def fills(self) -> list[FillRow]:
        return self.window.fills

    @property
    def trades(self) -> list[TradeRow]:
        return self.window.trades

    @property
    def orders(self) -> list[OrderRow]:
        return [*self.window.orders, *self.still_open]

    def at(self, fill: FillRow) -> int:
        """The index of the step whose bar filled."""
        return int(np.searchsorted(self.feed.starts, fill.time))

    @property
    def brief(self) -> list[tuple[int, str, float, float]]:
        """(bar, side, quantity, price) of each fill."""
        return [(self.at(fill), fill.side, fill.quantity, fill.price) for fill in self.fills]

    def only_order(self) -> OrderRow:
        (order,) = self.orders
        return order


def replay(
    bars: Bars | Sequence[Bars],
    strategy: Script | AnyStrategy,
    *,
    cash: float | str = 100_000,
    costs: Costs | None = None,
    allow_short: bool = False,
    leverage: float = 1,
    fractional: bool = False,
    start: datetime | None = None,
    windows: Sequence[int] = (),
) -> Replayed:
    """Run a strategy over bars, cut after the given numbers of steps; the state goes through JSON at each cut."""
    series = [bars] if isinstance(bars, Bars) else list(bars)
    setup = Setup(
        cash=Decimal(str(cash)),
        costs=costs or Costs(),
        allow_short=allow_short,
        leverage=Decimal(str(leverage)),
        fractional=fractional,
    )
    made = strategy if isinstance(strategy, Strategy) else scripted(strategy)
    feed = Feed.build(series, made, start=None if start is None else to_microseconds(start))
    state = initial_state(feed, setup, made)
    parts: list[Window] = []
    for steps in (*windows, feed.steps):
        state, window = advance(feed, made, setup, EngineState.from_json(state.to_json()), steps=steps)
        parts.append(window)
    outcome = summarise(parts, state, initial_cash=float(setup.cash), calendar=feed.calendar)
    return Replayed(feed, _joined(parts), state, outcome, open_orders(feed, setup, state))


def _joined(parts: list[Window]) -> Window:
    return Window(
        EquityColumns(
            np.concatenate([part.equity.times for part in parts]),
            np.concatenate([part.equity.equity for part in parts]),
            np.concatenate([part.equity.benchmark for part in parts]),
        ),
        [row for part in parts for row in part.fills],
        [row for part in parts for row in part.orders],
        [row for part in parts for row in part.trades],
        [row for part in parts for row in part.decisions],
    )
