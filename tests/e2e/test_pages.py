"""Every page in a real browser: how it looks, how fast it is there, who can use it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import ARTEFACTS, NARROW, ROOT, WIDE, Watched, opened
from tests.e2e.stack import BACKTEST, PAPER, Served, until

AXE = ROOT / "haro" / "node_modules" / "axe-core" / "axe.min.js"
SMALLEST = (360, 640)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LARGEST_PAINT_MILLISECONDS = 1_500
LONGEST_TASK_MILLISECONDS = 200
PAINT = """() => new Promise(done => {
    new PerformanceObserver(list => done(list.getEntries().at(-1).startTime)).observe({type: 'largest-contentful-paint', buffered: true})
})"""
TOO_WIDE = """() => {
    const {scrollWidth, clientWidth} = document.documentElement
    const over = [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > clientWidth + 1)
    if (scrollWidth <= clientWidth) return null
    return [`${scrollWidth - clientWidth} px`, ...over.slice(0, 4).map(one => one.outerHTML.slice(0, 120))]
}"""


@pytest.fixture(scope="module")
def shown(served: Served) -> Iterator[dict[str, str]]:
    """Pages by name with something on each: two backtests, a run that trades, orders by hand."""
    for run_id, fast in (("first-look", 10), ("second-look", 20)):
        served.start(**{**BACKTEST, "id": run_id, "params": {**BACKTEST["params"], "fast": fast}})
    served.start(**{**PAPER, "id": "on-paper", "timeframe": "5s"})
    resting = {"symbol": "HAND/USD", "side": "buy", "order_type": "limit", "quantity": "1", "limit_price": "1.5", "time_in_force": "gtc"}
    order = served.post("/orders", resting)["id"]
    for run_id in ("first-look", "second-look"):
        served.reached(run_id, "completed")
    until(lambda: len(served.orders_of("on-paper", "filled")) > 1, "orders of the run on paper")
    yield {
        "dashboard": "/",
        "runs": "/runs",
        "new-run": "/runs/new?strategy=sma-cross&symbol=AAPL",
        "results": "/runs/first-look",
        "live": "/runs/on-paper?tab=live",
        "decisions": "/runs/on-paper?tab=decisions",
        "bars": "/runs/first-look?tab=decisions&bars=all",
        "events": "/runs/on-paper?tab=events",
        "config": "/runs/first-look?tab=config",
        "compare": "/compare?ids=first-look,second-look",
        "orders": "/orders",
        "order": f"/orders?order={order}",
        "place-order": "/orders?place=true",
        "strategies": "/strategies",
        "data": "/data",
        "import": "/data?upload=true",
        "missing": "/no/such/page",
    }
    served.post("/runs/on-paper/stop", {"flatten": True})
    served.reached("on-paper", "stopped")
    served.http.delete(f"/orders/{order}")


def settled(page: Page) -> None:
    """Wait until the page has what it asked for."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_label("Loading")).to_have_count(0)
    page.wait_for_function("document.fonts.status === 'loaded' && !document.querySelector('.mantine-Skeleton-root')")


def pictured(page: Page, name: str, *, whole: bool = False) -> Iterator[str]:
    """Take a picture of the page in each colour scheme, and give the scheme while the page shows it."""
    pictures = ARTEFACTS / "pages"
    pictures.mkdir(parents=True, exist_ok=True)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
        page.screenshot(path=pictures / f"{name}-{scheme}.png", full_page=whole)
        yield scheme


def test_each_page_has_its_picture_taken_and_axe_finds_no_serious_issue(browser: Browser, served: Served, shown: dict[str, str]) -> None:
    found: list[str] = []
    with opened(browser, served.url, "wide", size=WIDE) as (page, _):
        for name, address in shown.items():
            page.goto(address)
            settled(page)
            for scheme in pictured(page, f"{name}-{WIDE[0]}"):
                found += [f"{name}, {scheme}: {issue}" for issue in serious_issues(page)]
    assert not found, "\n".join(found)


def test_each_page_has_its_picture_taken_on_a_telephone_and_fits_the_smallest(
    browser: Browser, served: Served, shown: dict[str, str]
) -> None:
    wider: dict[str, list[str]] = {}
    with opened(browser, served.url, "narrow", size=NARROW, has_touch=True) as (page, _):
        for name, address in shown.items():
            page.goto(address)
            settled(page)
            list(pictured(page, f"{name}-{NARROW[0]}", whole=True))
            resize(page, SMALLEST)
            if over := page.evaluate(TOO_WIDE):
                wider[name] = over
            resize(page, NARROW)
    assert not wider, f"wider than the screen: {wider}"


def resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")  # laid out anew


def test_the_menu_leads_to_pages_on_the_smallest_screen(browser: Browser, served: Served) -> None:
    with opened(browser, served.url, "smallest", size=SMALLEST, has_touch=True) as (page, _):
        page.goto("/")
        page.get_by_role("button", name="Menu").click()
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Orders").click()
        expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()


def serious_issues(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    report = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{issue['impact']} {issue['id']}: {issue['help']} {json.dumps([node['html'][:160] for node in issue['nodes'][:3]])}"
        for issue in report["violations"]
        if issue["impact"] in ("serious", "critical")
    ]


