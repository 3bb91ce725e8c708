import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.veda.alpaca_venue import a_limit, an_order
from weaver.errors import BadValue, NotFound, RateLimited, Refused, Unavailable, Unknown
from weaver.market import Timeframe
from weaver.orders import OrderStatus, OrderType, Role, Side, TimeInForce
from weaver.veda.alpaca_parts import rows
from weaver.veda.alpaca_parts.bars import bar_of, timeframe_of
from weaver.veda.alpaca_parts.failures import Failure, is_duplicate, meaning
from weaver.veda.alpaca_parts.orders import STATUSES, body_of, report_of, reports_of
from weaver.veda.alpaca_parts.rows import Garbled
from weaver.veda.alpaca_parts.symbols import pair, with_slash
from weaver.veda.alpaca_parts.terms import differences
from weaver.veda.alpaca_parts.updates import fill_of_activity, update_of

NAMES = ("ALPACA_PAPER_API_KEY", "ALPACA_PAPER_API_SECRET")
NOW = datetime(2026, 3, 4, tzinfo=UTC)


def a_row(**fields: object) -> dict[str, object]:
    """The JSON of an order as Alpaca gives it."""
    return {
        "id": "61e69015-8549-4bfd-b9c3-01e75843f47d",
        "client_order_id": "w-1",
        "created_at": "2026-03-04T15:04:05.123456789Z",
        "updated_at": "2026-03-04T10:04:06-05:00",
        "submitted_at": "2026-03-04T15:04:05.123456789Z",
        "filled_at": None,
        "replaced_by": None,
        "asset_class": "us_equity",
        "symbol": "AAPL",
        "notional": None,
        "qty": "10",
        "filled_qty": "0",
        "filled_avg_price": None,
        "order_class": "",
        "order_type": "limit",
        "type": "limit",
        "side": "buy",
        "time_in_force": "gtc",
        "limit_price": "150.10",
        "stop_price": None,
        "status": "new",
        "extended_hours": False,
        "legs": None,
        "trail_price": None,
        "trail_percent": None,
    } | fields


@pytest.mark.parametrize(("venue_status", "final"), [(status, STATUSES[status].is_final) for status in STATUSES])
def test_only_what_is_over_at_the_venue_is_final(venue_status, final):
    report = report_of(a_row(status=venue_status), nested=True)
    assert report.venue_status == venue_status
    assert report.status.is_final is final
    assert final is (venue_status in {"filled", "canceled", "expired", "rejected", "replaced"})


def test_times_are_utc_and_cut_to_microseconds():
    report = report_of(a_row(), nested=True)
    assert report.submitted_at == datetime(2026, 3, 4, 15, 4, 5, 123456, tzinfo=UTC)
    assert report.updated_at == datetime(2026, 3, 4, 15, 4, 6, tzinfo=UTC)
    assert report.updated_at.tzinfo is UTC


def test_an_order_by_notional_has_no_quantity():
    report = report_of(a_row(qty=None, notional="100", filled_qty="0.4567"), nested=True)
    assert (report.quantity, report.filled_quantity) == (None, Decimal("0.4567"))


@pytest.mark.parametrize(
    ("status", "expected"),
    [("canceled", OrderStatus.CANCELLED), ("expired", OrderStatus.EXPIRED), ("partially_filled", OrderStatus.PARTIAL)],
)
def test_fills_stay_whatever_the_status(status, expected):
    report = report_of(a_row(status=status, filled_qty="4", filled_avg_price="150.05"), nested=True)
    assert (report.status, report.filled_quantity, report.filled_average_price) == (expected, 4, Decimal("150.05"))


