"""The same strategy and costs in backtesting.py and backtrader, written as their own tutorials write it."""

import warnings

import backtrader
import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover

from bench.case import CASH, COMMISSION_BPS, FAST, SLIPPAGE_BPS, SLOW
from weaver.market import Bars, Floats


def frame(bars: Bars) -> pd.DataFrame:
    """Return the bars as both engines want them."""
    columns = {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close, "Volume": bars.volume}
    return pd.DataFrame(columns, index=pd.DatetimeIndex(bars.starts.astype("datetime64[us]")))


def _mean(values: Floats, length: int) -> Floats:
    return pd.Series(np.asarray(values)).rolling(length).mean().to_numpy()


class _BacktestingCross(Strategy):
    def init(self) -> None:
        self.fast = self.I(_mean, self.data.Close, FAST)
        self.slow = self.I(_mean, self.data.Close, SLOW)

    def next(self) -> None:
        if crossover(self.fast, self.slow) and not self.position:
            self.buy(size=1)
        elif crossover(self.slow, self.fast) and self.position:
            self.position.close()


def backtesting(data: pd.DataFrame) -> int:
    """Return the closed trades. Slippage is its `spread`, paid on entry only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test = Backtest(data, _BacktestingCross, cash=CASH, commission=COMMISSION_BPS / 10_000, spread=SLIPPAGE_BPS / 10_000)
        return int(test.run()["# Trades"])


class _BacktraderCross(backtrader.Strategy):
    def __init__(self) -> None:
        fast = backtrader.indicators.SimpleMovingAverage(self.data.close, period=FAST)
        slow = backtrader.indicators.SimpleMovingAverage(self.data.close, period=SLOW)
        self.cross = backtrader.indicators.CrossOver(fast, slow)

    def next(self) -> None:
        if self.cross[0] > 0 and not self.position:
            self.buy(size=1)
        elif self.cross[0] < 0 and self.position:
            self.close()


def backtrader_run(data: pd.DataFrame) -> float:
    """Return the final equity. No analysers, no observers: nothing is measured."""
    cerebro = backtrader.Cerebro(stdstats=False)
    cerebro.adddata(backtrader.feeds.PandasData(dataname=data))
    cerebro.addstrategy(_BacktraderCross)
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(COMMISSION_BPS / 10_000)
    cerebro.broker.set_slippage_perc(SLIPPAGE_BPS / 10_000)
    cerebro.run()
    return float(cerebro.broker.getvalue())
