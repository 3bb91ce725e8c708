from decimal import Decimal

import pytest

from tests.alpaca_server.faults import Fault, Race
from tests.veda.alpaca_venue import HASTY, PAPER, a_limit, an_order, venue
from weaver.errors import NotFound, RateLimited, Refused, TermsDiffer, Unavailable, Unknown
from weaver.orders import OrderStatus, OrderType, Role, Side, TimeInForce

LOST_ANSWERS = {
    "reset": Fault(kind="reset", when="after", method="POST"),
    "closed": Fault(kind="close", when="after", method="POST"),
    "cut body": Fault(kind="cut", when="after", method="POST"),
    "half a body": Fault(kind="half_json", when="after", method="POST"),
    "no answer": Fault(kind="hang", when="after", method="POST"),
    "500": Fault(kind="error", when="after", method="POST", status=500),
    "502 html": Fault(kind="error", when="after", method="POST", status=502, html=True),
    "503": Fault(kind="error", when="after", method="POST", status=503),
    "504 html": Fault(kind="error", when="after", method="POST", status=504, html=True),
    "408": Fault(kind="error", when="after", method="POST", status=408),
}
LOST_REQUESTS = {
    "reset": Fault(kind="reset", method="POST"),
    "500": Fault(kind="error", method="POST", status=500),
    "504 html": Fault(kind="error", method="POST", status=504, html=True),
}


async def test_a_market_order_is_accepted_and_fills():
    async with venue() as here:
        report = await here.exchange.submit(an_order("w-1", quantity="3"))
        assert (report.client_order_id, report.symbol, report.side, report.order_type) == ("w-1", "AAPL", Side.BUY, OrderType.MARKET)
        assert report.quantity == 3
        assert report.time_in_force is TimeInForce.GTC
        found = await here.exchange.order(report.exchange_order_id)
        assert (found.status, found.filled_quantity, found.filled_average_price) == (OrderStatus.FILLED, 3, 200)
        assert await here.exchange.find("w-1") == found


@pytest.mark.parametrize("fault", LOST_ANSWERS.values(), ids=LOST_ANSWERS.keys())
async def test_an_order_whose_answer_is_lost_is_unknown_sent_once_and_found_by_its_id(fault):
    async with venue(timing=HASTY) as here:
        here.commands.add_fault(Fault(**fault.body() | {"fired": 0}))
        with pytest.raises(Unknown) as caught:
            await here.exchange.submit(a_limit("w-1"))
        assert here.requests("POST") == ["/v2/orders"]
        assert here.accepted() == ["w-1"]
        assert PAPER.secret not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"
        found = await here.exchange.find("w-1")
        assert found is not None
        again = await here.exchange.submit(a_limit("w-1"))
        assert again.exchange_order_id == found.exchange_order_id
        assert here.accepted() == ["w-1"]


@pytest.mark.parametrize("fault", LOST_REQUESTS.values(), ids=LOST_REQUESTS.keys())
async def test_an_order_that_was_lost_on_its_way_is_unknown_and_not_found(fault):
    async with venue() as here:
        here.commands.add_fault(Fault(**fault.body() | {"fired": 0}))
        with pytest.raises(Unknown):
            await here.exchange.submit(a_limit("w-1"))
        assert await here.exchange.find("w-1") is None
        assert here.requests("POST") == ["/v2/orders"]


async def test_an_order_that_could_not_be_sent_is_unavailable():
    async with venue() as here:
        await here.server.__aexit__(None, None, None)  # nobody listens at its port now
        with pytest.raises(Unavailable):
            await here.exchange.submit(a_limit("w-1"))
        assert here.accepted() == []
        await here.server.__aenter__()


@pytest.mark.parametrize("spaced", [False, True])
async def test_an_id_that_is_taken_gives_the_order_with_the_same_terms(spaced):
    async with venue() as here:
        here.commands.set_options(spaced_wording=spaced)
        first = await here.exchange.submit(a_limit("w-1", "150.10", quantity="2.00", time_in_force=TimeInForce.DAY))
        again = await here.exchange.submit(a_limit("w-1", "150.1", quantity="2", time_in_force=TimeInForce.DAY))
        assert again.exchange_order_id == first.exchange_order_id
        await here.exchange.cancel(first.exchange_order_id)
        ended = await here.exchange.submit(a_limit("w-1", "150.1", quantity="2", time_in_force=TimeInForce.DAY))
        assert (ended.exchange_order_id, ended.status) == (first.exchange_order_id, OrderStatus.CANCELLED)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"quantity": "3"}, "quantity 2 instead of 3"),
        ({"limit_price": "151"}, "limit price"),
        ({"symbol": "MSFT"}, "symbol"),
        ({"side": Side.SELL}, "side"),
        ({"time_in_force": TimeInForce.DAY}, "time in force"),
        ({"order_type": OrderType.STOP, "limit_price": None, "stop_price": "260"}, "type"),
        ({"take_profit": "250", "stop_loss": "140"}, "class"),
    ],
)
async def test_an_id_that_is_taken_by_other_terms_is_never_adopted(changed, word):
    async with venue() as here:
        await here.exchange.submit(a_limit("w-1", "150", quantity="2"))
        fields = {"order_type": OrderType.LIMIT, "limit_price": "150", "quantity": "2"} | changed
        with pytest.raises(TermsDiffer, match=word):
            await here.exchange.submit(an_order("w-1", **fields))
        assert here.accepted() == ["w-1"]


