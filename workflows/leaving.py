"""How a process that has used Temporal's client ends."""

import os
import sys
from typing import NoReturn

from weaver.telemetry import flush


def leave(code: int) -> NoReturn:
    """End the process at once, with everything printed.

    Not by way of the interpreter's end: threads of Temporal's runtime that still call in then abort the process, and a
    command that has done its work would exit with SIGABRT.
    """
    flush()
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    os._exit(code)
