"""The venue of a chaos run: a server that speaks Alpaca's protocol, with faults, that kills who talks to it at two of the points."""

import os
import signal
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from tests.alpaca_server.accounts import AccountSpec
from tests.alpaca_server.faults import Fault, StreamFault
from tests.alpaca_server.server import AlpacaServer
from tests.chaos.trading.points import Deaths

KEY, SECRET = "PKCHAOS", "chaos-secret-of-nobody"
ORDERS = r"^/v2/orders"


def a_server(folder: Path, seed: int) -> AlpacaServer:
    account = AccountSpec(name="paper", key=KEY, secret=SECRET, cash=Decimal(10_000_000))
    return AlpacaServer(accounts=[account], state=folder / "ledger.jsonl", seed=seed)


def addresses(server: AlpacaServer) -> dict[str, str]:
    """The environment that points the adapter at the server."""
    data_stream = server.url.replace("http://", "ws://")
    return {
        "ALPACA_PAPER_API_KEY": KEY,
        "ALPACA_PAPER_API_SECRET": SECRET,
        "ALPACA_PAPER_BASE_URL": server.paper_url,
        "ALPACA_PAPER_STREAM_URL": server.paper_stream_url,
        "ALPACA_DATA_BASE_URL": server.data_url,
        "ALPACA_DATA_STREAM_URL": data_stream,
    }


def make_it_hard(server: AlpacaServer) -> None:
    """Faults that come by chance, all through the run."""
    commands = server.commands
    commands.set_limits(100_000, 2)  # a refusal for too many requests holds for two seconds at most
    commands.set_limits(100_000, data=True)
    for fault in (
        Fault(kind="error", status=500, when="before", method="POST", path="orders", times=None, probability=0.04),
        Fault(kind="error", status=503, when="after", method="POST", path="orders", times=None, probability=0.04, html=True),
        Fault(kind="error", status=429, code=42910000, message="rate limit exceeded", method="POST", times=None, probability=0.02),
        Fault(kind="reset", when="after", method="POST", path="orders", times=None, probability=0.03),
        Fault(kind="hang", when="after", method="POST", path="orders", times=4, probability=0.03),
        Fault(kind="cut", method="POST", path="orders", times=None, probability=0.03),
        Fault(kind="error", status=500, method="GET", path="orders", times=None, probability=0.02),
        Fault(kind="error", status=500, when="after", method="DELETE", path="orders", times=None, probability=0.1),
    ):
        commands.add_fault(fault)
    for trouble in (
        StreamFault(kind="repeat", times=None, probability=0.2),
        StreamFault(kind="reorder", times=None, probability=0.1),
        StreamFault(kind="drop", times=None, probability=0.05),
        StreamFault(kind="cut", times=8, probability=0.02),
    ):
        commands.add_stream_fault(trouble)


def kill_at_the_venue(server: AlpacaServer, deaths: Deaths, folder: Path) -> None:
    """Have whoever sends an order die when it has arrived, or when it has been accepted and not been answered."""

    def hook(stage: str, method: str, path: str, client_order_id: str | None) -> None:
        del client_order_id
        if method != "POST" or "orders" not in path:
            return
        if deaths.take("POST sent" if stage == "received" else "answer lost"):
            with suppress(ProcessLookupError):
                os.kill(int((folder / "accounts.pid").read_text()), signal.SIGKILL)

    server.on_request(hook)
