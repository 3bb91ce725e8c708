"""Runs in a real browser: started from the form, watched to their result, looked into; and those that others started."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages import Watched
from tests.e2e.stack import BACKTEST, PAPER, Served

DRAWN = """chart => {
    const near = (data, at, [red, green, blue]) =>
        Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue) < 12 && data[at + 3] > 200
    let [up, down] = [0, 0]
    for (const canvas of chart.querySelectorAll('canvas')) {
        if (!canvas.width || !canvas.height) continue
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        for (let at = 0; at < data.length; at += 4) {
            up += near(data, at, [8, 127, 91])
            down += near(data, at, [201, 42, 42])
        }
    }
    return Math.min(up, down)
}"""
"""How many pixels have the colour of buys, or of sells where that are fewer."""


def choose(page: Page, label: str, typed: str, option: str) -> None:
    """Choose from a list that one types into."""
    page.get_by_role("combobox", name=label).fill(typed)
    page.get_by_role("option", name=option).first.click()


def start_backtest(page: Page) -> str:
    """Start a backtest from the form and return its id, which the address has then."""
    page.goto("/")
    page.get_by_role("link", name="New run").click()
    choose(page, "Strategy", "SMA", "SMA crossover")
    page.get_by_role("combobox", name="Symbols").fill("AAPL")
    page.get_by_role("combobox", name="Symbols").press("Enter")
    page.get_by_role("button", name=re.compile("Use all of it")).click()
    page.get_by_label("Fast").fill("15")
    expect(page.get_by_text("--param fast=15")).to_be_visible()
    page.get_by_role("button", name="Start backtest").click()
    page.wait_for_url(re.compile(r"/runs/(?!new)[^/?]+"))
    return re.sub(r"[?#].*", "", page.url.rpartition("/")[2])


def prices(page: Page) -> Locator:
    return page.get_by_label(re.compile(r"^Prices of AAPL with \d+ fills$"))


def test_a_backtest_is_started_from_the_form_and_watched_to_its_result(page: Page, served: Served) -> None:
    run = start_backtest(page)
    expect(page.get_by_role("heading", level=1, name=run)).to_be_visible()
    expect(page.get_by_text("completed").first).to_be_visible()
    expect(page.get_by_role("region", name="Return", exact=True)).to_be_visible()
    result = served.get(f"/runs/{run}/results")
    trades = page.get_by_role("region", name="Trades", exact=True).filter(has_text="Closed trades")
    expect(trades).to_contain_text(str(result["stats"]["total_trades"]))
    expect(page.get_by_text(result["result_digest"][:12])).to_be_visible()
    asked = served.get(f"/runs/{run}")["config"]
    assert (asked["params"]["fast"], asked["symbols"], asked["mode"]) == (15, ["AAPL"], "backtest")


def test_what_is_wrong_in_the_form_is_said_beside_it_and_nothing_is_started(page: Page, served: Served) -> None:
    before = served.get("/runs", page_size=1)["total"]
    page.goto("/runs/new?strategy=sma-cross")
    page.get_by_label("Fast").fill("0")
    page.get_by_role("button", name="Start backtest").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    expect(page.get_by_role("combobox", name="Symbols")).to_have_attribute("aria-invalid", "true")
    assert served.get("/runs", page_size=1)["total"] == before


def test_the_trades_of_a_backtest_are_drawn_and_found_on_the_chart(page: Page, served: Served) -> None:
    run = served.start(**BACKTEST)
    fills = served.reached(run, "completed") and served.get(f"/runs/{run}/fills", page_size=1)["total"]
    page.goto(f"/runs/{run}")
    chart = prices(page)
    expect(chart).to_have_accessible_name(f"Prices of AAPL with {fills} fills")
    page.wait_for_function(f"chart => ({DRAWN})(chart) > 100", arg=chart.element_handle())

    coarse = page.get_by_text(re.compile(r"Each candle is \d+ bars"))
    expect(coarse).to_be_visible()
    page.get_by_role("button", name=re.compile("^Show the trade of")).first.click()
    expect(coarse).to_be_hidden()  # it shows the trade's days, bar by bar
    expect(chart).to_be_in_viewport()

    page.get_by_role("link", name=re.compile("^Why it traded at")).first.click()
    expect(page.get_by_role("tab", name="Decisions")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text(re.compile("Buy|Close")).first).to_be_visible()


@pytest.mark.parametrize(("choice", "ending"), [("Trades", ".csv"), ("Equity", ".csv")])
def test_results_are_taken_away_as_files(choice: str, ending: str, page: Page, served: Served, tmp_path: Path) -> None:
    run = served.start(**BACKTEST)
    served.reached(run, "completed")
    page.goto(f"/runs/{run}")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=re.compile(f"^{choice}.*CSV", re.IGNORECASE)).first.click()
    file = tmp_path / "taken"
    download.value.save_as(file)
    assert download.value.suggested_filename.endswith(ending)
    assert file.read_text().count("\n") > 10


def test_a_run_that_was_started_in_a_terminal_appears_by_itself(page: Page, served: Served) -> None:
    page.goto("/runs?q=by-terminal")
    expect(page.get_by_role("heading", level=2)).to_be_visible()  # nothing fits yet
    done = served.shell.weaver("backtest", "buy-and-hold", "--symbol", "MSFT", "--id", "by-terminal", "--json")
    assert done.code == 0, done.stderr
    row = page.get_by_role("row", name=re.compile("by-terminal"))
    expect(row.get_by_text("completed")).to_be_visible()


def test_filters_survive_a_reload_and_going_back(page: Page, served: Served) -> None:
    for run_id, tags in (("kept-one", ["kept"]), ("kept-two", ["kept"])):
        served.start(**BACKTEST, id=run_id, tags=tags)
        served.reached(run_id, "completed")
    page.goto("/runs")
    page.get_by_role("searchbox").fill("kept-")
    page.get_by_role("button", name="Mode", exact=True).click()  # sorts by it
    page.wait_for_url(re.compile(r"q=kept-.*sort=-?mode|sort=-?mode.*q=kept-"))
    rows = page.get_by_role("table", name="Runs").get_by_role("link", name=re.compile("^kept-"))
    expect(rows).to_have_count(2)
    address = page.url
    page.reload()
    expect(rows).to_have_count(2)
    expect(page.get_by_role("searchbox")).to_have_value("kept-")
    rows.first.click()
    expect(page.get_by_role("tab", name="Results")).to_be_visible()
    page.go_back()
    expect(rows).to_have_count(2)
    assert page.url == address


def test_a_paper_run_is_followed_live_and_says_why_it_traded(page: Page, served: Served) -> None:
    run = served.start(**PAPER)
    page.goto(f"/runs/{run}")
    expect(page.get_by_role("tab", name="Live")).to_have_attribute("aria-selected", "true")
    fills = page.get_by_role("table", name="Fills").get_by_role("row")
    expect(fills.nth(2)).to_be_visible()
    expect(page.get_by_role("region", name="Last decision")).to_contain_text(re.compile("flat|long"))

    page.get_by_role("tab", name="Events").click()
    log = page.get_by_role("log", name="Events")
    expect(log).to_contain_text("orders.Filled")
    expect(log).to_contain_text("strategy.DecisionMade")

    page.get_by_role("button", name=re.compile("^Pause")).first.click()
    expect(page.get_by_text("paused").first).to_be_visible()
    served.reached(run, "paused")
    page.get_by_role("button", name=re.compile("^Resume")).first.click()
    served.reached(run, "running")
    page.get_by_role("button", name=re.compile("^Stop")).first.click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Stop")).first.click()
    expect(page.get_by_text("stopped").first).to_be_visible()
    served.reached(run, "stopped")
    assert not [one for one in served.orders_of(run) if one["status"] not in ("filled", "cancelled")]


def test_runs_are_compared_from_the_list(page: Page, served: Served) -> None:
    for run_id, fast in (("beside-one", 5), ("beside-two", 25)):
        served.start(**{**BACKTEST, "id": run_id, "params": {**BACKTEST["params"], "fast": fast}})
        served.reached(run_id, "completed")
    page.goto("/runs?q=beside-")
    for run_id in ("beside-one", "beside-two"):
        page.get_by_role("row", name=re.compile(run_id)).get_by_role("checkbox").check()
    page.get_by_role("link", name=re.compile("Compare")).click()
    settings = page.get_by_role("region", name="In what they differ")
    expect(settings.get_by_role("row", name=re.compile("params.fast"))).to_contain_text("25")
    expect(page.get_by_label("Equity of each run over time")).to_be_visible()
    expect(page.get_by_role("region", name="Statistics").get_by_role("row", name=re.compile("^Closed trades"))).to_be_visible()


def test_a_run_is_deleted_once_that_is_confirmed(page: Page, served: Served, watched: Watched) -> None:
    watched.allow(r"404.*/api/v1/runs/gone")  # what was shown of it is gone
    run = served.start(**{**BACKTEST, "id": "gone"})
    served.reached(run, "completed")
    page.goto(f"/runs/{run}")
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"Delete {run}?")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog.get_by_role("button", name="Delete it").click()
    page.wait_for_url(re.compile(r"/runs$"))
    expect(page.get_by_role("heading", level=1, name="Runs")).to_be_visible()
    expect(page.get_by_role("link", name=run, exact=True)).to_have_count(0)
    assert served.http.get(f"/runs/{run}").status_code == 404


def test_each_bar_of_a_backtest_says_what_was_seen_and_what_came_of_it(page: Page, served: Served) -> None:
    run = served.start(**{**BACKTEST, "id": "explained"})
    served.reached(run, "completed")
    page.goto(f"/runs/{run}")
    for indicator in ("fast", "slow"):
        expect(page.get_by_role("checkbox", name=indicator)).to_be_checked()
    page.get_by_role("tab", name="Decisions").click()
    newest = page.get_by_role("article").first
    expect(newest.get_by_text("admitted").first).to_be_visible()
    expect(newest.get_by_text(re.compile(r"^(bought|sold) ")).first).to_be_visible()
    page.get_by_label("Bars", exact=True).select_option("Every bar")
    expect(newest.get_by_text("wanted nothing")).to_be_visible()
    expect(newest.get_by_role("columnheader", name="slow")).to_be_visible()
    expect(page).to_have_url(re.compile(r"bars=all"))


def test_the_dashboard_tells_what_happened_before_it_was_opened(page: Page, served: Served) -> None:
    run = served.start(**{**BACKTEST, "id": "earlier"})
    served.reached(run, "completed")
    page.goto("/")
    activity = page.get_by_role("region", name="Activity")
    told = activity.get_by_role("listitem").filter(has=page.get_by_role("link", name=run))
    expect(told.filter(has_text="completed")).to_be_visible()
    expect(told.filter(has_text="created")).to_be_visible()
