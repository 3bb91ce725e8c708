"""A process that works on one backtest activity at a time; `python -m worker` starts it, once per slot."""

import asyncio
import sys

from activities.beacon import Beacon
from activities.parents import die_with_parent
from processes.process import loading, log_to_stderr
from weaver.errors import WeaverError
from weaver.settings import Settings
from workflows.leaving import leave


def main() -> None:
    """Be a slot: the arguments are the parent's process id and the descriptor that it hears reports on."""
    parent, descriptor = map(int, sys.argv[1:])
    die_with_parent(parent)
    log_to_stderr()
    with loading():
        from processes import windows
    try:
        asyncio.run(windows.serve(Settings(), Beacon(descriptor)))
    except WeaverError as problem:
        sys.exit(str(problem))
    leave(0)


if __name__ == "__main__":
    main()
