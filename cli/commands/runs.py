"""`weaver runs`: what is on record of runs. Telling them something is in run_messages.py, what they decided in
run_decisions.py, what happened in run_events.py."""

import csv
import sys
from contextlib import suppress
from typing import Annotated

import typer

from cli.commands import run_decisions, run_events, run_messages
from cli.commands.run_messages import RunId
from cli.context import AsJson, read_settings, required_runs, stored_runs
from cli.outcome import listed, run_with_result, show_equity, show_result
from cli.render import emit, money, rounded, say, short_time, show, table
from cli.trading_shown import show_trading, show_trading_fills, show_trading_orders
from weaver.documents.orders import replayed_fill, replayed_order
from weaver.documents.results import equity_columns, equity_points, trade_document
from weaver.documents.runs import percent_done, run_document
from weaver.documents.values import dumped
from weaver.errors import BadInput, BadValue, NotFound, UnknownName
from weaver.glados.runs import RunStatus
from weaver.walle.model import RunRecord
from weaver.walle.queries import MOST_ON_A_PAGE, Queries
from weaver.walle.results import RunFiles
from weaver.walle.run_money import budget_of

_MODES = ("backtest", "paper", "live")

_app = typer.Typer(
    help="List runs; show their fills, trades, equity, decisions, events; start, pause, resume and stop them.", rich_markup_mode="rich"
)


def add_to(app: typer.Typer) -> None:
    run_decisions.add_to(_app)
    run_events.add_to(_app)
    run_messages.add_to(_app)
    app.add_typer(_app, name="runs")


