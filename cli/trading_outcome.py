"""What a paper or live run came to, and orders, fills and positions, as tables."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from cli.outcome import listed
from cli.render import money, rounded, seconds_text, show, table
from weaver.documents.values import decimal_text
from weaver.walle.model import RunRecord
from weaver.walle.run_money import RunMoney, account_of
from weaver.walle.trading_model import FillRecord, LedgerPosition, OrderRecord


def show_traded(run: RunRecord, money_now: RunMoney, orders: Sequence[OrderRecord], fills: Sequence[FillRecord]) -> None:
    """Print what a run came to, as tables."""
    show_run(run, money_now, orders=len(orders), fills=len(fills))
    show_orders(orders[-20:])
    if len(orders) > 20:
        show(f"the last 20 of {len(orders):,} orders; all: weaver runs orders {run.id}")


def show_run(run: RunRecord, money_now: RunMoney, *, orders: int, fills: int) -> None:
    """Print what a run is, what it has, and what it left."""
    show(f"{run.strategy} on {listed(run.symbols)}, {run.timeframe} bars, {run.mode} on {account_of(run)}", style="bold")
    params = ", ".join(f"{name}={value}" for name, value in run.params.items())
    show(f"run {run.id} is {run.status.value}, {run.bars_done:,} bars" + (f"; params {params}" if params else ""))
    equity = run.equity if money_now.equity is None else money_now.equity
    left = " left" if run.status.is_final else ""
    rows = [
        ["budget", money(money_now.budget)],
        ["equity", money(equity)],
        ["realised", money(money_now.realised)],
        ["unrealised", money(money_now.unrealised)],
        ["cash", money(money_now.cash)],
        ["orders", f"{orders:,}"],
        ["fills", f"{fills:,}"],
        [f"positions{left}", listed([f"{decimal_text(one.quantity)} {one.symbol}" for one in money_now.positions]) or "none"],
        [f"working orders{left}", listed([order.id for order in money_now.working]) or "none"],
    ]
    table(["", ""], rows, right=[1])


def show_orders(orders: Sequence[OrderRecord]) -> None:
    """Print orders, one a row."""
    rows = [
        [
            seconds_text(order.created_at),
            order.symbol,
            order.side.value,
            order.order_type.value.replace("_", " "),
            decimal_text(order.quantity),
            _prices(order),
            decimal_text(order.filled_quantity),
            rounded(order.filled_avg_price),
            order.status.value,
            order.reject_reason or "",
            order.id,
        ]
        for order in orders
    ]
    headings = ("created", "symbol", "side", "type", "quantity", "price", "filled", "average", "status", "reason", "id")
    table(headings, rows, right=(4, 5, 6, 7))


def _prices(order: OrderRecord) -> str:
    prices = [rounded(price) for price in (order.stop_price, order.limit_price, order.trail) if price is not None]
    if order.trail_percent is not None:
        prices.append(f"{decimal_text(order.trail_percent)} %")
    return " / ".join(prices)


def show_fills(fills: Iterable[FillRecord]) -> None:
    """Print fills in the order of booking."""
    rows = [
        [
            seconds_text(fill.time),
            fill.symbol,
            fill.side.value,
            decimal_text(fill.quantity),
            rounded(fill.price),
            rounded(fill.commission),
            fill.order_id,
        ]
        for fill in fills
    ]
    table(["time", "symbol", "side", "quantity", "price", "commission", "order_id"], rows, right=(3, 4, 5))


def show_positions(positions: Iterable[tuple[str, LedgerPosition, Decimal | None]]) -> None:
    """Print positions, each with its account and the last price known of it."""
    rows: list[list[str]] = []
    for account, position, price in positions:
        entry = position.average_price
        gain = position.quantity * (price - entry) if price is not None and entry is not None else None
        value = position.quantity * price if price is not None else None
        rows.append(
            [
                account,
                position.symbol,
                decimal_text(position.quantity),
                rounded(entry),
                rounded(price),
                money(value),
                money(gain),
                ", ".join(position.run_ids),
            ]
        )
    table(["account", "symbol", "quantity", "entry", "price", "value", "unrealised", "runs"], rows, right=(2, 3, 4, 5, 6))
