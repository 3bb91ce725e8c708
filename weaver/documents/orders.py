"""Orders, what happened to them, and fills, as programs get them."""

from pydantic import Field

from weaver.documents.values import Amount, Document, Moment, decimal_text, optional_decimal, optional_time, time_text
from weaver.greta.records import FillRow, OrderRow
from weaver.orders import OrderStatus, OrderType, Role, Side, TimeInForce, client_order_id
from weaver.walle.trading_model import FillRecord, OrderChange, OrderRecord


class Order(Document):
    """One order. Its id is its client_order_id. Of a backtest's order there is no account, and `closed_at` says when it ended."""

    id: str = Field(examples=["m-6741a2b0-1f2e3d"])
    client_order_id: str
    run_id: str | None = Field(description="the run that wanted it; null when a person placed it")
    account: str | None = Field(description="<adapter>-<mode>; null in a backtest", examples=["simulated-paper"])
    exchange_order_id: str | None = None
    symbol: str = Field(examples=["SIM/USD"])
    side: Side
    order_type: OrderType
    quantity: Amount
    limit_price: Amount | None = None
    stop_price: Amount | None = None
    trail: Amount | None = Field(default=None, description="a trailing stop's distance")
    trail_percent: Amount | None = Field(default=None, description="the same in points")
    time_in_force: TimeInForce
    extended_hours: bool = False
    take_profit: Amount | None = Field(default=None, description="a bracket's exit with a gain")
    stop_loss: Amount | None = Field(default=None, description="a bracket's exit with a loss")
    status: OrderStatus
    filled_quantity: Amount
    filled_avg_price: Amount | None = None
    parent_id: str | None = Field(default=None, description="of a leg its bracket, of a remainder the order that was amended")
    role: Role | None = None
    reject_reason: str | None = None
    created_at: Moment
    submitted_at: Moment | None = None
    filled_at: Moment | None = None
    cancelled_at: Moment | None = None
    closed_at: Moment | None = Field(default=None, description="of a backtest's order: the start of the bar that ended it")


class OrderStep(Document):
    """One change in an order's life, numbered from 1 without holes."""

    number: int
    event: str = Field(examples=["orders.Filled"])
    time: Moment
    status: OrderStatus
    filled_quantity: Amount
    filled_avg_price: Amount | None
    reason: str | None


class Fill(Document):
    """One execution. In a backtest its time is the start of the bar that filled it, and `slippage` is known."""

    id: str = Field(description="the venue's; made of order and number in a backtest")
    order_id: str
    run_id: str | None
    account: str | None = None
    symbol: str
    side: Side
    quantity: Amount
    price: Amount
    commission: Amount
    slippage: Amount | None = None
    time: Moment
    exchange_fill_id: str | None = None


class OrderDetail(Order):
    """An order with its history, its fills, and its legs or remainder."""

    history: list[OrderStep] = Field(default_factory=list[OrderStep], description="each change, oldest first")
    fills: list[Fill] = Field(default_factory=list[Fill])
    legs: list[Order] = Field(default_factory=list[Order], description="a bracket's exits, and the remainder of an amended order")


def order_document(order: OrderRecord) -> Order:
    return Order(
        id=order.id,
        client_order_id=order.id,
        run_id=order.run_id,
        account=order.account,
        exchange_order_id=order.exchange_order_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        quantity=decimal_text(order.quantity),
        limit_price=optional_decimal(order.limit_price),
        stop_price=optional_decimal(order.stop_price),
        trail=optional_decimal(order.trail),
        trail_percent=optional_decimal(order.trail_percent),
        time_in_force=order.time_in_force,
        extended_hours=order.extended_hours,
        take_profit=optional_decimal(order.take_profit),
        stop_loss=optional_decimal(order.stop_loss),
        status=order.status,
        filled_quantity=decimal_text(order.filled_quantity),
        filled_avg_price=optional_decimal(order.filled_avg_price),
        parent_id=order.parent_id,
        role=order.role,
        reject_reason=order.reject_reason,
        created_at=time_text(order.created_at),
        submitted_at=optional_time(order.submitted_at),
        filled_at=optional_time(order.filled_at),
        cancelled_at=optional_time(order.cancelled_at),
    )


def step_document(change: OrderChange) -> OrderStep:
    return OrderStep(
        number=change.number,
        event=change.event,
        time=time_text(change.at),
        status=change.order.status,
        filled_quantity=decimal_text(change.order.filled_quantity),
        filled_avg_price=optional_decimal(change.order.filled_avg_price),
        reason=change.reason,
    )


def order_detail(order: OrderRecord, history: list[OrderChange], fills: list[FillRecord], legs: list[OrderRecord]) -> OrderDetail:
    return OrderDetail(
        **order_document(order).model_dump(),
        history=[step_document(change) for change in history],
        fills=[fill_document(fill) for fill in fills],
        legs=[order_document(leg) for leg in legs],
    )


def fill_document(fill: FillRecord) -> Fill:
    return Fill(
        id=fill.id,
        order_id=fill.order_id,
        run_id=fill.run_id,
        account=fill.account,
        symbol=fill.symbol,
        side=fill.side,
        quantity=decimal_text(fill.quantity),
        price=decimal_text(fill.price),
        commission=decimal_text(fill.commission),
        time=time_text(fill.time),
        exchange_fill_id=fill.id,
    )


def replayed_order(run_id: str, order: OrderRow) -> Order:
    """Return a backtest's order as it ended."""
    own_id = client_order_id(run_id, order.id)
    return Order(
        id=own_id,
        client_order_id=own_id,
        run_id=run_id,
        account=None,
        symbol=order.symbol,
        side=Side(order.side),
        order_type=OrderType(order.order_type),
        quantity=decimal_text(order.quantity),
        limit_price=optional_decimal(order.limit_price),
        stop_price=optional_decimal(order.stop_price),
        trail=optional_decimal(order.trail),
        time_in_force=TimeInForce(order.time_in_force),
        status=OrderStatus(order.status),
        filled_quantity=decimal_text(order.filled_quantity),
        filled_avg_price=optional_decimal(order.filled_avg_price),
        parent_id=client_order_id(run_id, order.parent_id) if order.parent_id else None,
        role=Role(order.role) if order.role else None,
        reject_reason=order.reject_reason,
        created_at=time_text(order.created_at),
        closed_at=optional_time(order.closed_at),
    )


def replayed_fill(run_id: str, fill: FillRow) -> Fill:
    """Return a backtest's fill. An order is filled at most once a bar, so order and time make its id."""
    order_id = client_order_id(run_id, fill.order_id)
    return Fill(
        id=f"{order_id}@{fill.time}",
        order_id=order_id,
        run_id=run_id,
        symbol=fill.symbol,
        side=Side(fill.side),
        quantity=decimal_text(fill.quantity),
        price=decimal_text(fill.price),
        commission=decimal_text(fill.commission),
        slippage=decimal_text(fill.slippage),
        time=time_text(fill.time),
    )
