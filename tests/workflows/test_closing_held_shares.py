"""At Alpaca the exits of a bracket hold the shares they are to sell: they end before the shares are sold otherwise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.testing import WorkflowEnvironment

from tests.alpaca_server.server import AlpacaServer
from tests.workflows.alpaca_world import EQUITY, PAPER, a_server, a_share, addresses, keys, open_at
from tests.workflows.by_hand import held, position
from tests.workflows.skipping_world import ServerClock, SkippingWorld, skipping_world
from weaver.glados.runs import RunStatus
from weaver.glados.schedule import next_bar_end
from weaver.market import Calendar, Timeframe
from weaver.orders import OrderStatus

BRACKET = ["bracket", {"quantity": 2, "take_profit_pct": 50, "stop_loss_pct": -50}]


class SharedClock(ServerClock):
    """The time of a server that skips it, which the venue keeps to."""

    def __init__(self, environment: WorkflowEnvironment, server: AlpacaServer) -> None:
        super().__init__(environment)
        self._server = server

    async def now(self) -> datetime:
        time = await super().now()
        self._server.commands.set_clock(time)
        return time


@asynccontextmanager
async def in_a_session(folder: Path) -> AsyncIterator[tuple[SkippingWorld, AlpacaServer, str]]:
    """A world at Alpaca while New York is open, with a share that is listed there."""
    async with (
        a_server() as server,
        skipping_world(
            folder,
            account="alpaca-paper",
            environment={**addresses(server), **keys(PAPER)},
            clock_of=lambda environment: SharedClock(environment, server),
        ) as world,
    ):
        share = a_share(world, server)
        server.commands.set_price(share, None)  # that of its bars
        await world.skip_to(_in_the_next_session(await world.clock.now()))
        await world.clock.now()
        yield world, server, share


def _in_the_next_session(now: datetime) -> datetime:
    most = timedelta(hours=2)
    return next_bar_end([EQUITY], Timeframe("1d"), now + most, calendar_of=Calendar.of) - most


def _of(server: AlpacaServer, symbol: str) -> list[Any]:
    return [entry for entry in server.ledger if entry.symbol == symbol]


async def _sold_after_its_exits(world: SkippingWorld, server: AlpacaServer, share: str, run_id: str) -> None:
    """Assert that the exits were final before the sale was sent, that it was sent once, and that it filled."""
    entry, stop, profit, sale = sorted(world.orders(run_id), key=lambda order: (order.role is None and order.side == "sell", order.id))
    assert (entry.status, sale.status, sale.quantity) == (OrderStatus.FILLED, OrderStatus.FILLED, 2)
    assert profit.status is stop.status is OrderStatus.CANCELLED
    happened = [(one.kind, one.order_id) for one in _of(server, share)]
    sold_at = happened.index(("accepted", sale.exchange_order_id))
    for leg in (profit, stop):
        assert happened.index(("canceled", leg.exchange_order_id)) < sold_at
    assert "refused" not in [kind for kind, _ in happened]
    requests = [one for one in server.commands.requests() if one["method"] in ("POST", "DELETE")]
    assert [one["method"] for one in requests] in (["POST", "DELETE", "POST"], ["POST", "DELETE", "DELETE", "POST"])
    assert (requests[0]["client_order_id"], requests[-1]["client_order_id"]) == (entry.id, sale.id)
    assert open_at(server, share) == []
    assert position(world, share) == await held(world, share) == 0


async def test_a_close_is_sent_once_the_exits_are_final(tmp_path: Path) -> None:
    async with in_a_session(tmp_path) as (world, server, share):
        script = {"0": [BRACKET], "2": [["close", {}]]}
        run_id = await world.start("scripted", [share], adapter="alpaca", timeframe="1m", params={"script": script}, duration="5m")
        assert (await world.ended(run_id)).status is RunStatus.COMPLETED
        await _sold_after_its_exits(world, server, share, run_id)


async def test_a_flattening_run_sells_once_the_exits_are_final(tmp_path: Path) -> None:
    async with in_a_session(tmp_path) as (world, server, share):
        asked = {"timeframe": "1m", "params": {"script": {"0": [BRACKET]}}, "duration": "3m", "at_end": "flatten"}
        run_id = await world.start("scripted", [share], adapter="alpaca", **asked)
        assert (await world.ended(run_id)).status is RunStatus.COMPLETED
        await _sold_after_its_exits(world, server, share, run_id)
