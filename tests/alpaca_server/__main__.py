"""Run the server until SIGTERM or SIGINT: `python -m tests.alpaca_server --port 0 --state ledger.jsonl`.

Prints one line of JSON with its addresses when it is ready.
"""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from .accounts import AccountSpec
from .server import DEFAULT_ACCOUNTS, AlpacaServer


def accounts_of(source: str | None) -> list[AccountSpec]:
    """Return the accounts in a JSON file (`-`: standard input): a list of objects with the fields of `AccountSpec`."""
    if source is None:
        return list(DEFAULT_ACCOUNTS)
    text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    return [AccountSpec.read(row) for row in json.loads(text)]


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until a signal."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    accounts = accounts_of(arguments.accounts)
    async with AlpacaServer(accounts=accounts, port=arguments.port, state=arguments.state, seed=arguments.seed) as server:
        sys.stdout.write(json.dumps(server.urls) + "\n")
        sys.stdout.flush()
        await stopped.wait()


parser = argparse.ArgumentParser(description="A venue that speaks Alpaca's protocol, for tests")
parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
parser.add_argument("--state", help="file for the ledger, which must not exist yet")
parser.add_argument("--seed", type=int, default=0, help="decides what faults with a probability do")
parser.add_argument("--accounts", help="JSON file of accounts, - for standard input")

if __name__ == "__main__":
    asyncio.run(serve(parser.parse_args()))
