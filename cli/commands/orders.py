"""`weaver orders`: place orders without any run; show, list, cancel and amend those of anybody."""

import asyncio
import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli import trading_options
from cli.context import AsJson, read_settings
from cli.render import emit, rounded, say, seconds_text, show, table
from cli.stack import running_server
from cli.trading_lines import wish
from cli.trading_outcome import show_fills, show_orders
from cli.trading_records import required_trading, trading_records
from cli.trading_requests import checked, create_order, given
from weaver.checks import check_account, check_confirmed
from weaver.documents.orders import order_detail, order_document
from weaver.documents.values import decimal_text, dumped
from weaver.errors import BadInput, BadValue, UnknownName
from weaver.orders import OrderStatus, Side
from weaver.settings import Settings
from weaver.veda.exchange import keeps_brackets
from weaver.walle.queries import MOST_ON_A_PAGE
from weaver.walle.trading_model import OrderRecord

_REMAINDER_SECONDS = 10.0
"""How long the remainder of an amended order is waited for; it is looked after in any case."""

OrderId = Annotated[str, typer.Argument(help="Id of an order; see: weaver orders list", show_default=False)]

_app = typer.Typer(help="Place, show, list, cancel and amend orders.", rich_markup_mode="rich")


def add_to(app: typer.Typer) -> None:
    app.add_typer(_app, name="orders")


@_app.command("place")
def place_order(
    side: Annotated[str, typer.Argument(help="buy or sell", show_default=False)],
    quantity: Annotated[str, typer.Argument(help="Units, such as 10 or 0.25", show_default=False)],
    symbol: Annotated[str, typer.Argument(help="Such as AAPL or SIM/USD", show_default=False)],
    type: trading_options.Type = None,
    limit: trading_options.Limit = None,
    stop: trading_options.Stop = None,
    trail: trading_options.Trail = None,
    trail_percent: trading_options.TrailPercent = None,
    tif: trading_options.TimeInForce = None,
    take_profit: trading_options.TakeProfit = None,
    stop_loss: trading_options.StopLoss = None,
    extended_hours: trading_options.ExtendedHours = None,
    account: trading_options.Account = "simulated-paper",
    id: Annotated[str | None, typer.Option("--id", help="Id of the order; made up when absent.", show_default=False)] = None,
    confirm_live: trading_options.ConfirmLive = None,
    as_json: AsJson = False,
) -> None:
    """Place an order by hand, without any run. It is looked after until it is final, so a stack must run (weaver up).

    Example: weaver orders place buy 1 SIM/USD --limit 99.5 --take-profit 110 --stop-loss 95
    """
    fields: dict[str, Any] = {
        "side": _known("side", side, [one.value for one in Side]),
        "quantity": quantity,
        "symbol": symbol,
        "order_type": type,
        "limit_price": limit,
        "stop_price": stop,
        "trail": trail,
        "trail_percent": trail_percent,
        "time_in_force": tif,
        "take_profit": take_profit,
        "stop_loss": stop_loss,
        "extended_hours": extended_hours,
        "account": account,
        "client_order_id": id,
        "confirm_live": confirm_live,
    }
    request = create_order(fields)
    settings = read_settings()
    meta = check_account(request.account, settings)
    if request.account.endswith("-live"):
        check_confirmed(is_confirmed=request.confirm_live, what="An order on a live account")
    with running_server(settings) as where:
        from cli.messages import place  # Temporal's SDK is loaded only where it is needed

        state = asyncio.run(place(where, request, keeps_bracket=keeps_brackets(meta, request.symbol)))
    if state.order is None:
        raise BadInput(state.error or "The order was not admitted yet; see: weaver orders list")
    _tell(state.order, as_json=as_json)
    if state.error:
        say(state.error)


def _known(kind: str, text: str, names: list[str]) -> str:
    if text not in names:
        raise UnknownName(kind, text, names)
    return text


def _tell(order: OrderRecord, *, as_json: bool) -> None:
    if as_json:
        emit(order_document(order).model_dump())
        return
    filled = f", {decimal_text(order.filled_quantity)} filled at {rounded(order.filled_avg_price)}" if order.filled_quantity else ""
    reason = f" ({order.reject_reason})" if order.reject_reason else ""
    show(f"{order.id}: {wish(order)} is {order.status.value.replace('_', ' ')}{filled}{reason}")
    if not order.status.is_final:
        say(f"Follow it: weaver orders show {order.id}. Call it off: weaver orders cancel {order.id}")