def best(measure: Callable[[], float], limit: float, *, tries: int = 5) -> float:
    """Return the first measurement within the limit, else the best: how long it takes on a machine that has time for it."""
    found = [measure()]
    while min(found) > limit and len(found) < tries:
        found.append(measure())
    return min(found)


@pytest.mark.alone
@pytest.mark.parametrize("name", ["dashboard", "runs", "results", "orders"])
def test_the_largest_paint_comes_soon(name: str, browser: Browser, served: Served, shown: dict[str, str]) -> None:
    def paint() -> float:
        with opened(browser, served.url, f"paint-{name}") as (page, _):
            page.goto(shown[name])
            settled(page)
            return float(page.evaluate(PAINT))

    assert best(paint, LARGEST_PAINT_MILLISECONDS) <= LARGEST_PAINT_MILLISECONDS


def test_keys_lead_to_pages_and_to_the_search(page: Page, shown: dict[str, str], watched: Watched) -> None:
    page.goto("/")
    settled(page)
    places: list[tuple[str, str]] = [("g r", "Runs"), ("g o", "Orders"), ("n", "New run"), ("g d", "Dashboard")]
    for keys, heading in places:
        for key in keys.split():
            page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        page.locator("h1").click()  # what has the focus takes the keys
    page.goto("/runs")
    settled(page)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


@pytest.mark.alone
def test_ten_thousand_orders_are_scrolled_without_a_long_task(page: Page, served: Served) -> None:
    served.import_minutes("MINUTES/USD", 10_500)
    run = served.start(strategy="in-and-out", symbols=["MINUTES/USD"], timeframe="1m")
    served.reached(run, "completed")
    assert served.get("/orders", run_id=run)["total"] > 10_000
    page.goto(f"/orders?run_id={run}")
    settled(page)
    rows = page.get_by_role("table").get_by_role("row")
    assert best(lambda: longest_task(page, scroll_orders), LONGEST_TASK_MILLISECONDS) <= LONGEST_TASK_MILLISECONDS
    assert rows.count() < 100
    page.get_by_role("region", name="Orders").evaluate("one => one.scrollTo(0, one.scrollHeight)")
    expect(rows.last).to_contain_text("MINUTES/USD")  # the end of the list has come


@pytest.fixture(scope="module")
def million(served: Served) -> str:
    """A run of a million bars."""
    served.import_minutes("MILLION/USD", 1_000_000)
    run = served.start(strategy="sma-cross", symbols=["MILLION/USD"], timeframe="1m", params={"fast": 50, "slow": 200})
    served.reached(run, "completed")
    return run


@pytest.mark.alone
def test_the_largest_paint_of_a_run_of_a_million_bars_comes_soon(browser: Browser, served: Served, million: str) -> None:
    def paint() -> float:
        with opened(browser, served.url, "paint-million") as (page, _):
            page.goto(f"/runs/{million}")
            settled(page)
            return float(page.evaluate(PAINT))

    assert best(paint, LARGEST_PAINT_MILLISECONDS) <= LARGEST_PAINT_MILLISECONDS


@pytest.mark.alone
def test_the_chart_of_a_million_bars_is_panned_without_a_long_task(page: Page, million: str) -> None:
    page.goto(f"/runs/{million}")
    settled(page)
    chart = page.get_by_label(re.compile(r"^Prices of MILLION/USD"))
    coarse = page.get_by_text(re.compile(r"Each candle is \d+ bars"))
    expect(coarse).to_be_visible()
    before = coarse.inner_text()
    at = chart.bounding_box()
    assert at
    middle = (at["x"] + at["width"] / 2, at["y"] + at["height"] / 3)

    def pan(_: Page) -> None:
        for step in (20, -20):
            page.mouse.move(*middle)
            page.mouse.down()
            for number in range(20):
                page.mouse.move(middle[0] + number * step, middle[1])
            page.mouse.up()

    page.mouse.move(*middle)
    for _ in range(30):
        page.mouse.wheel(0, -240)
    expect(coarse).not_to_have_text(before)  # fewer bars a candle: the API is asked for what is seen
    assert best(lambda: longest_task(page, pan), LONGEST_TASK_MILLISECONDS) <= LONGEST_TASK_MILLISECONDS


def longest_task(page: Page, act: Callable[[Page], None]) -> float:
    """Return how long the page was busy at most with one thing meanwhile, in milliseconds; 0 where nothing took 50."""
    page.evaluate(WATCHED_TASKS)
    act(page)
    return float(page.evaluate(LONGEST_TASK))


def scroll_orders(page: Page) -> None:
    page.evaluate(SCROLLED)


WATCHED_TASKS = """() => {
    window.longest = 0
    window.tasks = new PerformanceObserver(list => list.getEntries().forEach(task => longest = Math.max(longest, task.duration)))
    tasks.observe({type: 'longtask'})
}"""
LONGEST_TASK = """async () => {
    for (let frame = 0; frame < 20; frame++) await new Promise(requestAnimationFrame)
    tasks.disconnect()
    return longest
}"""
SCROLLED = """async () => {
    const table = document.querySelector('[aria-label=Orders][tabindex]')
    for (let step = 0; step < 60; step++) {
        table.scrollTop += table.clientHeight / 2
        await new Promise(requestAnimationFrame)
    }
}"""
