"""A server in a process of its own, which outlives whoever is killed."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from .accounts import AccountSpec
from .control import Control
from .server import DEFAULT_ACCOUNTS

ROOT = Path(__file__).parents[2]


class ServerProcess:
    """Starts `python -m tests.alpaca_server`, outside the caller's process group, and ends it on exit. `urls` are the server's."""

    def __init__(
        self, *, accounts: Sequence[AccountSpec] = DEFAULT_ACCOUNTS, port: int = 0, state: Path | str | None = None, seed: int = 0
    ) -> None:
        self._input = json.dumps([spec.body() for spec in accounts])
        options = ["--port", str(port), "--seed", str(seed), "--accounts", "-"]
        self._arguments = [sys.executable, "-m", "tests.alpaca_server", *options, *(["--state", str(state)] if state is not None else [])]
        self._process: subprocess.Popen[str] | None = None
        self.urls: dict[str, str] = {}

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def control(self) -> Control:
        """Return the server's commands."""
        return Control(self.urls["url"])

    def __enter__(self) -> "ServerProcess":
        self._process = subprocess.Popen(
            self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self._input)  # keys do not show in the list of processes
        self._process.stdin.close()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server did not start: exit code {self._process.wait()}; its error is on standard error")
        self.urls = json.loads(line)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
