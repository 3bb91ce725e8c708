"""Asks a strategy at one moment of a live run, and turns what it wants into orders by the same desk as a backtest's."""

from dataclasses import dataclass, field

from weaver.errors import StrategyBroken, WeaverError
from weaver.greta.account import listed, shown
from weaver.greta.book import Book
from weaver.greta.desk import Desk
from weaver.greta.feed import Setup
from weaver.greta.matching import Order
from weaver.greta.moment import Moment
from weaver.greta.remembered import first_state, read_state, remembered
from weaver.greta.wishes import Wishes, wishes
from weaver.marvin.guard import user_code
from weaver.marvin.intents import Intent
from weaver.marvin.view import Execution, Position, WorkingOrder
from weaver.orders import OrderStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """A run's money at a moment by its own fills, in the order of the run's symbols: signed units and the average price paid for
    them (None when flat). `working` are its orders in the order they were placed, `executions` its fills since the last bar."""

    cash: float
    quantities: list[float]
    average_prices: list[float | None]
    working: list[Order] = field(default_factory=list[Order])
    executions: list[Execution] = field(default_factory=list[Execution])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a strategy said and wants. `state` is its declared State as JSON."""

    state: str | None
    notes: list[str]
    intents: list[Intent]
    wishes: Wishes


def ask(moment: Moment, holdings: Holdings, setup: Setup, *, prefix: str, state: str | None) -> Answer:
    """Ask the strategy what to do. Orders get the ids `<prefix><bar end, base 36>-<n>`.

    `state` is that of the decision before; None before the first. Raises StrategyBroken for what the strategy does wrong.
    """
    strategy, name, files = moment.strategy, moment.name, moment.strategy.code_files()
    window = _Window(holdings, moment, setup)
    intents: list[Intent] = []
    with user_code(name, files):
        known = first_state(strategy) if state is None else state
        view = moment.view(_LiveAccount(moment, holdings, window), read_state(strategy, known))
        for intent in strategy.decide(view) or ():
            intents.append(intent)
        if view.touched and strategy.state_type is not None:
            _, known = remembered(strategy, name, view.state, known)
    try:
        Desk(moment, window).place(intents, moment.end, moment.marks)
    except WeaverError as error:
        raise StrategyBroken(str(error), strategy=name, file=next(iter(sorted(files)), None)) from error
    before = {order.id: order for order in holdings.working}
    return Answer(
        state=known,
        notes=list(view.notes),
        intents=intents,
        wishes=wishes(window.working, window.finished, before, holdings.quantities, moment, prefix, window.lots_per_unit),
    )


class _Window:
    """Where the desk hands orders in: nothing is filled here, what comes to its end is kept."""

    def __init__(self, holdings: Holdings, moment: Moment, setup: Setup) -> None:
        self.book = Book.opened(holdings.cash, len(moment.symbols), allow_short=setup.allow_short, leverage=float(setup.leverage))
        self.book.quantities = list(holdings.quantities)
        self.working = list(holdings.working)
        self.lots_per_unit = [setup.lots_per_unit(one.bars.calendar) for one in moment.series]
        self.finished: list[tuple[Order, str | None]] = []

    def finish(self, order: Order, status: OrderStatus, reason: str | None, time: int) -> None:
        del status, time
        self.finished.append((order, reason))


class _LiveAccount:
    """The run's money as the strategy sees it."""

    def __init__(self, moment: Moment, holdings: Holdings, window: _Window) -> None:
        self._moment = moment
        self._holdings = holdings
        self._book = window.book

    @property
    def cash(self) -> float:
        return self._holdings.cash

    def equity(self) -> float:
        return self._book.equity(self._moment.marks)

    def quantity(self, symbol: str) -> float:
        return self._holdings.quantities[self._moment.symbols.index(symbol)]

    def position(self, symbol: str) -> Position:
        index = self._moment.symbols.index(symbol)
        return Position(self._holdings.quantities[index], self._holdings.average_prices[index])

    def working_orders(self, symbol: str | None) -> tuple[WorkingOrder, ...]:
        symbols = self._moment.symbols
        return tuple(
            shown(order, symbols[order.symbol])
            for order in listed(self._holdings.working)
            if symbol is None or symbols[order.symbol] == symbol
        )

    def executions(self, symbol: str | None) -> tuple[Execution, ...]:
        return tuple(one for one in self._holdings.executions if symbol is None or one.symbol == symbol)
