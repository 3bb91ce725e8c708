"""Opens WallE's database, SQLite or PostgreSQL, and gives short transactions on it."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, exc, make_url
from sqlalchemy.orm import Session, sessionmaker

from weaver.errors import BadValue, Unavailable, Unusable
from weaver.walle.migrating import bring_to_head

BUSY_SECONDS = 30
"""How long a SQLite connection waits for another's write; writes are far shorter."""


class Database:
    """An open database; may be shared by threads, and opened by any number of processes.

    `write()` and `read()` give a Session in one transaction, committed at the end of a write that did not raise.
    Raise Unavailable when the database does not answer (the same transaction may be run again) and Unusable
    when it cannot be opened here.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self.engine = engine
        self.url = url
        self._reading = sessionmaker(engine, expire_on_commit=False)
        self._writing = sessionmaker(engine.execution_options(writes=True), expire_on_commit=False)

    @staticmethod
    def open(url: str, *, migrate: bool = True) -> "Database":
        """Open the database of a SQLAlchemy URL (`sqlite:///file`, `postgresql://...`) and bring its tables to the newest form."""
        parsed = _parsed(url)
        shown = parsed.render_as_string(hide_password=True)
        sqlite = parsed.get_backend_name() == "sqlite"
        engine = _sqlite(parsed) if sqlite else _postgresql(parsed)
        database = Database(engine, url)
        if migrate:
            with _translated(shown, sqlite=sqlite), _closed_on_error(engine):
                bring_to_head(engine)
        return database

    @contextmanager
    def write(self) -> Generator[Session]:
        with _translated(self._shown, sqlite=self._is_sqlite), self._writing.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Generator[Session]:
        with _translated(self._shown, sqlite=self._is_sqlite), self._reading.begin() as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()

    @property
    def _shown(self) -> str:
        return self.engine.url.render_as_string(hide_password=True)

    @property
    def _is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"


def _parsed(url: str) -> URL:
    expected = "a SQLAlchemy URL such as sqlite:///walle.db or postgresql://user@host/weaver"
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise BadValue("db_url", url, expected) from None
    if parsed.drivername in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise BadValue("db_url", parsed.render_as_string(hide_password=True), expected)
    return parsed


@contextmanager
def _translated(shown: str, *, sqlite: bool) -> Generator[None]:
    try:
        yield
    except exc.DBAPIError as problem:
        if type(problem) not in {exc.OperationalError, exc.InterfaceError, exc.DatabaseError}:
            raise  # a mistake of ours, not of the place
        reason = str(problem.orig).strip()
        hopeless = ("unable to open", "readonly", "read-only", "not a database", "malformed", "disk I/O", "full")
        if sqlite and any(word in reason for word in hopeless):
            raise Unusable(f"WallE's database {shown} cannot be used: {reason}.") from problem
        raise Unavailable(f"WallE's database {shown} does not answer: {reason}.") from problem


@contextmanager
def _closed_on_error(engine: Engine) -> Generator[None]:
    try:
        yield
    except BaseException:  # Ctrl-C too: the connections would stay open; it goes on
        engine.dispose()
        raise


_dumps = partial(json.dumps, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _postgresql(url: URL) -> Engine:
    return create_engine(url, json_serializer=_dumps, pool_pre_ping=True)


def _sqlite(url: URL) -> Engine:
    in_memory = url.database in {None, "", ":memory:"}
    if not in_memory:
        folder = Path(str(url.database)).absolute().parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise Unusable(f"The folder {folder} of WallE's database cannot be made: {problem.strerror}.") from problem
    engine = create_engine(
        url,
        json_serializer=_dumps,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        **({"poolclass": StaticPool} if in_memory else {}),
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late and never is IMMEDIATE
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A write takes the lock at once: one that read first would fail, not wait, if another wrote meanwhile.
        immediate = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
