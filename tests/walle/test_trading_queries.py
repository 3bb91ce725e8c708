from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from tests.walle.records import NOON, SECOND, a_run
from tests.walle.trading import LIVE, PAPER, a_fill, a_report, admit, wanted
from weaver.broker import Fill
from weaver.errors import BadValue, NotFound, UnknownName
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus, OrderType, Role, Side
from weaver.walle.database import Database
from weaver.walle.leases import Leases
from weaver.walle.orders import Orders
from weaver.walle.records import Records
from weaver.walle.tables import Table
from weaver.walle.trading_model import LedgerPosition
from weaver.walle.trading_queries import TradingQueries

S = OrderStatus


@pytest.fixture
def some(orders: Orders, database: Database) -> Orders:
    """Five orders, a second apart: of run-1 (filled, working), of run-2 (rejected), manual, and on another account."""
    Leases(database).take(PAPER, ["AAPL"], "run-1", NOON)
    Leases(database).take(PAPER, ["MSFT"], "run-2", NOON)
    those = [
        wanted("a", run_id="run-1"),
        wanted("b", run_id="run-1", side=Side.SELL),
        wanted("c", run_id="run-2", symbol="MSFT"),
        wanted("d", order_type=OrderType.LIMIT, limit_price="110"),
        wanted("e", account=LIVE),
    ]
    for number, one in enumerate(those):
        admit(orders, one, at=NOON + number * SECOND)
    orders.report(PAPER, a_report("a", status=S.FILLED, filled_quantity=Decimal(10)), [a_fill("e-a", "a", quantity=Decimal(10))], at=NOON)
    orders.reject("c", reason="no", at=NOON)
    return orders


def ids(queries: TradingQueries, **choice: object) -> str:
    page = queries.orders(**choice)
    assert page.total == len(page.items)
    return "".join(order.id for order in page.items)


def test_orders_are_found_by_what_they_are(some: Orders, queries: TradingQueries) -> None:
    assert ids(queries) == "edcba"
    assert ids(queries, run_id="run-1") == "ba"
    assert ids(queries, account=LIVE) == "e"
    assert ids(queries, status=S.PENDING) == "edb"
    assert ids(queries, status=(S.FILLED, S.REJECTED)) == "ca"
    assert ids(queries, symbol="MSFT") == "c"
    assert ids(queries, side=Side.SELL) == "b"
    assert ids(queries, since=NOON + SECOND, until=NOON + 3 * SECOND) == "cb"
    assert ids(queries, q="RUN-2") == "c"
    assert ids(queries, q="x-a") == "a"
    assert ids(queries, q="%") == ""


def test_orders_are_sorted_and_paged(some: Orders, queries: TradingQueries) -> None:
    assert ids(queries, sort="id") == "abcde"
    assert ids(queries, sort="-symbol") == "cedba"
    page = queries.orders(sort="id", page=2, page_size=2)
    assert ([order.id for order in page.items], page.total) == (["c", "d"], 5)
    with pytest.raises(UnknownName):
        queries.orders(sort="quantity")
    for wrong in ({"page": 0}, {"page_size": 0}, {"page_size": 1_001}):
        with pytest.raises(BadValue):
            queries.orders(**wrong)


def test_an_order_and_its_history_are_read_by_id(some: Orders, queries: TradingQueries) -> None:
    assert queries.order("a") == some.order("a")
    assert queries.history("a") == some.changes("a")
    assert [change.number for change in queries.history("a", after=2)] == [3]
    for call in (queries.order, queries.history):
        with pytest.raises(NotFound):
            call("unknown")


def test_working_orders_are_those_that_may_still_be_filled(some: Orders, queries: TradingQueries) -> None:
    assert [order.id for order in queries.working(PAPER)] == ["b", "d"]
    assert [order.id for order in queries.working(PAPER, run_id="run-1")] == ["b"]
    some.sending("d", at=NOON)
    some.doubt("d", reason="time-out", at=NOON)
    assert [order.id for order in queries.working(PAPER)] == ["b", "d"]
    assert queries.working("nobody-paper") == []