@_app.command("list")
def list_runs(
    status: Annotated[str | None, typer.Option(help="Only runs in this status.", show_default=False)] = None,
    mode: Annotated[str | None, typer.Option(help="Only these: backtest, paper or live.", show_default=False)] = None,
    strategy: Annotated[str | None, typer.Option(help="Only runs of this strategy.", show_default=False)] = None,
    symbol: Annotated[str | None, typer.Option(help="Only runs on this symbol.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="Newest that many in the table; --json has all.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first.

    Example: weaver runs list --status completed --strategy sma-cross
    """
    wanted = _status(status)
    if mode is not None and mode not in _MODES:
        raise UnknownName("mode", mode, _MODES)
    with stored_runs(read_settings()) as queries:
        runs = _all(queries, wanted, mode, strategy, symbol) if queries else []
    if as_json:
        emit(dumped(run_document(run) for run in runs))
        return
    rows = [
        [
            run.id,
            run.mode,
            run.strategy,
            listed(run.symbols),
            run.timeframe,
            run.status.value,
            f"{percent_done(run):.0f} %" if run.mode == "backtest" else f"{run.bars_done:,} bars",
            money(run.equity),
            short_time(run.created_at),
        ]
        for run in runs[:limit]
    ]
    table(["run", "mode", "strategy", "symbols", "bars", "status", "done", "equity", "created"], rows, right=(6, 7))
    if len(runs) > limit:
        say(f"{len(runs) - limit} older ones are not shown; see --limit.")
    if not runs:
        say("No runs. Start one: weaver backtest sma-cross --symbol AAPL")


def _status(text: str | None) -> RunStatus | None:
    if text is None:
        return None
    names = [one.value for one in RunStatus]
    if text not in names:
        raise UnknownName("status", text, names)
    return RunStatus(text)


def _all(queries: Queries, status: RunStatus | None, mode: str | None, strategy: str | None, symbol: str | None) -> list[RunRecord]:
    runs: list[RunRecord] = []
    page = 1
    while True:
        found = queries.runs(status=status, mode=mode, strategy=strategy, symbol=symbol, page=page, page_size=MOST_ON_A_PAGE)
        runs += found.items
        if len(runs) >= found.total or not found.items:
            return runs
        page += 1


@_app.command("show")
def show_run(run_id: RunId, as_json: AsJson = False) -> None:
    """Show a run: what was asked, how far it is, and its result.

    Example: weaver runs show my-run --json
    """
    result = None
    settings = read_settings()
    with required_runs(settings, run_id) as queries:
        run = queries.run(run_id)
        with suppress(NotFound):
            result = queries.result(run_id)
    if run.mode != "backtest":
        show_trading(run, settings, as_json=as_json)
        return
    if as_json:
        emit(run_with_result(run, result))
        return
    if result:
        show_result(run, result)
    else:
        show(f"{run.strategy} on {listed(run.symbols)}, {run.timeframe} bars", style="bold")
        show(f"run {run.id} is {run.status.value}, {run.bars_done:,} of {run.bars_total or 0:,} bars done ({percent_done(run):.0f} %)")
    if run.error:
        place = f"{run.error.file}:{run.error.line}: " if run.error.file else ""
        show(f"error ({run.error.code}): {place}{run.error.message}", style="red")


@_app.command()
def fills(run_id: RunId, as_json: AsJson = False) -> None:
    """Show a run's fills in time order; in a backtest a fill's time is the start of the bar that filled.

    Example: weaver runs fills my-run --json
    """
    run, files = _stored(run_id)
    if run.mode != "backtest":
        show_trading_fills(run, read_settings(), as_json=as_json)
        return
    documents = dumped(replayed_fill(run.id, one) for one in files.fills(run.windows))
    if as_json:
        emit(documents)
        return
    texts, numbers = ("time", "symbol", "side"), ("quantity", "price", "commission", "slippage")
    rows = [[*(str(one[name]) for name in texts), *(rounded(one[name]) for name in numbers), str(one["order_id"])] for one in documents]
    table([*texts, *numbers, "order_id"], rows, right=(3, 4, 5, 6))


@_app.command()
def orders(run_id: RunId, as_json: AsJson = False) -> None:
    """Show a run's orders as they ended, or as they are now.

    Example: weaver runs orders my-run --json
    """
    run, files = _stored(run_id)
    if run.mode != "backtest":
        show_trading_orders(run, read_settings(), as_json=as_json)
        return
    documents = dumped(replayed_order(run.id, one) for one in files.orders(run.windows))
    if as_json:
        emit(documents)
        return
    before, numbers = ("created_at", "symbol", "side", "order_type"), ("quantity", "filled_quantity", "filled_avg_price")
    after = ("status", "reject_reason", "id")
    rows = [
        [*(str(one[name]) for name in before), *(rounded(one[name]) for name in numbers), *(str(one[name] or "") for name in after)]
        for one in documents
    ]
    table(["decided", "symbol", "side", "type", "quantity", "filled", "average", "status", "reason", "id"], rows, right=(4, 5, 6))


@_app.command()
def trades(run_id: RunId, as_json: AsJson = False) -> None:
    """Show a run's closed trades, first in first out.

    Example: weaver runs trades my-run --json
    """
    run, files = _backtest(run_id, "trades")
    found = files.trades(run.windows)
    if as_json:
        emit(dumped(trade_document(one) for one in found))
        return
    rows = [
        [
            one.symbol,
            one.side,
            f"{one.quantity:,g}",
            short_time(one.entry_time),
            money(one.entry_price),
            short_time(one.exit_time),
            money(one.exit_price),
            money(one.pnl),
            f"{one.return_pct:.2f} %",
            f"{one.mae_pct:.2f} %",
            f"{one.mfe_pct:.2f} %",
            str(one.bars_held),
            one.exit_reason,
        ]
        for one in found
    ]
    headings = ("symbol", "side", "quantity", "entry", "price", "exit", "price", "P&L", "return", "MAE", "MFE", "bars", "reason")
    table(headings, rows, right=(2, 4, 6, 7, 8, 9, 10, 11))


@_app.command()
def equity(
    run_id: RunId,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values on stdout.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a run's equity against buy and hold, as a plot, CSV or JSON.

    Example: weaver runs equity my-run --csv > equity.csv
    """
    if as_csv and as_json:
        raise BadValue("--csv", "--json", "one of the two")
    run, files = _backtest(run_id, "an equity curve")
    columns = files.equity(run.windows)
    if as_json or as_csv:
        documents = dumped(equity_points(columns.times, equity_columns(columns, float(budget_of(run)))))
        if as_json:
            emit(documents)
            return
        writer = csv.DictWriter(sys.stdout, ["time", "equity", "drawdown", "drawdown_pct", "benchmark"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(documents)
        return
    show_equity(columns, f"{run.strategy} on {listed(run.symbols)}, run {run.id}")


def _stored(run_id: str) -> tuple[RunRecord, RunFiles]:
    settings = read_settings()
    with required_runs(settings, run_id) as queries:
        run = queries.run(run_id)
    return run, RunFiles(settings.results_location, run_id)


def _backtest(run_id: str, what: str) -> tuple[RunRecord, RunFiles]:
    run, files = _stored(run_id)
    if run.mode != "backtest":
        raise BadInput(
            f"Run '{run_id}' is a {run.mode} run; only backtests have {what}. See: weaver runs show|fills|orders|decisions {run_id}"
        )
    return run, files
