"""Much at once, with everything going wrong; the ledger, the accounts and what clients can read must agree."""

import asyncio
import random
from collections import defaultdict
from contextlib import suppress
from decimal import Decimal

import requests
from alpaca.common.exceptions import APIError

from . import ledger
from .clients import OTHER, PAPER, Trader, trading, until
from .faults import Fault, Race
from .server import AlpacaServer

SYMBOLS = ("AAPL", "F", "BTC/USD")
LOST = (APIError, requests.RequestException)


async def act(trader: Trader, chance: random.Random, name: str) -> None:
    """One request that a trader might send."""
    symbol = chance.choice(SYMBOLS)
    crypto = symbol == "BTC/USD"
    terms = {"symbol": symbol, "time_in_force": "gtc", "side": chance.choice(("buy", "buy", "sell"))}
    quantity = str(Decimal(chance.randint(1, 50)) / 1000) if crypto else str(chance.randint(1, 9))
    level = {"AAPL": 200, "F": 11, "BTC/USD": 60000}[symbol]
    limit = str(round(level * chance.uniform(0.97, 1.03), 2))
    match chance.randint(0, 9):
        case 0 | 1 | 2 | 3:
            await trader.order(name, **terms, qty=quantity)
        case 4 | 5:
            await trader.order(name, **terms, qty=quantity, type="limit", limit_price=limit)
        case 6:
            exits = {"take_profit": {"limit_price": "204"}, "stop_loss": {"stop_price": "196"}}
            await trader.order(name, **{**terms, "symbol": "AAPL", "side": "buy"}, qty="4", order_class="bracket", **exits)
        case 7:
            for order in (await trader.get("/orders"))[:2]:
                await trader.cancel_order_by_id(order["id"])
        case 8:
            for order in (await trader.get("/orders"))[:1]:
                await trader.patch(f"/orders/{order['id']}", {"limit_price": limit, "client_order_id": f"{name} again"})
        case _:
            await (trader.cancel_orders() if chance.random() < 0.5 else trader.close_all_positions())


async def test_the_ledger_agrees_with_everything_after_much_traffic_and_many_faults(server: AlpacaServer):
    chance = random.Random(11)
    commands = server.commands
    commands.set_price("BTC/USD", 60000)
    commands.set_price("F", 11)
    commands.set_fill_mode(parts=3, delay=0.002)
    commands.set_fill_mode("F")
    commands.set_pace(new=0.001, cancel=0.003, replace=0.003)
    for kind in ("reset", "cut", "half_json", "error", "delay"):
        commands.add_fault(
            Fault(
                kind=kind, when=chance.choice(("before", "after")), method="POST|PATCH|DELETE", probability=0.06, times=None, seconds=0.02
            )
        )
    for kind in ("fill_beats_cancel", "partial_beats_cancel", "fill_beats_replace", "both_legs"):
        commands.add_race(Race(kind=kind, probability=0.3, times=None))

    async def trade(trader: Trader, who: str) -> None:
        for number in range(80):
            with suppress(*LOST):
                await act(trader, chance, f"{who} {number}")

    async def move() -> None:
        while True:
            commands.set_price("AAPL", chance.choice(("194", "197", "200", "203", "206")))
            await asyncio.sleep(0.005)

    moving = asyncio.create_task(move())
    with trading(server.url, PAPER) as mine, trading(server.url, PAPER) as mine_too, trading(server.url, OTHER) as theirs:
        await asyncio.gather(trade(mine, "a"), trade(mine_too, "b"), trade(theirs, "c"))
        moving.cancel()
        commands.clear_faults()
        for trader, name in ((mine, "paper"), (theirs, "other")):
            with suppress(APIError):
                await trader.cancel_orders()
            await until(lambda name=name: not server.accounts[name].open_orders())
            await agree(server, trader, name)
    kinds = {entry.kind for entry in server.ledger}
    assert kinds >= {"accepted", "refused", "fill", "cancel_requested", "canceled"}
    assert any(not row["outcome"].isdigit() for row in commands.requests()), "some answers were lost"


async def agree(server: AlpacaServer, trader: Trader, name: str) -> None:
    """What the client reads of an account is what the ledger says."""
    assert server.commands.problems() == []
    orders = await trader.get("/orders", {"status": "all", "limit": 500})
    assert {order["id"] for order in orders} == {entry.order_id for entry in ledger.accepted(server.ledger, name)}
    executed = ledger.fills(server.ledger, name)
    rows: list[dict] = []
    while page := await trader.get("/account/activities/FILL", {"direction": "asc", **({"page_token": rows[-1]["id"]} if rows else {})}):
        rows += page
    assert [(row["order_id"], Decimal(row["qty"]), Decimal(row["price"])) for row in rows] == [
        (e.order_id, e.quantity, e.price) for e in executed
    ]
    filled = defaultdict(Decimal)
    for entry in executed:
        filled[entry.order_id] += entry.quantity
    assert all(Decimal(order["filled_qty"]) == filled[order["id"]] for order in orders)
    held = {row["symbol"]: Decimal(row["qty"]) for row in await trader.get_all_positions()}
    assert held == {symbol.replace("/", ""): quantity for symbol, quantity in server.commands.positions().get(name, {}).items()}