async def test_a_bracket_with_other_exits_is_never_adopted():
    async with venue() as here:
        await here.exchange.submit(a_limit("w-1", take_profit="250", stop_loss="140"))
        same = await here.exchange.submit(a_limit("w-1", take_profit="250", stop_loss="140"))
        assert len(same.legs) == 2
        with pytest.raises(TermsDiffer, match="stop loss 140 instead of 141"):
            await here.exchange.submit(a_limit("w-1", take_profit="250", stop_loss="141"))


async def test_a_taken_id_that_cannot_be_looked_up_is_unknown():
    async with venue() as here:
        await here.exchange.submit(a_limit("w-1"))
        here.commands.add_fault(Fault(kind="error", method="GET", path="by_client_order_id", status=503))
        with pytest.raises(Unknown):
            await here.exchange.submit(a_limit("w-1"))


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"order_type": OrderType.LIMIT, "limit_price": "290.123"}, "42210000", "sub-penny"),
        ({"quantity": "100000"}, "40310000", "insufficient"),
        ({"symbol": "BTC/USD", "time_in_force": TimeInForce.DAY}, "42210000", "time_in_force"),
    ],
)
async def test_what_the_venue_forbids_is_refused_with_its_own_words(fields, code, reason):
    async with venue() as here:
        with pytest.raises(Refused, match=reason) as caught:
            await here.exchange.submit(an_order("w-1", **fields))
        assert caught.value.code == code
        assert len(here.requests("POST")) == 1


async def test_a_rate_limit_says_how_long_to_wait_and_closes_the_gate():
    async with venue() as here:
        here.commands.set_limits(1, seconds=30)
        await here.exchange.account()
        with pytest.raises(RateLimited) as caught:
            await here.exchange.submit(a_limit("w-1"))
        assert 25 <= caught.value.wait_seconds <= 33
        asked = len(here.commands.requests())
        with pytest.raises(RateLimited):
            await here.exchange.account()
        assert len(here.commands.requests()) == asked
        assert here.accepted() == []


async def test_a_429_in_the_middle_is_not_repeated_by_the_sdk():
    async with venue() as here:
        here.commands.add_fault(Fault(kind="error", method="POST", status=429, code=42910000, message="rate limit exceeded"))
        with pytest.raises(RateLimited):
            await here.exchange.submit(a_limit("w-1"))
        assert len(here.requests("POST")) == 1


async def test_a_fraction_of_a_share_until_cancelled_is_sent_for_the_day():
    async with venue() as here:
        report = await here.exchange.submit(an_order("w-1", quantity="0.5"))
        assert report.time_in_force is TimeInForce.DAY
        assert (await here.exchange.submit(an_order("w-1", quantity="0.5"))).exchange_order_id == report.exchange_order_id


async def test_numbers_arrive_at_the_venue_exactly():
    async with venue() as here:
        await here.exchange.submit(an_order("w-1", symbol="BTC/USD", quantity="0.000100003"))
        order = here.commands.order("w-1")
        assert (order["qty"], order["symbol"]) == ("0.000100003", "BTC/USD")


async def test_a_bracket_is_kept_by_the_venue_and_its_legs_have_roles():
    async with venue() as here:
        report = await here.exchange.submit(an_order("w-1", quantity="2", take_profit="220", stop_loss="180", stop_loss_limit="179"))
        found = await here.exchange.find("w-1")
        assert found is not None
        for seen in (report, found, await here.exchange.order(report.exchange_order_id)):
            assert seen.role is Role.ENTRY
            prices = {leg.role: (leg.limit_price, leg.stop_price) for leg in seen.legs}
            assert prices == {Role.TAKE_PROFIT: (220, None), Role.STOP_LOSS: (179, 180)}
        legs = {leg.role: leg for leg in found.legs}
        assert (await here.exchange.order(legs[Role.STOP_LOSS].exchange_order_id)).role is Role.STOP_LOSS
        here.commands.set_price("AAPL", "221")
        after = await here.exchange.find("w-1")
        assert after is not None
        assert {leg.role: leg.status for leg in after.legs} == {
            Role.TAKE_PROFIT: OrderStatus.FILLED,
            Role.STOP_LOSS: OrderStatus.CANCELLED,
        }


@pytest.mark.parametrize(("exits", "role"), [({"take_profit": "220"}, Role.TAKE_PROFIT), ({"stop_loss": "180"}, Role.STOP_LOSS)])
async def test_a_single_exit_is_one_leg(exits, role):
    async with venue() as here:
        report = await here.exchange.submit(a_limit("w-1", "190", **exits))
        assert [leg.role for leg in report.legs] == [role]
        assert here.commands.order("w-1")["order_class"] == "oto"


