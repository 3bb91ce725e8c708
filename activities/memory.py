"""Gives memory back to the system between pieces of work."""

import ctypes
import gc
import sys
from collections.abc import Callable

_trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


def give_back() -> None:
    """Free what only refers to itself (a replay does, and holds its bars), and return the memory.

    glibc (Linux) keeps freed memory otherwise: after some runs a process would hold a third more.
    """
    gc.collect()
    if _trim:
        _trim(0)
