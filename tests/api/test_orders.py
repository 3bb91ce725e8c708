"""Orders are placed, listed, amended, cancelled and asked for over HTTP, and the account's switch is worked."""

from typing import Any

import pytest

from tests.api.asking import Api, asked, new_symbol, settings_of
from tests.workflows.stack import Stack, until

PAPER = "simulated-paper"
ACCOUNT = {"account": PAPER}
KILL, REARM = f"/account/kill?account={PAPER}", f"/account/rearm?account={PAPER}"


def market(symbol: str, **more: object) -> dict[str, object]:
    return {"symbol": symbol, "side": "buy", "quantity": "2", "time_in_force": "gtc", **more}


def resting(symbol: str, **more: object) -> dict[str, object]:
    return market(symbol, order_type="limit", limit_price="0.5", **more)


async def placed(api: Api, body: dict[str, object], **headers: str) -> Any:
    return await api.send("POST", "/orders", body, status=201, **headers)


async def in_status(api: Api, order_id: str, *statuses: str) -> Any:
    async def found() -> Any:
        order = await api.get(f"/orders/{order_id}")
        return order if order["status"] in statuses else None

    return await until(found, f"{order_id} to be {' or '.join(statuses)}")


async def test_a_market_order_is_filled_held_and_closed(api: Api) -> None:
    symbol = new_symbol()
    answer = await api.http.post("/orders", json=market(symbol, client_order_id="by-hand"), headers={"X-Correlation-Id": "my-order"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == "/api/v1/orders/by-hand"
    order = await in_status(api, "by-hand", "filled")
    assert order["client_order_id"] == order["id"] == "by-hand"
    assert (order["account"], order["run_id"], order["filled_quantity"]) == ("simulated-paper", None, "2")
    assert order["history"][0]["event"] == "orders.Created"
    assert order["history"][-1]["event"] == "orders.Filled"
    assert sum(float(fill["quantity"]) for fill in order["fills"]) == 2

    positions = {one["symbol"]: one for one in (await api.get("/account/positions", page_size=200))["items"]}
    assert (positions[symbol]["quantity"], positions[symbol]["side"]) == ("2", "long")
    closing = await api.send("POST", f"/account/positions/{symbol}/close?account={PAPER}", status=201)
    assert (closing["side"], closing["quantity"]) == ("sell", "2")
    await in_status(api, closing["id"], "filled")
    held = [one["symbol"] for one in (await api.get("/account/positions", page_size=200))["items"]]
    assert symbol not in held
    assert (await api.send("POST", f"/account/positions/{symbol}/close?account={PAPER}", status=404))["code"] == "not_found"


async def test_a_resting_order_is_listed_amended_asked_for_and_cancelled(api: Api) -> None:
    symbol = new_symbol()
    order = await placed(api, resting(symbol, client_order_id="rests"))
    await in_status(api, "rests", "accepted")
    listed = await api.get("/orders", symbol=symbol, status=["accepted", "partial"], account="simulated-paper", side="buy", q="rest")
    assert [one["id"] for one in listed["items"]] == ["rests"]
    assert (await api.get("/orders", symbol=symbol, side="sell"))["total"] == 0
    assert (await api.get("/orders", symbol=symbol, to=order["created_at"]))["total"] == 0

    assert (await api.send("POST", "/orders/rests/sync"))["status"] == "accepted"
    refused = await api.send("PATCH", "/orders/rests", {"stop_price": "1"}, status=422)
    assert refused["errors"][0]["field"] == "stop_price"
    assert (await api.send("PATCH", "/orders/rests", {}, status=422))["code"] == "bad_input"
    amended = await api.send("PATCH", "/orders/rests", {"limit_price": "0.25", "quantity": "3"})
    assert (amended["id"], amended["parent_id"], amended["limit_price"], amended["quantity"]) == ("rests.r1", "rests", "0.25", "3")
    assert (await api.get("/orders/rests"))["legs"][0]["id"] == "rests.r1"

    cancelled = await api.send("DELETE", "/orders/rests.r1", status=202)
    assert cancelled["id"] == "rests.r1"
    await in_status(api, "rests.r1", "cancelled")
    for method, path, body in (
        ("DELETE", "/orders/rests.r1", None),
        ("PATCH", "/orders/rests.r1", {"quantity": "1"}),
        ("POST", "/orders/rests.r1/sync", None),
    ):
        refused = await api.send(method, path, body, status=409)
        assert (refused["code"], refused["state"]) == ("not_allowed", "cancelled")


async def test_an_unknown_order_is_not_found(api: Api) -> None:
    for method, path, body in (
        ("GET", "/orders/nobodys", None),
        ("DELETE", "/orders/nobodys", None),
        ("PATCH", "/orders/nobodys", {"quantity": "1"}),
        ("POST", "/orders/nobodys/sync", None),
    ):
        assert (await api.send(method, path, body, status=404))["code"] == "not_found"


async def test_an_id_that_is_taken_is_refused(api: Api) -> None:
    body = resting(new_symbol(), client_order_id="taken")
    await placed(api, body)
    assert (await api.send("POST", "/orders", body, status=409))["code"] == "already_exists"
    await api.send("DELETE", "/orders/taken", status=202)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"account": "simulatd-paper"}, "unknown_adapter"),
        ({"account": "simulated-live"}, "bad_value"),
        ({"account": "alpaca-live"}, "live_not_armed"),
        ({"quantity": "0"}, "invalid"),
        ({"quantity": "1e99"}, "invalid"),
        ({"limit_price": "5"}, "invalid"),
        ({"order_type": "limit"}, "invalid"),
        ({"quantty": "1"}, "invalid"),
    ],
)
async def test_an_order_that_cannot_be_is_refused(api: Api, more: dict[str, object], code: str) -> None:
    refused = await api.send("POST", "/orders", market(new_symbol(), **more), status=422)
    assert refused["code"] == code
    assert refused["errors"]


