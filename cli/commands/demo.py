"""`weaver demo`: the shipped prices imported, and every shipped strategy backtested on them, on one embedded server."""

import asyncio
from decimal import Decimal

import typer

from cli.context import AsJson, check_home, read_settings, required_runs
from cli.errors import RUN_ERROR
from cli.outcome import backtest_document, listed, show_equity, show_result
from cli.render import emit, say, show, table
from cli.stack import server
from weaver.demo import demo_files
from weaver.glados.requests import RunCreate
from weaver.marvin.loader import Library
from weaver.orders import Costs
from weaver.plugins import Found
from weaver.report_meanings import written
from weaver.settings import Settings
from weaver.walle.bars import Catalogue
from weaver.walle.model import RunRecord, StoredResult
from weaver.walle.results import RunFiles

_PARAMS: dict[str, dict[str, object]] = {"sma-cross": {"quantity": 1000}}
"""Where a strategy's own default would put so little to work that the table says nothing."""

_FEATURED = "momentum-rotation"  # of the shipped ones, the one whose plot shows most

_COSTS = Costs(commission_bps=Decimal(10), slippage_bps=Decimal(5))
_COLUMNS = (
    "final_equity",
    "total_return_pct",
    "annualized_return",
    "sharpe_ratio",
    "max_drawdown_pct",
    "total_trades",
    "benchmark_return_pct",
)
_HEADINGS = ("strategy", "on", "final equity", "return", "a year", "Sharpe", "max drawdown", "trades", "buy and hold")


def add_to(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(as_json: AsJson = False) -> None:
    """Import the shipped prices (five US shares, daily, 2000-2013) and backtest every shipped strategy on them.

    May be run again: bars that are there are left alone, and each run is a new one.

    Example: weaver demo
    """
    settings = read_settings()
    if settings.bars_url is None:
        check_home(settings)
    symbols = _import_prices(settings)
    requests = _requests(symbols)
    finished = _run_all(requests, settings)
    if as_json:
        emit([backtest_document(run.id, run.status.value, result, None) for run, result in finished])
        return
    _show(finished, settings)


def _import_prices(settings: Settings) -> list[str]:
    catalogue = Catalogue.open(settings.bars_location)
    files = demo_files()
    added = 0
    for symbol, file in files.items():
        added += catalogue.import_file(file, symbol, "1d", adjust=True).added
    say(
        f"Prices of {', '.join(files)}: {added:,} daily bars imported, adjusted for splits and dividends"
        if added
        else "The shipped prices are imported already."
    )
    return list(files)


def _requests(symbols: list[str]) -> list[RunCreate]:
    """Return one run for each shipped strategy: on all symbols where it can trade several, else on the first."""
    shipped = [entry for entry in Library.open([]).entries() if isinstance(entry, Found)]
    return [
        RunCreate(
            strategy=entry.id,
            symbols=symbols if entry.meta.symbols == "many" else symbols[:1],
            params=_PARAMS.get(entry.id, {}),
            costs=_COSTS,
            tags=["demo"],
        )
        for entry in shipped
    ]


def _run_all(requests: list[RunCreate], settings: Settings) -> list[tuple[RunRecord, StoredResult]]:
    finished: list[tuple[RunRecord, StoredResult]] = []
    say("Starting the embedded Temporal server ..." if not settings.temporal_address else f"Using Temporal at {settings.temporal_address}")
    with server(settings, started_by="weaver demo") as where:
        from cli.running import run_to_end  # Temporal's SDK is loaded once there is somebody to talk to

        for number, request in enumerate(requests, start=1):
            ended = asyncio.run(run_to_end(where, request, lambda _run_id: None))
            if ended.error:
                say(f"Run {ended.run_id} ended in error ({ended.error.code}): {ended.error.message}")
                raise typer.Exit(RUN_ERROR)
            with required_runs(settings, ended.run_id) as queries:
                run, result = queries.run(ended.run_id), queries.result(ended.run_id)
            counts = result.counts
            say(f"{number}/{len(requests)} {request.strategy} on {listed(request.symbols)}: {counts.bars:,} bars, {counts.fills:,} fills")
            finished.append((run, result))
    return finished


def _show(finished: list[tuple[RunRecord, StoredResult]], settings: Settings) -> None:
    featured, result = next((one for one in finished if one[0].strategy == _FEATURED), finished[0])
    show("")
    show_result(featured, result)
    files = RunFiles(settings.results_location, featured.id)
    show_equity(files.equity(featured.windows), f"{featured.strategy} on {listed(featured.symbols)}")
    show("")
    show("All shipped strategies, 100,000 cash, 10 bps commission, 5 bps slippage", style="bold")
    rows = [[run.strategy, listed(run.symbols), *(written(name, one.stats.get(name)) for name in _COLUMNS)] for run, one in finished]
    table(_HEADINGS, rows, right=range(2, len(_HEADINGS)))
    show("What next:", style="bold")
    for text in (
        f"weaver runs trades {featured.id}",
        f"weaver report {featured.id} --html report.html      charts, trades and statistics as one page",
        "weaver backtest sma-cross --symbol MSFT --start 2004-01-01 --param fast=20 --param slow=50 --param quantity=500",
        "weaver new strategy my-idea                        a working starter in plugins/strategies",
        "weaver up                                          the server and its UI, until Ctrl-C",
    ):
        show(f"  {text}")
    show("Not found? The command is .venv/bin/weaver.")
