"""A world that trades through the `alpaca` adapter, unchanged, with a server that speaks Alpaca's protocol."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.alpaca_server.accounts import AccountSpec
from tests.alpaca_server.server import AlpacaServer
from tests.workflows.trading_world import TradingWorld, local_world

PAPER = AccountSpec(name="paper", key="PKWORLD", secret="a-secret-of-paper")
LIVE = AccountSpec(name="live", key="AKWORLD", secret="a-secret-of-live", paper=False)
EQUITY = "AAPL"
_LETTERS = str.maketrans("0123456789", "ABCDEFGHIJ")


def addresses(server: AlpacaServer) -> dict[str, str]:
    """The environment that points the adapter at the server, without keys."""
    return {
        "ALPACA_PAPER_BASE_URL": server.paper_url,
        "ALPACA_PAPER_STREAM_URL": server.paper_stream_url,
        "ALPACA_LIVE_BASE_URL": server.live_url,
        "ALPACA_LIVE_STREAM_URL": server.live_stream_url,
        "ALPACA_DATA_BASE_URL": server.data_url,
        "ALPACA_DATA_STREAM_URL": server.url.replace("http://", "ws://"),
    }


def keys(spec: AccountSpec) -> dict[str, str]:
    mode = "PAPER" if spec.paper else "LIVE"
    return {f"ALPACA_{mode}_API_KEY": spec.key, f"ALPACA_{mode}_API_SECRET": spec.secret}


@asynccontextmanager
async def a_server(accounts: Sequence[AccountSpec] = (PAPER, LIVE)) -> AsyncIterator[AlpacaServer]:
    """A venue with an open market, a paper and a live account, whose ledger is sound when the test is over."""
    async with AlpacaServer(accounts=accounts, seed=3) as server:
        server.commands.set_market("open")
        server.commands.set_price(EQUITY, "200")
        server.commands.set_limits(100_000)
        server.commands.set_limits(100_000, data=True)
        yield server
        assert server.commands.problems() == []


@asynccontextmanager
async def alpaca_world(
    folder: Path, *, accounts: Sequence[AccountSpec] = (PAPER, LIVE)
) -> AsyncIterator[tuple[TradingWorld, AlpacaServer]]:
    """A world that has the keys of the first account, for paper."""
    async with a_server(accounts) as server:
        environment = {**addresses(server), **keys(accounts[0])}
        async with local_world(folder, account="alpaca-paper", environment=environment) as world:
            yield world, server


def a_coin(world: TradingWorld, server: AlpacaServer, price: str = "50000") -> str:
    """List a coin that no other test trades, and return its symbol."""
    symbol = world.symbol().translate(_LETTERS)
    server.commands.add_asset(symbol, crypto=True)
    server.commands.set_price(symbol, price)
    return symbol


def a_share(world: TradingWorld, server: AlpacaServer, price: str = "200") -> str:
    """List a share that no other test trades, and return its symbol."""
    symbol = world.symbol().replace("/USD", "").translate(_LETTERS)
    server.commands.add_asset(symbol)
    server.commands.set_price(symbol, price)
    return symbol


def open_at(server: AlpacaServer, symbol: str) -> list[str]:
    """Return the ids of the paper account's open orders of a symbol, oldest first."""
    return [order.client_order_id for order in server.accounts["paper"].open_orders() if order.symbol == symbol]


def accepted(server: AlpacaServer, symbol: str, account: str = "paper") -> list[str]:
    """Return the ids of all orders of a symbol that the venue ever took, in order."""
    return [str(one.client_order_id) for one in server.ledger if one.kind == "accepted" and (one.account, one.symbol) == (account, symbol)]
