"""An account's venue, reached from here without any worker, with the variables of this environment."""

from collections.abc import Sequence

from cli.stack import Server
from weaver.environment import Environment
from weaver.errors import MissingCredentials, Unavailable
from weaver.settings import Settings
from weaver.veda.clocks import SystemClock
from weaver.veda.exchange import Mode
from weaver.veda.library import AdapterLibrary, missing_variables
from weaver.venue import Tell, Venue
from weaver.walle.accounts import Accounts
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.known_orders import KnownOrders
from weaver.walle.orders import Orders
from weaver.walle.simulated import Simulations
from weaver.walle.trading_model import OrderChange
from weaver.walle.trading_queries import TradingQueries


def venue_of(account: str, settings: Settings, database: Database, tell: Tell) -> Venue:
    """Return an account's venue, not connected yet. Raises MissingCredentials, AdapterNotFound, AdapterBroken."""
    adapter, _, named = account.rpartition("-")
    mode: Mode = "live" if named == "live" else "paper"
    library = AdapterLibrary.open(settings.adapter_folders)
    missing = missing_variables(library.meta(adapter), mode, Environment())
    if missing:
        raise MissingCredentials(adapter, mode, missing)
    clock = SystemClock()
    return Venue(
        account,
        make=lambda: library.open_exchange(
            adapter,
            mode,
            environment=Environment(),
            clock=clock,
            store=Simulations(database, Catalogue.open(settings.bars_location)),
        ),
        clock=clock,
        orders=Orders(database),
        accounts=Accounts(database),
        queries=TradingQueries(database),
        known=KnownOrders(database),
        tell=tell,
    )


async def telling(where: Server | None) -> Tell:
    """Return what tells the workflows of orders what changed, as long as there is a server: without one they find it on record."""
    if where is None:
        return _tell_nobody
    from workflows.client import connect  # Temporal's SDK is loaded only where it is needed
    from workflows.trading_client import tell_orders

    try:
        client = await connect(where.address, where.namespace)
    except Unavailable:
        return _tell_nobody

    async def tell(changes: Sequence[OrderChange]) -> None:
        try:
            await tell_orders(client, changes)
        except Unavailable:
            return  # it went away meanwhile; what changed is on record

    return tell


async def _tell_nobody(changes: Sequence[OrderChange]) -> None:
    del changes
