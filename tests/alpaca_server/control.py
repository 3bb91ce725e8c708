"""The commands of a server in another process, over its control API."""

import json
from collections.abc import Callable
from decimal import Decimal
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .commands import COMMANDS, decoded_argument
from .ledger import Entry

DECODERS: dict[str, Callable[[Any], Any]] = {
    "ledger": lambda rows: [Entry.read(row) for row in rows],
    "price": Decimal,
    "positions": lambda held: {name: {s: Decimal(q) for s, q in rows.items()} for name, rows in held.items()},
}


class ControlFailed(Exception):
    """The server did not take a command."""


class RemoteCommands:
    """Sends each method of `Commands` to the server at `url`, and waits for its result. Not for the server's own event loop."""

    def __init__(self, url: str, *, timeout: float = 10) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        assert address.port is not None
        self._host, self._port, self._timeout = address.hostname, address.port, timeout

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in COMMANDS:
            raise AttributeError(name)

        def command(*arguments: Any, **options: Any) -> Any:
            given = {"args": [decoded_argument(one) for one in arguments], "kwargs": {k: decoded_argument(v) for k, v in options.items()}}
            return DECODERS.get(name, lambda result: result)(self._send(name, given))

        return command

    def _send(self, name: str, given: dict[str, Any]) -> Any:
        connection = HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", f"/_control/{name}", json.dumps(given), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise ControlFailed(body["error"])
        return body["result"]


if TYPE_CHECKING:
    from .commands import Commands

    class Control(Commands):
        """The same methods with the same types."""

        def __init__(self, url: str, *, timeout: float = 10) -> None: ...

else:
    Control = RemoteCommands
