"""`weaver report`: a finished run as one HTML page."""

import webbrowser
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.context import AsJson, read_settings, required_runs
from cli.render import emit, say
from weaver.errors import BadInput
from weaver.market import Bars
from weaver.report import RunReport, html_report
from weaver.settings import Settings
from weaver.walle.bars import Catalogue
from weaver.walle.model import RunRecord, StoredResult
from weaver.walle.results import RunFiles


def add_to(app: typer.Typer) -> None:
    app.command("report")(report)


def report(
    run_id: Annotated[str, typer.Argument(help="Id of a run with a result; see: weaver runs list", show_default=False)],
    html: Annotated[Path, typer.Option(help="File to write.", show_default=False)],
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a run's charts, trades and statistics as one self-contained page, to look at offline.

    Example: weaver report my-run --html my-run.html
    """
    settings = read_settings()
    with required_runs(settings, run_id) as queries:
        run = queries.run(run_id)
        result = queries.result(run_id)
    files = RunFiles(settings.results_location, run_id)
    page = html_report(
        RunReport(
            run_id=run.id,
            strategy=run.strategy,
            symbols=run.symbols,
            timeframe=run.timeframe,
            initial_cash=float(str(run.config.get("cash", 100_000))),
            stats=result.stats,
            bars=_bars(run, result, settings),
            equity=files.equity(run.windows),
            fills=files.fills(run.windows),
            trades=files.trades(run.windows),
            params=run.params,
            provenance=result.provenance,
            result_digest=result.result_digest,
            status=run.status.value,
        )
    )
    try:
        html.write_text(page, encoding="utf-8")
    except OSError as problem:
        raise BadInput(f"--html {html} cannot be written: {problem.strerror}.", field="html") from None
    if as_json:
        emit({"run_id": run_id, "file": str(html), "bytes": html.stat().st_size})
    else:
        say(f"Wrote {html}.")
    if open_it:
        webbrowser.open(html.absolute().as_uri())


def _bars(run: RunRecord, result: StoredResult, settings: Settings) -> dict[str, Bars]:
    """Return the bars of the run's span; without those that are stored no more, the page has no price charts."""
    if result.start_time is None or result.end_time is None:
        return {}
    catalogue = Catalogue.open(settings.bars_location)
    after = result.end_time + timedelta(microseconds=1)
    try:
        pin = catalogue.pin(run.symbols, run.timeframe, start=result.start_time, end=after)
    except BadInput as problem:
        say(f"No price charts: {problem}")
        return {}
    return {series.symbol: catalogue.load(series) for series in pin.series}
