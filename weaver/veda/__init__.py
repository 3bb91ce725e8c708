"""Veda: exchanges. What the author of an adapter needs comes from here."""

from weaver.broker import (
    Fill,
    Funds,
    Holding,
    MarketBar,
    MarketClock,
    OrderReport,
    Quote,
    StreamDown,
    StreamUp,
    TradeUpdate,
    TradingDay,
)
from weaver.errors import NotConnected, NotFound, RateLimited, Refused, TermsDiffer, Unavailable, Unknown
from weaver.market import Timeframe
from weaver.orders import OrderRequest, OrderStatus, OrderType, Role, Side, TimeInForce
from weaver.veda.exchange import AdapterMeta, Clock, Context, Exchange, Mode

__all__ = [
    "AdapterMeta",
    "Clock",
    "Context",
    "Exchange",
    "Fill",
    "Funds",
    "Holding",
    "MarketBar",
    "MarketClock",
    "Mode",
    "NotConnected",
    "NotFound",
    "OrderReport",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "Quote",
    "RateLimited",
    "Refused",
    "Role",
    "Side",
    "StreamDown",
    "StreamUp",
    "TermsDiffer",
    "TimeInForce",
    "Timeframe",
    "TradeUpdate",
    "TradingDay",
    "Unavailable",
    "Unknown",
]
