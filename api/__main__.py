"""`python -m api`: serves the API, and prints `api ready` when it does."""

import os
import socket
import sys

import uvicorn
from fastapi import FastAPI

from api.main import create_app
from weaver.errors import Unavailable, WeaverError
from weaver.exposure import check_exposure
from weaver.logs import set_up
from weaver.settings import Settings, read_settings
from weaver.walle.database import Database
from workflows.access import placed

READY = "api ready"
BAD_INPUT, UNREACHABLE = 2, 3
_DRAIN_SECONDS = 5
"""How long requests under way may go on once the server is told to stop."""


class Server(uvicorn.Server):
    """Says when it serves, and ends event streams before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(READY, flush=True)  # noqa: T201  # whoever started this process waits for it

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.parts.hub.close()
        await super().shutdown(sockets)


def server(settings: Settings) -> Server:
    """Return the server of these settings. Raises BadInput where it must not be reached without a token, and as `Database.open`."""
    check_exposure(settings)
    Database.open(settings.database_url).close()  # what is wrong with it is said plainly here; from within the server it is a traceback
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.api_trusted_proxies),
        forwarded_allow_ips=settings.api_trusted_proxies or "127.0.0.1",
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    return Server(config, app)


def main() -> None:
    """Serve until told to stop."""
    set_up(("api",))
    try:
        server(placed(read_settings(), os.environ)).run()
    except WeaverError as problem:
        print(f"weaver: {problem}", file=sys.stderr)  # noqa: T201  # as every command says it
        sys.exit(UNREACHABLE if isinstance(problem, Unavailable) else BAD_INPUT)


if __name__ == "__main__":
    main()
