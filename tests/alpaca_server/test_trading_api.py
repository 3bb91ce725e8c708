"""What each path answers, and what is refused in which words."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.enums import OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetCalendarRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
)

from .clients import LIVE, OTHER, PAPER, AccountSpec, Trader, trading, until
from .faults import Race
from .server import AlpacaServer


async def refusal(awaitable) -> tuple[int, int, str]:
    with pytest.raises(APIError) as caught:
        await awaitable
    return caught.value.status_code, caught.value.code, caught.value.message


async def filled(server: AlpacaServer, trader: Trader, name: str, **fields) -> dict:
    order = await trader.order(name, **fields)
    await until(lambda: server.commands.order(name)["status"] == "filled")
    return order


async def test_the_typed_client_reads_every_answer(server: AlpacaServer):
    server.commands.set_price("BTC/USD", "60000")
    with trading(server.url, raw_data=False) as trader:
        order = await trader.submit_order(
            MarketOrderRequest(symbol="AAPL", qty=2, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, client_order_id="a")
        )
        assert (order.status, order.qty, order.client_order_id) == (OrderStatus.PENDING_NEW, "2", "a")
        waiting = await trader.submit_order(
            LimitOrderRequest(symbol="AAPL", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.GTC, limit_price=150)
        )
        await trader.submit_order(MarketOrderRequest(symbol="BTC/USD", qty=0.1, side=OrderSide.BUY, time_in_force=TimeInForce.GTC))
        await until(lambda: len(server.commands.positions()["paper"]) == 2)
        assert (await trader.get_order_by_client_id("a")).status == OrderStatus.FILLED
        replaced = await trader.replace_order_by_id(waiting.id, ReplaceOrderRequest(limit_price=151, qty=2))
        assert replaced.replaces == waiting.id
        await until(lambda: server.commands.order(replaced.client_order_id)["status"] == "new")
        assert [one.id for one in await trader.get_orders()] == [replaced.id]
        assert {one.symbol: one.qty for one in await trader.get_all_positions()} == {"AAPL": "2", "BTCUSD": "0.09975"}
        assert (await trader.get_account()).account_number.startswith("PA")
        assert (await trader.get_account_configurations()).no_shorting is False
        assert {asset.symbol for asset in await trader.get_all_assets()} >= {"AAPL", "BTC/USD"}
        assert (await trader.get_asset("BTCUSD")).min_order_size == pytest.approx(0.000016)
        assert (await trader.get_clock()).is_open
        assert [row.status for row in await trader.cancel_orders()] == [200]
        await until(lambda: server.commands.order(replaced.client_order_id)["status"] == "canceled")
        closing = await trader.close_position("AAPL", ClosePositionRequest(percentage="50"))
        assert (closing.qty, closing.side) == ("1", OrderSide.SELL)
        await until(lambda: server.commands.positions()["paper"]["AAPL"] == 1)
        assert [row.status for row in await trader.close_all_positions(cancel_orders=True)] == [200, 200]


async def test_the_calendar_has_half_days_and_no_holidays(server: AlpacaServer, trader: Trader):
    days = await trader.get_calendar(GetCalendarRequest(start=date(2025, 11, 26), end=date(2025, 11, 28)))
    assert [(day["date"], day["open"], day["close"], day["session_open"]) for day in days] == [
        ("2025-11-26", "09:30", "16:00", "0400"),
        ("2025-11-28", "09:30", "13:00", "0400"),
    ]


async def test_keys_choose_the_account_and_touch_no_other(server: AlpacaServer):
    with trading(server.url, PAPER) as mine, trading(server.url, OTHER) as theirs, trading(server.url, LIVE) as live:
        order = await mine.order("same id")
        await theirs.order("same id")
        assert (await live.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL))) == []
        assert (await refusal(theirs.get_order_by_id(order["id"])))[:2] == (404, 40410000)
        assert (await refusal(theirs.cancel_order_by_id(order["id"])))[:2] == (404, 40410000)
        assert (await refusal(live.get_order_by_client_id("same id")))[:2] == (404, 40410000)
        await until(lambda: server.commands.positions().keys() == {"paper", "other"})
        assert len({(await one.get_account())["id"] for one in (mine, theirs, live)}) == 3


async def test_wrong_keys_and_keys_of_the_other_host_are_refused(server: AlpacaServer):
    wrong = AccountSpec(name="x", key=PAPER.key, secret="wrong")
    for url, spec in ((server.url, wrong), (server.paper_url, LIVE), (server.live_url, PAPER)):
        with trading(url, spec) as trader:
            assert await refusal(trader.get_account()) == (401, 40110000, "request is not authorized")
    for url, spec in ((server.paper_url, PAPER), (server.live_url, LIVE)):
        with trading(url, spec) as trader:
            assert (await trader.get_account())["status"] == "ACTIVE"
    assert server.ledger == []


@pytest.mark.parametrize("spaced", [False, True])
async def test_a_client_order_id_is_taken_for_ever(server: AlpacaServer, trader: Trader, spaced):
    server.commands.set_options(spaced_wording=spaced)
    order = await trader.order("a", type="limit", limit_price="150")
    await trader.cancel_order_by_id(order["id"])
    await until(lambda: server.commands.order("a")["status"] == "canceled")
    words = "client order id" if spaced else "client_order_id"
    assert await refusal(trader.order("a")) == (422, 40010001, f"{words} must be unique")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"qty": "1", "notional": "5"}, (400, 40010000, "only one of qty or notional is accepted")),
        ({"side": None}, (422, 40010001, "side is required")),
        ({"symbol": "NOPE"}, (422, 40010001, 'asset "NOPE" not found')),
        ({"qty": "-1"}, (422, 40010001, "qty must be > 0")),
        ({"qty": "many"}, (422, 40010001, "qty must be a number")),
        ({"type": "limit"}, (422, 40010001, "limit orders require limit_price")),
        (
            {"type": "limit", "limit_price": "290.123"},
            (422, 42210000, "invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria"),
        ),
        ({"qty": "0.5", "time_in_force": "gtc"}, (422, 42210000, "fractional orders must be DAY orders")),
        ({"symbol": "BRK.A", "qty": "0.1"}, (403, 40310000, 'asset "BRK.A" is not fractionable')),
        ({"symbol": "BTC/USD", "qty": "1"}, (422, 42210000, "invalid crypto time_in_force")),
        (
            {"symbol": "BTC/USD", "qty": "1", "time_in_force": "gtc", "type": "stop", "stop_price": "1"},
            (422, 42210000, "invalid order type for crypto order"),
        ),
        ({"notional": "0.5"}, (422, 42210000, "cost basis must be >= minimal amount of order 1")),
        ({"notional": "5.001"}, (422, 42210000, "notional value must be limited to 2 decimal places")),
        ({"extended_hours": True}, (422, 42210000, "extended hours order must be DAY or GTC limit orders")),
        ({"qty": "0.5", "side": "sell"}, (422, 42210000, "fractional orders cannot be sold short")),
        ({"side": "sell", "symbol": "F", "qty": "1000000"}, (403, 40310000, "insufficient buying power")),
        ({"qty": "100000"}, (403, 40310000, "insufficient buying power")),
        (
            {"order_class": "bracket", "take_profit": {"limit_price": "190"}, "stop_loss": {"stop_price": "180"}},
            (422, 42210000, "take_profit.limit_price must be >= base_price + 0.01"),
        ),
    ],
)  # fmt: skip
async def test_refusals_have_alpacas_codes_and_words(server: AlpacaServer, trader: Trader, fields, expected):
    assert await refusal(trader.order("a", **fields)) == expected
    assert [entry.kind for entry in server.ledger] == ["refused"]


async def test_prices_under_a_dollar_have_four_decimals(server: AlpacaServer, trader: Trader):
    await trader.order("a", symbol="PENY", type="limit", limit_price="0.5001", qty="10")
    assert (await refusal(trader.order("b", symbol="PENY", type="limit", limit_price="0.50011", qty="10")))[:2] == (422, 42210000)


async def test_a_cash_account_cannot_spend_more_than_it_has(server: AlpacaServer, trader: Trader):
    with pytest.raises(APIError) as caught:
        await trader.order("a", symbol="BTC/USD", qty="2", time_in_force="gtc", type="limit", limit_price="60000")
    body = caught.value.response.json()
    assert (body["message"], body["buying_power"], body["cost_basis"]) == ("insufficient buying power", "100000", "120000")


async def test_open_orders_reserve_buying_power(server: AlpacaServer, trader: Trader):
    before = Decimal((await trader.get_account())["buying_power"])
    await trader.order("a", type="limit", limit_price="100", qty="10")
    assert before - Decimal((await trader.get_account())["buying_power"]) == 1000


async def test_shares_held_by_an_exit_cannot_be_sold_again(server: AlpacaServer, trader: Trader):
    await filled(server, trader, "have", qty="10")
    exit_order = await trader.order("exit", side="sell", type="limit", limit_price="250", qty="8")
    with pytest.raises(APIError) as caught:
        await trader.order("more", side="sell", qty="5")
    body = caught.value.response.json()
    assert body["message"] == "insufficient qty available for order (requested: 5, available: 2)"
    assert (body["available"], body["existing_qty"], body["held_for_orders"]) == ("2", "10", "8")
    assert body["related_orders"] == [exit_order["id"]]
    assert (await refusal(trader.close_position("AAPL")))[:2] == (403, 40310000)


async def test_trading_with_oneself_is_refused(server: AlpacaServer, trader: Trader):
    await filled(server, trader, "have", qty="10")
    resting = await trader.order("exit", side="sell", type="limit", limit_price="210", qty="5")
    with pytest.raises(APIError) as caught:
        await trader.order("cross", type="limit", limit_price="211")
    body = caught.value.response.json()
    assert (caught.value.status_code, body["code"], body["existing_order_id"]) == (403, 40310000, resting["id"])
    assert body["reject_reason"] == "opposite side limit order exists"
    await trader.order("below", type="limit", limit_price="190")


async def test_bulk_cancel_gives_207_with_mixed_rows(server: AlpacaServer, trader: Trader):
    server.commands.add_race(Race(kind="bulk_row", symbol="MSFT", status=500))
    apple = await trader.order("a", type="limit", limit_price="150")
    microsoft = await trader.order("b", symbol="MSFT", type="limit", limit_price="100")
    rows = {row["id"]: row["status"] for row in await trader.cancel_orders()}
    assert rows == {apple["id"]: 200, microsoft["id"]: 500}
    await until(lambda: server.commands.order("a")["status"] == "canceled")
    assert server.commands.order("b")["status"] == "new"


async def test_closing_everything_gives_207_with_mixed_rows(server: AlpacaServer, trader: Trader):
    await filled(server, trader, "a", qty="3")
    await filled(server, trader, "b", symbol="F", qty="10")
    await trader.order("exit", symbol="F", side="sell", type="limit", limit_price="99", qty="10")
    rows = {row["symbol"]: row for row in await trader.close_all_positions()}
    assert (rows["AAPL"]["status"], rows["AAPL"]["body"]["qty"]) == (200, "3")
    assert (rows["F"]["status"], rows["F"]["body"]["code"], rows["F"]["body"]["held_for_orders"]) == (403, 40310000, "10")
    await until(lambda: server.commands.positions()["paper"] == {"F": Decimal(10)})


async def test_what_does_not_exist_is_404_and_what_is_no_id_is_422(server: AlpacaServer, trader: Trader):
    assert (await refusal(trader.get_order_by_id(str(uuid4()))))[:2] == (404, 40410000)
    assert await refusal(trader.get("/orders/nonsense")) == (422, 40010001, "order_id is missing")
    assert await refusal(trader.get_open_position("AAPL")) == (404, 40410000, "position does not exist")
    assert (await refusal(trader.close_position("MSFT")))[:2] == (404, 40410000)
    assert (await refusal(trader.get_asset("NOPE")))[:2] == (404, 40410000)


async def test_orders_are_listed_open_by_default_and_filtered(server: AlpacaServer, trader: Trader):
    for number in range(4):
        await trader.order(f"open {number}", type="limit", limit_price="150")
    await filled(server, trader, "done", symbol="F")

    async def listed(**query) -> list[str]:
        return [order["client_order_id"] for order in await trader.get("/orders", query)]

    assert await listed() == ["open 3", "open 2", "open 1", "open 0"]
    assert await listed(status="closed") == ["done"]
    assert await listed(status="all", direction="asc", limit=2) == ["open 0", "open 1"]
    assert await listed(status="all", symbols="F,MSFT") == ["done"]
    assert await listed(status="all", side="sell") == []
    second = await trader.get_order_by_client_id("open 1")
    assert await listed(after=second["submitted_at"], direction="asc") == ["open 2", "open 3"], "exclusive to the nanosecond"
    assert await listed(until=second["submitted_at"]) == ["open 0"]
    assert await listed(after_order_id=second["id"], direction="asc") == ["open 2", "open 3"]


async def test_a_microsecond_is_too_coarse_to_page_by(server: AlpacaServer, trader: Trader):
    server.commands.set_clock("2025-07-01T15:00:00.000001+00:00", frozen=True)
    for number in range(3):
        await trader.order(str(number), type="limit", limit_price="150")
    python = (await trader.get_order_by_client_id("0"))["submitted_at"][:26] + "Z"
    rows = await trader.get("/orders", {"after": python, "direction": "asc"})
    assert [row["client_order_id"] for row in rows] == ["1", "2"]
    assert (await trader.get("/orders", {"after": rows[0]["submitted_at"][:26] + "Z", "direction": "asc"}))[0]["id"] == rows[0]["id"]


async def test_activities_are_paged_by_the_last_id(server: AlpacaServer, trader: Trader):
    server.commands.set_fill_mode(parts=5)
    await filled(server, trader, "a", qty="5")
    found: list[dict] = []
    while page := await trader.get("/account/activities/FILL", {"page_size": 2, **({"page_token": found[-1]["id"]} if found else {})}):
        found += page
    assert [row["cum_qty"] for row in found] == ["5", "4", "3", "2", "1"]
    assert len({row["id"] for row in found}) == 5
    day, _, own = found[0]["id"].partition("::")
    assert len(day) == 17
    assert own


async def test_a_blocked_account_places_nothing(server: AlpacaServer, trader: Trader):
    server.commands.set_account("paper", trading_blocked=True)
    assert (await trader.get_account())["trading_blocked"] is True
    assert (await refusal(trader.order("a")))[:2] == (403, 40310000)