def test_fills_are_read_in_the_order_of_booking_from_a_cursor(some: Orders, queries: TradingQueries) -> None:
    some.book(PAPER, [a_fill("e-d1", "d", time=NOON - SECOND), a_fill("e-d2", "d", time=NOON + SECOND)], at=NOON)
    assert [(fill.number, fill.id) for fill in queries.fills(account=PAPER).items] == [(1, "e-a"), (2, "e-d1"), (3, "e-d2")]
    assert [fill.id for fill in queries.fills(account=PAPER, after=2).items] == ["e-d2"]
    assert [fill.id for fill in queries.fills(run_id="run-1").items] == ["e-a"]
    assert [fill.id for fill in queries.fills(order_id="d", since=NOON).items] == ["e-d2"]
    assert [fill.id for fill in queries.fills(symbol="AAPL", until=NOON).items] == ["e-d1"]
    page = queries.fills(account=PAPER, page=2, page_size=2)
    assert ([fill.id for fill in page.items], page.total) == (["e-d2"], 3)


def test_positions_name_the_runs_that_hold_a_part(some: Orders, queries: TradingQueries) -> None:
    some.book(PAPER, [a_fill("e-d", "d", price=Decimal(93))], at=NOON)
    # 10 × 100 and 4 × 93 = 1372, of 14
    assert queries.positions(PAPER) == [LedgerPosition(symbol="AAPL", quantity=Decimal(14), average_price=Decimal(98), run_ids=("run-1",))]
    assert queries.positions(LIVE) == []


def test_a_ledger_is_the_runs_own(some: Orders, queries: TradingQueries) -> None:
    some.book(
        PAPER,
        [a_fill("e-d", "d"), a_fill("e-b", "b", side=Side.SELL, quantity=Decimal(4), price=Decimal(110), commission=Decimal("0.5"))],
        at=NOON,
    )
    ledger = queries.ledger("run-1", Decimal(5_000))
    # 5000 − 10 × 100 + 4 × 110 − 0.5
    assert ledger.cash == Decimal("4439.5")
    assert ledger.positions == (LedgerPosition(symbol="AAPL", quantity=Decimal(6), average_price=Decimal(100), run_ids=("run-1",)),)
    assert [order.id for order in ledger.working] == ["b"]
    assert [fill.id for fill in ledger.fills] == ["e-a", "e-b"]
    assert ledger.cursor == 3
    after = queries.ledger("run-1", Decimal(5_000), after=ledger.cursor)
    assert (after.cash, after.fills, after.cursor) == (ledger.cash, (), 3)


def test_a_run_without_fills_has_its_budget(queries: TradingQueries) -> None:
    ledger = queries.ledger("run-9", Decimal("100000.00"))
    assert (ledger.cash, ledger.positions, ledger.working, ledger.fills, ledger.cursor) == (100_000, (), (), (), 0)


def test_legs_are_among_a_runs_working_orders(some: Orders, queries: TradingQueries) -> None:
    leg = a_report("random", side=Side.SELL, order_type=OrderType.LIMIT, limit_price=Decimal(120), role=Role.TAKE_PROFIT)
    some.report(PAPER, a_report("a", status=S.FILLED, legs=(leg,)), at=NOON + SECOND)
    assert {order.id for order in queries.ledger("run-1", Decimal(0)).working} == {"a.tp", "b"}


def test_a_deleted_run_leaves_its_orders_and_fills_to_the_account_and_nothing_to_a_run_of_its_name(
    some: Orders, queries: TradingQueries, database: Database
) -> None:
    Records(database).register_run(a_run(mode="paper", status=RunStatus.STOPPED))
    Records(database).delete_run("run-1")
    assert queries.order("a").run_id is None
    assert queries.positions(PAPER) == [LedgerPosition(symbol="AAPL", quantity=Decimal(10), average_price=Decimal(100))]
    assert queries.fills(account=PAPER).total == 1
    ledger = queries.ledger("run-1", Decimal(1_000))
    assert (ledger.cash, ledger.positions, ledger.working, ledger.fills) == (1_000, (), (), ())
    some.book(PAPER, [a_fill("e-b", "b", side=Side.SELL)], at=NOON)  # the order that outlived its run
    assert queries.positions(PAPER)[0].quantity == 6
    assert queries.ledger("run-1", Decimal(1_000)).cash == 1_000


