"""The workflows that a worker serves; what replays histories must know the same ones."""

from workflows.account import Account
from workflows.archive import Archiving
from workflows.backtest import BacktestRun
from workflows.notifier import Delivery, Notifier
from workflows.order import Order
from workflows.trading import TradingRun

WORKFLOWS: list[type] = [BacktestRun, TradingRun, Order, Account, Archiving]
NOTIFYING: list[type] = [Notifier, Delivery]
"""Served at a queue of their own, by workers that know whom to tell."""
