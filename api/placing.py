"""Places orders without any run: by a person or program, or to close a position."""

import asyncio
from contextlib import suppress
from decimal import Decimal

from temporalio.client import Client

from api.correlation import correlation_id
from api.deps import Parts
from weaver.checks import check_account, check_confirmed
from weaver.errors import NotConnected, NotFound, Unavailable
from weaver.glados.requests import OrderCreate
from weaver.orders import Side, TimeInForce
from weaver.veda.exchange import keeps_brackets
from workflows.queues import look_at_queues
from workflows.trading_client import order_id_for, place_order
from workflows.trading_names import veda_queue


async def place(parts: Parts, asked: OrderCreate, *, closes: bool = False) -> str:
    """Place an order and return its id once it is on record. One that `closes` never opens a position.

    Raises BadInput, RiskRefused, AlreadyExists; NotConnected when the account's venue is known not to be reached; Unavailable when
    no worker has admitted it in time: it will be, if one comes soon, and its id is told.
    """
    meta = await asyncio.to_thread(check_account, asked.account, parts.settings)
    if asked.account.endswith("-live"):
        check_confirmed(is_confirmed=asked.confirm_live, what="An order on a live account")
    client = await parts.temporal.client()
    await _check_connected(parts, client, asked.account)
    order_id = order_id_for(asked)
    request = asked.model_copy(update={"client_order_id": order_id})
    state = await place_order(
        client,
        request,
        keeps_bracket=keeps_brackets(meta, asked.symbol),
        reduce_only=closes,
        corr_id=correlation_id(),
    )
    if state.order is None:
        raise Unavailable(f"No worker has admitted order '{order_id}' yet. Look before you place another: GET /api/v1/orders/{order_id}")
    return order_id


def closing_order(account: str, symbol: str, quantity: Decimal, *, confirm_live: bool) -> OrderCreate:
    """Return the market order that closes a position of `quantity` units, negative when short."""
    return OrderCreate(
        account=account,
        symbol=symbol,
        side=Side.SELL if quantity > 0 else Side.BUY,
        quantity=abs(quantity),
        time_in_force=TimeInForce.GTC if "/" in symbol else TimeInForce.DAY,
        confirm_live=confirm_live,
    )


async def _check_connected(parts: Parts, client: Client, account: str) -> None:
    """Raise NotConnected where no worker takes the account's orders, or it lost its venue. One never used is connected by use."""
    (queue,) = await look_at_queues(client, [(veda_queue(account), "activity")])
    if not queue.pollers:
        raise NotConnected(f"No worker trades {account}: one must run with its credentials. See GET /api/v1/ready")
    with suppress(NotFound):
        record = await asyncio.to_thread(parts.accounts.account, account)
        if not record.connected and record.checked_at is not None:
            raise NotConnected(f"{account} is not connected to its venue now. See GET /api/v1/ready")