def test_a_ledger_read_while_fills_are_booked_is_of_one_moment(orders: Orders, queries: TradingQueries, database: Database) -> None:
    Leases(database).take(PAPER, ["AAPL"], "run-1", NOON)
    admit(orders, wanted("a", run_id="run-1", quantity="240"))

    def book() -> None:
        for number in range(60):
            orders.book(PAPER, [a_fill(f"e-{number}", "a")], at=NOON)

    with ThreadPoolExecutor(1) as threads:
        booking = threads.submit(book)
        seen: list[int] = []
        while not seen or seen[-1] < 60:
            ledger = queries.ledger("run-1", Decimal(100_000))
            seen.append(len(ledger.fills))
            assert ledger.cursor == seen[-1] == len({fill.number for fill in ledger.fills})
            assert sum(held.quantity for held in ledger.positions) == 4 * seen[-1]
            assert ledger.cash == 100_000 - 400 * seen[-1]
            assert [order.filled_quantity for order in ledger.working] == ([4 * seen[-1]] if seen[-1] < 60 else [])
            if booking.done():
                booking.result()
    assert seen == sorted(seen)


def test_first_in_first_out_by_hand(orders: Orders, queries: TradingQueries) -> None:
    admit(orders, wanted("buy", quantity="100"), wanted("sell", side=Side.SELL, quantity="100"))
    numbers = count()

    def trade(side: Side, quantity: int, price: int) -> tuple[Decimal, Decimal] | None:
        order = "buy" if side is Side.BUY else "sell"
        fill = a_fill(f"e-{next(numbers)}", order, side=side, quantity=Decimal(quantity), price=Decimal(price))
        orders.book(PAPER, [fill], at=NOON)
        held = queries.positions(PAPER)
        return (held[0].quantity, held[0].average_price or Decimal(0)) if held else None

    assert trade(Side.BUY, 10, 100) == (10, 100)
    assert trade(Side.BUY, 10, 120) == (20, 110)
    assert trade(Side.SELL, 5, 130) == (15, Decimal(1_700) / 15)  # 5 at 100, 10 at 120
    assert trade(Side.SELL, 10, 130) == (5, 120)
    assert trade(Side.SELL, 12, 90) == (-7, 90)
    assert trade(Side.SELL, 7, 80) == (-14, 85)
    assert trade(Side.BUY, 7, 70) == (-7, 80)
    assert trade(Side.BUY, 7, 60) is None
    assert trade(Side.BUY, 1, 50) == (1, 50)


amounts = st.decimals(min_value="0.00000001", max_value="50", places=8).filter(bool)
prices = st.decimals(min_value="0.01", max_value="70000", places=6)
trades = st.lists(st.tuples(st.sampled_from(Side), amounts, prices, st.booleans(), st.sampled_from(["m", "r"])), max_size=40)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trades=trades, doubled=st.booleans(), settled=st.booleans())
def test_the_sums_that_are_kept_up_equal_those_of_all_fills(
    database: Database, trades: list[tuple[Side, Decimal, Decimal, bool, str]], doubled: bool, settled: bool
) -> None:
    """Also when what was received of purchases becomes known only after all is booked."""
    orders, queries = Orders(database), TradingQueries(database)
    example = next(_EXAMPLES)
    account, run_id = f"example{example}-paper", f"example-{example}"
    Leases(database).take(account, ["AAPL"], run_id, NOON)
    for side in Side:
        admit(orders, wanted(f"{example}-m-{side}", account=account, side=side, quantity="100000"))
        admit(orders, wanted(f"{example}-r-{side}", account=account, side=side, quantity="100000", run_id=run_id))
    fills: list[Fill] = []
    for number, (side, quantity, price, fee, whose) in enumerate(trades):
        fill = a_fill(
            f"e-{number}",
            f"{example}-{whose}-{side}",
            side=side,
            quantity=quantity,
            price=price,
            commission=Decimal("0.35") if fee else Decimal(0),
            received=(quantity * Decimal("0.9975")).quantize(Decimal("1e-8")) if fee and side is Side.BUY else None,
            time=NOON + timedelta(seconds=number),
        )
        fills.append(fill)
        told = replace(fill, received=None) if settled else fill
        orders.book(account, [told, told] if doubled else [told], at=NOON)
    if settled:
        received = {fill.execution_id: fill.received for fill in fills if fill.received is not None}
        orders.settle(account, received)
        orders.settle(account, dict.fromkeys(received, Decimal(1)))  # what is known stands
    own = [fill for fill in fills if fill.client_order_id and "-r-" in fill.client_order_id]
    ledger = queries.ledger(run_id, Decimal(1_000))
    assert ledger.cash == Decimal(1_000) + flow_of(own)
    assert _held(ledger.positions) == by_hand(own)
    assert _held(queries.positions(account)) == by_hand(fills)
    assert [fill.id for fill in ledger.fills] == [fill.execution_id for fill in own]
    assert queries.fills(account=account, page_size=100).total == len(fills)


