"""Orders at the simulated exchange, and what they meet there."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.veda.conftest import Simulated
from weaver.broker import MarketBar
from weaver.market import Timeframe
from weaver.orders import OrderRequest, OrderType, Side
from weaver.veda.adapters.simulated import SimulatedExchange

FIVE, MINUTE, DAILY = Timeframe("5s"), Timeframe("1m"), Timeframe("1d")
SYMBOL = "SIM/USD"


def order(name: str = "w-1", side: Side = Side.BUY, quantity: str = "10", symbol: str = SYMBOL, **terms: Any) -> OrderRequest:
    given = {"order_type": OrderType.MARKET} | terms
    return OrderRequest(client_order_id=name, symbol=symbol, side=side, quantity=Decimal(quantity), **given)


def limit(price: str, name: str = "w-1", side: Side = Side.BUY, **terms: Any) -> OrderRequest:
    return order(name, side, order_type=OrderType.LIMIT, limit_price=Decimal(price), **terms)


async def on(place: Simulated, frame: Timeframe = FIVE, symbol: str = SYMBOL, **environment: str) -> SimulatedExchange:
    """A connected exchange on which the symbol's orders meet bars of `frame`."""
    exchange = await place.connected(**environment)
    await exchange.latest_bar(symbol, frame)
    return exchange


async def progress(exchange: SimulatedExchange, place: Simulated, frame: Timeframe = FIVE, symbol: str = SYMBOL) -> MarketBar:
    """The bar in progress as it will be, asked for by one who sees the future."""
    future = place.clock.time + timedelta(seconds=frame.seconds)
    seer = Simulated(place.store, account=f"{place.account}-seer")
    seer.clock.time = future
    bar = await (await seer.connected()).latest_bar(symbol, frame)
    assert bar is not None
    return bar
