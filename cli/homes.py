"""The home folder: what its stack is, and the locks by which processes of one home agree on it.

stack.owner  held by the supervisor as long as its stack exists: whoever can take it knows that there is none
stack.start  held while a stack is being started, so that one home gets one
stack.users  shared by the commands that use a stack; the supervisor of a stack that a command started ends it
             once it can take this alone

The kernel returns a lock when its holder dies, however that happens, so no file needs to be believed by itself.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path

from weaver.errors import Unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What runs on a home. `pids` by part: supervisor, temporal, worker, api; `api_url` is None where no API is part of it."""

    address: str
    namespace: str
    ui_url: str
    started_by: str
    pids: dict[str, int]
    api_url: str | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """A Weaver home folder."""

    path: Path

    @property
    def stack_file(self) -> Path:
        return self.path / "stack.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def make(self) -> None:
        """Create the folder; raise Unusable when that or writing into it is not possible."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            probe = self.path / f".write-probe-{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as problem:
            raise Unusable(f"The home {self.path} cannot be written: {problem.strerror}. Set WEAVER_HOME to a folder that can.") from None

    def running(self) -> Stack | None:
        """Return the stack that runs on this home, None when there is none (yet)."""
        # The lock first: whoever starts a stack removes the old file before the new supervisor takes the lock.
        return self.read_stack() if self.is_owned() else None

    def is_owned(self) -> bool:
        """Tell whether a supervisor lives on this home, ready or not."""
        if not (self.path / "stack.owner").exists():
            return False
        with self._open("owner") as lock:
            return not _try_lock(lock, fcntl.LOCK_SH)

    def read_stack(self) -> Stack | None:
        try:
            return Stack(**json.loads(self.stack_file.read_text()))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write_stack(self, stack: Stack) -> None:
        """Publish the stack by rename: readers see all of it or nothing."""
        draft = self.path / f".stack-{os.getpid()}.json"
        draft.write_text(json.dumps(asdict(stack), indent=2) + "\n")
        draft.replace(self.stack_file)

    def forget_stack(self) -> None:
        self.stack_file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def using(self) -> Generator[None, None, None]:
        """Count as a user of the stack meanwhile; waits for one that is shutting down."""
        with self._open("users") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    @contextlib.contextmanager
    def starting(self) -> Generator[None, None, None]:
        """Be the only one who starts a stack on this home meanwhile."""
        with self._open("start") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def owning(self) -> Generator[bool, None, None]:
        """Own the home's stack meanwhile; yields False when somebody else does."""
        with self._open("owner") as lock:
            yield _try_lock(lock, fcntl.LOCK_EX, attempts=20)  # readers hold it for a moment in `is_owned`

    @contextlib.contextmanager
    def unused(self) -> Generator[bool, None, None]:
        """Keep users out meanwhile; yields False when there are some."""
        with self._open("users") as lock:
            yield _try_lock(lock, fcntl.LOCK_EX)

    @contextlib.contextmanager
    def _open(self, name: str) -> Generator[int, None, None]:
        lock = os.open(self.path / f"stack.{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            yield lock
        finally:
            os.close(lock)


def _try_lock(lock: int, kind: int, attempts: int = 1) -> bool:
    for attempt in range(attempts):
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 < attempts:
                time.sleep(0.05)  # one that only looks holds it for a moment
        else:
            return True
    return False
