from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from tests.walle.processes import at_once
from tests.walle.records import NOON, a_run
from weaver.errors import BadValue, Unavailable, Unusable
from weaver.walle.database import Database
from weaver.walle.migrating import HEAD, MIGRATIONS
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.tables import Table


def test_migrations_make_the_tables_that_the_code_describes(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_the_newest_migration_is_the_one_that_opening_looks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_four_processes_that_open_a_new_database_at_once_migrate_it_once(database_url: str) -> None:
    at_once(_open_and_register, [(database_url, f"run-{number}") for number in range(4)])
    database = Database.open(database_url)
    assert Queries(database).runs().total == 4
    database.close()


def _open_and_register(url: str, run_id: str) -> None:
    database = Database.open(url)
    Records(database).register_run(a_run(run_id))
    database.close()


def test_four_processes_write_a_thousand_times_each_without_a_locked_database(database_url: str) -> None:
    database = Database.open(database_url)
    Records(database).register_run(a_run())
    at_once(_write_often, [(database_url, number) for number in range(4)])
    assert Queries(database).run("run-1").bars_done == 999
    assert Queries(database).runs(q="mine").total == 4
    database.close()


def _write_often(url: str, number: int) -> None:
    database = Database.open(url)
    records = Records(database)
    records.register_run(a_run(f"mine-{number}"))
    for done in range(1_000):
        records.set_progress("run-1" if done % 2 else f"mine-{number}", bars_done=done, bars_total=1_000, equity=None, at=NOON)
    database.close()


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    def register_and_fail() -> None:
        with database.write() as session:
            session.execute(text("DELETE FROM runs"))
            raise KeyError

    Records(database).register_run(a_run())
    with pytest.raises(KeyError):
        register_and_fail()
    assert Queries(database).runs().total == 1


def test_sqlite_keeps_a_write_ahead_log_and_syncs_fully(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'walle.db'}")
    with database.read() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA synchronous")).scalar() == 2
        assert session.execute(text("PRAGMA busy_timeout")).scalar() == 30_000
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.close()


def test_a_database_in_memory_serves_one_process() -> None:
    database = Database.open("sqlite://")
    Records(database).register_run(a_run())
    assert Queries(database).run("run-1").id == "run-1"
    database.close()


def test_a_database_of_a_newer_weaver_is_left_alone(database_url: str) -> None:
    with closing(Database.open(database_url)) as database, database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unusable, match="Install the newer one"):
        Database.open(database_url)


def test_a_url_of_another_kind_is_refused_without_its_password() -> None:
    for url in ("mysql://me:secret@host/db", "no url"):
        with pytest.raises(BadValue, match="expected a SQLAlchemy URL") as refused:
            Database.open(url)
        assert "secret" not in str(refused.value)


def test_a_server_that_does_not_answer_is_unavailable_and_named_without_its_password() -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1") as unavailable:
        Database.open("postgresql://me:secret@127.0.0.1:1/weaver")
    assert "secret" not in str(unavailable.value)


def test_a_file_that_is_no_database_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "walle.db").write_text("something else, long enough to be taken for a header " * 20)
    with pytest.raises(Unusable, match="not a database"):
        Database.open(f"sqlite:///{tmp_path / 'walle.db'}")


def test_a_folder_that_cannot_be_made_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(Unusable, match="taken"):
        Database.open(f"sqlite:///{tmp_path / 'taken' / 'walle.db'}")
