"""`weaver rearm`: allow orders on an account again."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.checks import check_known_account
from cli.context import AsJson, read_settings
from cli.render import emit, say
from cli.stack import running_server
from cli.trading_records import required_trading
from weaver.errors import NotFound, Unavailable
from weaver.settings import Settings
from weaver.walle.accounts import Accounts

WORKER_SECONDS = 5.0
"""How long a worker gets before the switch is put off from here."""
_LOOK_SECONDS = 0.1


def add_to(app: typer.Typer) -> None:
    app.command("rearm")(rearm)


def rearm(
    account: Annotated[str, typer.Argument(help="Such as simulated-paper; see: weaver account", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Put the kill switch of an account off: orders are admitted again, also those of runs that still go on.

    Example: weaver rearm alpaca-paper
    """
    settings = read_settings()
    check_known_account(account, settings)
    with required_trading(settings, "account", account) as records:
        was_killed = records.accounts.account(account).killed
        if was_killed:
            _rearm(account, records.accounts, settings)
    if as_json:
        emit({"account": account, "killed": False})
    else:
        say(f"{account}: orders are admitted again." if was_killed else f"{account} is not killed.")


def _rearm(account: str, accounts: Accounts, settings: Settings) -> None:
    at = datetime.now(UTC)
    try:
        with running_server(settings) as where:
            from cli.account_messages import rearm as tell  # Temporal's SDK is loaded only where it is needed

            asyncio.run(tell(where, account))
        deadline = time.monotonic() + WORKER_SECONDS
        while accounts.account(account).killed and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
    except (NotFound, Unavailable):
        pass  # nobody looks after the account, so nobody else would put it off
    if accounts.account(account).killed:
        accounts.rearm(account, at)
