"""Waits for conditions, with a limit that names what never came."""

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(condition: Callable[[], bool], what: str, limit_seconds: float = 60) -> None:
    deadline = time.monotonic() + limit_seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {limit_seconds:g} s for {what}"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Tell whether a process lives; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def processes_naming(text: str) -> list[int]:
    """Return the processes whose command line or environment names `text`, such as a home folder."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in said and is_running(int(process.name)):
            found.append(int(process.name))
    return found
