"""`weaver kill`: refuse new orders on an account and cancel all that work, with whatever still runs."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.checks import check_known_account
from cli.context import AsJson, read_settings
from cli.errors import RUN_ERROR
from cli.homes import Home
from cli.render import emit, say, show
from cli.stack import Server, running_server
from cli.venues import telling, venue_of
from weaver.documents.values import decimal_text, time_text
from weaver.errors import MissingCredentials, Unavailable, WeaverError
from weaver.killing import Left, SwitchedOff, closing_prefix, switch_off, until_closed, what_is_left
from weaver.orders import OrderStatus
from weaver.settings import Settings
from weaver.venue import Venue
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.queries import MOST_ON_A_PAGE
from weaver.walle.trading_model import AccountRecord
from weaver.walle.trading_queries import TradingQueries

WORKER_SECONDS = 5.0
"""How long a worker gets to do it before it is done from here."""
PATIENCE_SECONDS = 60.0
"""How long the venue is asked from here; longer than an order in doubt may be on its way."""
CLOSING_SECONDS = 20.0
"""How long closing orders are waited for."""
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Killed:
    """What `weaver kill` did. `left` is what the venue still has, None when it could not be asked from here."""

    account: AccountRecord
    by_worker: bool
    cancelled: list[str]
    closing: list[str]
    left: Left | None
    still_working: list[str]


def add_to(app: typer.Typer) -> None:
    app.command("kill")(kill)


def kill(
    account: Annotated[str, typer.Argument(help="Such as simulated-paper; see: weaver account", show_default=False)],
    flatten: Annotated[bool, typer.Option("--flatten", help="Also close every position of the account.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "asked for",
    as_json: AsJson = False,
) -> None:
    """Refuse new orders on an account, cancel all that work, and with --flatten close every position.

    Works with the worker or Temporal down: the venue is then asked from here, with this terminal's variables. Runs go on
    without orders; the switch stays on until weaver rearm. Exit code 0 only when nothing is left open at the venue.

    Example: weaver kill alpaca-paper --flatten --reason "wrong parameters"
    """
    settings = read_settings()
    check_known_account(account, settings)
    Home(settings.home_path).make()
    database = Database.open(settings.database_url)
    try:
        done = _kill(account, settings, database, flatten=flatten, reason=reason)
    finally:
        database.close()
    open_orders = list(done.left.orders) if done.left else done.still_working
    positions = {symbol: decimal_text(quantity) for symbol, quantity in done.left.positions.items()} if done.left else None
    if as_json:
        emit(
            {
                "account": account,
                "killed": True,
                "killed_at": time_text(done.account.killed_at) if done.account.killed_at else None,
                "reason": done.account.killed_reason,
                "by": "worker" if done.by_worker else "command",
                "cancelled": done.cancelled,
                "closing": done.closing,
                "open_orders": open_orders,
                "positions": positions,
            }
        )
    else:
        _show(done, open_orders, positions, flatten=flatten)
    if open_orders or (flatten and positions != {}):
        raise typer.Exit(RUN_ERROR)


def _kill(account: str, settings: Settings, database: Database, *, flatten: bool, reason: str) -> Killed:
    accounts, queries = Accounts(database), TradingQueries(database)
    before = [order.id for order in queries.working(account)]
    record = accounts.kill(account, reason, datetime.now(UTC))
    prefix = closing_prefix(record.killed_at or datetime.now(UTC))
    say(f"{account}: new orders are refused from now on.")

    def is_done() -> bool:
        working = [order for order in queries.working(account) if not order.id.startswith(prefix)]
        return not working and not (flatten and queries.positions(account))

    where = _signalled(account, settings, flatten=flatten, reason=reason)
    by_worker = where is not None and _within(WORKER_SECONDS, is_done)
    if where is not None and not by_worker:
        say(f"No worker has done it within {WORKER_SECONDS:g} s: asking the venue from here.")
    left: Left | None = None
    told: list[str] = []
    try:
        off, left = asyncio.run(_directly(account, settings, database, where, flatten=flatten, reason=reason))
        told = list(off.cancelled)
    except MissingCredentials as problem:
        if where is None:
            raise
        say(f"Only a worker can ask the venue: {problem}")
        by_worker = by_worker or _within(PATIENCE_SECONDS, is_done)
    ended = [order_id for order_id in before if queries.order(order_id).status in (OrderStatus.CANCELLED, OrderStatus.REJECTED)]
    closing = queries.orders(account=account, q=prefix, sort="created_at", page_size=MOST_ON_A_PAGE).items
    return Killed(
        account=accounts.account(account),
        by_worker=by_worker,
        cancelled=sorted({*ended, *(order_id for order_id in told if order_id not in before)}),
        closing=[order.id for order in closing if order.id.startswith(prefix)],
        left=left,
        still_working=[order.id for order in queries.working(account)],
    )


def _signalled(account: str, settings: Settings, *, flatten: bool, reason: str) -> Server | None:
    """Tell the account's workflow; return the server that took it, None where there is none."""
    try:
        with running_server(settings) as where:
            from cli.account_messages import kill as tell  # Temporal's SDK is loaded only where it is needed

            asyncio.run(tell(where, account, flatten=flatten, reason=reason))
            return where
    except WeaverError as problem:  # whatever keeps Temporal from hearing of it must not keep the switch from working
        say(f"Not told to Temporal: {problem}")
        return None


def _within(seconds: float, is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


async def _directly(
    account: str, settings: Settings, database: Database, where: Server | None, *, flatten: bool, reason: str
) -> tuple[SwitchedOff, Left]:
    """Work the switch at the venue from here; where a worker has done it already, see that nothing is left."""
    venue = venue_of(account, settings, database, await telling(where))
    try:
        off = await _persistently(venue, flatten=flatten, reason=reason)
        with suppress(TimeoutError, Unavailable):  # what is left then is told
            async with asyncio.timeout(CLOSING_SECONDS):
                await until_closed(venue, off.closing)
        return off, await what_is_left(venue)
    finally:
        await venue.disconnect()


async def _persistently(venue: Venue, *, flatten: bool, reason: str) -> SwitchedOff:
    """Ask again when the venue does not answer, as long as patience lasts; raise Unavailable then."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            left = max(deadline - time.monotonic(), 1.0)
            async with asyncio.timeout(left):
                return await switch_off(venue, reason=reason, flatten=flatten)
        except TimeoutError:
            text = f"{venue.account}: the switch is on, but orders still work after {PATIENCE_SECONDS:g} s."
            raise Unavailable(f"{text} Try again: weaver kill {venue.account}") from None
        except Unavailable as problem:
            if time.monotonic() > deadline:
                raise Unavailable(f"{venue.account}: the switch is on, but its venue cannot be asked: {problem}") from problem
            await asyncio.sleep(1)


def _show(done: Killed, open_orders: list[str], positions: dict[str, str] | None, *, flatten: bool) -> None:
    who = "a worker" if done.by_worker else "this command"
    count = "1 order" if len(done.cancelled) == 1 else f"{len(done.cancelled)} orders"
    show(f"{done.account.id} is killed ({done.account.killed_reason}); {who} cancelled {count}.", style="bold")
    for order_id in done.cancelled:
        show(f"  cancelled  {order_id}")
    for order_id in done.closing:
        show(f"  closing    {order_id}")
    if open_orders:
        show(f"STILL OPEN: {', '.join(open_orders)}", style="bold red")
    if positions is None:
        show("The venue could not be asked from here; this is what is on record.", style="yellow")
    elif positions:
        held = ", ".join(f"{quantity} {symbol}" for symbol, quantity in positions.items())
        show(f"STILL HELD: {held}" if flatten else f"held: {held}", style="bold red" if flatten else "")
    say(f"Allow orders again: weaver rearm {done.account.id}")
