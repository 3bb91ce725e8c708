"""`weaver data`: import, fetch, list, inspect and export bars. No server is needed."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands import data_fetch
from cli.context import AsJson, check_home, read_settings
from cli.render import emit, say, short_time, show, table
from cli.requests import parse_time
from weaver.documents.data import coverage_document, import_document
from weaver.documents.values import dumped
from weaver.errors import UnknownName
from weaver.settings import Settings
from weaver.walle.bars import Catalogue, SeriesCoverage
from weaver.walle.importing import ImportReport
from weaver.walle.noticing import Gaps, Oddity

Symbol = Annotated[str, typer.Option(help="Symbol, such as AAPL or BTC/USD.", show_default=False)]
TimeframeText = Annotated[str, typer.Option(help="Length of a bar: 1m, 15m, 1h, 1d ...")]

_app = typer.Typer(help="Import, fetch, list, inspect and export bars.", rich_markup_mode="rich")


def add_to(app: typer.Typer) -> None:
    data_fetch.add_to(_app)
    app.add_typer(_app, name="data")


@_app.command("import")
def import_bars(
    file: Annotated[Path, typer.Argument(help="A .csv, .csv.gz or .parquet file.", show_default=False)],
    symbol: Symbol,
    timeframe: TimeframeText = "1d",
    adjust: Annotated[bool, typer.Option("--adjust", help="Times Adj Close / Close, volume divided by it: splits and dividends.")] = False,
    calendar: Annotated[
        str | None, typer.Option(help="XNYS or 24/7; by default 24/7 for a symbol with a slash, else XNYS.", show_default=False)
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take the file's values where stored bars differ.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Sort rows, keep the last of duplicates, drop impossible bars.")] = False,
    as_json: AsJson = False,
) -> None:
    """Store the bars of a file: a column timestamp, time, date or datetime, and open, high, low, close, volume.

    All rows are stored, or none: bad ones are refused with their numbers unless --fix.

    Example: weaver data import AAPL.csv --symbol AAPL --timeframe 1d --adjust
    """
    settings = read_settings()
    _check_place(settings)
    report = Catalogue.open(settings.bars_location).import_file(
        file, symbol, timeframe, adjust=adjust, calendar=calendar, replace=replace, fix=fix
    )
    if report.naive_times:
        say("Times without a zone are taken as UTC.")
    if report.mixed:
        say("Careful: adjusted and unadjusted bars are mixed in this series now.")
    if as_json:
        emit(import_document(report).model_dump())
    else:
        _show_report(report)


def _check_place(settings: Settings) -> None:
    if settings.bars_url is None:
        check_home(settings)


def _show_report(report: ImportReport) -> None:
    span = f"{short_time(report.first)} to {short_time(report.last)}"
    show(f"{report.symbol} {report.timeframe} ({report.calendar.value}{', adjusted' if report.adjusted else ''}), {span}", style="bold")
    show(f"{report.added:,} bars added, {report.same:,} the same as before, {report.replaced:,} replaced, of {report.rows:,} rows")
    fixed = {"duplicates dropped": report.duplicates_dropped, "impossible bars dropped": report.impossible_dropped}
    for text, count in fixed.items():
        if count:
            show(f"{count:,} {text}")
    if report.sorted:
        show("rows sorted by time")
    if report.other_symbols:
        show(f"{report.other_symbols:,} rows of other symbols left out")
    _show_gaps(report.notices.gaps)
    _show_oddity("bars outside sessions", report.notices.outside_sessions)
    _show_oddity("bars without volume", report.notices.zero_volume)
    _show_oddity("moves of more than 40 % overnight (a split? see --adjust)", report.notices.moves)


def _show_gaps(gaps: Gaps) -> None:
    if gaps.count:
        show(f"{gaps.count:,} gaps with {gaps.bars:,} bars missing, from: {_times(gaps.first)}")


def _show_oddity(text: str, oddity: Oddity) -> None:
    if oddity.count:
        show(f"{oddity.count:,} {text}: {_times(oddity.first)}")


def _times(times: tuple[datetime, ...]) -> str:
    return ", ".join(short_time(time) for time in times)


@_app.command("list")
def list_series(as_json: AsJson = False) -> None:
    """List the stored series.

    Example: weaver data list --json
    """
    series = Catalogue.open(read_settings().bars_location).series()
    if as_json:
        emit(dumped(coverage_document(one) for one in series))
        return
    _table(series)
    if not series:
        say("No bars. Import some: weaver data import FILE --symbol S; or the shipped ones: weaver demo")


def _table(series: list[SeriesCoverage]) -> None:
    rows = [
        [
            one.symbol,
            one.timeframe,
            one.calendar.value,
            "yes" if one.adjusted else "no",
            short_time(one.first),
            short_time(one.last),
            f"{one.bars:,}",
            f"{one.gaps.count:,}",
            f"{one.gaps.bars:,}",
        ]
        for one in series
    ]
    table(["symbol", "bars", "calendar", "adjusted", "first", "last", "count", "gaps", "missing"], rows, right=(6, 7, 8))


@_app.command("show")
def show_series(
    symbol: Annotated[str, typer.Argument(help="A stored symbol.", show_default=False)],
    timeframe: Annotated[str | None, typer.Option(help="Only this one.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is stored of a symbol, and its gaps by its calendar.

    Example: weaver data show AAPL --timeframe 1d
    """
    catalogue = Catalogue.open(read_settings().bars_location)
    if timeframe is not None:
        found = [catalogue.coverage(symbol, timeframe)]
    else:
        series = catalogue.series()
        found = [one for one in series if one.symbol == symbol]
        if not found:
            raise UnknownName("symbol", symbol, {one.symbol for one in series})
    if as_json:
        emit(dumped(coverage_document(one) for one in found))
        return
    _table(found)
    for one in found:
        if one.gaps.count:
            show(f"{one.timeframe}: the first gaps are at {_times(one.gaps.first)}")


@_app.command("export")
def export_bars(
    file: Annotated[Path, typer.Argument(help="A .csv, .csv.gz or .parquet file to write.", show_default=False)],
    symbol: Symbol,
    timeframe: TimeframeText = "1d",
    start: Annotated[str | None, typer.Option(help="First bar start, inclusive.", show_default=False)] = None,
    end: Annotated[str | None, typer.Option(help="First bar start that is left out.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Write stored bars to a file that `weaver data import` reads back the same.

    Example: weaver data export AAPL.csv --symbol AAPL --timeframe 1d --start 2004-01-01
    """
    catalogue = Catalogue.open(read_settings().bars_location)
    count = catalogue.export(symbol, timeframe, file, start=parse_time("start", start), end=parse_time("end", end))
    facts: Mapping[str, Any] = {"symbol": symbol, "timeframe": timeframe, "file": str(file), "bars": count}
    if as_json:
        emit(facts)
    else:
        say(f"Wrote {count:,} bars of {symbol} {timeframe} to {file}.")
