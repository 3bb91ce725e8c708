"""The types of all events that a history can say."""

TYPES = (
    *(f"run.{name}" for name in ("Created", "Started", "Paused", "Resumed", "ParamsChanged", "Stopping", "Stopped", "Completed", "Error")),
    *("data.WindowReady", "data.Missing", "backtest.WindowCompleted", "clock.Tick", "clock.Missed", "strategy.DecisionMade"),
    *(f"orders.{name}" for name in ("Created", "Submitted", "Accepted", "InDoubt", "PartiallyFilled", "Filled")),
    *(f"orders.{name}" for name in ("Cancelled", "Rejected", "Expired", "Replaced")),
    *("risk.Refused", "risk.Breached"),
    *(f"account.{name}" for name in ("Connected", "Disconnected", "Drift", "Killed", "Rearmed")),
)
