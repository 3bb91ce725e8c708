"""Orders in a real browser: placed by hand, filled live, cancelled, stopped by the kill switch."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.pages import Watched
from tests.e2e.stack import PAPER, Served, until


def place(page: Page, **fields: str) -> str:
    """Place an order by hand and return its id, which the address has then."""
    page.goto("/orders")
    page.get_by_role("button", name="Place an order").click()
    form = page.get_by_role("dialog", name="Place an order")
    form.get_by_label("Symbol").fill("HAND/USD")
    form.get_by_label("Quantity").fill("2")
    for label, value in fields.items():
        field = form.get_by_label(label.replace("_", " "))
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.get_by_role("button", name="Buy HAND/USD").click()
    page.wait_for_url(re.compile(r"order=hand-"))
    return page.url.partition("order=")[2]


def test_orders_of_a_paper_run_fill_before_ones_eyes_until_it_is_stopped(page: Page, served: Served) -> None:
    run = served.start(**PAPER)
    page.goto(f"/orders?run_id={run}")
    table = page.get_by_role("table")
    expect(table.get_by_text("filled").nth(2)).to_be_visible()
    before = table.get_attribute("aria-rowcount") or ""
    expect(table).not_to_have_attribute("aria-rowcount", before)  # more come, and nobody loads the page again

    page.goto("/runs?q=" + run)
    page.get_by_role("button", name=f"Stop {run}").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Stop")).first.click()
    expect(page.get_by_role("row", name=run).get_by_text("stopped")).to_be_visible()

    served.reached(run, "stopped")
    page.goto(f"/orders?run_id={run}")
    expect(table.get_by_text("filled").first).to_be_visible()
    shown = [row.inner_text() for row in table.get_by_role("row").all()[1:]]
    orders = served.orders_of(run)
    final = {"filled", "cancelled", "expired", "rejected"}
    assert {order["status"] for order in orders} <= final
    assert all(order["status"] in line for order, line in zip(orders, shown, strict=False))


def test_an_order_by_hand_is_followed_through_its_life(page: Page, served: Served) -> None:
    order = place(page)
    life = page.get_by_role("dialog", name="Order")
    expect(life.get_by_text("Placed by hand")).to_be_visible()
    for step in ("Admitted and written down", "Sent to the venue", "2 at "):
        expect(life.get_by_text(step).first).to_be_visible()
    filled = served.get(f"/orders/{order}")
    assert (filled["status"], filled["filled_quantity"]) == ("filled", "2")
    page.keyboard.press("Escape")
    expect(life).to_be_hidden()
    page.go_back()
    expect(life).to_be_visible()  # the address is what is shown


def test_a_limit_order_by_hand_is_amended_and_cancelled(page: Page, served: Served) -> None:
    order = place(page, Type="limit", Limit_price="1.5")
    life = page.get_by_role("dialog", name="Order", exact=True)
    expect(life.get_by_text("accepted", exact=True)).to_be_visible()

    life.get_by_role("button", name="Amend").click()
    terms = page.get_by_role("dialog", name="Amend: buy 2 HAND/USD")
    terms.get_by_label("Limit price").fill("1.75")
    terms.get_by_role("button", name="Amend").click()
    page.wait_for_url(re.compile(rf"order={order}\.r1"))
    expect(life.get_by_text("limit 1.75")).to_be_visible()

    life.get_by_role("button", name="Cancel order").click()
    expect(life.get_by_text("cancelled", exact=True)).to_be_visible()
    until(lambda: served.get(f"/orders/{order}.r1")["status"] == "cancelled", "the order to be cancelled")
    expect(life.get_by_role("button", name="Cancel order")).to_be_hidden()


def test_working_orders_of_a_run_are_amended_and_cancelled_where_it_is_watched(page: Page, served: Served) -> None:
    run = served.start(**{**PAPER, "strategy": "patient", "symbols": ["PATIENT/USD"]})
    page.goto(f"/runs/{run}")
    orders = page.get_by_role("region", name="Working orders")
    one = orders.get_by_role("row").filter(has_text="buy 1")
    two = orders.get_by_role("row").filter(has_text="buy 2")
    two.get_by_role("button", name="Amend").click()
    terms = page.get_by_role("dialog", name="Amend: buy 2 PATIENT/USD")
    terms.get_by_label("Limit price").fill("1.25")
    terms.get_by_role("button", name="Amend").click()
    expect(two).to_contain_text("1.25")
    one.get_by_role("button", name="Cancel").click()
    until(lambda: served.orders_of(run, "cancelled"), "an order to be cancelled")
    amended = [order for order in served.orders_of(run) if order["limit_price"] == "1.25"]
    assert [(order["quantity"], order["status"]) for order in amended] == [("2", "accepted")]
    served.post(f"/runs/{run}/stop")
    served.reached(run, "stopped")
    expect(page.get_by_text("stopped").first).to_be_visible()


def test_the_kill_switch_stops_an_account_until_orders_are_allowed_again(page: Page, served: Served, watched: Watched) -> None:
    watched.allow(r"403.*/api/v1/orders")  # the order that is refused, on purpose
    resting = served.post(
        "/orders",
        {"symbol": "HAND/USD", "side": "buy", "order_type": "limit", "quantity": "1", "limit_price": "1.5", "time_in_force": "gtc"},
    )["id"]
    page.goto("/")
    account = page.get_by_role("region", name="Account simulated-paper")
    account.get_by_role("button", name="Kill switch").click()
    dialog = page.get_by_role("dialog", name="Kill switch of simulated-paper")
    button = dialog.get_by_role("button", name="Stop all trading")
    expect(button).to_be_disabled()
    dialog.get_by_label("to confirm").fill("simulated-paper")
    dialog.get_by_label("Why, for the record").fill("a drill")
    button.click()
    expect(dialog.get_by_text("The kill switch is on")).to_be_visible()
    expect(dialog.get_by_text(re.compile("order was cancelled|orders were cancelled"))).to_be_visible()
    dialog.get_by_role("button", name="Close").last.click()
    expect(account.get_by_text("a drill")).to_be_visible()
    assert served.get(f"/orders/{resting}")["status"] == "cancelled"

    page.goto("/orders?place=true")
    form = page.get_by_role("dialog", name="Place an order")
    form.get_by_label("Symbol").fill("HAND/USD")
    form.get_by_label("Quantity").fill("1")
    form.get_by_role("button", name="Buy HAND/USD").click()
    refusal = form.get_by_role("alert")
    expect(refusal).to_contain_text(re.compile("kill", re.IGNORECASE))

    page.goto("/")
    account.get_by_role("button", name="Allow orders again").click()
    expect(account.get_by_role("button", name="Kill switch")).to_be_visible()
    until(lambda: not account_of(served)["killed"], "orders to be allowed again")
    placed = served.post("/orders", {"symbol": "HAND/USD", "side": "buy", "quantity": "1", "time_in_force": "gtc"})
    assert placed["status"] != "rejected"


def account_of(served: Served) -> Any:
    return served.get("/account", account="simulated-paper")


def test_a_position_is_closed_from_the_dashboard(page: Page, served: Served) -> None:
    served.post("/orders", {"symbol": "HELD/USD", "side": "buy", "quantity": "3", "time_in_force": "gtc"})
    page.goto("/")
    page.get_by_role("button", name="Close the position in HELD/USD").click()
    dialog = page.get_by_role("dialog", name="Close HELD/USD")
    dialog.get_by_label("to confirm").fill("HELD/USD")
    dialog.get_by_role("button", name="Close at the market").click()
    expect(page.get_by_role("button", name="Close the position in HELD/USD")).to_be_hidden()
    held = {one["symbol"] for one in served.get("/account/positions", account="simulated-paper")["items"]}
    assert "HELD/USD" not in held
