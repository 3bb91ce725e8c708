"""`weaver positions`: what accounts hold by their booked fills."""

from typing import Annotated

import typer

from cli.checks import check_known_account
from cli.context import AsJson, read_settings
from cli.render import emit, say
from cli.trading_outcome import show_positions
from cli.trading_records import trading_records
from weaver.documents.accounts import position_document
from weaver.documents.values import dumped


def add_to(app: typer.Typer) -> None:
    app.command("positions")(positions)


def positions(
    account: Annotated[str | None, typer.Option(help="Only this account, such as simulated-paper.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show what accounts hold by their booked fills, valued at the last close that a run has seen.

    Example: weaver positions --account simulated-paper
    """
    settings = read_settings()
    if account is not None:
        check_known_account(account, settings)
    with trading_records(settings) as records:
        accounts = [account] if account is not None else [one.id for one in records.accounts.accounts()] if records else []
        found = [
            (name, position, records.price_of(name, position))
            for name in accounts
            if records
            for position in records.trading.positions(name)
        ]
    if as_json:
        emit(dumped(position_document(position, name, price) for name, position, price in found))
        return
    show_positions(found)
    if not found:
        say("No positions.")
