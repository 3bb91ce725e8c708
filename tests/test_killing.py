"""The kill switch at the simulated exchange itself: orders in doubt, on their way, never sent; several at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.venues import a_venue
from tests.walle.trading import PAPER, admit, wanted
from weaver.errors import Unknown
from weaver.killing import PAUSE_SECONDS, SURELY_ARRIVED, closing_prefix, switch_off, until_closed, what_is_left
from weaver.orders import OrderStatus, OrderType, Side
from weaver.veda.adapters._simulated_faults import TimeOutAfter
from weaver.veda.adapters.simulated import SimulatedExchange
from weaver.venue import Venue
from weaver.walle.database import Database

SYMBOL = "SIM/USD"


class MovedClock:
    """The time of this machine, moved by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    async def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def _send(venue: Venue, order_id: str, **terms: object) -> None:
    admit(venue.orders, wanted(order_id, symbol=SYMBOL, quantity="2", **terms), at=datetime.now(UTC))
    order = venue.orders.sending(order_id, at=datetime.now(UTC)).order
    await venue.take(await (await venue.exchange()).submit(order.request))


async def _hold(venue: Venue) -> None:
    await _send(venue, "entry")
    async with asyncio.timeout(60):
        await until_closed(venue, ["entry"])
    assert venue.queries.positions(PAPER)[0].quantity == 2


async def test_working_orders_are_cancelled_and_unsent_ones_refused(database: Database, tmp_path: Path) -> None:
    venue = a_venue(database, tmp_path)
    await _send(venue, "rests", order_type=OrderType.LIMIT, limit_price="1")
    admit(venue.orders, wanted("unsent", symbol=SYMBOL), at=datetime.now(UTC))

    done = await switch_off(venue, reason="a test", flatten=False)

    assert (done.cancelled, done.closing) == (("rests",), ())
    assert venue.orders.order("rests").status is OrderStatus.CANCELLED
    assert venue.orders.order("unsent").status is OrderStatus.REJECTED
    assert venue.accounts.account(PAPER).killed
    assert (await what_is_left(venue)).orders == ()
    await venue.disconnect()


async def test_an_order_in_doubt_is_found_at_the_venue_and_cancelled(database: Database, tmp_path: Path) -> None:
    venue = a_venue(database, tmp_path)
    exchange = await venue.exchange()
    assert isinstance(exchange, SimulatedExchange)
    await exchange.script([TimeOutAfter(on="submit")])
    with pytest.raises(Unknown):
        await _send(venue, "doubtful", order_type=OrderType.LIMIT, limit_price="1")
    venue.orders.doubt("doubtful", reason="timed out", at=datetime.now(UTC))

    await switch_off(venue, reason="a test", flatten=False)

    assert venue.orders.order("doubtful").status is OrderStatus.CANCELLED
    assert (await what_is_left(venue)).orders == ()
    await venue.disconnect()


async def test_an_order_that_may_be_on_its_way_is_waited_for_until_it_must_have_arrived(database: Database, tmp_path: Path) -> None:
    clock = MovedClock()
    venue = a_venue(database, tmp_path, clock=clock)
    admit(venue.orders, wanted("lost", symbol=SYMBOL), at=datetime.now(UTC))
    venue.orders.sending("lost", at=datetime.now(UTC))
    venue.orders.doubt("lost", reason="timed out", at=datetime.now(UTC))

    switching = asyncio.create_task(switch_off(venue, reason="a test", flatten=False))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(4 * PAUSE_SECONDS):
            await asyncio.shield(switching)
    clock.ahead = SURELY_ARRIVED

    async with asyncio.timeout(30):
        assert (await switching).cancelled == ()
    assert venue.orders.order("lost").status is OrderStatus.IN_DOUBT  # never taken for refused
    await venue.disconnect()


async def test_several_at_once_close_a_position_once(database: Database, tmp_path: Path) -> None:
    venues = [a_venue(database, tmp_path) for _ in range(3)]
    await _hold(venues[0])

    done = await asyncio.gather(*(switch_off(venue, reason="a test", flatten=True) for venue in venues))

    assert len({one.killed_at for one in done}) == 1
    closing = {order_id for one in done for order_id in one.closing}
    async with asyncio.timeout(60):
        await until_closed(venues[0], sorted(closing))
    assert (await what_is_left(venues[0])).positions == {}
    assert venues[0].queries.positions(PAPER) == []
    (order,) = [one for one in venues[0].queries.orders(account=PAPER).items if one.id.startswith(closing_prefix(done[0].killed_at))]
    assert (order.side, order.filled_quantity, order.reduce_only) == (Side.SELL, Decimal(2), True)
    for venue in venues:
        await venue.disconnect()


async def test_a_position_that_comes_back_is_closed_by_another_order(database: Database, tmp_path: Path) -> None:
    venue = a_venue(database, tmp_path)
    await _hold(venue)
    killed_at = venue.accounts.kill(PAPER, "a test", datetime.now(UTC)).killed_at
    assert killed_at is not None
    first = await switch_off(venue, reason="a test", flatten=False)
    done = await switch_off(venue, reason="a test", flatten=True)
    assert (first.killed_at, first.closing) == (killed_at, ())
    (first_id,) = done.closing
    assert first_id.endswith("-1")
    async with asyncio.timeout(60):
        await until_closed(venue, done.closing)
    # Something else buys again under the same switch: at the venue, by hand.
    await (await venue.exchange()).submit(wanted("by-hand", symbol=SYMBOL, quantity="1").request)

    async def held() -> bool:
        return bool((await what_is_left(venue)).positions)

    while not await held():
        await asyncio.sleep(0.05)
    again = await switch_off(venue, reason="a test", flatten=True)
    (second_id,) = again.closing
    assert second_id == first_id.removesuffix("1") + "2"
    async with asyncio.timeout(60):
        await until_closed(venue, again.closing)
    assert (await what_is_left(venue)).positions == {}
    await venue.disconnect()
