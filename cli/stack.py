"""A Temporal server to talk to: the one that the environment names, this home's, or one started for the purpose."""

import os
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from cli.homes import Home, Stack
from cli.ports import answers, check_address
from cli.processes import python, tail
from cli.supervisor import START_LIMIT_SECONDS
from weaver.errors import Unavailable
from weaver.settings import Settings
from workflows.access import server_named_by

_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where runs are started. `is_ours` tells that its worker is part of the stack; `lasts`, that it outlives the command."""

    address: str
    namespace: str
    ui_url: str | None
    is_ours: bool
    lasts: bool


@contextmanager
def server(settings: Settings, *, started_by: str, meanwhile: Callable[[], object] | None = None) -> Generator[Server, None, None]:
    """Give a server, starting this home's stack when none runs; that one lives while any command uses it.

    `meanwhile` is called while the stack starts, for work that can be done in that time. Raises Unavailable when the
    server of WEAVER_TEMPORAL_ADDRESS does not answer or the stack does not start, Unusable for a home that cannot be written.
    """
    if settings.temporal_address:
        yield _named(settings, settings.temporal_address)
        return
    home = Home(settings.home_path)
    home.make()
    with home.using():
        yield _of(_ensure(home, started_by, meanwhile))


@contextmanager
def running_server(settings: Settings) -> Generator[Server, None, None]:
    """Give a server that runs already; raise Unavailable, naming `weaver up`, when there is none."""
    if settings.temporal_address:
        yield _named(settings, settings.temporal_address)
        return
    home = Home(settings.home_path)
    if home.running() is None:
        raise Unavailable(f"No stack runs on {home.path}. Start one with: weaver up")
    with home.using():
        stack = home.running()
        if stack is None:
            raise Unavailable(f"The stack of {home.path} has just ended. Start one with: weaver up")
        yield _of(stack)


def _named(settings: Settings, address: str) -> Server:
    variable = server_named_by(os.environ)
    check_address(variable, address)
    if not answers(address, timeout_seconds=5):
        raise Unavailable(f"No Temporal server answers at {address} ({variable}).")
    return Server(address=address, namespace=settings.temporal_namespace, ui_url=None, is_ours=False, lasts=True)


def _of(stack: Stack) -> Server:
    return Server(
        address=stack.address, namespace=stack.namespace, ui_url=stack.ui_url, is_ours=True, lasts=stack.started_by == "weaver up"
    )


def _ensure(home: Home, started_by: str, meanwhile: Callable[[], object] | None) -> Stack:
    with home.starting():
        stack = _already_there(home)
        if stack is not None:
            return stack
        supervisor = _launch(home, started_by)
        if meanwhile is not None:
            meanwhile()
        return _wait_for(home, supervisor)


def _already_there(home: Home) -> Stack | None:
    """Return the home's stack; waits for a supervisor that is just starting or stopping."""
    deadline = time.monotonic() + 2 * START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        stack = home.running()
        if stack is not None or not home.is_owned():
            return stack
        time.sleep(_POLL_SECONDS)
    raise Unavailable(f"The stack of {home.path} neither starts nor ends. Its logs are in {home.logs}.")


def _launch(home: Home, started_by: str) -> subprocess.Popen[bytes]:
    home.forget_stack()
    with (home.logs / "supervisor.log").open("wb") as log:
        return subprocess.Popen(
            [*python("cli.supervisor"), "--home", str(home.path), "--started-by", started_by],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ,
            start_new_session=True,
        )


def _wait_for(home: Home, supervisor: subprocess.Popen[bytes]) -> Stack:
    deadline = time.monotonic() + 2 * START_LIMIT_SECONDS
    while time.monotonic() < deadline and supervisor.poll() is None:
        stack = home.running()
        if stack is not None:
            return stack
        time.sleep(_POLL_SECONDS)
    raise Unavailable(f"The embedded server did not start. Its logs are in {home.logs}.\n{tail(home.logs / 'supervisor.log')}")
