"""Weaver runs trading strategies that must not be lost: backtests and trading as durable workflows.

In a notebook: `from weaver import backtest`. It is loaded on first use, so that importing a part of Weaver stays cheap.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weaver.notebook import backtest

__all__ = ["backtest"]


def __getattr__(name: str) -> object:
    if name == "backtest":
        from weaver.notebook import backtest

        return backtest
    raise AttributeError(f"module 'weaver' has no attribute {name!r}")
