"""Who goes first where much waits: whatever trades before backtests, and one strategy's many backtests not before another's few.

A workflow's activities and children have its priority, unless they say otherwise.
"""

from hashlib import sha256

from temporalio.common import Priority

TRADES = Priority(priority_key=2)
"""Runs, orders and accounts. Cancellations and the kill switch are before them, with 1."""
TIDIES = Priority(priority_key=5)


def backtests(strategy: str) -> Priority:
    """Return the priority of a backtest: those of one strategy share what there is with those of others. Its name is not shown."""
    return Priority(priority_key=4, fairness_key=sha256(strategy.encode()).hexdigest()[:16])
