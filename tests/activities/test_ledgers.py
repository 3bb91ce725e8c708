"""A run's ledger gives the strategy what the engine's own account would."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.ledgers import holdings
from tests.builders import MONDAY
from tests.greta.live_replay import both
from tests.greta.test_live import acting, random_decisions, some_bars
from weaver.greta.feed import Setup
from weaver.greta.live import Holdings
from weaver.greta.matching import Order
from weaver.market import Bars, from_microseconds
from weaver.orders import OrderStatus, OrderType, Role, Side
from weaver.walle.trading_model import FillRecord, LedgerPosition, OrderRecord
from workflows.trading_inputs import Ledger

ACCOUNT = "simulated-paper"


def exact(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def a_record(order: Order, symbol: str) -> OrderRecord:
    legs = order.legs
    return OrderRecord(
        id=order.id,
        run_id="run",
        account=ACCOUNT,
        symbol=symbol,
        side=order.side,
        order_type=order.order_type,
        quantity=Decimal(repr(order.quantity)),
        limit_price=exact(order.limit),
        stop_price=exact(order.stop),
        trail=exact(order.trail),
        trail_percent=exact(order.trail_percent),
        time_in_force=order.time_in_force,
        take_profit=exact(legs.take_profit) if legs else None,
        stop_loss=exact(legs.stop_loss) if legs else None,
        stop_loss_limit=exact(legs.stop_limit) if legs else None,
        reduce_only=order.reduce_only,
        status=order.status,
        filled_quantity=Decimal(repr(order.filled)),
        filled_avg_price=exact(order.notional / order.filled) if order.filled else None,
        parent_id=order.parent,
        role=None if order.role is Role.ENTRY else order.role,
        created_at=from_microseconds(order.created_at),
    )


def as_ledger(engine: Holdings, symbols: Sequence[str]) -> Ledger:
    """What WallE would say, through JSON as Temporal carries it."""
    fills = [
        FillRecord(
            id=str(number),
            number=number,
            order_id=one.order_id,
            run_id="run",
            account=ACCOUNT,
            symbol=one.symbol,
            side=one.side,
            quantity=Decimal(repr(one.quantity)),
            price=Decimal(repr(one.price)),
            time=MONDAY,
        )
        for number, one in enumerate(engine.executions)
    ]
    positions = [
        LedgerPosition(symbol=symbol, quantity=Decimal(repr(quantity)), average_price=exact(price))
        for symbol, quantity, price in zip(symbols, engine.quantities, engine.average_prices, strict=True)
        if quantity
    ]
    working = [a_record(order, symbols[order.symbol]) for order in engine.working]
    ledger = Ledger(cash=Decimal(repr(engine.cash)), positions=positions, working=working, fills=fills)
    return Ledger.model_validate_json(ledger.model_dump_json())


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), short=st.booleans())
def test_decisions_from_the_ledger_are_the_engines(seed: int, short: bool) -> None:
    log: list[str] = []

    def through(engine: Holdings, bars: Sequence[Bars]) -> Holdings:
        symbols = [one.symbol for one in bars]
        return holdings(as_ledger(engine, symbols), symbols, [order.id for order in engine.working if order.weighted])

    setup = Setup(allow_short=short, leverage=Decimal(2 if short else 1))
    pairs = both(some_bars(seed, 70), lambda: acting(random_decisions(seed, log)), setup, through_ledger=through)
    assert [live for _, live in pairs] == [engine for engine, _ in pairs]
    assert log[::2] == log[1::2]


def an_order(**terms: Any) -> OrderRecord:
    known: dict[str, Any] = {"symbol": "A/USD", "side": Side.SELL, "order_type": OrderType.TRAILING_STOP, "quantity": Decimal(1)}
    rest: dict[str, Any] = {"id": "one", "run_id": "run", "account": ACCOUNT, "status": OrderStatus.ACCEPTED, "created_at": MONDAY}
    return OrderRecord(**(known | rest | terms))


def test_where_a_venue_says_a_trailing_stop_is_now_is_not_its_price() -> None:
    order = an_order(trail=Decimal(2), stop_price=Decimal(98))
    (known,) = holdings(Ledger(cash=Decimal(1), working=[order]), ["A/USD"], []).working
    assert (known.trail, known.stop) == (2.0, None)


def test_orders_and_positions_of_other_symbols_are_none_of_the_strategys() -> None:
    position = LedgerPosition(symbol="B/USD", quantity=Decimal(3), average_price=Decimal(1))
    known = holdings(Ledger(cash=Decimal(1), positions=[position], working=[an_order(symbol="B/USD")]), ["A/USD"], [])
    assert (known.quantities, known.average_prices, known.working) == ([0.0], [None], [])


def test_exits_of_an_entry_that_still_works_are_not_shown() -> None:
    entry = an_order(order_type=OrderType.LIMIT, limit_price=Decimal(90), take_profit=Decimal(99), side=Side.BUY)
    leg = an_order(id="one.tp", order_type=OrderType.LIMIT, limit_price=Decimal(99), parent_id="one", role=Role.TAKE_PROFIT)
    waiting = holdings(Ledger(cash=Decimal(1), working=[entry, leg]), ["A/USD"], [])
    assert [order.id for order in waiting.working] == ["one"]
    filled = holdings(Ledger(cash=Decimal(1), working=[leg]), ["A/USD"], [])
    assert [order.id for order in filled.working] == ["one.tp"]