async def test_a_bracket_on_crypto_is_refused_before_any_request():
    async with venue() as here:
        asked = len(here.commands.requests())
        with pytest.raises(Refused, match="no exits for crypto"):
            await here.exchange.submit(an_order("w-1", symbol="BTC/USD", take_profit="60000"))
        assert len(here.commands.requests()) == asked
        assert here.exchange.keeps_brackets("AAPL")
        assert not here.exchange.keeps_brackets("BTC/USD")


async def test_a_cancelled_order_keeps_its_fills():
    async with venue() as here:
        here.commands.set_fill_mode("AAPL", parts=2, stop_after=1)
        report = await here.exchange.submit(a_limit("w-1", "210", quantity="10"))
        await here.exchange.cancel(report.exchange_order_id)
        found = await here.exchange.order(report.exchange_order_id)
        assert (found.status, found.filled_quantity) == (OrderStatus.CANCELLED, 5)


async def test_cancelling_what_has_ended_is_no_error():
    async with venue() as here:
        report = await here.exchange.submit(an_order("w-1"))
        await here.exchange.cancel(report.exchange_order_id)
        assert (await here.exchange.order(report.exchange_order_id)).status is OrderStatus.FILLED


@pytest.mark.parametrize("unknown", ["11111111-2222-3333-4444-555555555555", "no-id"])
async def test_cancelling_or_asking_for_what_is_not_there_is_not_found(unknown):
    async with venue() as here:
        with pytest.raises(NotFound):
            await here.exchange.cancel(unknown)
        with pytest.raises(NotFound):
            await here.exchange.order(unknown)
        assert await here.exchange.find("w-none") is None


@pytest.mark.parametrize("kind", ["reset", "hang", "error"])
async def test_a_cancel_whose_answer_is_lost_is_unknown(kind):
    async with venue(timing=HASTY) as here:
        report = await here.exchange.submit(a_limit("w-1"))
        here.commands.add_fault(Fault(kind=kind, when="after", method="DELETE", status=504, html=True))
        with pytest.raises(Unknown):
            await here.exchange.cancel(report.exchange_order_id)
        assert len(here.requests("DELETE")) == 1
        assert (await here.exchange.order(report.exchange_order_id)).status is OrderStatus.CANCELLED


async def test_a_fill_may_beat_a_cancel():
    async with venue() as here:
        report = await here.exchange.submit(a_limit("w-1"))
        here.commands.add_race(Race(kind="fill_beats_cancel"))
        await here.exchange.cancel(report.exchange_order_id)
        assert (await here.exchange.order(report.exchange_order_id)).status is OrderStatus.FILLED


async def test_a_replaced_order_is_followed_and_what_took_its_place_is_cancelled():
    async with venue() as here:
        report = await here.exchange.submit(a_limit("w-1"))
        order = here.server.accounts["paper"].by_client_id["w-1"]
        new = here.server.venue.replace(here.server.accounts["paper"], order, {"limit_price": "140"})
        found = await here.exchange.find("w-1")
        assert found is not None
        assert (found.exchange_order_id, found.limit_price, found.status) == (new.id, 140, OrderStatus.ACCEPTED)
        old = [each for each in await here.exchange.orders_since(report.submitted_at) if each.client_order_id == "w-1"]
        assert [(each.venue_status, each.replaced_by) for each in old] == [("replaced", new.id)]
        await here.exchange.cancel(report.exchange_order_id)
        assert (await here.exchange.order(new.id)).status is OrderStatus.CANCELLED


async def test_a_trailing_stop_keeps_its_trail():
    async with venue() as here:
        await here.exchange.submit(an_order("w-1", quantity="2"))
        report = await here.exchange.submit(an_order("w-2", side=Side.SELL, quantity="2", order_type=OrderType.TRAILING_STOP, trail="5"))
        assert (report.trail, report.trail_percent) == (Decimal(5), None)
        here.commands.set_price("AAPL", "210")
        again = await here.exchange.submit(an_order("w-2", side=Side.SELL, quantity="2", order_type=OrderType.TRAILING_STOP, trail="5"))
        assert (again.exchange_order_id, again.stop_price) == (report.exchange_order_id, Decimal(205))


async def test_reads_that_fail_are_unavailable_and_not_repeated():
    async with venue(timing=HASTY) as here:
        for fault in (
            Fault(kind="hang", path="/v2/account"),
            Fault(kind="error", path="/v2/account", status=504, html=True),
            Fault(kind="half_json", when="after", path="/v2/account"),
        ):
            before = len(here.requests("GET"))
            here.commands.add_fault(fault)
            with pytest.raises(Unavailable):
                await here.exchange.account()
            assert len(here.requests("GET")) == before + 1
            here.commands.clear_faults()
