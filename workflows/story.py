"""How a run reads in the Temporal UI."""

from collections.abc import Sequence
from typing import Protocol

from weaver.walle.model import RunError
from weaver.walle.trading_model import OrderRecord
from workflows.inputs import LiveState, Progress


def listed(symbols: Sequence[str], *, most: int = 5) -> str:
    """Return the first symbols and how many more there are."""
    rest = len(symbols) - most
    return ", ".join(symbols[:most]) + (f" and {rest} more" if rest > 0 else "")


class Asked(Protocol):
    """What a run was asked to be."""

    @property
    def strategy(self) -> str: ...
    @property
    def symbols(self) -> list[str]: ...
    @property
    def timeframe(self) -> str: ...


def details(request: Asked, status: str, progress: Progress, error: RunError | None, ignored: Sequence[str]) -> str:
    """Return a run's present state as Markdown."""
    lines = [f"**{request.strategy[:200]}** on {listed(request.symbols)}, {request.timeframe}: **{status}**"]
    if progress.bars_total:
        lines += [
            "",
            "| bars | done | windows | equity | orders | fills | trades |",
            "|---|---|---|---|---|---|---|",
            f"| {progress.bars_done:,} of {progress.bars_total:,} | {progress.percent:.1f} % | {progress.windows:,} "
            f"| {progress.equity if progress.equity is not None else '-'} "
            f"| {progress.orders:,} | {progress.fills:,} | {progress.trades:,} |",
        ]
    if error:
        place = f" ({error.file}:{error.line})" if error.file and error.line else ""
        lines += ["", f"`{error.code}`{place}: {error.message[:2000]}"]
    if ignored:
        lines += ["", *(f"- ignored: {note}" for note in ignored)]
    return "\n".join(lines)


def trading_details(common: str, live: LiveState) -> str:
    """Return a trading run's present state as Markdown: what all runs show, then what it holds and waits for."""
    lines = [common, "", f"account `{live.account}`"]
    if live.next_tick:
        lines.append(f"- next bar ends {live.next_tick:%Y-%m-%d %H:%M:%S}Z")
    if live.pause_reason:
        lines.append(f"- paused: {live.pause_reason[:500]}")
    lines += [f"- holds {quantity} {symbol}" for symbol, quantity in list(live.positions.items())[:20]]
    lines += [f"- working: `{order_id}` {status}" for order_id, status in list(live.working_orders.items())[:20]]
    return "\n".join(lines)


def order_details(orders: Sequence[OrderRecord]) -> str:
    """Return an order and its legs as a Markdown table."""
    lines = ["| order | | status | filled | at |", "|---|---|---|---|---|"]
    for order in orders:
        price = order.limit_price or order.stop_price
        terms = f"{order.side} {order.quantity.normalize():f} {order.symbol} {order.order_type}" + (f" {price}" if price else "")
        average = order.filled_avg_price if order.filled_avg_price is not None else "-"
        lines.append(f"| `{order.id}` | {terms} | **{order.status}** | {order.filled_quantity.normalize():f} | {average} |")
        if order.reject_reason:
            lines.append(f"| | {order.reject_reason[:300]} | | | |")
    return "\n".join(lines)
