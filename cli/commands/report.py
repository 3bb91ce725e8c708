"""`weaver report`: a finished run as one HTML page."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from cli.context import AsJson, read_settings, required_runs
from cli.render import emit, say
from weaver.errors import BadInput
from weaver.report import html_report
from weaver.run_report import run_report


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
    found, why_no_prices = run_report(run, result, settings)
    if why_no_prices:
        say(f"No price charts: {why_no_prices}")
    page = html_report(found)
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
