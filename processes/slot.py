"""A process of the worker: `python -m processes.slot <parent's process id> <kind> <descriptor>`, started by `python -m worker`.

greta replays backtests and marvin decides for live runs, one activity at a time, since users' code runs there; accounts talks to
venues.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from activities.beacon import Beacon
from activities.parents import die_with_parent
from processes.process import loading, log_to_stderr
from weaver.errors import WeaverError
from weaver.settings import Settings
from workflows.access import placed
from workflows.leaving import leave


def main() -> None:
    """Serve one kind of work: the arguments are the parent's process id, the kind, and the descriptor for reports."""
    parent, kind, descriptor = sys.argv[1:]
    die_with_parent(int(parent))
    log_to_stderr()
    with loading():
        serve = _load(kind)
    try:
        asyncio.run(serve(placed(Settings(), os.environ), Beacon(int(descriptor))))
    except WeaverError as problem:
        sys.exit(str(problem))
    leave(0)


def _load(kind: str) -> Callable[[Settings, Beacon], Coroutine[Any, Any, None]]:
    """Import only what is served here."""
    match kind:
        case "greta":
            from processes import windows

            return windows.serve
        case "marvin":
            from processes import decisions

            return decisions.serve
        case "accounts":
            from processes import accounts

            return accounts.serve
        case _:
            sys.exit(f"kind = '{kind}': expected greta, marvin or accounts")


if __name__ == "__main__":
    main()
