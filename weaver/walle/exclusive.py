"""One process at a time, of all that use a database: for work that is not one transaction."""

import fcntl
import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from weaver.walle.database import Database

WAIT_SECONDS = 30
"""How long one waits for another; what is done under such a lock takes a second or two."""


@contextmanager
def exclusively(database: Database, name: str) -> Generator[None]:
    """Keep every other process, on whichever machine, out of what is called `name` meanwhile. Blocks.

    An advisory lock on PostgreSQL, a lock file beside a SQLite file; either goes with the process that dies. Raises Unavailable when
    the database does not answer, or another holds the lock for too long.
    """
    if database.engine.dialect.name == "postgresql":
        with database.read() as session:
            session.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _key(name)})
            yield  # the lock ends with the transaction
        return
    file = database.engine.url.database
    if file in {None, "", ":memory:"}:
        yield  # no other process has it
        return
    with Path(f"{file}.{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _key(name: str) -> int:
    """Return a number of 64 bits, as an advisory lock wants."""
    return int.from_bytes(hashlib.sha256(f"weaver:{name}".encode()).digest()[:8], signed=True)
