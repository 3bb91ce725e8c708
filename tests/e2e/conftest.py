"""One `weaver up` with demo prices for all tests here that leave it standing, and a browser before it."""

import re
from collections.abc import Generator, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.browser import opened_browser
from tests.cli.conftest import Shell, end_up, new_shell, start_up
from tests.e2e.pages import Watched, keep, opened
from tests.e2e.stack import BROKEN, IN_AND_OUT, PATIENT, Served, until
from weaver.settings import Settings

FAILED = pytest.StashKey[bool]()

# Of the package, not of the session: an open browser's event loop must not be in the way of other tests' loops.


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with opened_browser() as one:
        yield one


@pytest.fixture(scope="package")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = new_shell(tmp_path_factory.mktemp("e2e"))
    plugins = shell.folder / "plugins" / "strategies"
    plugins.mkdir(parents=True)
    (plugins / "in_and_out.py").write_text(IN_AND_OUT)
    (plugins / "patient.py").write_text(PATIENT)
    (plugins / "broken.py").write_text(BROKEN)
    shell.environment["WEAVER_HARO"] = str(Settings().dashboard_folder)
    shell.import_demo("AAPL", "MSFT")
    return shell


@pytest.fixture(scope="package")
def served(shell: Shell) -> Iterator[Served]:
    if not Settings().has_dashboard:
        pytest.fail("The dashboard is not built. Build it with: make haro")
    up = start_up(shell)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{up.ports[2]}/api/v1", timeout=30) as http:
            until(lambda: http.get("/ready").status_code == 200, "the stack to be ready")
            yield Served(up, http)
    finally:
        end_up(up)


@pytest.fixture
def watched_page(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[tuple[Page, Watched]]:
    with opened(browser, served.url, name_of(request)) as found:
        yield found
        if request.node.stash.get(FAILED, False):
            keep(*found, name_of(request))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell fixtures how their test went."""
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def page(watched_page: tuple[Page, Watched]) -> Page:
    return watched_page[0]


@pytest.fixture
def watched(watched_page: tuple[Page, Watched]) -> Watched:
    return watched_page[1]


def name_of(request: pytest.FixtureRequest) -> str:
    """Return a test's name as a file's."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name)
