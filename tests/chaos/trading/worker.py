"""The worker with deaths at named points: `python -m tests.chaos.trading.worker`. All else is the product's."""

import asyncio
import os
from pathlib import Path

from processes.process import log_to_stderr
from tests.chaos.trading.interceptors import Killing
from tests.chaos.trading.points import Deaths
from weaver.settings import Settings
from worker import serve
from workflows.leaving import leave

DEATHS = "CHAOS_DEATHS"


def deaths() -> Deaths:
    return Deaths(Path(os.environ[DEATHS]))


if __name__ == "__main__":
    log_to_stderr()
    asyncio.run(serve(Settings(), program="tests.chaos.trading.slot", interceptors=[Killing(deaths())]))
    leave(0)
