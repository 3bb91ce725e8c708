"""What activities count for Prometheus, where their process gives numbers."""

from datetime import datetime

from temporalio import activity


def ticked(end: datetime, now: datetime) -> None:
    """Count how long after its bar's end a tick began."""
    _observe("weaver_tick_lateness", "Time from a bar's end to the beginning of its tick.", end, now)


def decided(end: datetime, now: datetime) -> None:
    """Count how long after its bar's end a decision's orders were admitted."""
    _observe("weaver_decision_lateness", "Time from a bar's end to the admission of the orders decided on it.", end, now)


def _observe(name: str, told: str, end: datetime, now: datetime) -> None:
    if activity.in_activity():
        activity.metric_meter().create_histogram_float(name, told, "seconds").record(max(0.0, (now - end).total_seconds()))
