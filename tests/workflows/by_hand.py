"""Orders without any run, on a world's account, and what is known of them."""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from temporalio.client import WorkflowHandle

from tests.workflows.stack import until
from tests.workflows.trading_world import TradingWorld
from weaver.errors import NotFound, Unavailable
from weaver.glados.requests import OrderCreate
from weaver.market import Timeframe
from weaver.orders import OrderRequest, OrderStatus, OrderType, Side
from weaver.walle.orders import Orders
from weaver.walle.trading_model import AccountRecord, FillRecord, OrderRecord
from workflows.inputs import RUN_QUEUE
from workflows.order_inputs import OrderInput, OrderState, OrderWish
from workflows.trading_client import look_after_account, place_order
from workflows.trading_names import ORDER, order_workflow_id

CREATED, SUBMITTED, ACCEPTED, FILLED = "orders.Created", "orders.Submitted", "orders.Accepted", "orders.Filled"
CANCELLED, IN_DOUBT, PARTLY = "orders.Cancelled", "orders.InDoubt", "orders.PartiallyFilled"


class ShiftedClock:
    """The system's clock, put forward as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    async def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def an_id() -> str:
    return f"m-{secrets.token_hex(6)}"


async def place(world: TradingWorld, symbol: str, *, keeps_bracket: bool = True, **asked: Any) -> OrderState:
    """Place a market order of one unit unless asked otherwise, as the command line and the API do."""
    given = {"account": world.account, "symbol": symbol, "side": "buy", "quantity": "1", "time_in_force": "gtc", **asked}
    return await place_order(world.client, OrderCreate.model_validate(given), keeps_bracket=keeps_bracket)


async def placed(world: TradingWorld, symbol: str, **asked: Any) -> OrderRecord:
    """Place an order that is admitted, and return it as the venue's first answer left it."""
    state = await place(world, symbol, **asked)
    assert state.order is not None
    return state.order


def far_limit(run_id: str, symbol: str = "SIM/USD") -> OrderCreate:
    """Return what asks for an order of the run that rests at the venue."""
    limit: Any = {"order_type": OrderType.LIMIT, "limit_price": Decimal(1)}
    return OrderCreate(run_id=run_id, symbol=symbol, side=Side.BUY, quantity=Decimal(1), **limit)


async def resting(world: TradingWorld, symbol: str, **asked: Any) -> OrderRecord:
    """Place an order far below the price, which stays."""
    order = await placed(world, symbol, order_type="limit", limit_price=await far_below(world, symbol), **asked)
    assert order.status is OrderStatus.ACCEPTED
    return order


async def far_below(world: TradingWorld, symbol: str, points: int = 30) -> str:
    """Return a price some percent below the present one."""
    price = await price_of(world, symbol)
    return str((price * (100 - points) / 100).quantize(Decimal("0.01")))


async def price_of(world: TradingWorld, symbol: str) -> Decimal:
    return (await (await world.exchange()).quote(symbol)).bid


async def in_seconds(world: TradingWorld, symbol: str) -> str:
    """Have orders on the symbol meet bars of one second, and return it."""
    await (await world.exchange()).latest_bar(symbol, Timeframe("1s"))
    return symbol


async def start_order(
    world: TradingWorld, symbol: str, *, order_id: str | None = None, is_looked_after: bool = True, **given: Any
) -> WorkflowHandle[Any, OrderState]:
    """Start an order's workflow itself, for what a person cannot ask for; `terms` are an OrderRequest's."""
    terms = {"side": Side.BUY, "order_type": "market", "quantity": Decimal(1), **given.pop("terms", {})}
    request = OrderRequest(client_order_id=order_id or an_id(), symbol=symbol, **terms)
    if is_looked_after:
        await look_after_account(world.client, world.account)
    return await world.client.start_workflow(
        ORDER,
        OrderInput(account=world.account, wish=OrderWish(request=request, is_exit=False, price=None), **given),
        id=order_workflow_id(request.client_order_id),
        task_queue=RUN_QUEUE,
        result_type=OrderState,
    )


def on_record(world: TradingWorld, order_id: str) -> OrderRecord:
    return Orders(world.database).order(order_id)


def is_on_record(world: TradingWorld, order_id: str) -> bool:
    try:
        on_record(world, order_id)
    except NotFound:
        return False
    return True


async def comes(world: TradingWorld, order_id: str, where: Callable[[OrderRecord], bool] | OrderStatus) -> OrderRecord:
    """Wait until the order on record has the status, or satisfies the condition."""

    async def found() -> OrderRecord | None:
        if not is_on_record(world, order_id):
            return None
        order = on_record(world, order_id)
        return order if (order.status is where if isinstance(where, OrderStatus) else where(order)) else None

    return await until(found, f"{order_id} to be {where}")


async def ended(world: TradingWorld, order_id: str) -> OrderState:
    """Wait for the end of an order's workflow."""
    handle = world.client.get_workflow_handle(order_workflow_id(order_id), result_type=OrderState)
    return await handle.result()


async def story(world: TradingWorld, order_id: str, of: str | None = None) -> list[str]:
    """Return the names of what an order's history tells of it, or of a leg of it (`of`)."""
    return [event.type for event in await world.events(order_workflow_id(order_id)) if event.payload.get("id") == (of or order_id)]


def fills_of(world: TradingWorld, order_id: str) -> list[FillRecord]:
    return list(world.trading.fills(order_id=order_id, page_size=1_000).items)


def position(world: TradingWorld, symbol: str) -> Decimal:
    return next((one.quantity for one in world.trading.positions(world.account) if one.symbol == symbol), Decimal(0))


async def held(world: TradingWorld, symbol: str) -> Decimal:
    """Return what the venue holds."""
    return next((one.quantity for one in await (await world.venue.exchange()).positions() if one.symbol == symbol), Decimal(0))


async def at_venue(world: TradingWorld, symbol: str) -> list[str]:
    """Return the ids of all orders of the symbol that the venue ever took, oldest first."""
    exchange = await world.venue.exchange()
    reports = await exchange.orders_since(datetime(2000, 1, 1, tzinfo=UTC))
    return [report.client_order_id for report in reports if report.symbol == symbol]


def account(world: TradingWorld) -> AccountRecord:
    return world.venue.accounts.account(world.account)


async def becomes(what: Callable[[], Any] | Callable[[], Awaitable[Any]], meaning: str) -> Any:
    """Wait until a call gives something, and return that. Who does not answer on a busy machine is asked again."""

    async def asked() -> Any:
        with suppress(Unavailable):
            value = what()
            return await value if isinstance(value, Awaitable) else value

    return await until(asked, meaning)