@pytest.mark.parametrize("name", ["id", "client_order_id", "symbol", "side", "status"])
@pytest.mark.parametrize("value", [None, "", 7])
def test_a_row_without_what_it_must_have_is_garbled(name, value):
    with pytest.raises(Garbled, match=name):
        report_of(a_row(**{name: value}), nested=True)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, OrderType.LIMIT),
        ({"stop_price": "1"}, OrderType.STOP_LIMIT),
        ({"limit_price": None}, OrderType.MARKET),
        ({"limit_price": None, "stop_price": "1"}, OrderType.STOP),
        ({"trail_percent": "1"}, OrderType.TRAILING_STOP),
    ],
)
def test_a_type_that_nobody_knows_is_told_by_its_prices(fields, expected):
    assert report_of(a_row(type="pegged", order_type="pegged", **fields), nested=True).order_type is expected


@pytest.mark.parametrize(
    ("tif", "expected"), [("opg", TimeInForce.DAY), ("cls", TimeInForce.DAY), ("gtd", TimeInForce.DAY), ("fok", TimeInForce.FOK)]
)
def test_times_in_force_that_weaver_has_no_word_for_are_for_the_day(tif, expected):
    assert report_of(a_row(time_in_force=tif), nested=True).time_in_force is expected


def test_an_order_without_a_side_hides_no_other():
    options = a_row(side="", symbol="", order_class="mleg")
    assert [report.client_order_id for report in reports_of([options, a_row(), options])] == ["w-1"]
    assert reports_of(None) == []


def test_a_leg_that_stands_alone_has_a_role_only_where_entries_bring_their_legs():
    leg = a_row(order_class="bracket", type="stop", limit_price=None, stop_price="140")
    assert report_of(leg, nested=True).role is Role.STOP_LOSS
    assert report_of(leg, nested=False).role is None
    assert report_of(a_row(), nested=True).role is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("BTCUSD", "BTC/USD"),
        ("BTC/USD", "BTC/USD"),
        ("ETHUSDT", "ETH/USDT"),
        ("ETHUSDC", "ETH/USDC"),
        ("ETHBTC", "ETH/BTC"),
        ("USDTUSD", "USDT/USD"),
    ],
)
def test_crypto_has_a_slash_however_the_venue_writes_it(written, expected):
    assert with_slash(written, "crypto") == expected
    assert pair(written) == expected


@pytest.mark.parametrize("ticker", ["AAPL", "BUSD", "BRK.B", "GOOGL"])
def test_tickers_stay_as_they_are(ticker):
    assert pair(ticker) == with_slash(ticker, "us_equity") == ticker


def test_orders_go_out_as_texts_in_plain_digits():
    order = an_order(
        "w-1",
        quantity="0.000000001",
        order_type=OrderType.STOP_LIMIT,
        limit_price="1E+2",
        stop_price="99.90",
        symbol="BTC/USD",
        side=Side.SELL,
    )
    assert body_of(order) == {
        "client_order_id": "w-1",
        "symbol": "BTC/USD",
        "side": "sell",
        "type": "stop_limit",
        "qty": "0.000000001",
        "time_in_force": "gtc",
        "limit_price": "100",
        "stop_price": "99.9",
    }


def test_extended_hours_are_sent_when_asked_for():
    assert body_of(a_limit(extended_hours=True))["extended_hours"] is True
    assert "extended_hours" not in body_of(a_limit())


@pytest.mark.parametrize(
    ("tif", "sent"), [(TimeInForce.GTC, "day"), (TimeInForce.DAY, "day"), (TimeInForce.IOC, "ioc"), (TimeInForce.FOK, "fok")]
)
def test_only_until_cancelled_becomes_the_day_for_fractions(tif, sent):
    assert body_of(an_order(quantity="0.5", time_in_force=tif))["time_in_force"] == sent


def test_a_bracket_carries_its_exits():
    body = body_of(an_order(take_profit="250.5", stop_loss="140", stop_loss_limit="139.90"))
    assert body["order_class"] == "bracket"
    assert body["take_profit"] == {"limit_price": "250.5"}
    assert body["stop_loss"] == {"stop_price": "140", "limit_price": "139.9"}
    assert body_of(an_order(stop_loss="140"))["order_class"] == "oto"


