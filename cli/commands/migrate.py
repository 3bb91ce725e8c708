"""`weaver migrate`: bring WallE's database to the newest tables."""

import time
from typing import Annotated

import typer

from cli.context import AsJson, read_settings
from cli.render import emit, say
from weaver.errors import Unavailable
from weaver.walle.database import Database
from weaver.walle.migrating import HEAD

_LOOK_SECONDS = 0.5


def add_to(app: typer.Typer) -> None:
    app.command("migrate")(migrate)


def migrate(
    wait: Annotated[float, typer.Option(min=0, max=3_600, help="Seconds to wait for a database that does not answer yet.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Bring WallE's database to the newest tables; one that has them is left alone.

    Workers, the API and commands do the same when they open it. This is for deployments in which that must be done before they start.

    Example: weaver migrate --wait 60
    """
    settings = read_settings()
    deadline = time.monotonic() + wait
    while True:
        try:
            database = Database.open(settings.database_url)
            break
        except Unavailable:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_LOOK_SECONDS)
    shown = database.engine.url.render_as_string(hide_password=True)
    database.close()
    if as_json:
        emit({"database": shown, "revision": HEAD})
    else:
        say(f"{shown} has the newest tables (revision {HEAD}).")
