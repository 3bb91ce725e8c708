"""The backtest activities by themselves: what they write follows from run and window alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import ActivityEnvironment

from activities.backtests import Backtests
from activities.beacon import Beacon
from tests.walle.databases import with_tables
from tests.workflows.in_process import outcome
from tests.workflows.stack import BARS, PLUGINS, SYMBOL, import_seeded
from weaver.glados.requests import RunCreate
from weaver.walle.bars import Catalogue
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.registering import pending_run
from workflows.inputs import FinishTask, Resolved, ResolveTask, WindowDone, WindowTask


class Home:
    """WallE in a folder, with seeded bars and the test strategies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = with_tables(folder)
        self.catalogue = Catalogue.open(str(folder / "bars"))
        import_seeded(self.catalogue, folder)
        (folder / "plugins").mkdir()
        for name, text in PLUGINS.items():
            (folder / "plugins" / f"{name}.py").write_text(text)

    def backtests(self, results: str = "results") -> Backtests:
        return Backtests(
            records=Records(self.database),
            queries=Queries(self.database),
            catalogue=self.catalogue,
            results=str(self.folder / results),
            folders=[self.folder / "plugins"],
            beacon=Beacon(),
        )

    def resolved(self, backtests: Backtests, strategy: str = "spinner", **params: object) -> Resolved:
        request = RunCreate.model_validate({"strategy": strategy, "symbols": [SYMBOL], "timeframe": "1m", "params": params})
        run = pending_run(request, run_id="run", mode="backtest", first_link="first", created_at=datetime.now(UTC), address="here")
        Records(self.database).register_run(run)
        return ActivityEnvironment().run(backtests.resolve, ResolveTask(run_id="run", request=request))

    def files(self, results: str) -> dict[str, bytes]:
        root = self.folder / results
        files = [path for path in sorted(root.rglob("*")) if path.is_file() and ".locks" not in path.parts]
        return {str(path.relative_to(root)): path.read_bytes() for path in files}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def a_window(resolved: Resolved, steps: int, after: WindowDone | None = None, strategy: str = "spinner") -> WindowTask:
    number, first, state = (after.progress.windows, after.next_step, after.state) if after else (0, 0, None)
    return WindowTask(run_id="run", strategy=strategy, plan=resolved.plan, state=state, number=number, first_step=first, steps=steps)


async def test_two_attempts_of_a_window_at_once_write_the_same_bytes(home: Home) -> None:
    attempts = [home.backtests(), home.backtests()]
    resolved = home.resolved(attempts[0], spin=500)
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(lambda one: ActivityEnvironment().run(one.window, a_window(resolved, BARS)), attempts))
    alone = home.backtests("alone")
    home.resolved(alone, spin=500)
    done.append(ActivityEnvironment().run(alone.window, a_window(resolved, BARS)))
    assert done[0] == done[1] == done[2]
    assert home.files("results") == home.files("alone")
    assert len(home.files("results")) > 5


class Asked(ActivityEnvironment):
    """Asks the activity to stop once it has said that it did some bars."""

    def __init__(self, details: ActivityCancellationDetails) -> None:
        super().__init__()
        self.on_heartbeat = lambda *beat: self.cancel(details) if beat and beat[0].bars_done else None


def test_a_window_told_to_stop_hands_in_what_it_did_and_the_rest_gives_the_same(home: Home) -> None:
    backtests = home.backtests()
    resolved = home.resolved(backtests, spin=20_000)
    cut = Asked(ActivityCancellationDetails(cancel_requested=True)).run(backtests.window, a_window(resolved, BARS))
    assert 0 < cut.next_step < BARS
    assert cut.progress.bars_done == cut.next_step
    assert not cut.is_last
    rest = ActivityEnvironment().run(backtests.window, a_window(resolved, BARS, cut))
    assert rest.is_last
    task = FinishTask(run_id="run", strategy="spinner", plan=resolved.plan, state=rest.state, windows=2, started_at=datetime.now(UTC))
    finished = ActivityEnvironment().run(backtests.finish, task)
    assert finished.result_digest == outcome(home.catalogue, home.folder / "plugins", "spinner", [SYMBOL]).digest


def test_a_window_whose_process_ends_is_done_again_and_not_cut(home: Home) -> None:
    backtests = home.backtests()
    resolved = home.resolved(backtests, spin=20_000)
    with pytest.raises(ApplicationError) as failure:
        Asked(ActivityCancellationDetails(worker_shutdown=True)).run(backtests.window, a_window(resolved, BARS))
    assert (failure.value.type, failure.value.non_retryable) == ("WorkerStopping", False)


def test_a_window_told_to_stop_before_it_began_is_cancelled(home: Home) -> None:
    backtests = home.backtests()
    resolved = home.resolved(backtests, spin=2_000)
    environment = ActivityEnvironment()
    environment.cancel(ActivityCancellationDetails(cancel_requested=True))
    with pytest.raises(CancelledError):
        environment.run(backtests.window, a_window(resolved, BARS))


def test_a_run_keeps_the_text_its_strategy_had(home: Home) -> None:
    backtests = home.backtests()
    resolved = home.resolved(backtests)
    file = home.folder / "plugins" / "spinner.py"
    file.write_text(file.read_text().replace("Buy(1)", "Buy(2)"))
    done = ActivityEnvironment().run(home.backtests().window, a_window(resolved, BARS))
    task = FinishTask(run_id="run", strategy="spinner", plan=resolved.plan, state=done.state, windows=1, started_at=datetime.now(UTC))
    finished = ActivityEnvironment().run(backtests.finish, task)
    assert finished.result_digest != outcome(home.catalogue, home.folder / "plugins", "spinner", [SYMBOL]).digest


def test_a_strategy_that_leaves_does_not_take_the_worker_along(home: Home) -> None:
    text = PLUGINS["divides"].replace("1 / 0", "raise SystemExit(3)").replace('id="divides"', 'id="leaves"')
    (home.folder / "plugins" / "leaves.py").write_text(text)
    backtests = home.backtests()
    resolved = home.resolved(backtests, "leaves")
    with pytest.raises(ApplicationError, match="SystemExit: 3"):
        ActivityEnvironment().run(backtests.window, a_window(resolved, BARS, strategy="leaves"))
