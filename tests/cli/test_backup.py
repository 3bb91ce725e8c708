"""A home is backed up and put back by hand, also with wrong input."""

import dataclasses

from tests.cli.conftest import Shell
from weaver.walle.database import Database


def other(shell: Shell) -> Shell:
    """The same terminal with another home."""
    return dataclasses.replace(shell, home=shell.folder / "other-home")


def test_a_home_comes_back_elsewhere(shell: Shell) -> None:
    shell.import_demo("AAPL")
    assert shell.weaver("migrate").code == 0
    written = shell.weaver("backup", "backup.tar", "--json")
    restored = other(shell).weaver("restore", "backup.tar", "--json")

    assert written.document["databases"] == ["walle.db"]
    assert written.document["files"] > 0
    assert restored.document["held"] == []
    listed = other(shell).weaver("data", "list", "--json").document
    assert [series["symbol"] for series in listed] == ["AAPL"]


def test_a_backup_of_nothing_and_a_restore_of_nothing_say_what_is_wrong(shell: Shell) -> None:
    assert "Nothing is stored in" in shell.weaver("backup", "backup.tar").stderr
    missing = shell.weaver("restore", "backup.tar")
    assert (missing.code, missing.stdout) == (2, "")
    assert "cannot be read: No such file" in missing.stderr
    assert "--only-hold, not both" in shell.weaver("restore").stderr


def test_what_other_means_restored_can_be_held(shell: Shell) -> None:
    assert shell.weaver("migrate").code == 0

    assert shell.weaver("restore", "--only-hold", "--json").document == {"held": []}


def test_migrating_brings_a_database_its_tables_and_says_so(shell: Shell) -> None:
    done = shell.weaver("migrate", "--json")

    assert done.code == 0
    assert done.document["database"].endswith("walle.db")
    Database.open(f"sqlite:///{shell.home / 'walle.db'}", migrate=False).close()


def test_migrating_waits_for_a_database_only_so_long_and_never_prints_its_password(shell: Shell) -> None:
    url = {"WEAVER_DB_URL": "postgresql://weaver:hidden-word@127.0.0.1:1/weaver"}

    failed = shell.weaver("migrate", "--wait", "1", **url)

    assert failed.code == 3
    assert "does not answer" in failed.stderr
    assert "hidden-word" not in failed.stderr
