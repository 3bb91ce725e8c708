"""`python -m api`: serves the API, and prints `api ready` when it does."""

import logging
import socket
import sys

import uvicorn

from api.main import create_app
from weaver.errors import WeaverError
from weaver.settings import Settings

READY = "api ready"


class Server(uvicorn.Server):
    """Says when it serves."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(READY, flush=True)  # noqa: T201  # whoever started this process waits for it


def main() -> None:
    """Serve until told to stop."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = Settings()
    config = uvicorn.Config(create_app(settings), host="127.0.0.1", port=8000, access_log=False, log_config=None)
    try:
        Server(config).run()
    except WeaverError as problem:
        sys.exit(f"weaver: {problem}")


if __name__ == "__main__":
    main()
