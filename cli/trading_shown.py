"""A paper or live run as `weaver runs show|orders|fills` print it."""

import asyncio

from cli.render import emit, show
from cli.stack import running_server
from cli.trading_outcome import show_fills, show_orders, show_run
from cli.trading_records import required_trading
from weaver.documents.orders import fill_document, order_document
from weaver.documents.runs import Live, run_detail
from weaver.documents.values import dumped
from weaver.errors import NotFound, Unavailable
from weaver.settings import Settings
from weaver.walle.model import RunRecord
from weaver.walle.run_money import money_of


def show_trading(run: RunRecord, settings: Settings, *, as_json: bool) -> None:
    """Print a run: what was asked, its money, what it holds and has working, and what its workflow says of itself."""
    live, live_error = (None, None) if run.status.is_final else _live(run.id, settings)
    with required_trading(settings, "run", run.id) as records:
        money = money_of(records, run)
        orders = records.trading.orders(run_id=run.id, page_size=1).total
        fills = records.trading.fills(run_id=run.id, page_size=1).total
    if as_json:
        emit(run_detail(run, money, live=live, live_error=live_error).model_dump() | {"result": None})
        return
    show_run(run, money, orders=orders, fills=fills)
    if live and live.next_tick:
        show(f"next bar ends {live.next_tick}")
    if live and live.pause_reason:
        show(f"paused: {live.pause_reason}", style="yellow")
    for note in live.ignored if live else ():
        show(f"ignored: {note}")
    if live_error:
        show(f"not asked: {live_error}", style="yellow")
    if run.error:
        place = f"{run.error.file}:{run.error.line}: " if run.error.file else ""
        show(f"error ({run.error.code}): {place}{run.error.message}", style="red")


def _live(run_id: str, settings: Settings) -> tuple[Live | None, str | None]:
    """Ask an open run for what only it knows; without an answer return why there is none."""
    try:
        with running_server(settings) as where:
            from cli.messages import ask  # Temporal's SDK is loaded only where it is needed
            from workflows.documents import live_document

            state = asyncio.run(ask(where, run_id))
    except (Unavailable, NotFound) as problem:
        return None, str(problem)
    return live_document(state), None


def show_trading_orders(run: RunRecord, settings: Settings, *, as_json: bool) -> None:
    """Print a run's orders, oldest first."""
    with required_trading(settings, "run", run.id) as records:
        orders = records.orders(run_id=run.id)
    if as_json:
        emit(dumped(order_document(order) for order in orders))
    else:
        show_orders(orders)


def show_trading_fills(run: RunRecord, settings: Settings, *, as_json: bool) -> None:
    """Print a run's fills in the order of booking."""
    with required_trading(settings, "run", run.id) as records:
        fills = records.fills(run_id=run.id)
    if as_json:
        emit(dumped(fill_document(fill) for fill in fills))
    else:
        show_fills(fills)
