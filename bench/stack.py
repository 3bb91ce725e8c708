"""An embedded stack of a bench's own, and what its processes hold in memory."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.homes import WEAVER, environment
from cli.ports import free_ports


@dataclass(frozen=True, slots=True)
class Stack:
    """A running `weaver up`: where its Temporal server listens, and the process all others descend from."""

    address: str
    pid: int

    def peaks(self) -> dict[str, float]:
        """Return the largest resident size so far of each living process, in MiB, by "pid command"."""
        return {f"{pid} {_command(pid)}": peak(pid) for pid in family(self.pid)}


@contextmanager
def stack(home: Path) -> Iterator[Stack]:
    """Bring up the embedded stack of `home` on free ports, and end it with the block."""
    temporal, ui, api = free_ports(3)
    process = subprocess.Popen(
        [WEAVER, "up", "--json", "--port-temporal", str(temporal), "--port-ui", str(ui), "--port-api", str(api)],
        env=environment(home),
        cwd=home.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Stack(_address(process), process.pid)
    finally:
        process.terminate()
        process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    """Read the JSON document that `weaver up` prints when it is ready."""
    text = ""
    for line in process.stdout or ():
        text += line
        try:
            return json.loads(text)["address"]
        except json.JSONDecodeError:
            continue
    raise RuntimeError(f"weaver up ended before it was ready, and said: {text!r}")


def family(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        children.setdefault(parent, []).append(int(status.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def peak(pid: int) -> float:
    """Return the largest resident size so far of a process, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _command(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    return " ".join([Path(words[0]).name, *words[1:4]])[:60]
