"""The activity at a bar's end against a venue that speaks Alpaca's protocol, by the venue's own clock."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from temporalio.testing import ActivityEnvironment

from activities.ticks import Ticks
from tests.alpaca_server.server import AlpacaServer
from tests.veda.alpaca_venue import LIVE, PAPER, QUICK, VenueClock, environment_of
from tests.walle.databases import with_tables
from tests.walle.records import a_run
from weaver.glados.risk import RiskLimits
from weaver.veda.adapters.alpaca import Alpaca
from weaver.veda.exchange import Context
from weaver.venue import Venue
from weaver.walle.accounts import Accounts
from weaver.walle.decisions import Decisions
from weaver.walle.known_orders import KnownOrders
from weaver.walle.live_bars import LiveBars
from weaver.walle.orders import Orders
from weaver.walle.records import Records
from weaver.walle.trading_model import OrderChange
from weaver.walle.trading_queries import TradingQueries
from workflows.trading_inputs import TickTask

ACCOUNT = "alpaca-paper"
END = datetime(2026, 6, 15, 15, 1, tzinfo=UTC)  # a Monday, in the session


async def nobody(changes: Sequence[OrderChange]) -> None:
    assert not changes


async def test_stocks_and_coins_are_fetched_with_their_warm_up_and_the_day_s_money(tmp_path: Path) -> None:
    database = with_tables(tmp_path)
    async with AlpacaServer(accounts=[PAPER, LIVE]) as server:
        clock = VenueClock(server)
        exchange = Alpaca(Context(account=ACCOUNT, mode="paper", environment=environment_of(server), clock=clock), QUICK)
        venue = Venue(
            ACCOUNT,
            make=lambda: exchange,
            clock=clock,
            orders=Orders(database),
            accounts=Accounts(database),
            queries=TradingQueries(database),
            known=KnownOrders(database),
            tell=nobody,
        )
        ticks = Ticks(
            venue,
            live_bars=LiveBars(database),
            records=Records(database),
            decisions=Decisions(database),
            limits=RiskLimits(max_daily_loss=Decimal(500)),
        )
        Records(database).register_run(a_run("run", mode="paper"))
        server.commands.set_clock("2026-06-15T15:00:59.5+00:00")

        tick = await ActivityEnvironment().run(
            ticks.tick,
            TickTask(
                run_id="run",
                account=ACCOUNT,
                symbols=["AAPL", "BTC/USD", "MSFT"],
                timeframe="1m",
                end=END,
                first_end=END,
                warmup=20,
                budget=Decimal(10_000),
                cursor=0,
            ),
        )

        assert list(tick.fresh) == ["AAPL", "BTC/USD", "MSFT"]
        assert not tick.is_missed
        assert tick.breach is None
        for symbol, close in tick.fresh.items():
            bars = LiveBars(database).load("alpaca", symbol, "1m")
            assert len(bars) == 21
            assert Decimal(str(bars.close[-1])) == close
        assert Accounts(database).account(ACCOUNT).equity == Decimal(100_000)
        asked = [served["path"] for served in server.commands.requests() if "/bars" in served["path"]]
        assert len(asked) == 2, "stocks together, coins together"
        await ticks.settled()
        await venue.disconnect()
    database.close()
