"""A backup is restored at a venue that has had orders since: they come back on record, and none is sent a second time."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bench.trading import QUICK
from tests.alpaca_server import ledger as ledgers
from tests.alpaca_server.accounts import AccountSpec
from tests.alpaca_server.process import ServerProcess
from tests.deploy.topology.watching import everything
from tests.workflows.stack import Stack, until
from weaver.backups import back_up, restore
from weaver.glados.requests import RunCreate
from weaver.settings import Settings
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.trading_queries import TradingQueries
from workflows.client import stop
from workflows.inputs import StopRequest
from workflows.trading_client import start_trading

KEY, SECRET, ACCOUNT, SYMBOL = "PKBACKUP", "backup-secret-of-nobody", "quick-paper", "BTC/USD"
TRADER = '''
"""Buys at every bar; sells all at every fourth."""
from decimal import Decimal

from weaver.marvin import Buy, Close, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="collector", name="Collector")


class Collector(Strategy[StrategyParams]):
    def decide(self, view):
        yield Close() if view.position.quantity >= 0.025 else Buy(Decimal("0.01"))
'''


@pytest.fixture
def venue() -> Iterator[ServerProcess]:
    with ServerProcess(accounts=[AccountSpec(name="paper", key=KEY, secret=SECRET)]) as server:
        server.control.set_limits(1_000_000)
        yield server


class Trading(Stack):
    """A home whose runs trade at the venue."""

    def __init__(self, home: Path, venue: ServerProcess) -> None:
        urls = venue.urls
        settings = {
            "ALPACA_PAPER_API_KEY": KEY,
            "ALPACA_PAPER_API_SECRET": SECRET,
            "ALPACA_PAPER_BASE_URL": urls["paper_url"],
            "ALPACA_PAPER_STREAM_URL": urls["paper_stream_url"],
            "ALPACA_DATA_BASE_URL": urls["data_url"],
            "ALPACA_DATA_STREAM_URL": urls["url"].replace("http", "ws", 1),
            "WEAVER_ADAPTERS": str(home / "adapters"),
            "WEAVER_GRETA_SLOTS": "1",
            "WEAVER_MARVIN_SLOTS": "1",
            "WEAVER_STEP_LIMIT_SECONDS": "30",
        }
        super().__init__(home, settings)
        (home / "plugins/collector.py").write_text(TRADER)
        (home / "adapters").mkdir()
        (home / "adapters/quick.py").write_text(QUICK)

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home)

    def database(self) -> Database:
        return Database.open(self.settings.database_url, migrate=False)


def sent(venue: ServerProcess) -> Counter[str]:
    return Counter(entry.client_order_id for entry in ledgers.accepted(venue.control.ledger(), "paper"))


@pytest.mark.topology
@pytest.mark.timeout(600)
async def test_orders_that_the_backup_does_not_know_come_back_and_none_is_sent_twice(venue: ServerProcess, tmp_path: Path) -> None:
    first = Trading(tmp_path / "first", venue)
    try:
        client = await first.start()
        request = {"id": "kept", "strategy": "collector", "adapter": "quick", "mode": "paper", "symbols": [SYMBOL], "timeframe": "5s"}
        await start_trading(client, RunCreate.model_validate(request))
        await until(lambda: at_least(venue, 3), "some orders", seconds=120)
        await asyncio.to_thread(back_up, first.settings, tmp_path / "backup.tar")
        known = sent(venue)
        await until(lambda: at_least(venue, len(known) + 4), "orders after the backup", seconds=120)
    finally:
        first.stop()
    before = sent(venue)
    second = Trading(tmp_path / "second", venue)
    shutil.rmtree(second.home / "bars")  # a stack of the tests begins with some, and with tables
    (second.home / "walle.db").unlink()
    held = await asyncio.to_thread(restore, second.settings, tmp_path / "backup.tar")
    assert held.held == [ACCOUNT]
    database = second.database()
    try:
        assert set(before) - ids(database), "the venue has orders that the backup does not know"
        client = await second.start()

        async def is_let_go() -> bool:
            return not Accounts(database).account(ACCOUNT).killed

        await until(is_let_go, f"the account to be let go; {second.log('worker')[-3000:]}", seconds=180)
        assert set(before) <= ids(database)  # on record again before anything new was sent
        await until(lambda: at_least(venue, len(before) + 3), "the run to go on", seconds=120)
        await stop(client, "kept", StopRequest(flatten=True))

        async def agrees() -> bool:
            held = {symbol: quantity for symbol, quantity in venue.control.positions()["paper"].items() if quantity}
            ours = {one.symbol: one.quantity for one in TradingQueries(database).positions(ACCOUNT) if one.quantity}
            return held == ours and not TradingQueries(database).working(ACCOUNT)

        await until(agrees, "WallE and the venue to agree", seconds=180)
        entries = venue.control.ledger()
        assert max(sent(venue).values()) == 1
        assert set(sent(venue)) == ids(database)
        filled = ledgers.filled(entries, "paper")
        orders = everything(TradingQueries(database).orders, ACCOUNT)
        assert all(order.filled_quantity == filled.get(order.exchange_order_id, Decimal(0)) for order in orders if order.exchange_order_id)
        assert {order.run_id for order in orders} == {"kept"}
    finally:
        database.close()
        second.stop()


async def at_least(venue: ServerProcess, count: int) -> bool:
    return sent(venue).total() >= count


def ids(database: Database) -> set[str]:
    return {order.id for order in everything(TradingQueries(database).orders, ACCOUNT) if order.exchange_order_id}
