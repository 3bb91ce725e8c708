"""A process of the worker with deaths at named points. It says which process talks to the venues, so that the venue can kill it."""

import asyncio
import os
import sys
from pathlib import Path

from activities.beacon import Beacon
from activities.parents import die_with_parent
from processes import accounts, decisions
from processes.process import log_to_stderr
from tests.chaos.trading.interceptors import Killing
from tests.chaos.trading.worker import DEATHS, deaths
from weaver.settings import Settings
from workflows.leaving import leave


def main() -> None:
    parent, kind, descriptor = sys.argv[1:]
    die_with_parent(int(parent))
    log_to_stderr()
    beacon = Beacon(int(descriptor))
    if kind == "accounts":
        Path(os.environ[DEATHS], "accounts.pid").write_text(str(os.getpid()))
        asyncio.run(accounts.serve(Settings(), beacon, interceptors=[Killing(deaths())]))
    elif kind == "marvin":
        asyncio.run(decisions.serve(Settings(), beacon))
    else:
        from processes import windows

        asyncio.run(windows.serve(Settings(), beacon))
    leave(0)


if __name__ == "__main__":
    main()
