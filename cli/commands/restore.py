"""`weaver restore`: put a backup into an empty home."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.backup import TemporalDatabases
from cli.context import AsJson, read_settings
from cli.homes import Home
from cli.render import emit, say
from weaver.backups import hold
from weaver.backups import restore as put_back
from weaver.errors import BadInput, Unusable


def add_to(app: typer.Typer) -> None:
    app.command("restore")(restore)


def restore(
    file: Annotated[Path | None, typer.Argument(help="A file of `weaver backup`.", show_default=False)] = None,
    temporal_db: TemporalDatabases = None,
    only_hold: Annotated[
        bool, typer.Option("--only-hold", help="The databases were restored by other means; only hold the accounts.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup into an empty home and empty databases. Nothing may run on them yet.

    Every account is held, as by the kill switch, until a worker has compared it with its venue, which may have orders and fills that
    the backup does not know; then it takes orders again by itself, or stays held where something differs.

    Example: weaver restore weaver-backup.tar
    """
    settings = read_settings()
    if (file is None) != only_hold:
        raise BadInput("Name the file of a backup, or give --only-hold, not both.", field="file")
    home = Home(settings.home_path)
    if not settings.temporal_address and home.path.exists() and home.is_owned():
        raise Unusable(f"A stack runs on {home.path}. Stop it first.")
    if file is None:
        held = hold(settings, backup=datetime.now(UTC))
    else:
        done = put_back(settings, file.expanduser().absolute(), temporal_db or [])
        held = done.held
        say(f"Restored as of {done.backup.taken_at[:19]} UTC: {', '.join(done.backup.databases)} and {done.backup.files:,} files.")
        if as_json:
            emit({**asdict(done.backup), "held": held})
            return
    if as_json:
        emit({"held": held})
    elif held:
        say(f"Held until compared with their venues: {', '.join(held)}.")
        say("One that stays held differs from its venue: weaver account ACCOUNT, then weaver rearm ACCOUNT")