_EXAMPLES = count()


def flow_of(fills: list[Fill]) -> Decimal:
    total = sum(
        (-Fraction(fill.side.sign) * Fraction(fill.quantity) * Fraction(fill.price) - Fraction(fill.commission) for fill in fills),
        Fraction(0),
    )
    return Decimal(total.numerator) / Decimal(total.denominator)


def by_hand(fills: list[Fill]) -> tuple[Fraction, Fraction] | None:
    """Position and Σ quantity × price of its lots, one lot a unit of any size, oldest closed first."""
    lots: list[tuple[Fraction, Fraction]] = []
    for fill in fills:
        left = Fraction(fill.side.sign) * Fraction(fill.quantity if fill.received is None or fill.side is Side.SELL else fill.received)
        while left and lots and (lots[0][0] > 0) != (left > 0):
            size, price = lots.pop(0)
            if abs(size) > abs(left):
                lots.insert(0, (size + left, price))
                left = Fraction(0)
            else:
                left += size
        if left:
            lots.append((left, Fraction(fill.price)))
    quantity = sum((size for size, _ in lots), Fraction(0))
    average = sum((size * price for size, price in lots), Fraction(0)) / quantity if quantity else Fraction(0)
    return (quantity, round(average, 15)) if quantity else None


def _held(positions: tuple[LedgerPosition, ...] | list[LedgerPosition]) -> tuple[Fraction, Fraction] | None:
    if not positions:
        return None
    (held,) = positions
    return Fraction(held.quantity), round(Fraction(held.average_price or 0), 15)


def test_a_ledger_reads_as_few_rows_after_many_fills_as_after_few(orders: Orders, queries: TradingQueries, database: Database) -> None:
    Leases(database).take(PAPER, ["AAPL"], "run-1", NOON)
    admit(orders, wanted("a", run_id="run-1", quantity="100000"))
    loaded: list[object] = []

    def load(row: object, _context: object) -> None:
        loaded.append(row)

    def rows(fills: int) -> int:
        booked = queries.ledger("run-1", Decimal(0)).cursor
        orders.book(PAPER, [a_fill(f"e-{number}", "a") for number in range(booked, fills)], at=NOON)
        loaded.clear()
        assert queries.ledger("run-1", Decimal(0), after=fills).positions[0].quantity == 4 * fills
        return len(loaded)

    event.listen(Table, "load", load, propagate=True)
    try:
        assert rows(10) == rows(300) == 2  # a position and a working order
    finally:
        event.remove(Table, "load", load)


def test_what_orders_made_is_found_with_legs_remainders_and_fills(orders: Orders, queries: TradingQueries) -> None:
    admit(orders, wanted("o-1"), wanted("o-2"), wanted("other"))
    admit(orders, wanted("o-1.r1", parent_id="o-1"))
    admit(orders, wanted("o-1.r1.tp1", parent_id="o-1.r1", role=Role.TAKE_PROFIT))
    for order_id in ("o-1.r1", "other"):
        orders.report(PAPER, a_report(order_id), [a_fill(f"e-{order_id}", order_id)], at=NOON)

    found, fills = queries.made_by(["o-1", "o-2"])

    assert {order.id for order in found} == {"o-1", "o-2", "o-1.r1", "o-1.r1.tp1"}
    assert [fill.order_id for fill in fills] == ["o-1.r1"]
    assert queries.made_by([]) == ([], [])
