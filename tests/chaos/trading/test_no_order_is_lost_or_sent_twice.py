"""A run of hundreds of orders whose worker, server and venue fail all the time: every intent is one order, every order an intent."""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from time import monotonic

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.service import RPCError

from tests.alpaca_server import ledger as ledgers
from tests.alpaca_server.server import AlpacaServer
from tests.chaos.trading.files import BUSY, MORTAL
from tests.chaos.trading.points import POINTS, Deaths
from tests.chaos.trading.venue import a_server, addresses, kill_at_the_venue, make_it_hard
from tests.workflows.stack import ROOT, Stack, until
from weaver.errors import NotAllowed, Unavailable
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus
from weaver.walle.database import Database
from weaver.walle.trading_queries import TradingQueries
from workflows.client import connect, status, stop, tell
from workflows.trading_client import start_trading

IS_LONG = os.environ.get("WEAVER_CHAOS") == "long"
SEED = int(os.environ.get("WEAVER_CHAOS_SEED", "7"))
SYMBOLS = [f"C{chr(65 + number // 26)}{chr(65 + number % 26)}/USD" for number in range(60 if IS_LONG else 30)]
ORDERS = 200 if not IS_LONG else 2_000
DEATHS_EACH = {"before persist": 3, "after persist": 3, "in amend": 3, "in continue-as-new": 2}
USUAL_DEATHS = 4
SERVER_DEATHS = 3
AT_ONCE = 5
"""Deaths that are granted at a time, so that some work is done between them."""
CALLED_OFF = {"cancelled before it was sent", "it could not be sent in time", "it did not reach the venue in time"}
PATIENCE = 900 if not IS_LONG else 5_400


class ChaosStack(Stack):
    """A stack whose worker may die at named points and is started again at once."""

    def __init__(self, home: Path, server: AlpacaServer) -> None:
        settings = addresses(server) | {
            "CHAOS_DEATHS": str(home / "deaths"),
            "PYTHONPATH": str(ROOT),
            "WEAVER_ADAPTERS": str(home / "adapters"),
            "WEAVER_GRETA_SLOTS": "1",
            "WEAVER_MARVIN_SLOTS": "1",
            "WEAVER_STEP_LIMIT_SECONDS": "30",
        }
        super().__init__(home, settings)
        (home / "plugins" / "busy.py").write_text(BUSY)
        (home / "adapters").mkdir()
        (home / "adapters" / "mortal.py").write_text(MORTAL)
        self.worker_deaths = 0

    def start_worker(self) -> None:
        self.worker = self._spawn([sys.executable, "-m", "tests.chaos.trading.worker"], "worker")

    async def keep_going(self) -> None:
        """Start the worker again whenever it has died."""
        while True:
            await asyncio.sleep(0.1)
            if self.worker is not None and self.worker.poll() is not None:
                self.worker_deaths += 1
                self.start_worker()

    def kill_temporal(self) -> None:
        assert self.temporal
        self.temporal.kill()
        self.temporal.wait()
        self.start_temporal()

    @property
    def trading(self) -> TradingQueries:
        return TradingQueries(Database.open(f"sqlite:///{self.home / 'walle.db'}", migrate=False))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[AlpacaServer]:
    async with a_server(tmp_path, SEED) as server:
        for symbol in SYMBOLS:
            server.commands.add_asset(symbol, crypto=True)
        yield server


@pytest.fixture
def stack(tmp_path: Path, server: AlpacaServer) -> Stack:
    home = tmp_path / "home"
    home.mkdir()
    return ChaosStack(home, server)


async def grant_deaths(deaths: Deaths, chance: random.Random) -> None:
    """Grant all deaths in a seeded order, a few at a time, and each point's last ones until they were died."""
    waiting = [f"{point}" for point in POINTS for _ in range(DEATHS_EACH.get(point, USUAL_DEATHS))]
    chance.shuffle(waiting)
    number = 0
    while waiting:
        granted = deaths.granted()
        if len(granted) < AT_ONCE or len(set(granted)) == 1:
            number += 1
            deaths.grant(waiting.pop(), number)
        await asyncio.sleep(chance.uniform(0.2, 1.0))


async def kill_servers(stack: ChaosStack, chance: random.Random) -> None:
    for _ in range(SERVER_DEATHS):
        await asyncio.sleep(chance.uniform(15, 30))
        await asyncio.to_thread(stack.kill_temporal)


def wanted_deaths() -> Counter[str]:
    return Counter({point: DEATHS_EACH.get(point, USUAL_DEATHS) for point in POINTS})


@pytest.mark.chaos
@pytest.mark.timeout(PATIENCE + 600)
async def test_every_intent_is_one_order_whatever_dies(stack: ChaosStack, server: AlpacaServer) -> None:
    chance = random.Random(SEED)
    deaths = Deaths(stack.home / "deaths")
    make_it_hard(server)
    kill_at_the_venue(server, deaths, stack.home / "deaths")
    client = await stack.start()
    try:
        request = RunCreate.model_validate(
            {
                "id": "chaos",
                "strategy": "busy",
                "adapter": "mortal",
                "mode": "paper",
                "symbols": SYMBOLS,
                "timeframe": "1m",
                "cash": "1000000",
            }
        )
        await start_trading(client, request)
        background = [asyncio.create_task(one) for one in (stack.keep_going(), grant_deaths(deaths, chance), kill_servers(stack, chance))]
        try:
            await all_have_died(stack, deaths, server)
            for task in background[1:]:
                await task
            await calm(stack, server)
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
        await verify(stack, server, deaths)
    finally:
        stack.stop()


