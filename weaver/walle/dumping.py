"""Copies a database as it is at one moment, while others write to it, and puts such a copy into an empty one."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, inspect, make_url

from weaver.errors import Unavailable, Unusable
from weaver.walle.database import Database

SQLITE, POSTGRESQL = "sqlite", "postgresql"
LIMIT_SECONDS = 3_600
BUSY_SECONDS = 30


def kind_of(url: str) -> str:
    """Return which of the two a database is."""
    return SQLITE if make_url(url).get_backend_name() == SQLITE else POSTGRESQL


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite file by SQLite's own means. Raises Unusable."""
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as reading,
            closing(sqlite3.connect(target)) as writing,
        ):
            reading.backup(writing)  # all pages in one step, so that nothing is written in between
    except sqlite3.Error as problem:
        raise Unusable(f"{source} cannot be copied: {problem}.") from problem


def dump_postgresql(url: str, target: Path) -> None:
    """Write a PostgreSQL database to a file that pg_restore reads. Raises Unusable without pg_dump, Unavailable."""
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def load_postgresql(url: str, dump: Path) -> None:
    """Fill a PostgreSQL database from such a file, wholly or not at all."""
    _run("pg_restore", url, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", last=str(dump))


def is_empty(url: str) -> bool:
    """Tell whether a database has no tables, or is a SQLite file that is not there."""
    parsed = make_url(url)
    if kind_of(url) == SQLITE and not Path(str(parsed.database)).exists():
        return True
    database = Database.open(url, migrate=False)
    try:
        with database.read() as session:
            return not inspect(session.connection()).get_table_names()
    finally:
        database.close()


def _run(name: str, url: str, *options: str, last: str | None = None) -> None:
    program = shutil.which(name)
    if program is None:
        raise Unusable(
            f"No '{name}' on the PATH. Install PostgreSQL's client programs, of the server's version: apt-get install postgresql-client"
        )
    parsed = make_url(url)
    # The password goes by the environment: a command's arguments can be read by everybody on this machine.
    secret = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    command = [program, *options, f"--dbname={_shown(parsed)}", *([last] if last else [])]
    try:
        subprocess.run(command, env={**os.environ, **secret}, capture_output=True, text=True, check=True, timeout=LIMIT_SECONDS)
    except subprocess.CalledProcessError as problem:
        said = str(problem.stderr).strip().splitlines()
        raise Unavailable(f"{name} of {_shown(parsed)} failed: {said[-1] if said else problem.returncode}") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{name} of {_shown(parsed)} took longer than {LIMIT_SECONDS} s.") from None


def _shown(url: URL) -> str:
    """Return what the programs take for a database, without its password."""
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query).render_as_string()
