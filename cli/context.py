"""What commands work with: the settings, and the stores that they name, opened without making any."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from weaver.errors import NotFound, Unusable
from weaver.settings import Settings
from weaver.settings import read_settings as settings_of_environment
from weaver.walle.database import Database
from weaver.walle.queries import Queries
from workflows.access import placed

AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on stdout.")]


def read_settings() -> Settings:
    """Read the environment, with the Temporal server that it names in any way; raise BadInput for a variable that does not fit."""
    return placed(settings_of_environment(), os.environ)


@contextmanager
def stored_runs(settings: Settings) -> Generator[Queries | None, None, None]:
    """Give WallE's queries, None where no run was ever stored: reading makes no database."""
    if not has_records(settings):
        yield None
        return
    database = Database.open(settings.database_url)
    try:
        yield Queries(database)
    finally:
        database.close()


@contextmanager
def required_runs(settings: Settings, run_id: str) -> Generator[Queries, None, None]:
    """Give WallE's queries to look for one run; raise NotFound where no run was ever stored."""
    with stored_runs(settings) as queries:
        if queries is None:
            raise NotFound("run", run_id, f"No run is stored in {settings.home_path} yet.")
        yield queries


def has_records(settings: Settings) -> bool:
    """Tell whether WallE's database can exist: a SQLite file does, a server is taken to."""
    location = settings.database_url.partition("sqlite:///")[2]
    return not location or Path(location).exists()


def check_home(settings: Settings) -> None:
    """Raise Unusable when the home could not be written. Nothing is made."""
    folder = settings.home_path
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise Unusable(
            f"The home {settings.home_path} cannot be written: {folder} does not allow it. Set WEAVER_HOME to a folder that can."
        )
