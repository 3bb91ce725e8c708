"""Tells whether a worker on this machine is well: `python -m processes.healthy`, which ends with 0 when it is.

It asks for the numbers that WEAVER_WORKER_METRICS has the worker give: there must be a live process of each kind.
"""

import os
import re
import sys
from http.client import HTTPException
from urllib.request import urlopen

KINDS = ("accounts", "greta", "marvin")
_ALIVE = re.compile(r'^weaver_worker_processes\{.*?kind="(\w+)".*?\} (\S+)$', re.MULTILINE)


def lacking(numbers: str) -> list[str]:
    """Return the kinds of which no process lives, by the worker's numbers."""
    alive = {kind: float(count) for kind, count in _ALIVE.findall(numbers)}
    return [kind for kind in KINDS if not alive.get(kind)]


def main() -> None:
    """Ask the worker, and say what it lacks."""
    address = os.environ.get("WEAVER_WORKER_METRICS", "")
    _, _, port = address.rpartition(":")
    if not port.isdecimal():
        sys.exit("WEAVER_WORKER_METRICS does not say where the worker gives its numbers.")
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=4) as answer:
            missing = lacking(answer.read().decode())
    except (OSError, HTTPException) as problem:
        sys.exit(f"The worker gives no numbers at port {port}: {problem}")
    if missing:
        sys.exit(f"No process of the worker lives for: {', '.join(missing)}")


if __name__ == "__main__":
    main()