async def all_have_died(stack: ChaosStack, deaths: Deaths, server: AlpacaServer) -> None:
    """Wait until each granted death was died and there were orders enough."""

    async def is_enough() -> bool:
        died = Counter(deaths.died())
        return not wanted_deaths() - died and len(ledgers.accepted(server.commands.ledger(), "paper")) >= ORDERS

    began = monotonic()
    try:
        await until(is_enough, "all deaths and orders", seconds=PATIENCE)
    except AssertionError:
        orders = len(ledgers.accepted(server.commands.ledger(), "paper"))
        lacking = wanted_deaths() - Counter(deaths.died())
        raise AssertionError(
            f"after {monotonic() - began:.0f} s: {orders} orders; not died: {dict(lacking)}; {stack.log('worker')[-3000:]}"
        ) from None


async def calm(stack: ChaosStack, server: AlpacaServer) -> None:
    """Let everything work again, place nothing new and send what waits, stop the run, and wait until every order has come to its end."""
    server.commands.clear_faults()

    async def paused() -> bool:
        with suppress(Unavailable, RPCError):
            client = await connect(stack.address)
            with suppress(NotAllowed):  # it is paused since an earlier try, whose answer was lost
                await tell(client, "chaos", "pause")
            return await status(client, "chaos") is RunStatus.PAUSED
        return False

    await until(paused, "the run to pause", seconds=180)
    on_their_way = {OrderStatus.PENDING, OrderStatus.SUBMITTING, OrderStatus.IN_DOUBT}

    async def is_sent() -> bool:
        return not any(order.status in on_their_way for order in stack.trading.working("mortal-paper"))

    await until(is_sent, "every order to be sent", seconds=180)

    async def told_to_stop() -> bool:
        with suppress(Unavailable, RPCError):
            return (await stop(await connect(stack.address), "chaos")) is not RunStatus.PAUSED
        return False

    async def stopped() -> bool:
        with suppress(Unavailable, RPCError):
            return (await status(await connect(stack.address), "chaos")).is_final
        return False

    await until(told_to_stop, "the run to be told to stop", seconds=180)
    try:
        await until(stopped, "the run to stop", seconds=300)
    except AssertionError as late:
        raise AssertionError(f"{late}; {await where_it_is(stack)}; {stack.log('worker')[-3000:]}") from None

    async def is_settled() -> bool:
        return not stack.trading.working("mortal-paper")

    await until(is_settled, "all orders to be final", seconds=180)


async def where_it_is(stack: ChaosStack) -> str:
    """Say what the run says of itself and what its history came to last."""
    handle = (await connect(stack.address)).get_workflow_handle("chaos")
    described, history = await handle.describe(), await handle.fetch_history()
    last = [EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history.events[-12:]]
    waiting = [
        f"{one.activity_type.name} attempt {one.attempt}: {one.last_failure.message}"
        for one in described.raw_description.pending_activities
    ]
    return f"{described.status}, {len(history.events)} events, the last {last}; pending activities {waiting}"


async def verify(stack: ChaosStack, server: AlpacaServer, deaths: Deaths) -> None:
    entries = server.commands.ledger()
    assert server.commands.problems() == []
    died = Counter(deaths.died())
    assert all(died[point] >= 2 for point in POINTS), died
    assert died.total() >= 30
    accepted = Counter(entry.client_order_id for entry in ledgers.accepted(entries, "paper"))
    assert max(accepted.values()) == 1, [order for order, count in accepted.items() if count > 1]
    records = {order.id: order for order in all_orders(stack.trading)}
    intents = {order_id for order_id in records if "." not in order_id or ".r" in order_id}
    never_sent = {order.id for order in records.values() if order.exchange_order_id is None}
    assert set(accepted) == intents - never_sent
    # What was cancelled while it waited to be sent, or waited longer than it is good for, is on record as such and at no venue.
    called_off = {order_id: stack.trading.history(order_id)[-1].reason for order_id in never_sent}
    assert set(called_off.values()) <= CALLED_OFF, called_off
    assert len(never_sent) <= len(intents) / 10
    fills = {fill.id: fill for fill in all_fills(stack.trading)}
    filled = ledgers.filled(entries, "paper")
    for order in records.values():
        assert order.status.is_final
        assert order.filled_quantity == filled.get(order.exchange_order_id, Decimal(0)), order
        assert sum((fill.quantity for fill in fills.values() if fill.order_id == order.id), Decimal(0)) == order.filled_quantity, order
    held = {symbol: quantity for symbol, quantity in server.commands.positions()["paper"].items() if quantity}

    def ours() -> dict[str, Decimal]:
        return {position.symbol: position.quantity for position in stack.trading.positions("mortal-paper") if position.quantity}

    async def agree() -> bool:
        return ours() == held

    with suppress(AssertionError):  # a fee that could not be measured is settled by the next comparison with the venue
        await until(agree, "the positions to agree", seconds=330)
    assert ours() == held
    counts = f"{len(accepted)} orders, {len(never_sent)} called off unsent, {len(fills)} fills"
    text = f"{counts}, deaths {dict(died)}, the worker died {stack.worker_deaths} times as a whole"
    sys.stdout.write(f"{text}\n")


def all_orders(queries: TradingQueries) -> list:
    found, page = [], 1
    while True:
        one = queries.orders(account="mortal-paper", page=page, page_size=200, sort="created_at")
        found += one.items
        if len(found) >= one.total:
            return found
        page += 1


def all_fills(queries: TradingQueries) -> list:
    found, page = [], 1
    while True:
        one = queries.fills(account="mortal-paper", page=page, page_size=200)
        found += one.items
        if len(found) >= one.total:
            return found
        page += 1
