"""`weaver export`: everything on record, as plain files."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import AsJson, has_records, read_settings
from cli.render import emit, say, show
from weaver.errors import BadInput
from weaver.walle.database import Database


def add_to(app: typer.Typer) -> None:
    app.command("export")(export)


def export(
    folder: Annotated[Path, typer.Argument(help="New or empty folder.", file_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Write all records as CSV, events as JSON lines, strategies' texts and backtests' results into a folder.

    No stack need run, and one that does is not disturbed. Bars are written by weaver data export.

    Example: weaver export /backup/weaver-2025-06-30
    """
    from weaver.walle.plain_files import export_all  # loads every table

    settings = read_settings()
    if not has_records(settings):
        raise BadInput(f"No run is stored in {settings.home_path} yet, so there is nothing to export.", field="home")
    database = Database.open(settings.database_url)
    try:
        counts = export_all(database, settings.results_location, folder, told=lambda what: say(f"{what} ..."))
    finally:
        database.close()
    if as_json:
        emit({"folder": str(folder), "counts": counts})
        return
    files = counts.pop("result_files")
    show(f"{sum(counts.values()):,} records and {files:,} result files in {folder}. What is what: docs/data-lifecycle.md", style="bold")
