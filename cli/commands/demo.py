"""`weaver demo`: the shipped prices imported, every shipped strategy backtested on them, then some trading, on one embedded server."""

import asyncio
from decimal import Decimal
from typing import Annotated

import typer

from cli.commands.demo_trading import Traded, trade
from cli.context import AsJson, check_home, read_settings, required_runs
from cli.errors import RUN_ERROR
from cli.outcome import backtest_document, listed, show_equity, show_result
from cli.render import emit, say, show, table
from cli.stack import server
from weaver.demo.importing import import_shipped_prices
from weaver.glados.requests import RunCreate
from weaver.marvin.loader import Library
from weaver.orders import Costs
from weaver.plugins import Found
from weaver.report_meanings import written
from weaver.settings import Settings
from weaver.walle.bars import Catalogue
from weaver.walle.model import RunRecord, StoredResult
from weaver.walle.results import RunFiles

Backtest = tuple[RunRecord, StoredResult]

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


def demo(
    skip_trading: Annotated[bool, typer.Option("--skip-trading", help="Backtest only.")] = False,
    prices_only: Annotated[bool, typer.Option("--prices-only", help="Import the shipped prices, and do nothing else.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import the shipped prices (five US shares, daily, 2000-2013), backtest every shipped strategy on them, and trade half a
    minute on the simulated exchange.

    May be run again: bars that are there are left alone, and each run is a new one.

    Example: weaver demo
    """
    settings = read_settings()
    if settings.bars_url is None:
        check_home(settings)
    symbols = _import_prices(settings)
    if prices_only:
        if as_json:
            emit({"symbols": symbols})
        return
    requests = _requests(symbols)
    finished, traded = _run_all(requests, settings, skip_trading=skip_trading)
    if as_json:
        backtests = [backtest_document(run.id, run.status.value, result, None) for run, result in finished]
        emit({"backtests": backtests, "trading": traded.document() if traded else None})
        return
    _show(finished, settings)
    if traded:
        traded.show()
    _show_next(finished, traded)


def _import_prices(settings: Settings) -> list[str]:
    found = import_shipped_prices(Catalogue.open(settings.bars_location))
    say(
        f"Prices of {', '.join(found.symbols)}: {found.added:,} daily bars imported, adjusted for splits and dividends"
        if found.added
        else "The shipped prices are imported already."
    )
    return found.symbols


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


def _run_all(requests: list[RunCreate], settings: Settings, *, skip_trading: bool) -> tuple[list[Backtest], Traded | None]:
    finished: list[Backtest] = []
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
        return finished, None if skip_trading else trade(where, settings)


def _featured(finished: list[Backtest]) -> Backtest:
    return next((one for one in finished if one[0].strategy == _FEATURED), finished[0])


def _show(finished: list[Backtest], settings: Settings) -> None:
    featured, result = _featured(finished)
    show("")
    show_result(featured, result)
    files = RunFiles(settings.results_location, featured.id)
    show_equity(files.equity(featured.windows), f"{featured.strategy} on {listed(featured.symbols)}")
    show("")
    show("All shipped strategies, 100,000 cash, 10 bps commission, 5 bps slippage", style="bold")
    rows = [[run.strategy, listed(run.symbols), *(written(name, one.stats.get(name)) for name in _COLUMNS)] for run, one in finished]
    table(_HEADINGS, rows, right=range(2, len(_HEADINGS)))


def _show_next(finished: list[Backtest], traded: Traded | None) -> None:
    featured, _ = _featured(finished)
    show("What next:", style="bold")
    of_trading = [f"weaver runs decisions {traded.run.id}      what it saw at each bar, and why it traded"] if traded else []
    for text in (
        f"weaver runs trades {featured.id}",
        f"weaver report {featured.id} --html report.html      charts, trades and statistics as one page",
        *of_trading,
        "weaver backtest sma-cross --symbol MSFT --start 2004-01-01 --param fast=20 --param slow=50 --param quantity=500",
        "weaver trade sma-cross --symbol SIM/USD --timeframe 5s --param fast=2 --param slow=5 --for 2m",
        "weaver new strategy my-idea                        a working starter in plugins/strategies",
        "weaver up                                          the server and the dashboard, until Ctrl-C",
    ):
        show(f"  {text}")
    show("Not found? The command is .venv/bin/weaver.")