@_app.command("show")
def show_order(order_id: OrderId, as_json: AsJson = False) -> None:
    """Show an order: its terms, what happened to it and when, its fills and its legs.

    Example: weaver orders show m-6741a2b0-1f2e3d
    """
    with required_trading(read_settings(), "order", order_id) as records:
        order = records.trading.order(order_id)
        history = records.trading.history(order_id)
        fills = records.fills(order_id=order_id)
        legs = records.children(order_id)
    if as_json:
        emit(order_detail(order, history, fills, legs).model_dump())
        return
    show(f"{order.id}: {wish(order)}, {order.time_in_force.value}", style="bold")
    run = f" of run {order.run_id}" if order.run_id else ""
    show(f"{order.status.value.replace('_', ' ')} on {order.account}{run}" + (f": {order.reject_reason}" if order.reject_reason else ""))
    exits = {"take profit": order.take_profit, "stop loss": order.stop_loss}
    for name, price in exits.items():
        if price is not None:
            show(f"{name} at {decimal_text(price)}")
    rows = [
        [
            seconds_text(change.at),
            change.event.removeprefix("orders."),
            change.order.status.value,
            decimal_text(change.order.filled_quantity),
            rounded(change.order.filled_avg_price),
            change.reason or "",
        ]
        for change in history
    ]
    table(["time", "event", "status", "filled", "average", "reason"], rows, right=(3, 4))
    if fills:
        show_fills(fills)
    if legs:
        show_orders(legs)


@_app.command("list")
def list_orders(
    run: Annotated[str | None, typer.Option(help="Only orders of this run.", show_default=False)] = None,
    account: Annotated[str | None, typer.Option(help="Only orders on this account.", show_default=False)] = None,
    status: Annotated[
        str | None, typer.Option(help="Only orders in this status; working: all that are not final.", show_default=False)
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="Only orders on this symbol.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="Newest that many in the table; --json has all.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List orders of paper and live trading, newest first. Those of a backtest: weaver runs orders RUN

    Example: weaver orders list --account simulated-paper --status working
    """
    wanted = _statuses(status)
    with trading_records(read_settings()) as records:
        if as_json:
            found = records.orders(run_id=run, account=account, symbol=symbol, status=wanted) if records else []
            emit(dumped(order_document(order) for order in reversed(found)))
            return
        size = min(limit, MOST_ON_A_PAGE)
        page = records.trading.orders(run_id=run, account=account, symbol=symbol, status=wanted, page_size=size) if records else None
    show_orders(page.items if page else [])
    if page and page.total > size:
        say(f"{page.total - size:,} older ones are not shown; see --limit.")
    if not page or not page.total:
        say("No orders. Place one: weaver orders place buy 1 SIM/USD; or trade: weaver trade sma-cross --symbol SIM/USD --timeframe 5s")


def _statuses(text: str | None) -> list[OrderStatus] | None:
    if text is None:
        return None
    if text == "working":
        return [status for status in OrderStatus if not status.is_final]
    return [OrderStatus(_known("status", text, ["working", *(one.value for one in OrderStatus)]))]


@_app.command("cancel")
def cancel_order(order_id: OrderId, as_json: AsJson = False) -> None:
    """Cancel an order, or one leg of a bracket, and say what became of it: it may have been filled meanwhile.

    Example: weaver orders cancel m-6741a2b0-1f2e3d
    """
    settings = read_settings()
    _check_open(order_id, "cancelled", settings)
    with running_server(settings) as where:
        from cli.messages import cancel  # Temporal's SDK is loaded only where it is needed

        asyncio.run(cancel(where, order_id))
    _tell(_order(order_id, settings), as_json=as_json)


@_app.command("amend")
def amend_order(
    order_id: OrderId,
    quantity: trading_options.Quantity = None,
    limit: trading_options.Limit = None,
    stop: trading_options.Stop = None,
    as_json: AsJson = False,
) -> None:
    """Give an order other terms: it is cancelled, and what was not filled is placed anew as ID.r1.

    Example: weaver orders amend m-6741a2b0-1f2e3d --limit 98.5
    """
    terms = given({"quantity": quantity, "limit_price": limit, "stop_price": stop})
    if not terms:
        raise BadValue("terms", None, "at least one of --quantity, --limit, --stop")
    settings = read_settings()
    _check_open(order_id, "amended", settings)
    order = _amended(order_id, terms, settings)
    _tell(order, as_json=as_json)


def _amended(order_id: str, terms: Mapping[str, Any], settings: Settings) -> OrderRecord:
    """Have an order amended and return its remainder once the venue has answered; the order itself where it left none."""
    with running_server(settings) as where:
        from cli.messages import amend  # Temporal's SDK is loaded only where it is needed
        from workflows.order_inputs import AmendRequest

        asyncio.run(amend(where, order_id, checked(AmendRequest, terms, "field")))
    with required_trading(settings, "order", order_id) as records:
        deadline = time.monotonic() + _REMAINDER_SECONDS
        while True:
            amended = records.amended(order_id)
            if amended is not None:
                return amended
            if time.monotonic() > deadline:
                return records.trading.order(order_id)
            time.sleep(0.05)  # a worker writes it to WallE


def _order(order_id: str, settings: Settings) -> OrderRecord:
    with required_trading(settings, "order", order_id) as records:
        return records.trading.order(order_id)


def _check_open(order_id: str, done: str, settings: Settings) -> None:
    """Raise NotFound with the nearest for an unknown order, BadInput for one that is final."""
    with required_trading(settings, "order", order_id) as records:
        order = records.trading.order(order_id)
        working = [leg.id for leg in records.children(order_id) if not leg.status.is_final]
    if order.status.is_final:
        instead = f" Still working and belonging to it: {', '.join(working)}." if working else ""
        raise BadInput(f"Order '{order_id}' is {order.status.value}; it cannot be {done} any more.{instead}")
