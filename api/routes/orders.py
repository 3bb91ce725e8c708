"""Orders of paper and live trading, of runs and of persons: list, show, place, amend, cancel, ask the venue."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from fastapi.openapi.models import Example
from pydantic import BaseModel, ConfigDict, Field

from api.correlation import correlation_id
from api.deps import Parts, PartsDep
from api.parameters import OrderId, PagingDep, SpanDep, Text, sorts
from api.placing import place
from api.problems import problems
from api.routes.results import replayed_orders
from weaver.checks import check_terms
from weaver.documents.orders import Order, OrderDetail, order_detail, order_document
from weaver.documents.values import Listing
from weaver.errors import NotAllowed
from weaver.glados.requests import ACCOUNT, Amount, OrderCreate
from weaver.orders import OrderStatus, Side
from weaver.walle.model import RunRecord
from weaver.walle.run_money import TradingRecords
from weaver.walle.trading_model import OrderRecord
from weaver.walle.trading_queries import SORTS
from workflows.order_inputs import AmendRequest
from workflows.trading_client import amend_order, cancel_order, sync_order

router = APIRouter(tags=["orders"])

_REMAINDER_SECONDS = 10.0
"""How long the remainder of an amended order is waited for; it is looked after in any case."""
_LOOK_SECONDS = 0.05


class OrderAmend(BaseModel):
    """New terms; what is not given stays. `quantity` is that of the whole order, fills included."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"limit_price": "98.5"}]})

    quantity: Amount | None = None
    limit_price: Amount | None = Field(default=None, description="of a limit or stop-limit order")
    stop_price: Amount | None = Field(default=None, description="of a stop or stop-limit order")


_EXAMPLES: dict[str, Example] = {
    "market": {"summary": "At the market", "value": {"symbol": "SIM/USD", "side": "buy", "quantity": "1", "time_in_force": "gtc"}},
    "bracket": {
        "summary": "A limit order with exits",
        "value": {
            "symbol": "SIM/USD",
            "side": "buy",
            "order_type": "limit",
            "quantity": "1",
            "limit_price": "99.5",
            "take_profit": "110",
            "stop_loss": "95",
            "time_in_force": "gtc",
        },
    },
}


@router.get("/orders", response_model=Listing[Order], summary="List orders", responses=problems(422, 503))
def list_orders(
    parts: PartsDep,
    paging: PagingDep,
    span: SpanDep,
    run_id: Annotated[Text | None, Query(max_length=255, description="of a backtest too, whose orders are in no other list")] = None,
    account: Annotated[str | None, Query(pattern=ACCOUNT)] = None,
    status: Annotated[list[OrderStatus] | None, Query(description="any of these; may be given several times")] = None,
    symbol: Annotated[Text | None, Query(max_length=64)] = None,
    side: Annotated[Side | None, Query()] = None,
    q: Annotated[Text | None, Query(max_length=200, description="looked for in ids, also the venue's, run and symbol")] = None,
    sort: Annotated[str, Query(json_schema_extra={"enum": sorts(SORTS)}, description="with a minus: the other way round")] = "-created_at",
) -> Listing[Order]:
    """List orders of paper and live trading, newest first unless sorted otherwise; with a backtest's `run_id` that run's, oldest first.

    The time range is that of their creation.
    """
    run = _backtest(parts, run_id)
    if run is not None:
        wanted = {"status": status, "symbol": symbol and [symbol], "side": side and [side]}
        return replayed_orders(parts, run, span, paging, {name: values for name, values in wanted.items() if values}, q)
    found = parts.trading.orders(
        run_id=run_id,
        account=account,
        status=status or None,
        symbol=symbol,
        side=side,
        since=span.since,
        until=span.until,
        q=q,
        sort=sort,
        page=paging.page,
        page_size=paging.page_size,
    )
    return paging.listing([order_document(order) for order in found.items], found.total)


