"""`weaver backup`: write everything that is kept to one file."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.context import AsJson, read_settings
from cli.render import emit, say
from weaver.backups import back_up

TemporalDatabases = Annotated[
    list[str] | None,
    typer.Option("--temporal-db", help="URL of a database of a Temporal server on PostgreSQL; once for each.", show_default=False),
]


def add_to(app: typer.Typer) -> None:
    app.command("backup")(backup)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, such as weaver-backup.tar.", show_default=False)],
    temporal_db: TemporalDatabases = None,
    as_json: AsJson = False,
) -> None:
    """Write histories, records, bars and results to one tar file, while everything runs.

    SQLite is copied by its own means, PostgreSQL by pg_dump. Object stores are not copied.

    Example: weaver backup weaver-backup.tar
    """
    written = back_up(read_settings(), file.expanduser().absolute(), temporal_db or [])
    if as_json:
        emit({"file": str(file), **asdict(written)})
        return
    say(f"{file}: {', '.join(written.databases)} and {written.files:,} files of bars and results, {file.stat().st_size / 1e6:,.1f} MB.")
    if written.left_out:
        say(f"Not in it: {', '.join(written.left_out)}.")
