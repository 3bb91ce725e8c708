"""A paper or live run as `weaver runs show|orders|fills` print it."""

import asyncio
from collections.abc import Mapping

from cli.documents_trading import fill_document, order_document, trading_run_document
from cli.render import decimal_text, emit, optional_time, show
from cli.stack import running_server
from cli.trading_outcome import show_fills, show_orders, show_run
from cli.trading_records import money_of, required_trading
from weaver.errors import NotFound, Unavailable
from weaver.settings import Settings
from weaver.walle.model import RunRecord


def show_trading(run: RunRecord, settings: Settings, *, as_json: bool) -> None:
    """Print a run: what was asked, its money, what it holds and has working, and what its workflow says of itself."""
    live, live_error = (None, None) if run.status.is_final else _live(run.id, settings)
    with required_trading(settings, "run", run.id) as records:
        money = money_of(records, run)
        orders = records.trading.orders(run_id=run.id, page_size=1).total
        fills = records.trading.fills(run_id=run.id, page_size=1).total
    if as_json:
        emit(trading_run_document(run, money, live, live_error))
        return
    show_run(run, money, orders=orders, fills=fills)
    if live and live.get("next_tick"):
        show(f"next bar ends {live['next_tick']}")
    if live and live.get("pause_reason"):
        show(f"paused: {live['pause_reason']}", style="yellow")
    for note in _ignored(live):
        show(f"ignored: {note}")
    if live_error:
        show(f"not asked: {live_error}", style="yellow")
    if run.error:
        place = f"{run.error.file}:{run.error.line}: " if run.error.file else ""
        show(f"error ({run.error.code}): {place}{run.error.message}", style="red")


def _live(run_id: str, settings: Settings) -> tuple[dict[str, object] | None, str | None]:
    """Ask an open run for what only it knows; without an answer return why there is none."""
    try:
        with running_server(settings) as where:
            from cli.messages import ask  # Temporal's SDK is loaded only where it is needed

            state = asyncio.run(ask(where, run_id))
    except (Unavailable, NotFound) as problem:
        return None, str(problem)
    if state.live is None:
        return None, None
    live: dict[str, object] = {
        "next_tick": optional_time(state.live.next_tick),
        "positions": {symbol: decimal_text(quantity) for symbol, quantity in state.live.positions.items()},
        "working_orders": dict(state.live.working_orders),
        "last_decision": optional_time(state.live.last_decision),
        "pause_reason": state.live.pause_reason,
        "ignored": list(state.ignored),
    }
    return live, None


def _ignored(live: Mapping[str, object] | None) -> list[str]:
    notes = live.get("ignored") if live else None
    return [str(note) for note in notes] if isinstance(notes, list) else []


def show_trading_orders(run: RunRecord, settings: Settings, *, as_json: bool) -> None:
    """Print a run's orders, oldest first."""
    with required_trading(settings, "run", run.id) as records:
        orders = records.orders(run_id=run.id)
    if as_json:
        emit([order_document(order) for order in orders])
    else:
        show_orders(orders)


def show_trading_fills(run: RunRecord, settings: Settings, *, as_json: bool) -> None:
    """Print a run's fills in the order of booking."""
    with required_trading(settings, "run", run.id) as records:
        fills = records.fills(run_id=run.id)
    if as_json:
        emit([fill_document(fill) for fill in fills])
    else:
        show_fills(fills)
