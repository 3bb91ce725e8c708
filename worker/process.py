"""What every process of the worker does: log, hear signals, wait for Temporal."""

import asyncio
import logging
import signal
import sys


def log_to_stderr() -> None:
    """Let Weaver's own messages and others' warnings out."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for ours in ("worker", "workflows", "activities"):
        logging.getLogger(ours).setLevel(logging.INFO)


def stop_signals(*numbers: signal.Signals) -> asyncio.Event:
    """Return an event that is set when one of the signals comes."""
    stopping = asyncio.Event()
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping
