"""The workflows that a worker serves; what replays histories must know the same ones."""

from workflows.account import Account
from workflows.archive import Archiving
from workflows.backtest import BacktestRun
from workflows.order import Order
from workflows.trading import TradingRun

WORKFLOWS: list[type] = [BacktestRun, TradingRun, Order, Account, Archiving]
