"""Many orders on a day when much goes wrong: the venue's ledger must show each of them once, and Weaver each fill once."""

import asyncio
from decimal import Decimal

import pytest

from tests.alpaca_server.faults import Fault, StreamFault
from tests.veda.alpaca_venue import HASTY, SECONDS, Venue, an_order, heard, venue
from weaver.broker import Fill, OrderReport, StreamUp, TradeUpdate
from weaver.errors import Unavailable, Unknown
from weaver.orders import OrderRequest, OrderStatus

ORDERS = 40
FAULTS = (
    Fault(kind="reset", when="before", method="POST", probability=0.1, times=None),
    Fault(kind="reset", when="after", method="POST", probability=0.15, times=None),
    Fault(kind="error", when="before", method="POST", status=500, probability=0.1, times=None),
    Fault(kind="error", when="after", method="POST", status=504, html=True, probability=0.15, times=None),
    Fault(kind="cut", when="after", method="POST", probability=0.1, times=None),
    Fault(kind="half_json", when="after", probability=0.05, times=None),
    Fault(kind="error", when="after", method="GET", status=503, probability=0.1, times=None),
    Fault(kind="hang", when="after", method="POST", times=2, skip=5),
)
STREAM_FAULTS = (
    StreamFault(kind="repeat", probability=0.3, times=None),
    StreamFault(kind="drop", probability=0.1, times=None),
    StreamFault(kind="reorder", probability=0.2, times=None, seconds=0.01),
    StreamFault(kind="cut", probability=0.05, times=None),
)


async def placed(here: Venue, order: OrderRequest) -> OrderReport:
    """Do what a caller must: after Unknown look it up by its id, and send the same again when it is not there."""
    while True:
        try:
            return await here.exchange.submit(order)
        except Unknown:
            while True:
                try:
                    found = await here.exchange.find(order.client_order_id)
                    break
                except Unavailable:
                    continue
            if found is not None:
                return found
        except Unavailable:
            continue


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_order_exists_once_and_every_fill_is_known_once(seed):
    async with venue(timing=HASTY) as here, heard(here.exchange.trade_updates()) as updates:
        here.server.venue.faults.chance.seed(seed)
        await updates.until_a(StreamUp)
        here.commands.set_fill_mode("AAPL", parts=2)
        start = await here.exchange.context.clock.now()
        for fault in FAULTS:
            here.commands.add_fault(Fault(**fault.body()))
        for fault in STREAM_FAULTS:
            here.commands.add_stream_fault(StreamFault(**fault.body()))
        async with asyncio.timeout(2 * SECONDS):
            for number in range(ORDERS):
                report = await placed(here, an_order(f"w-{number}", quantity="2"))
                assert report.client_order_id == f"w-{number}"
        here.commands.clear_faults()
        here.commands.cut_streams("trade")
        ups = len([item for item in updates.items if isinstance(item, StreamUp)])
        await updates.until_a(StreamUp, ups + 1)

        assert sorted(here.accepted()) == sorted(f"w-{number}" for number in range(ORDERS))
        truth = sorted((entry.order_id, entry.quantity) for entry in here.server.ledger if entry.kind == "fill")
        listed = await here.exchange.fills_since(start)
        streamed = [item.fill for item in updates.items if isinstance(item, TradeUpdate) and item.fill]
        known: dict[str, Fill] = {fill.execution_id: fill for fill in [*streamed, *listed]}
        assert sorted((fill.exchange_order_id, fill.quantity) for fill in known.values()) == truth
        assert len(listed) == len(truth) == 2 * ORDERS
        assert streamed
        orders = await here.exchange.orders_since(start)
        assert {(order.status, order.filled_quantity) for order in orders} == {(OrderStatus.FILLED, Decimal(2))}
        (holding,) = await here.exchange.positions()
        assert holding.quantity == 2 * ORDERS