amounts = st.decimals(min_value="0.000000001", max_value="100000000", places=9)


@given(quantity=amounts, limit=amounts)
def test_what_is_sent_is_what_is_meant_and_equals_itself(quantity, limit):
    order = a_limit(quantity=quantity, limit_price=limit)
    body = json.loads(json.dumps(body_of(order)))
    assert (Decimal(body["qty"]), Decimal(body["limit_price"])) == (quantity, limit)
    assert "E" not in body["qty"]
    assert differences(body, a_row(qty=f"{quantity:f}", limit_price=f"{limit:f}", time_in_force=body["time_in_force"])) == ""


@given(quantity=amounts, other=amounts)
def test_another_quantity_is_another_order(quantity, other):
    found = differences(body_of(a_limit(quantity=quantity)), a_row(qty=f"{other:f}", limit_price="150", time_in_force="day"))
    assert ("quantity" in found) is (quantity != other)


def test_a_pair_is_the_same_with_and_without_its_slash():
    row = a_row(symbol="BTCUSD", asset_class="crypto", limit_price="150", qty="1")
    assert differences(body_of(a_limit(symbol="BTC/USD")), row) == ""


def test_a_fill_has_one_name_from_both_doors_whatever_ids_the_venue_gives():
    order = a_row(filled_qty="7.50", status="partially_filled")
    message = {
        "event": "partial_fill",
        "execution_id": "11",
        "order": order,
        "timestamp": "2026-03-04T15:04:05Z",
        "price": "150.1",
        "qty": "2.5",
    }
    activity = {
        "id": "20260304100405000::22",
        "order_id": order["id"],
        "cum_qty": "7.5",
        "qty": "2.5",
        "price": "150.1",
        "side": "buy",
        "symbol": "AAPL",
        "transaction_time": "2026-03-04T15:04:05Z",
    }
    streamed, listed = update_of(message, NOW).fill, fill_of_activity(activity)
    assert streamed is not None
    assert streamed.execution_id == listed.execution_id
    assert (streamed.quantity, streamed.price, streamed.time) == (listed.quantity, listed.price, listed.time)
    assert (streamed.client_order_id, listed.client_order_id) == ("w-1", None)
    later = update_of({**message, "order": order | {"filled_qty": "10"}}, NOW).fill
    assert later is not None
    assert later.execution_id != streamed.execution_id


def test_a_short_sale_is_a_sale():
    activity = {
        "id": "x",
        "order_id": "o",
        "cum_qty": "1",
        "qty": "1",
        "price": "1",
        "symbol": "A",
        "transaction_time": "2026-03-04T15:04:05Z",
    }
    assert fill_of_activity({**activity, "side": "sell_short"}).side is Side.SELL


@pytest.mark.parametrize("event", ["trade_bust", "trade_correct", "restated", "new", "something_else"])
def test_what_is_no_fill_brings_none(event):
    update = update_of({"event": event, "order": a_row(), "timestamp": "2026-03-04T15:04:05Z", "price": "1", "qty": "1"}, NOW)
    assert (update.event, update.fill) == (event, None)


def test_a_fill_whose_place_in_its_order_is_not_known_is_garbled():
    message = {"event": "fill", "order": a_row(filled_qty=None), "timestamp": "2026-03-04T15:04:05Z", "price": "1", "qty": "1"}
    with pytest.raises(Garbled):
        update_of(message, NOW)


def test_a_message_without_a_time_has_that_of_its_order():
    assert update_of({"event": "new", "order": a_row()}, NOW).time == datetime(2026, 3, 4, 15, 4, 6, tzinfo=UTC)
    assert update_of({"event": "new", "order": a_row(updated_at=None)}, NOW).time == NOW


