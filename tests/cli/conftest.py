"""The installed `weaver` as a subprocess, on homes of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.homes import Home, Stack
from cli.ports import free_ports
from tests.cli.forked import forked
from tests.cli.waiting import wait_until
from weaver.demo import demo_files

WEAVER = Path(sys.executable).parent / "weaver"
FEW_PROCESSES = {"WEAVER_GRETA_SLOTS": "1", "WEAVER_MARVIN_SLOTS": "1"}
"""A stack starts in less time with one process of a kind."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)


@dataclass(frozen=True, slots=True)
class Shell:
    """A person's terminal: a home, a current folder, and an environment of its own."""

    home: Path
    folder: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def weaver(self, *arguments: str, **variables: str) -> Outcome:
        return Outcome(*forked(arguments, folder=self.folder, environment=self.variables(variables)))

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(WEAVER), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.variables(variables),
            # A shell's background jobs ignore Ctrl-C, and so would what the tests start in one.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # one thread
        )

    def variables(self, more: dict[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WEAVER_")}
        return {**inherited, **FEW_PROCESSES, "WEAVER_HOME": str(self.home), **self.environment, **more}

    def import_demo(self, *symbols: str) -> None:
        """Store the shipped prices of these symbols, adjusted."""
        for symbol in symbols:
            assert self.weaver("data", "import", str(demo_files()[symbol]), "--symbol", symbol, "--adjust").code == 0

    def files(self) -> set[str]:
        """What the home holds now; empty while there is none."""
        return {str(path.relative_to(self.home)) for path in self.home.rglob("*")}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return new_shell(tmp_path)


def new_shell(folder: Path) -> Shell:
    (folder / "work").mkdir()
    return Shell(folder / "home", folder / "work")


@dataclass(slots=True)
class Up:
    """A `weaver up` in the foreground of its own process."""

    shell: Shell
    process: subprocess.Popen[str]
    ports: tuple[int, int, int]

    @property
    def stack(self) -> Stack:
        stack = Home(self.shell.home).running()
        assert stack is not None
        return stack


@pytest.fixture
def bring_up() -> Iterator[Callable[[Shell], Up]]:
    """Give a function that runs `weaver up` on free ports until the test ends."""
    started: list[Up] = []

    def start(shell: Shell) -> Up:
        up = start_up(shell)
        started.append(up)
        return up

    yield start
    for up in started:
        end_up(up)


def start_up(shell: Shell) -> Up:
    temporal, ui, api = free_ports(3)
    process = shell.start("up", "--port-temporal", str(temporal), "--port-ui", str(ui), "--port-api", str(api))
    home = Home(shell.home)
    wait_until(lambda: home.running() is not None or process.poll() is not None, "weaver up to be ready")
    assert process.poll() is None, process.communicate()
    return Up(shell, process, (temporal, ui, api))


def end_up(up: Up) -> None:
    if up.process.poll() is None:
        up.process.terminate()
    up.process.communicate(timeout=30)


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A home with the demo prices of AAPL and MSFT and a stack that stays up for the session."""
    shell = new_shell(tmp_path_factory.mktemp("served"))
    shell.import_demo("AAPL", "MSFT")
    up = start_up(shell)
    yield shell
    end_up(up)


@pytest.fixture(scope="package")
def finished(served: Shell) -> tuple[Shell, str]:
    """A finished run of sma-cross on AAPL, with costs: the home and the run's id."""
    done = served.weaver(
        *("backtest", "sma-cross", "--symbol", "AAPL", "--start", "2004-01-01T00:00:00Z", "--end", "2013-01-01T00:00:00Z"),
        *("--param", "quantity=100", "--commission-bps", "10", "--slippage-bps", "5", "--id", "finished-run", "--json"),
    )
    assert done.code == 0, done.stderr
    return served, "finished-run"