async def test_an_order_on_an_account_that_no_worker_trades_is_not_placed(api: Api) -> None:
    symbol = new_symbol()
    refused = await api.send("POST", "/orders", market(symbol, account="alpaca-paper"), status=503)
    assert refused["code"] == "not_connected"
    assert (await api.get("/orders", symbol=symbol))["total"] == 0


async def test_a_limit_that_forbids_an_order_is_named(api: Api) -> None:
    symbol = new_symbol()
    assert (await api.send("POST", KILL, {"reason": "a test"}))["killed"] is True
    try:
        refused = await api.send("POST", "/orders", market(symbol), status=403)
        assert (refused["code"], refused["rule"]) == ("risk_refused", "killed")
        assert "a test" in refused["detail"]
        assert (await api.get("/orders", symbol=symbol))["total"] == 0
    finally:
        assert (await api.send("POST", REARM))["killed"] is False


async def test_the_kill_switch_cancels_what_works_and_closes_what_is_held(api: Api) -> None:
    held, rests = new_symbol(), new_symbol()
    await placed(api, market(held, client_order_id="held"))
    await in_status(api, "held", "filled")
    await placed(api, resting(rests, client_order_id="works"))
    killed = await api.send("POST", KILL, {"flatten": True, "reason": "enough"}, **{"X-Correlation-Id": "my-kill"})
    try:
        assert (killed["account_id"], killed["killed"], killed["reason"], killed["told"]) == ("simulated-paper", True, "enough", True)
        assert "works" in killed["cancelled"]
        account = await api.get("/account")
        assert (account["killed"], account["killed_reason"]) == (True, "enough")

        async def flat() -> bool:
            return (await api.get("/account/positions"))["total"] == 0

        await until(flat, "nothing to be held")
    finally:
        rearmed = await api.send("POST", REARM)
    assert rearmed["killed"] is False
    assert (await api.send("POST", REARM))["killed"] is False


@pytest.mark.parametrize("path", ["/account/kill", "/account/rearm", "/account/positions/SIM/USD/close"])
async def test_what_is_done_to_an_account_names_it(api: Api, path: str) -> None:
    refused = await api.send("POST", path, status=422)
    assert [one["field"] for one in refused["errors"]] == ["account"]


async def test_the_kill_switch_is_on_without_temporal(api: Api, api_stack: Stack) -> None:
    async with asked(settings_of(api_stack).model_copy(update={"temporal_address": "127.0.0.1:1"})) as alone:
        killed = await alone.send("POST", KILL)
        assert (killed["killed"], killed["told"]) == (True, False)
        assert "127.0.0.1:1" in killed["told_error"]
        assert (await api.send("POST", "/orders", market(new_symbol()), status=403))["rule"] == "killed"
        assert (await alone.send("POST", REARM))["killed"] is False
        assert (await alone.send("POST", "/orders", market(new_symbol()), status=503))["code"] == "unavailable"


async def test_an_account_shows_its_money_limits_and_use(api: Api) -> None:
    await placed(api, market(new_symbol()))

    async def seen() -> Any:
        account = await api.get("/account", **ACCOUNT)
        return account if account["checked_at"] else None

    account = await until(seen, "the account to be looked at")
    assert (account["account_id"], account["adapter"], account["mode"], account["connected"]) == (
        "simulated-paper",
        "simulated",
        "paper",
        True,
    )
    assert float(account["equity"]) > 0
    assert [one["account_id"] for one in (await api.get("/accounts"))["items"]] == ["simulated-paper"]
    limits = await api.get("/account/limits", **ACCOUNT)
    assert limits["account_id"] == "simulated-paper"
    assert "max_order_notional" in limits["limits"]
    assert limits["use"]["max_orders_per_minute"] >= 1
    unused = await api.get("/account", account="alpaca-paper")
    assert (unused["cash"], unused["connected"]) == (None, False)


@pytest.mark.parametrize("path", ["/account", "/account/positions", "/account/limits"])
async def test_an_unknown_account_is_refused_with_the_nearest(api: Api, path: str) -> None:
    refused = await api.get(path, 422, account="simulatd-paper")
    assert refused["errors"][0]["nearest"] == "simulated-paper"
    assert (await api.get(path, 422, account="nonsense"))["code"] == "invalid"
