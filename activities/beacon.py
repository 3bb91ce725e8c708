"""What a single-slot process tells its parent: which activity it works on, whose code runs, and that steps go by.

Lines of JSON over a pipe. A line is far shorter than PIPE_BUF, so that the two threads that write never mix theirs.
"""

import json
import os
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Ready:
    """The process takes work from now on."""


@dataclass(frozen=True, slots=True)
class Started:
    """An activity began; `token` is Temporal's task token, by which the parent can fail it."""

    token: str
    activity: str
    strategy: str
    attempt: int

    @property
    def task_token(self) -> bytes:
        return b64decode(self.token)


@dataclass(frozen=True, slots=True)
class UserCode:
    """The strategy's own code begins (`running`) or is over."""

    running: bool


@dataclass(frozen=True, slots=True)
class Beat:
    """The process lives; `steps` counts the strategy's steps since the activity began."""

    steps: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The activity is over."""


Report = Ready | Started | UserCode | Beat | Ended
_KINDS: dict[str, type[Report]] = {"ready": Ready, "started": Started, "user": UserCode, "beat": Beat, "ended": Ended}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_line(report: Report) -> bytes:
    """Write a report as one line of JSON."""
    return json.dumps({"kind": _NAMES[type(report)], **asdict(report)}).encode() + b"\n"


def from_line(line: bytes) -> Report:
    """Read a line of `to_line`."""
    fields = json.loads(line)
    return _KINDS[fields.pop("kind")](**fields)


class Beacon:
    """Sends reports of this process. Without a descriptor (an activity under test) it sends nothing.

    The engine's step counter is read by the beacon's own thread, so that a step costs nothing. A step that never
    ends, or holds the interpreter's lock, makes the counter stand still or the reports stop: both look alike to
    the parent.
    """

    def __init__(self, descriptor: int | None = None, *, every_seconds: float = 0.2) -> None:
        self._descriptor = descriptor
        self._every = every_seconds

    def ready(self) -> None:
        """Report that this process takes work."""
        self._send(Ready())

    def _send(self, report: Report) -> None:
        if self._descriptor is not None:
            os.write(self._descriptor, to_line(report))

    def _beat(self, steps: Callable[[], int], beat: Callable[[], None], over: threading.Event) -> None:
        while not over.wait(self._every):
            self._send(Beat(steps()))
            beat()

    @contextmanager
    def activity(
        self, *, token: bytes, activity: str, strategy: str, attempt: int, steps: Callable[[], int], beat: Callable[[], None]
    ) -> Generator[None]:
        """Report the activity while inside. `steps` gives the engine's counter; `beat` is called as often as it is read."""
        over = threading.Event()
        self._send(Started(b64encode(token).decode(), activity, strategy, attempt))
        thread = threading.Thread(target=self._beat, args=(steps, beat, over), name="beacon", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self._send(Ended())

    @contextmanager
    def user_code(self) -> Generator[None]:
        """Mark what runs inside as the strategy's own: only this has a time limit."""
        self._send(UserCode(running=True))
        try:
            yield
        finally:
            self._send(UserCode(running=False))
