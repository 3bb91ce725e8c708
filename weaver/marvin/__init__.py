"""Marvin: strategies. Everything an author needs comes from here and from `weaver.marvin.indicators`."""

from pydantic import Field, field_validator, model_validator

from weaver.market import Bars, Floats, Timeframe
from weaver.marvin.intents import Bracket, Buy, Cancel, Close, Intent, Replace, Sell, TargetWeight
from weaver.marvin.strategy import Indicators, Strategy, StrategyMeta, StrategyParams, StrategyState
from weaver.marvin.view import BarView, Execution, Position, SymbolView, View, WorkingOrder
from weaver.orders import OrderType, Role, Side, TimeInForce

__all__ = [
    "BarView",
    "Bars",
    "Bracket",
    "Buy",
    "Cancel",
    "Close",
    "Execution",
    "Field",
    "Floats",
    "Indicators",
    "Intent",
    "OrderType",
    "Position",
    "Replace",
    "Role",
    "Sell",
    "Side",
    "Strategy",
    "StrategyMeta",
    "StrategyParams",
    "StrategyState",
    "SymbolView",
    "TargetWeight",
    "TimeInForce",
    "Timeframe",
    "View",
    "WorkingOrder",
    "field_validator",
    "model_validator",
]
