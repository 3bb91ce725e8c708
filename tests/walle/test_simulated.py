"""The simulated exchange's store, on both databases, with processes that come and go."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from multiprocessing.synchronize import Semaphore

import pytest

from tests.forking import CONTEXT
from tests.walle.processes import at_once
from weaver.errors import NoBars, UnknownName
from weaver.market import Timeframe
from weaver.orders import OrderRequest, OrderType, Side
from weaver.veda.adapters.simulated import SimulatedExchange
from weaver.veda.exchange import Context
from weaver.veda.simulation import BookedFill, EndedOrder, Message, Written
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.simulated import Simulations

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def some(sequence: int = 1, state: str = "{}", second: int = 0) -> Written:
    time = NOON.replace(second=second)
    return Written(
        state=state,
        orders=[EndedOrder(exchange_order_id=f"e-{sequence}", client_order_id=f"w-{sequence}", submitted_at=time, report=f"r-{sequence}")],
        fills=[BookedFill(execution_id=f"x-{sequence}", sequence=sequence, booked_at=time, fill=f"f-{sequence}")],
        messages=[Message(sequence=sequence, message=f"m-{sequence}")],
    )


def test_an_account_that_nobody_used_has_no_state(database: Database) -> None:
    store = Simulations(database)
    with store.look("new") as ledger:
        assert ledger.state is None
    with store.change("new") as ledger:
        assert ledger.state is None
    with store.look("new") as ledger:
        assert ledger.state is None


def test_what_is_written_is_read_again(database: Database) -> None:
    store = Simulations(database)
    for sequence in (1, 2, 3):
        with store.change("mine") as ledger:
            ledger.write(some(sequence, f"state {sequence}", second=sequence))
    with store.change("other") as ledger:
        ledger.write(some(1))
    with store.look("mine") as ledger:
        assert ledger.state == "state 3"
        assert (ledger.ended("e-2"), ledger.ended_as("w-3")) == ("r-2", "r-3")
        assert (ledger.ended("nothing"), ledger.ended_as("nothing")) == (None, None)
        assert ledger.ended_since(NOON.replace(second=2)) == ["r-2", "r-3"]
        assert ledger.fills_since(NOON.replace(second=2)) == ["f-2", "f-3"]
    assert [one.message for one in store.messages_after("mine", 1)] == ["m-2", "m-3"]
    assert [one.sequence for one in store.messages_after("other", 0)] == [1]


def test_a_change_that_raises_leaves_nothing(database: Database) -> None:
    store = Simulations(database)

    def write_and_fail() -> None:
        with store.change("mine") as ledger:
            ledger.write(some())
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    with store.look("mine") as ledger:
        assert (ledger.state, ledger.ended("e-1")) == (None, None)
    assert store.messages_after("mine", 0) == []


def test_changes_of_one_account_come_one_after_the_other(database_url: str) -> None:
    Database.open(database_url).close()
    at_once(_count, [(database_url,)] * 4)
    database = Database.open(database_url)
    with Simulations(database).look("counted") as ledger:
        assert ledger.state == "200"
    database.close()


def _count(url: str) -> None:
    database = Database.open(url)
    store = Simulations(database)
    for _ in range(50):
        with store.change("counted") as ledger:
            ledger.write(Written(state=str(int(ledger.state or 0) + 1)))
    database.close()


def test_sessions_are_those_of_new_york(database: Database) -> None:
    sessions = Simulations(database).sessions(date(2025, 11, 26), date(2025, 11, 30))
    assert len(sessions.dates) == 2
    assert (sessions.closes[1] - sessions.opens[1]) / 3_600e6 == 3.5


def test_bars_that_are_not_stored_are_said_to_be_missing(database: Database, tmp_path: object) -> None:
    with pytest.raises(NoBars):
        Simulations(database).stored_bars("AAPL", Timeframe("1d"))
    with pytest.raises(UnknownName):
        Simulations(database, Catalogue.open(str(tmp_path))).stored_bars("AAPL", Timeframe("1d"))


# The exchange, in processes of their own


@dataclass
class Standing:
    """A clock that stands at noon."""

    async def now(self) -> datetime:
        return NOON


def _exchange(database: Database) -> SimulatedExchange:
    return SimulatedExchange(Context(account="shared", mode="paper", environment={}, clock=Standing(), store=Simulations(database)))


def _order(number: int) -> OrderRequest:
    return OrderRequest(client_order_id=f"w-{number}", symbol="SIM/USD", side=Side.BUY, order_type=OrderType.MARKET, quantity=Decimal(1))


def _submit(url: str, numbers: list[int], placed: Callable[[], None] = lambda: None) -> None:
    async def submit_all() -> None:
        database = Database.open(url)
        exchange = _exchange(database)
        await exchange.connect()
        for number in numbers:
            await exchange.submit(_order(number))
            placed()
        database.close()

    asyncio.run(submit_all())


def _submit_and_tell(url: str, numbers: list[int], told: Semaphore) -> None:
    _submit(url, numbers, told.release)


async def _assert_each_once(url: str, count: int) -> None:
    database = Database.open(url)
    exchange = _exchange(database)
    await exchange.connect()
    orders, fills = await exchange.orders_since(NOON), await exchange.fills_since(NOON)
    assert sorted(order.client_order_id for order in orders) == sorted(f"w-{number}" for number in range(count))
    assert len(fills) == len({fill.execution_id for fill in fills}) == count
    (held,) = await exchange.positions()
    assert held.quantity == count
    assert (await exchange.account()).cash == 100_000 - sum(fill.price for fill in fills)
    database.close()


async def test_four_processes_place_the_same_orders_and_each_exists_once(database_url: str) -> None:
    Database.open(database_url).close()
    numbers = list(range(30))
    at_once(_submit, [(database_url, numbers if number % 2 else numbers[::-1]) for number in range(4)])
    await _assert_each_once(database_url, 30)


async def test_a_process_that_is_killed_leaves_whole_orders_and_another_goes_on(database_url: str) -> None:
    Database.open(database_url).close()
    for start in (0, 10, 20):
        told = CONTEXT.Semaphore(0)
        process = CONTEXT.Process(target=_submit_and_tell, args=(database_url, list(range(start, 1_000)), told))
        process.start()
        for _ in range(10):
            assert told.acquire(timeout=60)
        process.kill()
        process.join()
    known = await _placed(database_url)
    await _assert_each_once(database_url, known)


async def _placed(url: str) -> int:
    """How many orders there are; a killed process may have placed one that it did not tell of."""
    database = Database.open(url)
    exchange = _exchange(database)
    await exchange.connect()
    count = len(await exchange.orders_since(NOON))
    database.close()
    return count
