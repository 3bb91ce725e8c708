"""What the ledger keeps, and what it would notice."""

from decimal import Decimal
from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from hypothesis import given
from hypothesis import strategies as st

from . import ledger
from .clients import OTHER, PAPER, Trader, trading, until
from .faults import Fault
from .ledger import Entry
from .server import AlpacaServer


def entry(number: int, kind: str, order_id: str = "o", **facts: Any) -> Entry:
    given = {"account": "paper", "symbol": "AAPL", "side": "buy", "client_order_id": order_id, **facts}
    return Entry(number=number, time="2025-07-07T13:30:00Z", kind=kind, order_id=order_id, **given)


async def test_the_ledger_has_every_order_ever_accepted_whatever_clients_were_told(server: AlpacaServer, trader: Trader):
    server.commands.add_fault(Fault(kind="error", when="after", method="POST", times=None, probability=0.5))
    told = {name: await accepts(trader, name) for name in map(str, range(20))}
    assert len(set(told.values())) == 2, "some answers were lost"
    assert [row.client_order_id for row in ledger.accepted(server.ledger, "paper")] == list(told)
    await until(lambda: len(ledger.fills(server.ledger)) == 20)
    assert server.commands.positions() == {"paper": {"AAPL": Decimal(20)}}
    assert [row.number for row in server.ledger] == list(range(1, len(server.ledger) + 1))


async def accepts(trader: Trader, name: str) -> bool:
    try:
        await trader.order(name)
    except APIError:
        return False
    return True


async def test_cancels_and_replaces_are_in_the_ledger_in_order(server: AlpacaServer, trader: Trader):
    order = await trader.order("a", type="limit", limit_price="150", qty="2")
    await until(lambda: server.commands.order("a")["status"] == "new")
    new = await trader.patch(f"/orders/{order['id']}", {"limit_price": "151", "client_order_id": "b"})
    await until(lambda: server.commands.order("b")["status"] == "new")
    await trader.cancel_order_by_id(new["id"])
    await until(lambda: server.commands.order("b")["status"] == "canceled")
    assert [(row.kind, row.client_order_id, row.origin) for row in server.ledger] == [
        ("accepted", "a", "post"),
        ("replace_requested", "a", None),
        ("accepted", "b", "replace"),
        ("replaced", "a", None),
        ("cancel_requested", "b", None),
        ("canceled", "b", None),
    ]


async def test_positions_are_kept_for_each_account(server: AlpacaServer):
    with trading(server.url, PAPER) as mine, trading(server.url, OTHER) as theirs:
        await mine.order("a", qty="2")
        await theirs.order("a", side="sell", qty="3")
        await until(lambda: len(ledger.fills(server.ledger)) == 2)
    assert server.commands.positions() == {"paper": {"AAPL": Decimal(2)}, "other": {"AAPL": Decimal(-3)}}


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([entry(1, "accepted"), entry(2, "accepted", "p", client_order_id="o")], "client_order_id o accepted twice"),
        ([entry(1, "accepted", quantity=Decimal(1)), entry(2, "fill", quantity=Decimal(2))], "filled beyond its quantity"),
        ([entry(1, "fill", quantity=Decimal(1))], "fill of an order that the account does not have"),
        ([entry(1, "accepted"), entry(2, "canceled"), entry(3, "fill", quantity=Decimal(1))], "fill after the end"),
        ([entry(1, "accepted"), entry(2, "canceled"), entry(3, "expired")], "ended twice"),
        (
            [entry(1, "accepted"), *(entry(n, "fill", quantity=Decimal(1), execution_id="x") for n in (2, 3))],
            "execution x twice",
        ),
    ],
)
def test_a_ledger_that_contradicts_itself_is_noticed(rows, problem):
    assert any(problem in line for line in ledger.problems(rows))


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=0, max_value=10**9)


@given(quantity=numbers, price=numbers, fee=numbers, text=st.text())
def test_an_entry_is_read_as_it_was_written(quantity, price, fee, text):
    written = entry(1, "fill", client_order_id=text, quantity=quantity, price=price, fee=fee, fee_in="coin")
    assert Entry.read(written.body()) == written
