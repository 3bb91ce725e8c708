"""Parts die while a page shows: it says so, and is right again by itself."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.pages import API_GONE, Watched
from tests.e2e.stack import BACKTEST, PAPER, Served, kill, until


def test_a_page_that_is_open_while_the_api_is_killed_shows_what_happened_meanwhile(page: Page, served: Served, watched: Watched) -> None:
    watched.allow(API_GONE)
    page.goto("/runs")
    connection = page.get_by_role("button", name=re.compile("^Connection"))
    expect(connection).to_have_accessible_name(re.compile("Live"))

    kill(served, "api")
    expect(connection).not_to_have_accessible_name(re.compile("Live"))
    # By the terminal: its run is on record before the page is connected again.
    done = served.shell.weaver(
        "backtest", "sma-cross", "--symbol", "AAPL", "--start", "2010-01-01T00:00:00Z", "--id", "meanwhile", "--json"
    )
    assert done.code == 0, done.stderr

    expect(connection).to_have_accessible_name(re.compile("Live"))
    expect(page.get_by_role("link", name="meanwhile", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("meanwhile")).get_by_text("completed")).to_be_visible()


def test_what_was_told_between_two_connections_is_not_missed(page: Page, served: Served, watched: Watched) -> None:
    watched.allow(r"ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|ERR_FAILED")
    page.goto("/runs")
    connection = page.get_by_role("button", name=re.compile("^Connection"))
    expect(connection).to_have_accessible_name(re.compile("Live"))
    page.context.set_offline(True)
    run = served.start(**BACKTEST)
    served.reached(run, "completed")
    page.context.set_offline(False)
    expect(page.get_by_role("row", name=re.compile(run)).get_by_text("completed")).to_be_visible()


def test_a_killed_worker_costs_a_paper_run_no_order_and_the_page_goes_on(page: Page, served: Served, watched: Watched) -> None:
    run = served.start(**PAPER)
    page.goto(f"/orders?run_id={run}")
    rows = page.get_by_role("table")
    expect(rows.get_by_text("filled").first).to_be_visible()

    kill(served, "worker")
    before = served.get("/orders", run_id=run)["total"]

    until(lambda: served.get("/orders", run_id=run, status="filled")["total"] > before + 1, "orders to be filled again")
    total = served.get("/orders", run_id=run)["total"]
    shown = rows.get_attribute("aria-rowcount") or "0"
    until(lambda: int(rows.get_attribute("aria-rowcount") or "0") > total, f"the page to show more than {shown} orders")
    served.post(f"/runs/{run}/stop", {"flatten": True})
    served.reached(run, "stopped")
    orders = served.get("/orders", run_id=run, page_size=200)["items"]
    assert {one["status"] for one in orders} <= {"filled", "cancelled"}
    assert len({one["id"] for one in orders}) == len(orders)
