"""What is done under one name is done by one process at a time, on SQLite and on PostgreSQL."""

import threading

from weaver.walle.database import Database
from weaver.walle.exclusive import exclusively


def test_two_who_share_a_database_take_turns(database: Database) -> None:
    other = Database.open(database.url)
    entered, order = threading.Event(), []

    def second() -> None:
        entered.wait(10)
        with exclusively(other, "fees"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with exclusively(database, "fees"):
        entered.set()
        thread.join(0.3)
        assert thread.is_alive()
        order.append("first")
    thread.join(10)
    other.close()

    assert order == ["first", "second"]


def test_another_name_is_not_waited_for(database: Database) -> None:
    with exclusively(database, "fees of one"), exclusively(database, "fees of another"):
        pass
