"""Ends a child process when its parent is gone, however that ended."""

import ctypes
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have this process killed as soon as process `parent`, which started it with a pipe as standard input, dies.

    On Linux the kernel does it, even while user code holds the interpreter's lock; everywhere the end of the
    pipe does, read by a thread.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before it could be watched
        os._exit(1)
    threading.Thread(target=_until_end_of_input, name="parent-watch", daemon=True).start()


def _until_end_of_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)
