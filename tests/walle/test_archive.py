"""Which links are archived, pages of events, and the move to wider positions; on both databases."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from tests.walle.records import NOON, SECOND, a_run, an_event
from weaver.glados.runs import RunStatus
from weaver.walle.archive import Archived, ArchivedLink, ArchivePass
from weaver.walle.database import Database
from weaver.walle.migrating import MIGRATIONS
from weaver.walle.queries import Queries
from weaver.walle.records import Records

LONG = "order-" + "x" * 128


def a_link(link: str, following: str | None, workflow_id: str = "run-1") -> ArchivedLink:
    return ArchivedLink(
        workflow_id=workflow_id, link=link, first_link="a", next_link=following, events=1, closed_at=NOON, archived_at=NOON + SECOND
    )


@pytest.fixture
def archived(database: Database) -> Archived:
    return Archived(database)


def test_a_link_is_stored_with_its_events_and_a_repeat_changes_nothing(archived: Archived, database: Database) -> None:
    for _ in range(2):
        archived.save(a_link("a", "b", LONG), [an_event(1, run_id=LONG)])
    assert archived.chain(LONG, "a") == [a_link("a", "b", LONG)]
    assert archived.link(LONG, "a") == a_link("a", "b", LONG)
    assert archived.link(LONG, "b") is None
    assert archived.known(["a", "b"]) == {"a"}
    assert Queries(database).events(LONG) == [an_event(1, run_id=LONG)]


def test_a_chain_is_followed_until_a_hole(archived: Archived) -> None:
    for link, following in (("a", "b"), ("b", "c"), ("d", None)):
        archived.save(a_link(link, following), [])
    assert [link.link for link in archived.chain("run-1", "a")] == ["a", "b"]
    assert archived.chain("run-1", "d") == []


def test_the_last_look_is_known(archived: Archived) -> None:
    assert archived.last_pass() is None
    for links in (3, 0):
        done = ArchivePass(seen_until=NOON + links * SECOND, finished_at=NOON, links=links, events=links)
        archived.passed(done)
        assert archived.last_pass() == done


def test_a_deleted_runs_links_are_not_wanted_again(archived: Archived, database: Database) -> None:
    records = Records(database)
    records.register_run(a_run(temporal_run_id="a"))
    archived.save(a_link("a", "b"), [an_event(1)])
    assert archived.is_wanted("run-1", "a")
    records.set_status("run-1", RunStatus.COMPLETED, at=NOON)
    records.delete_run("run-1")
    assert not archived.is_wanted("run-1", "a")
    assert archived.chain("run-1", "a") == []
    assert archived.is_wanted("run-1", "another")


def test_another_run_of_a_recorded_runs_id_is_not_wanted(archived: Archived, database: Database) -> None:
    Records(database).register_run(a_run(temporal_run_id="a"))
    assert archived.is_wanted("run-1", "a")
    assert not archived.is_wanted("run-1", "b")


def test_events_come_in_pages_by_position_and_by_time(database: Database) -> None:
    records, queries = Records(database), Queries(database)
    kinds = {2: "run.Started", 4: "run.Started"}
    records.save_events("run-1", [an_event(number, type=kinds.get(number, "data.WindowReady")) for number in range(1, 8)])
    records.save_events("run-2", [an_event(9, run_id="run-2")])

    def positions(position: int, limit: int = 100, **only: object) -> list[int]:
        return [event.position for event in queries.events_after("run-1", position, limit=limit, **only)]

    assert positions(2, limit=3) == [3, 4, 5]
    assert positions(2, until=4) == [3, 4]
    assert positions(-1, types=["run.Started"]) == [2, 4]
    assert queries.event_count("run-1") == 7
    assert queries.event_count("run-1", ["run.Started"], until=3) == 1
    assert queries.event_position("run-1", an_event(3).id) == 3
    assert queries.event_position("run-1", "no such") is None
    assert [event.position for event in queries.events_since(NOON + 6 * SECOND, limit=10)] == [6, 7, 9]
    assert [event.position for event in queries.events_since(NOON, limit=2)] == [1, 2]


def test_events_stored_before_there_was_room_between_them_keep_their_order(database: Database) -> None:
    Records(database).save_events("run-1", [an_event(position) for position in (80_000, 270_000, 270_001)])
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
        assert connection.execute(text("SELECT position FROM events ORDER BY position")).scalars().all() == [800, 2_700, 2_701]
        command.upgrade(config, "head")
        assert connection.execute(text("SELECT position FROM events ORDER BY position")).scalars().all() == [80_000, 270_000, 270_001]
