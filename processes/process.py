"""What every process of the worker does: load quickly, log, hear signals."""

import asyncio
import gc
import signal
from collections.abc import Generator
from contextlib import contextmanager

from weaver.logs import set_up


@contextmanager
def loading() -> Generator[None]:
    """Import inside this: nothing is garbage yet, and looking for it among a thousand modules takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # nor need it be looked for there later
        gc.enable()


def log_to_stderr() -> None:
    """Let Weaver's own messages and others' warnings out."""
    set_up(("processes", "workflows", "activities"))


def stop_signals(*numbers: signal.Signals) -> asyncio.Event:
    """Return an event that is set when one of the signals comes."""
    stopping = asyncio.Event()
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping
