"""`weaver account`: an account's money, kill switch, limits and their use, differences to its venue, leases."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import typer

from cli.checks import check_known_account
from cli.context import AsJson, read_settings
from cli.render import emit, money, rounded, say, seconds_text, show, table
from cli.stack import running_server
from cli.trading_records import trading_records
from weaver.documents.accounts import LookedAfter, account_document, lease_document, limits_document
from weaver.documents.values import dumped
from weaver.errors import NotFound, Unavailable
from weaver.glados.risk import RiskLimits
from weaver.settings import Settings
from weaver.walle.accounts import day_loss
from weaver.walle.run_money import NOTHING_USED, AccountUse, unused
from weaver.walle.trading_model import AccountRecord, Lease


def add_to(app: typer.Typer) -> None:
    app.command("account")(account)


def account(
    account: Annotated[str | None, typer.Argument(help="Such as simulated-paper; all of them when absent.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show an account: money, kill switch, the day's loss, limits and their use, differences to its venue, who trades what.

    Example: weaver account simulated-paper
    """
    settings = read_settings()
    if account is None:
        _list(settings, as_json=as_json)
        return
    check_known_account(account, settings)
    looked_after, why_not = _looked_after(account, settings)
    with trading_records(settings) as records:
        record = records.account(account) if records else unused(account)
        leases = records.trading.leases(account) if records else []
        use = records.use(account, datetime.now(UTC)) if records else NOTHING_USED
    limits = settings.live_risk if record.mode == "live" else settings.paper_risk
    if as_json:
        document = account_document(record).model_dump() | limits_document(limits, record, use).model_dump()
        live = looked_after.model_dump() if looked_after else None
        emit(document | {"leases": dumped(lease_document(lease) for lease in leases), "live": live, "live_error": why_not})
        return
    _show(record, leases, looked_after, why_not)
    _show_limits(limits, record, use)


def _list(settings: Settings, *, as_json: bool) -> None:
    with trading_records(settings) as records:
        found = records.accounts.accounts() if records else []
    if as_json:
        emit(dumped(account_document(one) for one in found))
        return
    rows = [
        [one.id, one.status, money(one.cash), money(one.equity), money(one.buying_power), "killed" if one.killed else "", _when(one)]
        for one in found
    ]
    table(["account", "status", "cash", "equity", "buying power", "switch", "looked at"], rows, right=(2, 3, 4))
    if not found:
        say("No account was used yet. What can be traded: weaver adapters")


def _when(account: AccountRecord) -> str:
    return seconds_text(account.checked_at)


def _looked_after(account: str, settings: Settings) -> tuple[LookedAfter | None, str | None]:
    """Ask who looks after the account; without an answer return why there is none."""
    try:
        with running_server(settings) as where:
            from cli.account_messages import ask  # Temporal's SDK is loaded only where it is needed
            from workflows.documents import account_live

            state = asyncio.run(ask(where, account))
    except (Unavailable, NotFound) as problem:
        return None, str(problem)
    return account_live(state), None


def _show(account: AccountRecord, leases: Sequence[Lease], looked_after: LookedAfter | None, why_not: str | None) -> None:
    show(f"{account.id}: {account.status}", style="bold")
    if account.killed:
        show(
            f"KILLED since {seconds_text(account.killed_at)}: {account.killed_reason}. Allow orders again: weaver rearm {account.id}",
            style="bold red",
        )
    rows = [
        ["cash", money(account.cash)],
        ["equity", money(account.equity)],
        ["buying power", money(account.buying_power)],
        ["day's loss", money(max(day_loss(account.opening_equity, account.equity), Decimal(0)))],
        ["looked at", seconds_text(account.checked_at)],
        ["updates come in", "yes" if account.connected else "no"],
        ["compared with the venue", _reconciled(looked_after)],
    ]
    table(["", ""], rows, right=[1])
    if looked_after and looked_after.problem:
        show(f"problem: {looked_after.problem}", style="yellow")
    if why_not:
        show(f"nobody was asked: {why_not}", style="yellow")
    for difference in account.drift:
        show(f"drift: {difference.kind} {difference.symbol}: here {difference.ours}, at the venue {difference.theirs}", style="yellow")
    for lease in leases:
        show(f"{lease.symbol} is traded by run {lease.run_id} since {seconds_text(lease.taken_at)}")


def _reconciled(looked_after: LookedAfter | None) -> str:
    if looked_after is None:
        return "not asked"
    return str(looked_after.last_reconciled or "not yet").replace("T", " ").partition(".")[0]


def _show_limits(limits: RiskLimits, account: AccountRecord, use: AccountUse) -> None:
    used = {
        "max_position": rounded(use.largest_position, 2),
        "max_gross_exposure": rounded(use.gross_exposure, 2),
        "max_orders_per_minute": str(use.orders_last_minute),
        "max_daily_loss": rounded(max(day_loss(account.opening_equity, account.equity), Decimal(0)), 2),
    }
    rows = [[name, "" if value is None else str(value), used.get(name, "")] for name, value in limits.model_dump(mode="json").items()]
    table(["limit (by this environment)", "at most", "used"], rows, right=(1, 2))
