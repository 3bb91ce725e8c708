"""Gives memory back to the system between pieces of work."""

import ctypes
import sys
from collections.abc import Callable

_trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


def give_back() -> None:
    """Return the freed memory of the C heap. glibc (Linux) keeps it otherwise: after some runs a process would hold a third more."""
    if _trim:
        _trim(0)
