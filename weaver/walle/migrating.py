"""Brings a database to the newest tables, once, however many processes open it at the same time."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from weaver.errors import Unusable

HEAD = "0005"
"""The newest revision in migrations/versions; a test holds the two together."""

MIGRATIONS = Path(__file__).parent / "migrations"

_ADVISORY_LOCK = 0x57_41_4C_4C_45  # "WALLE", any constant that other programs of the database do not use


def bring_to_head(engine: Engine) -> None:
    """Run the migrations that the database lacks. A database of a newer Weaver raises Unusable.

    Alembic is imported only when there is something to do, because every command opens the database.
    """
    with engine.connect() as connection:
        present = _revision(connection)
    if present == HEAD:
        return
    with _alone(engine):
        with engine.connect() as connection:
            present = _revision(connection)
        if present != HEAD:
            with engine.execution_options(writes=True).begin() as connection:
                _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command, util  # 0.2 s that only the first opening of a database pays
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except util.CommandError as problem:
        raise Unusable(f"WallE's database was written by another version of Weaver: {problem}. Install the newer one.") from problem


@contextmanager
def _alone(engine: Engine) -> Generator[None]:
    """Hold the right to migrate: a lock file beside a SQLite file, an advisory lock on PostgreSQL."""
    if engine.dialect.name != "sqlite":
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            yield  # held until this connection's transaction ends
        return
    file = engine.url.database
    if file in {None, "", ":memory:"}:
        yield
        return
    try:
        lock = Path(f"{file}.lock").open("a")  # noqa: SIM115  # entered below; only the opening may fail so
    except OSError as problem:
        raise Unusable(f"WallE's database {file} cannot be used: {problem.strerror}.") from problem
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Lasting, and set here because the change of mode fails at once when another connection is open.
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode=WAL")
        finally:
            raw.close()
        yield
