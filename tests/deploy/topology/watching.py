"""What is watched while processes die: reads through nginx, events, and the venue's own book."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from tests.deploy.topology.deployment import Deployment
from weaver.broker import Fill
from weaver.veda.clocks import SystemClock
from weaver.veda.library import AdapterLibrary
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.simulated import Simulations
from weaver.walle.trading_queries import TradingQueries

ACCOUNT = "simulated-paper"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PATHS = ("/runs", "/orders", "/account?account=simulated-paper", "/strategies", "/health")


class Reads:
    """Reads through nginx, again and again."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.broken: list[str] = []

    @asynccontextmanager
    async def going_on(self, deployment: Deployment) -> AsyncIterator["Reads"]:
        task = asyncio.create_task(self._read(deployment))
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _read(self, deployment: Deployment) -> None:
        async with deployment.client() as client:
            while True:
                for path in PATHS:
                    try:
                        answer = await client.get(path)
                    except httpx.TransportError as problem:
                        self.broken.append(f"{path}: {problem!r}")
                        continue
                    self.statuses[answer.status_code] += 1
                    if answer.status_code >= 500:
                        self.broken.append(f"{path}: {answer.status_code} {answer.text[:300]}")
                await asyncio.sleep(0.1)


class Book:
    """What the simulated venue has, by its own account of it, and what WallE has."""

    def __init__(self, orders: Counter[str], fills: dict[str, Fill], positions: dict[str, Decimal]) -> None:
        self.orders = orders
        self.fills = fills
        self.positions = positions

    @staticmethod
    async def of_the_venue(deployment: Deployment, database: Database) -> "Book":
        store = Simulations(database, Catalogue.open(str(deployment.home / "bars")))
        exchange = AdapterLibrary.open().open_exchange("simulated", "paper", environment={}, clock=SystemClock(), store=store)
        await exchange.connect()
        try:
            orders = Counter(report.client_order_id for report in await exchange.orders_since(LONG_AGO))
            fills = {fill.execution_id: fill for fill in await exchange.fills_since(LONG_AGO)}
            held = {holding.symbol: holding.quantity for holding in await exchange.positions() if holding.quantity}
        finally:
            await exchange.disconnect()
        return Book(orders, fills, held)

    @staticmethod
    def of_walle(database: Database) -> "Book":
        queries = TradingQueries(database)
        orders = Counter(order.id for order in everything(queries.orders) if order.exchange_order_id)
        fills = {fill.id: fill for fill in everything(queries.fills)}
        held = {one.symbol: one.quantity for one in queries.positions(ACCOUNT) if one.quantity}
        return Book(orders, fills, held)


def everything(ask: Any, account: str = ACCOUNT) -> list[Any]:
    """Return all pages of what WallE lists of an account."""
    found: list[Any] = []
    page = 1
    while True:
        one = ask(account=account, page=page, page_size=200)
        found += one.items
        if len(found) >= one.total or not one.items:
            return found
        page += 1


async def events_of(client: httpx.AsyncClient, run_id: str) -> list[dict[str, Any]]:
    """Return all events of a run, page by page."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        query = {"limit": "1000", **({"after": after} if after else {})}
        answer = (await client.get(f"/runs/{run_id}/events", params=query)).raise_for_status().json()
        found += answer["items"]
        after = answer.get("next_after")
        if not after or not answer["items"]:
            return found
