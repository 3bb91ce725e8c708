"""The states of a run, and what may be done in each: one table from which all else derives."""

from enum import StrEnum

from weaver.errors import NotAllowed


class RunStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    COMPLETED = "completed"
    ERROR = "error"

    @property
    def is_final(self) -> bool:
        return not _NEXT[self]


_NEXT: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.PENDING: frozenset({RunStatus.RUNNING, RunStatus.STOPPED, RunStatus.ERROR}),
    RunStatus.RUNNING: frozenset({RunStatus.PAUSED, RunStatus.STOPPING, RunStatus.COMPLETED, RunStatus.STOPPED, RunStatus.ERROR}),
    RunStatus.PAUSED: frozenset({RunStatus.RUNNING, RunStatus.STOPPING, RunStatus.STOPPED, RunStatus.ERROR}),
    RunStatus.STOPPING: frozenset({RunStatus.STOPPED, RunStatus.ERROR}),
    RunStatus.STOPPED: frozenset(),
    RunStatus.COMPLETED: frozenset(),
    RunStatus.ERROR: frozenset(),
}

_ACTIONS: dict[RunStatus, tuple[str, ...]] = {
    RunStatus.PENDING: ("start", "stop"),
    RunStatus.RUNNING: ("pause", "stop"),
    RunStatus.PAUSED: ("resume", "stop"),
    RunStatus.STOPPING: ("stop",),
    RunStatus.STOPPED: ("delete",),
    RunStatus.COMPLETED: ("delete",),
    RunStatus.ERROR: ("delete",),
}


_WHILE_TRADING: dict[RunStatus, tuple[str, ...]] = {
    RunStatus.RUNNING: ("set_params",),
    RunStatus.PAUSED: ("set_params",),
}
"""What may be asked of a paper or live run besides; a backtest is pinned to the parameters it was asked with."""


def may_follow(status: RunStatus, following: RunStatus) -> bool:
    """Tell whether a run may go from `status` to `following`; staying is allowed."""
    return status is following or following in _NEXT[status]


def actions(status: RunStatus, mode: str = "backtest") -> tuple[str, ...]:
    """Return what may be asked of a run in this status; stop is idempotent while stopping."""
    return _ACTIONS[status] + (() if mode == "backtest" else _WHILE_TRADING.get(status, ()))


def check_action(action: str, status: RunStatus, mode: str = "backtest") -> None:
    """Raise NotAllowed unless `action` may be asked of a run in `status`."""
    allowed = actions(status, mode)
    if action not in allowed:
        raise NotAllowed(action, status, allowed)
