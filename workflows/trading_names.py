"""What the workflows, queues and orders of trading are called."""

import re

TRADING_RUN, ORDER, ACCOUNT = "TradingRun", "Order", "Account"


MARVIN_QUEUE = "weaver-marvin"


_LEG = re.compile(r"\.(tp|sl)\d*$")


def veda_queue(account: str) -> str:
    """Return the queue of what is ordered at an account."""
    return f"weaver-veda-{account}"


def data_queue(account: str) -> str:
    """Return the queue of what is read from an account's venue: bars, updates, reconciliation."""
    return f"weaver-veda-{account}-data"


def order_workflow_id(order_id: str) -> str:
    """Return the id of the workflow that looks after an order. A bracket's legs are looked after by their parent's."""
    return f"order-{order_id}"


def looked_after_by(order_id: str) -> str:
    """Return the id of the order whose workflow looks after `order_id`: a bracket's for its legs, else the order itself."""
    return _LEG.sub("", order_id)


def account_workflow_id(account: str) -> str:
    """Return the id of the workflow that looks after an account."""
    return f"account-{account}"
