from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.veda.alpaca_venue import Venue, a_limit, an_order, venue
from weaver.errors import Unavailable
from weaver.orders import OrderStatus, Role, Side


def place(here: Venue, number: int, **fields: str) -> Any:
    """Place an order of one share at the venue, without the adapter."""
    body = {
        "client_order_id": f"w-{number}",
        "symbol": "AAPL",
        "qty": "1",
        "side": "buy",
        "type": "limit",
        "limit_price": "1",
        "time_in_force": "gtc",
    }
    return here.server.venue.place(here.server.accounts["paper"], body | fields)


async def test_orders_since_are_whole_over_many_pages_oldest_first_and_each_once():
    async with venue() as here:
        orders = [place(here, number) for number in range(1203)]
        begin = orders[0].submitted_at
        for number, order in enumerate(orders):
            order.submitted_at = begin + number * 400  # nanoseconds: two or three orders share each microsecond, at the pages' edges too
        since = datetime.fromtimestamp(begin // 10**9, UTC)
        found = await here.exchange.orders_since(since)
        assert [report.client_order_id for report in found] == [f"w-{number}" for number in range(1203)]
        assert len(here.requests("GET")) == 4  # and one for the account
        later = found[1000].submitted_at
        assert later is not None
        tail = await here.exchange.orders_since(later)
        assert [report.client_order_id for report in tail][-203:] == [f"w-{number}" for number in range(1000, 1203)]
        assert all(report.submitted_at is not None and report.submitted_at >= later for report in tail)
        assert await here.exchange.orders_since(later + timedelta(days=1)) == []


async def test_open_orders_are_those_that_are_not_over_with_their_legs():
    async with venue() as here:
        await here.exchange.submit(an_order("w-filled"))
        await here.exchange.submit(a_limit("w-resting"))
        await here.exchange.submit(an_order("w-bracket", quantity="2", take_profit="250", stop_loss="140"))
        found = {report.client_order_id: report for report in await here.exchange.open_orders()}
        assert set(found) == {"w-resting", "w-bracket"}
        bracket = found["w-bracket"]
        assert (bracket.status, bracket.role) == (OrderStatus.FILLED, Role.ENTRY)
        assert {leg.role for leg in bracket.legs if not leg.status.is_final} == {Role.TAKE_PROFIT, Role.STOP_LOSS}


async def test_fills_are_whole_over_many_pages_oldest_first_and_each_once():
    async with venue() as here:
        here.commands.set_fill_mode("AAPL", parts=3)
        start = await here.exchange.context.clock.now()
        for number in range(87):
            place(here, number, qty="3", limit_price="210")
        fills = await here.exchange.fills_since(start)
        assert len(fills) == len({fill.execution_id for fill in fills}) == 261
        truth = [(entry.order_id, entry.quantity) for entry in here.server.ledger if entry.kind == "fill"]
        assert [(fill.exchange_order_id, fill.quantity) for fill in fills] == truth
        assert await here.exchange.fills_since(fills[-1].time + timedelta(microseconds=1)) == []
        assert len(await here.exchange.fills_since(fills[200].time)) >= 61


async def test_fills_of_one_millisecond_that_come_in_any_order_are_put_in_theirs():
    async with venue() as here:
        here.commands.set_fill_mode("AAPL", parts=4)
        start = await here.exchange.context.clock.now()
        await here.exchange.submit(an_order("w-1", quantity="8"))
        activities = here.server.accounts["paper"].activities
        for row in activities:
            row["transaction_time"] = activities[0]["transaction_time"]
        activities.reverse()
        done = [Decimal(fill.execution_id.rpartition("/")[2]) for fill in await here.exchange.fills_since(start)]
        assert done == [2, 4, 6, 8]


async def test_holdings_have_a_slash_a_sign_and_what_is_available():
    async with venue() as here:
        await here.exchange.submit(an_order("w-1", quantity="10"))
        await here.exchange.submit(a_limit("w-2", "250", quantity="4", side=Side.SELL))
        await here.exchange.submit(an_order("w-3", symbol="MSFT", quantity="3", side=Side.SELL))
        await here.exchange.submit(an_order("w-4", symbol="BTC/USD", quantity="0.5"))
        found = {holding.symbol: holding for holding in await here.exchange.positions()}
        assert (found["AAPL"].quantity, found["AAPL"].available) == (10, 6)
        assert found["MSFT"].quantity == -3
        bought = (await here.exchange.find("w-4")).filled_quantity
        assert bought == Decimal("0.5")
        assert found["BTC/USD"].quantity == found["BTC/USD"].available == Decimal("0.49875")  # 25 bps are taken from what is bought


async def test_the_account_needs_no_field_of_the_old_day_trading_rule_and_cash_may_be_negative():
    async with venue() as here:
        for number in range(3):
            await here.exchange.submit(an_order(f"w-{number}", quantity="200"))
        funds = await here.exchange.account()
        assert funds.cash == -20_000
        assert (funds.equity, funds.currency, funds.status, funds.is_active) == (100_000, "USD", "ACTIVE", True)


async def test_a_list_that_cannot_be_read_is_unavailable_and_not_empty():
    async with venue() as here:
        await here.exchange.submit(a_limit("w-1"))
        order = here.server.accounts["paper"].by_client_id["w-1"]
        order.client_order_id = ""
        with pytest.raises(Unavailable, match="client_order_id"):
            await here.exchange.open_orders()
        order.client_order_id = "w-1"
