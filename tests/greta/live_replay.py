"""A replay in which every decision is asked for once more, as a live run would ask, and what both want side by side."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from weaver.greta.engine import advance, initial_state
from weaver.greta.feed import Feed, Setup
from weaver.greta.live import Holdings, ask
from weaver.greta.matching import Order
from weaver.greta.moment import Moment
from weaver.greta.wishes import Wishes
from weaver.market import Bars
from weaver.marvin.intents import Intent
from weaver.marvin.strategy import AnyStrategy, Strategy
from weaver.marvin.view import View

PREFIX = "w-0123456789-"


@dataclass(frozen=True)
class Wanted:
    """What a decision came to: terms of new orders by id, ids that were cancelled, terms of replacements by the replaced id,
    reasons by the ids of what became no order."""

    orders: dict[str, tuple[object, ...]]
    cancels: set[str]
    amendments: dict[str, tuple[object, ...]]
    rejected: dict[str, str]
    state: str | None = None


class Watched(Strategy[Any, Any]):
    """Asks the strategy under test, having kept what the engine's account then was."""

    under_test: AnyStrategy
    seen: list[Holdings]

    def __init__(self, strategy: AnyStrategy) -> None:
        super().__init__(strategy.params)
        object.__setattr__(self, "under_test", strategy)
        object.__setattr__(self, "state_type", strategy.state_type)
        object.__setattr__(self, "seen", [])

    def code_files(self) -> frozenset[str]:
        return self.under_test.code_files()

    def indicators(self, bars: Bars) -> Any:
        return self.under_test.indicators(bars)

    def decide(self, view: View) -> Iterable[Intent]:
        account: Any = view.account
        orders = [Order.from_dict(order.to_dict()) for order in account._venue.working]
        self.seen.append(
            Holdings(
                cash=account.cash,
                quantities=[account.quantity(symbol) for symbol in view.symbols],
                average_prices=[account.position(symbol).average_price for symbol in view.symbols],
                working=orders,
                executions=list(account.executions(None)),
            )
        )
        return self.under_test.decide(view)


def both(
    bars: Sequence[Bars],
    make: Callable[[], AnyStrategy],
    setup: Setup,
    *,
    start: int | None = None,
    through_ledger: Callable[[Holdings, Sequence[Bars]], Holdings] = lambda holdings, _: holdings,
) -> list[tuple[Wanted, Wanted]]:
    """Return, for each step, what the engine did with the decision and what the live path wants."""
    watched = Watched(make())
    feed = Feed.build(bars, watched, start=start)
    state = initial_state(feed, setup, watched)
    live_state: str | None = None
    pairs: list[tuple[Wanted, Wanted]] = []
    for step in range(feed.steps):
        state, window = advance(feed, watched, setup, state, steps=1)
        end = int(feed.times[step])
        rows = [feed.row(symbol, step) for symbol in range(len(bars))]
        seen = [one[: row + 1] for one, row in zip(bars, rows, strict=True)]
        fresh = frozenset(one.symbol for one in seen if len(one) and one.ends[-1] == end)
        moment = Moment(seen, make(), end=end, fresh=fresh, name="test")
        holdings = through_ledger(prefixed(watched.seen[step]), seen)
        answer = ask(moment, holdings, setup, prefix=PREFIX, state=live_state)
        live_state = answer.state
        before = {order.id: order for order in holdings.working}
        engine = engine_wanted(state.orders, before, window.orders, end, feed.symbols)
        wanted = live_wanted(answer.wishes, before)
        pairs.append((replace(engine, state=state.strategy_state), replace(wanted, state=answer.state)))
    return pairs


def prefixed(holdings: Holdings) -> Holdings:
    """As the live ledger has it: ids are whole client order ids."""
    for order in holdings.working:
        order.id = PREFIX + order.id
        order.parent = None if order.parent is None else PREFIX + order.parent
    return replace(holdings, executions=[replace(one, order_id=PREFIX + one.order_id) for one in holdings.executions])


def engine_wanted(
    after: Sequence[dict[str, Any]], before: dict[str, Order], ended: Sequence[Any], end: int, symbols: Sequence[str]
) -> Wanted:
    """Read from the engine's state and rows what it did at `end`."""
    orders: dict[str, tuple[object, ...]] = {}
    amendments: dict[str, tuple[object, ...]] = {}
    for order in after:
        if order["created_at"] != end:
            continue
        root, _, revision = order["id"].rpartition(".r")
        if root:
            old = PREFIX + (root if revision == "1" else f"{root}.r{int(revision) - 1}")
            total = round(order["quantity"] + before[old].filled, 9)
            amendments[old] = (total, order["limit"], order["stop"])
        else:
            orders[PREFIX + order["id"]] = terms(order, symbols)
    at_end = [row for row in ended if row.closed_at == end]
    cancelled = {PREFIX + row.id for row in at_end if row.created_at != end} - set(amendments)
    rejected = {PREFIX + row.id: row.reject_reason for row in at_end if row.created_at == end}
    return Wanted(orders, cancelled, amendments, rejected)


def terms(order: dict[str, Any], symbols: Sequence[str]) -> tuple[object, ...]:
    legs = order["legs"] or {"take_profit": None, "stop_loss": None, "stop_limit": None}
    return (
        symbols[order["symbol"]],
        order["sign"],
        order["order_type"],
        order["quantity"],
        order["limit"],
        order["stop"],
        order["trail"],
        order["trail_percent"],
        order["time_in_force"],
        legs["take_profit"],
        legs["stop_loss"],
        legs["stop_limit"],
        order["reduce_only"],
    )


def live_wanted(wanted: Wishes, before: dict[str, Order]) -> Wanted:
    amendments: dict[str, tuple[object, ...]] = {}
    for one in wanted.amendments:
        old = before[one.order_id]
        amendments[one.order_id] = (
            old.quantity if one.quantity is None else float(one.quantity),
            old.limit if one.limit_price is None else float(one.limit_price),
            old.stop if one.stop_price is None else float(one.stop_price),
        )
    return Wanted(
        {one.request.client_order_id: request_terms(one.request) for one in wanted.orders},
        set(wanted.cancels),
        amendments,
        dict(wanted.rejected),
    )


def request_terms(request: Any) -> tuple[object, ...]:
    names = ("limit_price", "stop_price", "trail", "trail_percent")
    prices = [None if (value := getattr(request, name)) is None else float(value) for name in names]
    exits = [
        None if (value := getattr(request, name)) is None else float(value) for name in ("take_profit", "stop_loss", "stop_loss_limit")
    ]
    return (
        request.symbol,
        request.side.sign,
        request.order_type,
        float(request.quantity),
        *prices,
        request.time_in_force,
        *exits,
        request.reduce_only,
    )
