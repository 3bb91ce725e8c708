"""What all writers share: inserts that may be repeated, texts that both databases can hold."""

from collections.abc import Mapping, Sequence

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from weaver.walle.tables import Table


def insert(session: Session, table: type[Table], rows: Sequence[Mapping[str, object]], key: Sequence[str], *, update: bool = True) -> None:
    """Insert rows; those whose key exists are overwritten, or left as they are without `update`."""
    if not rows:
        return
    statement = new_rows(session, table).values([dict(row) for row in rows])
    if update:
        changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=changed)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(key))
    session.execute(statement)


def new_rows(session: Session, table: type[Table]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT of the database in use, which knows ON CONFLICT."""
    return sqlite.insert(table) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(table)


def storable(text: str) -> str:
    """Replace what PostgreSQL's text cannot hold; texts come from users' code and from venues."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
