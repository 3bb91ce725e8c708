import asyncio
import logging
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.alpaca_server.faults import Fault
from tests.veda.alpaca_venue import LIVE, PAPER, QUICK, a_limit, context_of, environment_of, heard, venue
from weaver.broker import StreamUp
from weaver.errors import BadValue, MissingCredentials, NotConnected, Refused, Unavailable
from weaver.market import Timeframe
from weaver.veda.adapters.alpaca import META, Alpaca
from weaver.veda.library import AdapterLibrary

MINUTE = Timeframe("1m")
TODAY = datetime(2026, 3, 4, tzinfo=UTC)


async def test_connect_verifies_the_account_and_a_second_one_does_nothing():
    async with venue() as here:
        await here.exchange.connect()
        await here.exchange.connect(trading=False)
        assert here.requests("GET") == ["/v2/account"]


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("trading_blocked", "may not trade"),
        ("account_blocked", "is blocked"),
        ("trade_suspended_by_user", "suspended in the account's settings"),
    ],
)
async def test_an_account_that_may_not_trade_is_refused_and_stays_unconnected(flag, reason):
    async with venue(connect=False) as here:
        here.commands.set_account("paper", **{flag: True})
        with pytest.raises(Refused, match=reason):
            await here.exchange.connect()
        with pytest.raises(NotConnected):
            await here.exchange.account()
        here.commands.set_account("paper", **{flag: False})
        await here.exchange.connect()
        assert (await here.exchange.account()).is_active


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="error", path="/account", status=401, code=40110000, message="request is not authorized"),
        Fault(kind="error", path="/account", status=403, code=None, message="forbidden."),
        Fault(kind="error", path="/account", status=403, html=True),
    ],
)
async def test_keys_that_are_not_accepted_name_the_variables_and_never_the_keys(fault):
    async with venue(connect=False) as here:
        here.commands.add_fault(fault)
        with pytest.raises(Refused, match="Check ALPACA_PAPER_API_KEY and ALPACA_PAPER_API_SECRET") as caught:
            await here.exchange.connect()
        error: BaseException | None = caught.value
        while error is not None:
            assert PAPER.secret not in repr(error) + str(error)
            assert PAPER.key not in repr(error) + str(error)
            error = error.__cause__ or error.__context__


async def test_wrong_keys_are_refused():
    async with venue(connect=False, API_SECRET="wrong") as here:
        with pytest.raises(Refused, match="ALPACA_PAPER_API_SECRET"):
            await here.exchange.connect()


async def test_paper_keys_do_not_open_the_live_host():
    async with venue(connect=False, mode="live", API_KEY=PAPER.key, API_SECRET=PAPER.secret) as here:
        with pytest.raises(Refused, match="ALPACA_LIVE_API_KEY"):
            await here.exchange.connect()


async def test_live_keys_open_the_live_account():
    async with venue(mode="live") as here:
        await here.exchange.submit(a_limit("w-live"))
        assert [entry.account for entry in here.server.ledger] == [LIVE.name]


@pytest.mark.parametrize("secret", ["most secret", "most-secret\n", "most-sécret", "most\tsecret"])
async def test_a_key_that_cannot_be_sent_is_refused_before_the_http_library_quotes_it(secret):
    async with venue(connect=False, API_SECRET=secret) as here:
        with pytest.raises(Refused, match="ALPACA_PAPER_API_SECRET") as caught:
            await here.exchange.connect()
        assert "most" not in str(caught.value)


async def test_missing_keys_are_named():
    async with venue(connect=False, API_SECRET=None) as here:
        with pytest.raises(MissingCredentials) as caught:
            await here.exchange.connect()
        assert caught.value.variables == ("ALPACA_PAPER_API_SECRET",)


async def test_crypto_data_needs_no_keys_and_everything_else_does():
    async with venue(connect=False, API_KEY=None, API_SECRET=None) as here:
        exchange = here.exchange
        await exchange.connect(trading=False)
        now = await exchange.context.clock.now()
        assert await exchange.bars(["BTC/USD"], MINUTE, now - timedelta(minutes=30), now)
        assert (await exchange.quote("BTC/USD")).bid > 0
        for asked in (exchange.quote("AAPL"), exchange.bars(["AAPL"], MINUTE, now - timedelta(minutes=30), now), exchange.clock()):
            with pytest.raises(MissingCredentials):
                await asked
        with pytest.raises(MissingCredentials):
            await anext(exchange.bar_updates(["BTC/USD"], MINUTE))
        with pytest.raises(NotConnected):
            await exchange.account()


async def test_market_data_alone_does_not_ask_for_the_account_and_may_become_more():
    async with venue(connect=False) as here:
        await here.exchange.connect(trading=False)
        assert here.requests("GET") == []
        with pytest.raises(NotConnected, match="market data only"):
            await here.exchange.submit(a_limit())
        await here.exchange.connect()
        await here.exchange.submit(a_limit())


