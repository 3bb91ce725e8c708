"""`weaver check`: does a strategy know the future, or remember what it should not?"""

import tempfile
from collections.abc import Sequence
from math import isnan
from typing import Annotated

import typer

from cli import options
from cli.context import AsJson, read_settings
from cli.errors import RUN_ERROR
from cli.render import emit, say, show
from cli.requests import create, parse_params
from weaver.checks import check_strategy, check_symbols
from weaver.demo import demo_files
from weaver.documents.values import optional_time
from weaver.glados.requests import RunCreate
from weaver.greta.check import check as find_faults
from weaver.market import Bars
from weaver.marvin.check import Finding
from weaver.marvin.loader import LoadedStrategy
from weaver.walle.bars import Catalogue


def add_to(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    strategy: Annotated[str, typer.Argument(help="Id of a strategy; see: weaver strategies", show_default=False)],
    symbol: options.Symbols = None,
    timeframe: options.TimeframeText = None,
    start: options.Start = None,
    end: options.End = None,
    param: options.Params = None,
    as_json: AsJson = False,
) -> None:
    """Compute a strategy again on data that ends earlier, and name the first bar where it differs.

    Finds negative shifts, centred windows, whole-sample scaling, unfinished coarse bars, and hidden memory in self.
    Without --symbol the shipped daily prices are used. Exit code 1 when something is found.

    Example: weaver check sma-cross --symbol AAPL --timeframe 1d
    """
    settings = read_settings()
    given = {"timeframe": timeframe, "start": start, "end": end}
    fields = {"strategy": strategy, "symbols": symbol or list(demo_files()), "params": parse_params(param or [])}
    request = create(fields | {name: value for name, value in given.items() if value is not None})
    if symbol:
        loaded = check_strategy(request, settings)
        check_symbols(request, settings)
        bars = _bars(request, settings.bars_location)
    else:
        loaded = check_strategy(request.model_copy(update={"symbols": request.symbols[:1]}), settings)
        bars = _shipped(request, loaded)
    findings = find_faults(loaded, bars, request.params)
    if as_json:
        emit({"strategy": strategy, "ok": not findings, "findings": [_document(finding) for finding in findings]})
    else:
        _show(strategy, findings, bars)
    if findings:
        raise typer.Exit(RUN_ERROR)


def _bars(request: RunCreate, location: str) -> list[Bars]:
    catalogue = Catalogue.open(location)
    pin = catalogue.pin(request.symbols, request.timeframe, start=request.start, end=request.end)
    return [catalogue.load(series) for series in pin.series]


def _shipped(request: RunCreate, loaded: LoadedStrategy) -> list[Bars]:
    """Return the shipped daily prices, of one symbol for a strategy that trades one."""
    symbols = request.symbols if loaded.meta.symbols == "many" else request.symbols[:1]
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue.open(folder)
        for symbol in symbols:
            catalogue.import_file(demo_files()[symbol], symbol, "1d", adjust=True)
        return _bars(request.model_copy(update={"symbols": symbols}), folder)


def _document(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "message": finding.message,
        "time": optional_time(finding.time),
        "symbol": finding.symbol,
        "timeframe": finding.timeframe,
        "name": finding.name,
        "seen": _number(finding.seen),
        "honest": _number(finding.honest),
    }


def _number(value: float | None) -> float | None:
    """JSON has no NaN: an indicator that is not defined there is null."""
    return None if value is None or isnan(value) else value


def _show(strategy: str, findings: Sequence[Finding], bars: Sequence[Bars]) -> None:
    on = f"{sum(map(len, bars)):,} bars of {', '.join(one.symbol for one in bars)}"
    if not findings:
        show(f"{strategy}: nothing found on {on}", style="green")
        return
    show(f"{strategy}: {len(findings)} found on {on}", style="bold red")
    for finding in findings:
        show(f"  {finding.kind}: {finding.message}")
    say("A backtest of it would promise what live trading cannot keep.")