def _backtest(parts: Parts, run_id: str | None) -> RunRecord | None:
    run = None if run_id is None else TradingRecords.of(parts.database).known_run(run_id)
    return run if run is not None and run.mode == "backtest" else None


@router.post("/orders", status_code=201, response_model=Order, summary="Place an order", responses=problems(403, 409, 422, 503))
async def place_order(parts: PartsDep, asked: Annotated[OrderCreate, Body(openapi_examples=_EXAMPLES)], response: Response) -> Order:
    """Place an order without any run and return it once the venue has answered, or as it is after some seconds.

    403 names the limit that forbids it in `rule`. An order that was admitted is looked after until it is final, whoever goes away.
    """
    order_id = await place(parts, asked)
    response.headers["Location"] = f"/api/v1/orders/{order_id}"
    return order_document(await asyncio.to_thread(parts.trading.order, order_id))


@router.get("/orders/{order_id}", response_model=OrderDetail, summary="Show an order", responses=problems(404, 422, 503))
def get_order(parts: PartsDep, order_id: OrderId) -> OrderDetail:
    """Show an order with each change of it, its fills, and its legs or remainder."""
    records = TradingRecords.of(parts.database)
    order = parts.trading.order(order_id)
    return order_detail(order, parts.trading.history(order_id), records.fills(order_id=order_id), records.children(order_id))


@router.patch("/orders/{order_id}", response_model=Order, summary="Amend an order", responses=problems(404, 409, 422, 503))
async def amend(parts: PartsDep, order_id: OrderId, terms: OrderAmend) -> Order:
    """Cancel an order and place what was not filled with other terms, as `<id>.r<n>`; return that remainder.

    Where nothing was left to place, since it was filled meanwhile, the order itself is returned.
    """
    order = await asyncio.to_thread(_open, parts, order_id, "amend")
    given = terms.model_dump(exclude_none=True)
    check_terms(order, given)
    await amend_order(await parts.temporal.client(), order_id, AmendRequest(**given, corr_id=correlation_id()))
    return order_document(await _amended(parts, order_id))


async def _amended(parts: Parts, order_id: str) -> OrderRecord:
    deadline = time.monotonic() + _REMAINDER_SECONDS
    records = TradingRecords.of(parts.database)
    while True:
        found = await asyncio.to_thread(records.amended, order_id)
        if found is not None:
            return found
        if time.monotonic() > deadline:
            return await asyncio.to_thread(parts.trading.order, order_id)
        await asyncio.sleep(_LOOK_SECONDS)


@router.delete(
    "/orders/{order_id}", status_code=202, response_model=Order, summary="Cancel an order", responses=problems(404, 409, 422, 503)
)
async def cancel(parts: PartsDep, order_id: OrderId) -> Order:
    """Ask for an order's cancellation, or that of one leg of a bracket, and return it as it is then: it may have been filled meanwhile."""
    await asyncio.to_thread(_open, parts, order_id, "cancel")
    await cancel_order(await parts.temporal.client(), order_id, corr_id=correlation_id())
    return order_document(await asyncio.to_thread(parts.trading.order, order_id))


@router.post("/orders/{order_id}/sync", response_model=Order, summary="Ask the venue for an order", responses=problems(404, 409, 422, 503))
async def sync(parts: PartsDep, order_id: OrderId) -> Order:
    """Have an open order looked up at its venue now, and return it with what that brought."""
    await asyncio.to_thread(_open, parts, order_id, "sync")
    await sync_order(await parts.temporal.client(), order_id, corr_id=correlation_id())
    return order_document(await asyncio.to_thread(parts.trading.order, order_id))


def _open(parts: Parts, order_id: str, action: str) -> OrderRecord:
    """Return an order that is not final. Raises NotFound with the nearest, NotAllowed."""
    order = parts.trading.order(order_id)
    if order.status.is_final:
        raise NotAllowed(action, order.status.value, what="an order")
    return order