async def test_nothing_works_before_connect_and_after_disconnect():
    async with venue(connect=False) as here:
        exchange = here.exchange

        async def all_refuse() -> None:
            for asked in (
                exchange.account(),
                exchange.positions(),
                exchange.submit(a_limit()),
                exchange.cancel("x"),
                exchange.order("x"),
                exchange.find("x"),
                exchange.open_orders(),
                exchange.orders_since(TODAY),
                exchange.fills_since(TODAY),
                exchange.bars(["AAPL"], MINUTE, TODAY, TODAY),
                exchange.latest_bar("AAPL", MINUTE),
                exchange.quote("AAPL"),
                exchange.clock(),
                exchange.calendar(TODAY.date(), TODAY.date()),
                anext(exchange.trade_updates()),
                anext(exchange.bar_updates(["AAPL"], MINUTE)),
            ):
                with pytest.raises(NotConnected):
                    await asked

        await all_refuse()
        await exchange.connect()
        await exchange.account()
        await exchange.disconnect()
        await exchange.disconnect()
        await all_refuse()
        await exchange.connect()
        await exchange.account()


async def test_a_server_that_is_not_there_is_unavailable_and_connecting_may_be_tried_again():
    async with venue(connect=False) as here:
        address = here.server.url
        await here.server.__aexit__(None, None, None)
        with pytest.raises(Unavailable):
            await here.exchange.connect()
        here.server._port = int(address.rpartition(":")[2])
        await here.server.__aenter__()
        await here.exchange.connect()


async def test_requests_do_not_hold_up_the_event_loop_and_a_cancel_has_its_own_way():
    async with venue(timing=replace(QUICK, read=2)) as here:
        report = await here.exchange.submit(a_limit("w-1"))
        here.commands.add_fault(Fault(kind="hang", path="/v2/positions", times=None))
        hanging = [asyncio.create_task(here.exchange.positions()) for _ in range(8)]
        async with asyncio.timeout(1.5):  # less than one of those takes
            await here.exchange.cancel(report.exchange_order_id)
        for outcome in await asyncio.gather(*hanging, return_exceptions=True):
            assert isinstance(outcome, Unavailable)


async def test_disconnecting_ends_no_request_that_is_on_its_way_and_sends_no_more():
    async with venue() as here:
        here.commands.add_fault(Fault(kind="delay", path="/v2/positions", seconds=0.2, times=None))
        waiting = [asyncio.create_task(here.exchange.positions()) for _ in range(12)]
        async with asyncio.timeout(5):
            while len(here.requests("GET")) < 5:
                await asyncio.sleep(0.01)
            await here.exchange.disconnect()
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [outcome for outcome in outcomes if outcome == []] == [[]] * 4
        assert sum(isinstance(outcome, NotConnected) for outcome in outcomes) == 8
        assert len(here.requests("GET")) == 5


async def test_no_key_is_in_any_repr_or_log(caplog):
    caplog.set_level(logging.DEBUG)
    async with venue() as here:
        async with heard(here.exchange.trade_updates()) as updates:
            await updates.until_a(StreamUp)
            await here.exchange.submit(a_limit("w-1"))
            await updates.until_event("new")
        shown = repr(here.exchange) + repr(vars(here.exchange)) + caplog.text
        assert "authenticate" not in shown
        for secret in (PAPER.key, PAPER.secret):
            assert secret not in shown


def test_addresses_of_the_other_mode_are_refused():
    keys = {"ALPACA_{MODE}_API_KEY": "K", "ALPACA_{MODE}_API_SECRET": "S"}
    for mode, host in (("paper", "https://api.alpaca.markets"), ("live", "https://paper-api.alpaca.markets/v2")):
        exchange = Alpaca(context_of({**keys, "ALPACA_{MODE}_BASE_URL": host}, mode))
        with pytest.raises(BadValue, match=f"ALPACA_{mode.upper()}_BASE_URL"):
            asyncio.run(exchange.connect())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALPACA_DATA_FEED", "otc"),
        ("ALPACA_{MODE}_BASE_URL", "paper-api.alpaca.markets"),
        ("ALPACA_{MODE}_STREAM_URL", "https://paper-api.alpaca.markets/stream"),
        ("ALPACA_DATA_BASE_URL", "http://user:word@host"),
    ],
)
async def test_settings_that_cannot_be_used_are_named(name, value):
    keys = {"ALPACA_{MODE}_API_KEY": "K", "ALPACA_{MODE}_API_SECRET": "S", name: value}
    with pytest.raises(BadValue, match=name.replace("{MODE}", "PAPER")) as caught:
        await Alpaca(context_of(keys)).connect()
    assert "word" not in str(caught.value)


async def test_a_base_address_may_end_with_the_version():
    async with venue(connect=False) as here:
        environment = environment_of(here.server) | {"ALPACA_{MODE}_BASE_URL": here.server.paper_url + "/v2/"}
        exchange = Alpaca(context_of(environment))
        await exchange.connect()
        await exchange.disconnect()


def test_listing_the_adapter_loads_neither_the_sdk_nor_pandas():
    code = "import sys, weaver.veda.adapters.alpaca; print({'alpaca', 'pandas', 'requests', 'websockets'} & set(sys.modules) or [])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


async def test_the_library_finds_and_opens_it():
    async with venue(connect=False) as here:
        variables = {name.replace("{MODE}", "PAPER"): value for name, value in environment_of(here.server).items()}
        exchange = AdapterLibrary.open().open_exchange("alpaca", "paper", environment=variables, clock=here.exchange.context.clock)
        await exchange.connect()
        assert (await exchange.account()).is_active
        await exchange.disconnect()


def test_the_meta_names_what_the_adapter_may_read():
    assert META.credentials == ("ALPACA_{MODE}_API_KEY", "ALPACA_{MODE}_API_SECRET")
    assert "ALPACA_DATA_FEED" in META.options
