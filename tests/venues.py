"""The paper account of the simulated exchange as those who order use it, without any workflow."""

from collections.abc import Sequence
from pathlib import Path

from tests.walle.trading import PAPER
from weaver.veda.adapters.simulated import SimulatedExchange
from weaver.veda.clocks import SystemClock
from weaver.veda.exchange import Clock, Context
from weaver.venue import Venue
from weaver.walle.accounts import Accounts
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.known_orders import KnownOrders
from weaver.walle.orders import Orders
from weaver.walle.recovering import LostOrders
from weaver.walle.simulated import Simulations
from weaver.walle.trading_model import OrderChange
from weaver.walle.trading_queries import TradingQueries


def a_venue(database: Database, folder: Path, *, clock: Clock | None = None, kind: type[SimulatedExchange] = SimulatedExchange) -> Venue:
    """Return a venue that tells nobody of changes; bars are in `folder`."""
    clock = clock or SystemClock()
    store = Simulations(database, Catalogue.open(str(folder / "bars")))
    context = Context(account=PAPER, mode="paper", environment={}, clock=clock, store=store)

    async def tell(changes: Sequence[OrderChange]) -> None:
        assert changes

    return Venue(
        PAPER,
        make=lambda: kind(context),
        clock=clock,
        orders=Orders(database),
        accounts=Accounts(database),
        queries=TradingQueries(database),
        known=KnownOrders(database),
        tell=tell,
        lost=LostOrders(database),
    )
