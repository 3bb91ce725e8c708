"""Accounts: money, positions, limits, who trades what; the kill switch; closing a position."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Parts, PartsDep
from api.killing import KillState, kill, rearm
from api.parameters import Account as AccountId
from api.parameters import PagingDep, Text
from api.placing import closing_order, place
from api.problems import problems
from weaver.checks import check_known_account
from weaver.documents.accounts import Account, AccountLimits, Position, account_document, lease_document, limits_document, position_document
from weaver.documents.orders import Order, order_document
from weaver.documents.values import Listing
from weaver.errors import NotFound
from weaver.glados.requests import SIMULATED
from weaver.walle.run_money import TradingRecords

router = APIRouter(tags=["account"])

_DEFAULT = f"{SIMULATED}-paper"
_ASKED = problems(422, 503)


class AccountKill(BaseModel):
    """How the kill switch is to be worked."""

    model_config = ConfigDict(extra="forbid")

    flatten: bool = Field(default=False, description="also close every position of the account")
    reason: Text = Field(default="asked for", min_length=1, max_length=500, description="why, for the record")


@router.get("/accounts", response_model=Listing[Account], summary="List accounts", responses=_ASKED)
def list_accounts(parts: PartsDep, paging: PagingDep) -> Listing[Account]:
    """List the accounts that were used, by id."""
    found = parts.accounts.accounts()
    return paging.listing([account_document(account) for account in paging.of(found)], len(found))


@router.get("/account", response_model=Account, summary="Show an account", responses=_ASKED)
def get_account(parts: PartsDep, account: AccountId = _DEFAULT) -> Account:
    """Show an account as last seen: its money, its kill switch, differences to its venue."""
    return account_document(_known(parts, account).account(account))


@router.get("/account/positions", response_model=Listing[Position], summary="List an account's positions", responses=_ASKED)
def list_positions(parts: PartsDep, paging: PagingDep, account: AccountId = _DEFAULT) -> Listing[Position]:
    """List what the account holds by its booked fills, valued at the last close that a run has seen."""
    records = _known(parts, account)
    found = parts.trading.positions(account)
    items = [position_document(one, account, records.price_of(account, one)) for one in paging.of(found)]
    return paging.listing(items, len(found))


@router.get("/account/limits", response_model=AccountLimits, summary="Show an account's limits", responses=_ASKED)
def get_limits(parts: PartsDep, account: AccountId = _DEFAULT) -> AccountLimits:
    """Show an account's limits as this server's environment says them, how much is used, and which run trades what."""
    records = _known(parts, account)
    record = records.account(account)
    limits = parts.settings.live_risk if record.mode == "live" else parts.settings.paper_risk
    shown = limits_document(limits, record, records.use(account, datetime.now(UTC)))
    leases = [lease_document(lease) for lease in parts.trading.leases(account)]
    return AccountLimits(account_id=account, limits=shown.limits, use=shown.use, leases=leases)


@router.post("/account/kill", response_model=KillState, summary="Work the kill switch", responses=_ASKED)
async def kill_account(parts: PartsDep, account: AccountId, how: Annotated[AccountKill | None, Body()] = None) -> KillState:
    """Refuse new orders on an account, cancel all that work, and with `flatten` close every position.

    The account must be named, so that none is taken for another. The switch is on before anything else happens, and stays on until
    re-armed. The worker does the rest; what is left after five seconds is told. Where no worker runs, `weaver kill` asks the venue itself.
    """
    wanted = how or AccountKill()
    await asyncio.to_thread(_known, parts, account)
    return await kill(parts, account, flatten=wanted.flatten, reason=wanted.reason)


@router.post("/account/rearm", response_model=Account, summary="Allow orders again", responses=problems(404, 422, 503))
async def rearm_account(parts: PartsDep, account: AccountId) -> Account:
    """Put the kill switch off: orders are admitted again, also those of runs that still go on."""
    await asyncio.to_thread(_known, parts, account)
    return account_document(await rearm(parts, account))


@router.post(
    "/account/positions/{symbol:path}/close",
    status_code=201,
    response_model=Order,
    summary="Close a position",
    responses=problems(403, 404, 409, 422, 503),
)
async def close_position(
    parts: PartsDep,
    symbol: Text,
    response: Response,
    account: AccountId,
    confirm_live: Annotated[bool, Query(description="says that real money is meant; a live account needs it")] = False,
) -> Order:
    """Close what the account holds of a symbol, whoever bought it, with a market order that opens nothing. 404 when it holds none."""
    await asyncio.to_thread(_known, parts, account)
    held = {position.symbol: position for position in await asyncio.to_thread(parts.trading.positions, account)}
    if symbol not in held:
        raise NotFound("position", symbol, f"{account} holds: {', '.join(held) or 'nothing'}.")
    order_id = await place(parts, closing_order(account, symbol, held[symbol].quantity, confirm_live=confirm_live), closes=True)
    response.headers["Location"] = f"/api/v1/orders/{order_id}"
    return order_document(await asyncio.to_thread(parts.trading.order, order_id))


def _known(parts: Parts, account: str) -> TradingRecords:
    """Return what is on record, for an account that exists. Raises UnknownName with the nearest."""
    records = TradingRecords.of(parts.database)
    check_known_account(account, parts.settings, records)
    return records
