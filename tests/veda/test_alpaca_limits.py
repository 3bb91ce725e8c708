import asyncio
from dataclasses import replace

import pytest

from tests.alpaca_server.faults import Fault
from tests.veda.alpaca_venue import QUICK, a_limit, an_order, context_of, venue
from weaver.errors import Unavailable, Unknown
from weaver.veda.alpaca_parts.line import Line
from weaver.veda.alpaca_parts.settings import settings_of
from weaver.veda.alpaca_parts.trading import Desk
from weaver.veda.limiter import RESERVE


async def test_requests_beyond_the_limit_wait_for_the_next_window_and_a_cancel_passes_them():
    async with venue(connect=False, timing=replace(QUICK, patience=10)) as here:
        here.commands.set_limits(40, seconds=2)
        await here.exchange.connect()
        report = await here.exchange.submit(a_limit("w-1"))
        waiting = [asyncio.create_task(here.exchange.account()) for _ in range(60)]
        async with asyncio.timeout(8):
            while len(here.commands.requests()) < 40 - RESERVE:
                await asyncio.sleep(0.01)
        await here.exchange.cancel(report.exchange_order_id)
        assert not all(task.done() for task in waiting)
        assert here.requests("DELETE")
        await asyncio.gather(*waiting)
        assert "429" not in [served["outcome"] for served in here.commands.requests()]
        assert here.commands.order("w-1")["status"] == "canceled"


async def test_market_data_has_a_budget_of_its_own():
    async with venue() as here:
        here.commands.set_limits(1, seconds=30, data=True)
        await here.exchange.quote("AAPL")
        await here.exchange.submit(an_order("w-1"))
        assert here.accepted() == ["w-1"]


@pytest.mark.parametrize("address", ["http://alpaca.invalid", "http://127.0.0.1:1", "https://127.0.0.1:1"])
async def test_an_order_to_where_nobody_is_was_certainly_not_sent(address):
    settings = settings_of(context_of({"ALPACA_{MODE}_API_KEY": "K", "ALPACA_{MODE}_API_SECRET": "S", "ALPACA_{MODE}_BASE_URL": address}))
    line = Line(settings, QUICK)
    with pytest.raises(Unavailable, match="no connection could be made"):
        await Desk(line).submit(an_order("w-1"))
    line.close()


async def test_an_order_to_a_socket_that_speaks_no_tls_may_have_been_read():
    async with venue() as here:
        address = here.server.url.replace("http:", "https:")
        settings = settings_of(
            context_of({"ALPACA_{MODE}_API_KEY": "K", "ALPACA_{MODE}_API_SECRET": "S", "ALPACA_{MODE}_BASE_URL": address})
        )
        line = Line(settings, QUICK)
        with pytest.raises(Unknown):
            await Desk(line).submit(an_order("w-1"))
        line.close()


async def test_a_redirect_is_no_answer_to_a_cancel():
    async with venue() as here:
        report = await here.exchange.submit(a_limit("w-1"))
        here.commands.add_fault(Fault(kind="error", method="DELETE", status=302, html=True, headers={"Location": "https://elsewhere"}))
        with pytest.raises(Unknown):
            await here.exchange.cancel(report.exchange_order_id)