@pytest.mark.parametrize(
    ("text", "expected"), [("1m", "1Min"), ("59m", "59Min"), ("1h", "1Hour"), ("23h", "23Hour"), ("1d", "1Day"), ("1w", "1Week")]
)
def test_timeframes_that_alpaca_has(text, expected):
    assert timeframe_of(Timeframe(text)) == expected


@pytest.mark.parametrize("text", ["60m", "24h", "2d", "5s", "90m"])
def test_timeframes_that_alpaca_does_not_have(text):
    with pytest.raises(BadValue, match="1m to 59m"):
        timeframe_of(Timeframe(text))


def test_market_data_floats_become_the_text_they_were():
    bar = bar_of({"t": "2026-03-04T05:00:00Z", "o": 0.1, "h": 1e-07, "l": 200.07, "c": 3, "v": 0.30000000000000004}, "X", Timeframe("1d"))
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == tuple(
        map(Decimal, ("0.1", "1E-7", "200.07", "3", "0.30000000000000004"))
    )


@pytest.mark.parametrize("value", ["x", True, [], float("nan"), "Infinity"])
def test_what_is_no_number_is_garbled(value):
    with pytest.raises(Garbled):
        rows.number({"n": value}, "n")


@pytest.mark.parametrize("value", ["yesterday", "2026-03-04T05:00:00", 7])
def test_what_is_no_aware_time_is_garbled(value):
    with pytest.raises(Garbled):
        rows.time({"t": value}, "t")


def fails(status: int, body: object = "", *, changes: bool = True) -> Exception:
    text = body if isinstance(body, str) else json.dumps(body)
    return meaning(Failure(status=status, body=text), what="POST /orders", changes=changes, wait_seconds=7, key_names=NAMES)


@pytest.mark.parametrize("status", [0, 301, 302, 408, 500, 502, 503, 504, 520])
@pytest.mark.parametrize("body", ["", "<html>", {"code": 50010000, "message": "x"}])
def test_failures_of_the_venue_leave_a_change_open_and_a_question_unanswered(status, body):
    assert type(fails(status, body)) is Unknown
    assert type(fails(status, body, changes=False)) is Unavailable


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"message": "bad"}),
        (403, {"code": 40310000, "message": "insufficient buying power"}),
        (403, {"code": 40310100, "message": "trade denied due to pattern day trading protection"}),
        (422, {"code": 42210000, "message": "sub-penny"}),
        (422, "<html>"),
        (418, {"code": None, "message": 5}),
        (422, []),
    ],
)
def test_what_the_venue_says_no_to_is_refused(status, body):
    error = fails(status, body)
    assert type(error) is Refused
    assert "keys" not in error.reason
    assert error.code


@pytest.mark.parametrize(
    ("status", "body"), [(401, {"code": 40110000, "message": "no"}), (401, ""), (403, {"message": "forbidden."}), (403, "<html>")]
)
def test_unaccepted_keys_name_their_variables(status, body):
    error = fails(status, body)
    assert isinstance(error, Refused)
    assert all(name in error.reason for name in NAMES)


def test_recent_sip_data_is_refused_with_advice():
    error = fails(403, {"code": 42210000, "message": "subscription does not permit querying recent SIP data"}, changes=False)
    assert isinstance(error, Refused)
    assert "ALPACA_DATA_FEED=iex" in error.reason


def test_a_rate_limit_carries_its_wait_and_404_is_not_found():
    limited = fails(429, {"code": 42910000, "message": "rate limit exceeded"})
    assert isinstance(limited, RateLimited)
    assert limited.wait_seconds == 7
    assert isinstance(fails(404, {"code": 40410000, "message": "order not found"}), NotFound)


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (40010001, "client_order_id must be unique", True),
        (40010001, "client order id must be unique", True),
        (40010001, "qty is required", False),
        (42210000, "client_order_id must be unique", False),
    ],
)
def test_a_taken_id_is_told_by_code_and_words(code, message, expected):
    error = fails(422, {"code": code, "message": message})
    assert isinstance(error, Refused)
    assert is_duplicate(error) is expected
