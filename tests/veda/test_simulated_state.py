import asyncio

import pytest
from sqlalchemy import func, select

from tests.veda.conftest import NOON, Simulated
from tests.veda.simulated_orders import FIVE, SYMBOL, limit, on, order
from weaver.errors import BadValue, NotFound, TermsDiffer
from weaver.orders import Side
from weaver.walle.database import Database
from weaver.walle.simulated_tables import SimulatedAccountRow


async def test_another_exchange_goes_on_with_the_account(simulated: Simulated) -> None:
    first = await on(simulated)
    await first.submit(order("w-1"))
    placed = await first.submit(limit("1", "w-2"))
    second = simulated.exchange(cash="5")  # too late: the account has its money
    await second.connect()
    assert await second.account() == await first.account()
    assert await second.positions() == await first.positions()
    assert await second.open_orders() == [placed]
    await second.cancel(placed.exchange_order_id)
    assert await first.open_orders() == []


async def test_exchanges_that_submit_at_once_lose_nothing(simulated: Simulated) -> None:
    exchanges = [await on(simulated) for _ in range(4)]
    await asyncio.gather(*(exchanges[n % 4].submit(order(f"w-{n}", quantity="1")) for n in range(40)))
    (held,) = await exchanges[0].positions()
    fills = await exchanges[0].fills_since(NOON)
    assert held.quantity == 40
    assert len({fill.execution_id for fill in fills}) == 40
    assert (await exchanges[0].account()).cash == 100_000 - sum(fill.price for fill in fills)


async def test_the_same_order_sent_by_several_at_once_exists_once(simulated: Simulated) -> None:
    exchanges = [await on(simulated) for _ in range(4)]
    reports = await asyncio.gather(*(exchange.submit(order()) for exchange in exchanges))
    assert len({report.exchange_order_id for report in reports}) == 1
    assert len(await exchanges[0].fills_since(NOON)) == 1


async def test_what_is_over_does_not_stay_in_the_state(simulated: Simulated, simulated_database: Database) -> None:
    exchange = await on(simulated)

    def size() -> int:
        with simulated_database.read() as session:
            return session.scalar(select(func.length(SimulatedAccountRow.state)).where(SimulatedAccountRow.id == simulated.account)) or 0

    sizes: list[int] = []
    for n in range(30):
        await exchange.submit(order(f"w-{n}", Side.SELL if n % 2 else Side.BUY))
        sizes.append(size())
    assert max(sizes) < 500
    assert abs(sizes[-1] - sizes[1]) < 40  # digits of a number


async def test_looking_writes_nothing(simulated: Simulated, simulated_database: Database) -> None:
    exchange = await on(simulated)
    await exchange.submit(limit("1"))

    def state() -> str | None:
        with simulated_database.read() as session:
            return session.scalar(select(SimulatedAccountRow.state).where(SimulatedAccountRow.id == simulated.account))

    before = state()
    for _ in range(3):
        await exchange.account()
        await exchange.open_orders()
        await exchange.latest_bar(SYMBOL, FIVE)
        await exchange.quote("OTHER/USD")
    assert state() == before


async def test_terms_are_compared_after_the_order_is_over(simulated: Simulated) -> None:
    exchange = await on(simulated)
    filled = await exchange.submit(order())
    assert await exchange.submit(order()) == filled
    with pytest.raises(TermsDiffer, match="quantity 10 and not 11"):
        await exchange.submit(order(quantity="11"))


@pytest.mark.parametrize(
    ("name", "value"), [("cash", "much"), ("cash", "-1"), ("cash", "nan"), ("costs", "{"), ("costs", '{"fee": 1}'), ("replay", "x")]
)
def test_options_that_cannot_be_read_are_named(simulated: Simulated, name: str, value: str) -> None:
    with pytest.raises(BadValue, match=f"WEAVER_SIMULATED_{name.upper()}"):
        simulated.exchange(**{name: value})


async def test_an_order_that_nobody_placed_is_not_found(simulated: Simulated) -> None:
    exchange = await on(simulated)
    for name in ("sim-nothing", "sim-nothing-tp"):
        with pytest.raises(NotFound):
            await exchange.order(name)
