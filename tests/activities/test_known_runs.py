"""What an event is about is known by the record of its run."""

from pathlib import Path

from activities.known_runs import KnownRuns
from tests.walle.databases import with_tables
from tests.walle.records import a_run, an_event
from weaver.notify.channels import About
from weaver.walle.queries import Queries
from weaver.walle.records import Records


async def test_a_run_that_names_no_adapter_is_on_the_simulated_account(tmp_path: Path) -> None:
    database = with_tables(tmp_path)
    Records(database).register_run(a_run("r-1", mode="paper", strategy="sma-cross", config={"adapter": None}))
    about = await KnownRuns(Queries(database)).about(an_event(1, run_id="r-1"))
    assert about == About(account="simulated-paper", run_id="r-1", strategy="sma-cross", mode="paper")
    database.close()
