"""Local TCP ports: which are free, who holds one, does anybody answer."""

import errno
import socket
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

from weaver.errors import BadValue, Unusable

LOCALHOST = "127.0.0.1"
_CHOICE = range(10_000, 32_768)
"""Below those that systems give to outgoing connections: one of these could take a free port before its server does."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The program that listens on a port."""

    pid: int
    program: str

    def __str__(self) -> str:
        return f"{self.program} (pid {self.pid})"


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that nobody holds now. Raises Unusable when there are not so many."""
    found: list[int] = []
    for port in SystemRandom().sample(_CHOICE, len(_CHOICE)):  # not of the seeded generator: two processes would choose the same
        if is_free(port):
            found.append(port)
            if len(found) == count:
                return found
    raise Unusable(f"There are no {count} free ports from {_CHOICE.start} to {_CHOICE.stop - 1}.")


def is_free(port: int, host: str = LOCALHOST) -> bool:
    """Tell whether `port` can be listened on at an address or name of this machine. Raises Unusable for one that is not its own."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as one:
        # As servers do: without it, connections that were just closed would make a free port look taken.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError as problem:
            if problem.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise Unusable(f"{host} is no address of this machine that can be listened on: {problem.strerror}.") from problem
    return True


def answers(address: str, timeout_seconds: float = 1.0) -> bool:
    """Tell whether somebody accepts connections at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=timeout_seconds):
            return True
    except OSError:
        return False


def check_address(field: str, address: str) -> None:
    """Raise BadValue unless `address` reads `host:port`."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise BadValue(field, address, "host:port, such as 127.0.0.1:7233")


def check_free(port: int, purpose: str, option: str, host: str = LOCALHOST) -> None:
    """Raise Unusable, naming the holder where it can be read, when `port` is taken."""
    if is_free(port, host):
        return
    holder = holder_of(port)
    by = f" by {holder}" if holder else " by a program of another user"
    raise Unusable(f"Port {port}, wanted for {purpose}, is taken{by}. Stop it, or choose another port with {option}.")


def holder_of(port: int) -> Holder | None:
    """Return who listens on `port`, as far as /proc tells; None where it does not."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(link.readlink().name in sockets for link in (process / "fd").iterdir()):
                return Holder(int(process.name), _program(process))
        except OSError:
            continue  # another user's process, or one that has just ended
    return None


def _listening_inodes(port: int) -> set[str]:
    found: set[str] = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            listens = columns[3] == "0A"
            if listens and int(columns[1].rpartition(":")[2], 16) == port:
                found.add(columns[9])
    return found


def _program(process: Path) -> str:
    words = (process / "cmdline").read_bytes().split(b"\0")
    text = " ".join(word.decode(errors="replace") for word in words if word)
    return text[:80] or (process / "comm").read_text().strip()
