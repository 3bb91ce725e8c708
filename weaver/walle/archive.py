"""Which links of histories are in WallE whole, and when the archive last looked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from weaver.walle.database import Database
from weaver.walle.model import EventRecord
from weaver.walle.records import Records
from weaver.walle.tables import ArchivedLinkRow, ArchivePassRow, RunRow
from weaver.walle.writing import insert

_ONLY = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedLink:
    """A closed link: one Temporal run of a workflow. `first_link` names its chain, `next_link` what it continued as."""

    workflow_id: str
    link: str
    first_link: str
    next_link: str | None
    events: int
    closed_at: datetime | None
    archived_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePass:
    """A look through all that had closed by `seen_until`: what it stored that was not archived before."""

    seen_until: datetime
    finished_at: datetime
    links: int
    events: int


class Archived:
    """The archive's part of WallE. Raises Unavailable when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._records = Records(database)

    def save(self, link: ArchivedLink, events: Sequence[EventRecord]) -> None:
        """Store a closed link's events, then that these are all. A repeat stores the same."""
        self._records.save_events(link.workflow_id, events)
        self._note(link)

    def leave_out(self, link: ArchivedLink) -> None:
        """Note that a link is not to be archived: it is no link of the run that WallE knows by its workflow's id, or a forgotten one's."""
        self._note(link)

    def _note(self, link: ArchivedLink) -> None:
        row = {
            "workflow_id": link.workflow_id,
            "link": link.link,
            "first_link": link.first_link,
            "next_link": link.next_link,
            "events": link.events,
            "closed_at": link.closed_at,
            "archived_at": link.archived_at,
            "is_forgotten": False,
        }
        with self._database.write() as session:
            insert(session, ArchivedLinkRow, [row], ["workflow_id", "link"], update=False)

    def known(self, links: Iterable[str]) -> set[str]:
        """Return those of the links that need no archiving (any more)."""
        with self._database.read() as session:
            return set(session.scalars(select(ArchivedLinkRow.link).where(ArchivedLinkRow.link.in_(list(links)))))

    def is_wanted(self, workflow_id: str, first_link: str) -> bool:
        """Tell whether a chain's events belong in WallE: not those of a run that was forgotten, nor of another run of the same id."""
        forgotten = select(ArchivedLinkRow.link).where(
            ArchivedLinkRow.workflow_id == workflow_id, ArchivedLinkRow.first_link == first_link, ArchivedLinkRow.is_forgotten
        )
        with self._database.read() as session:
            row = session.get(RunRow, workflow_id)
            if row is not None and row.temporal_run_id not in (None, first_link):
                return False
            return session.scalar(forgotten.limit(1)) is None

    def link(self, workflow_id: str, link: str) -> ArchivedLink | None:
        """Return a link when it is archived."""
        with self._database.read() as session:
            row = session.get(ArchivedLinkRow, (workflow_id, link))
            return None if row is None or row.is_forgotten else _link(row)

    def chain(self, workflow_id: str, first_link: str) -> list[ArchivedLink]:
        """Return the archived links of a chain without a hole, from the first on."""
        statement = select(ArchivedLinkRow).where(
            ArchivedLinkRow.workflow_id == workflow_id, ArchivedLinkRow.first_link == first_link, ~ArchivedLinkRow.is_forgotten
        )
        with self._database.read() as session:
            links = {row.link: _link(row) for row in session.scalars(statement)}
        found: list[ArchivedLink] = []
        following: str | None = first_link
        while following in links:
            found.append(links[following])
            following = links[following].next_link
        return found

    def passed(self, done: ArchivePass) -> None:
        """Note that the archive has looked through all."""
        row = {
            "id": _ONLY,
            "seen_until": done.seen_until,
            "finished_at": done.finished_at,
            "links": done.links,
            "events": done.events,
        }
        with self._database.write() as session:
            insert(session, ArchivePassRow, [row], ["id"])

    def last_pass(self) -> ArchivePass | None:
        """Return the archive's last look; None before the first."""
        with self._database.read() as session:
            row = session.get(ArchivePassRow, _ONLY)
            if row is None:
                return None
            return ArchivePass(seen_until=row.seen_until, finished_at=row.finished_at, links=row.links, events=row.events)


def _link(row: ArchivedLinkRow) -> ArchivedLink:
    return ArchivedLink(
        workflow_id=row.workflow_id,
        link=row.link,
        first_link=row.first_link,
        next_link=row.next_link,
        events=row.events,
        closed_at=row.closed_at,
        archived_at=row.archived_at,
    )
