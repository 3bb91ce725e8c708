"""Serves only requests that name this server in their Host header.

A page of a foreign name that was made to point to this machine (DNS rebinding) has the browser's leave to read what it gets from
there; but its requests name the foreign host.
"""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem
from weaver.exposure import is_address, is_loopback
from weaver.settings import Settings


class Hosts:
    """The names that are served: this machine's own, the one that is listened on, and those of WEAVER_API_ALLOWED_HOSTS.

    A server that listens beyond this machine is also served by any address: no page has an address for its name.
    """

    def __init__(self, listening_on: str, allowed: Sequence[str]) -> None:
        self._by_address = not is_loopback(listening_on)
        self._names = {listening_on.lower(), *(name.lower() for name in allowed if not name.startswith("*."))}
        self._endings = tuple(name.lower().removeprefix("*") for name in allowed if name.startswith("*."))

    @staticmethod
    def of(settings: Settings) -> "Hosts":
        return Hosts(settings.api_host, settings.allowed_hosts)

    def serve(self, header: str) -> bool:
        """Tell whether a Host header, `name` or `name:port`, names this server."""
        name = _name(header)
        if is_loopback(name):
            return True
        return (name in self._names or name.endswith(self._endings) or (self._by_address and is_address(name))) and bool(name)


class HostCheck:
    """Refuses requests for other hosts with 421."""

    def __init__(self, app: ASGIApp, *, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            named = Headers(scope=scope).getlist("host")
            if len(named) != 1 or not self._hosts.serve(named[0]):
                answer = problem(
                    421, "wrong_host", "The Host header names no host of this server. Further names are given in WEAVER_API_ALLOWED_HOSTS."
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _name(header: str) -> str:
    """Return the name in a Host header, without port and brackets."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].rstrip(".")
