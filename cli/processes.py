"""Child processes that never outlive their parent, with their output in a file."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def python(module: str) -> list[str]:
    """Return the command that runs one of our modules; -P keeps the current folder from shadowing it."""
    return [sys.executable, "-P", "-m", module]


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log; a missing one is empty."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


@dataclass(slots=True)
class Child:
    """A program that is started, watched and stopped; its output is appended to `log`."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    log_start: int = field(default=0, init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the parent alone, which stops all in order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        parent = os.getpid()
        with self.log.open("ab") as output:
            self.log_start = output.tell()
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                start_new_session=True,
                preexec_fn=lambda: _die_with(parent),  # the parent has one thread
            )

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def output(self) -> str:
        """Return what it has written since its latest start."""
        with self.log.open("rb") as file:
            file.seek(self.log_start)
            return file.read().decode(errors="replace")

    def stop(self, patience_seconds: float) -> None:
        """Ask it to end, wait, then end it and whatever it left in its session."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


def _die_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the call above
            os._exit(1)
