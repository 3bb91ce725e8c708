"""The event routes alone on uvicorn: `python -m tests.api.streaming_server PORT DATABASE_URL TEMPORAL_ADDRESS [kept]`."""

import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import uvicorn
from fastapi import FastAPI

from api.correlation import Correlation
from api.door import Door
from api.errors import answer_errors
from api.routes import events
from api.stream import Hub
from weaver.walle.database import Database


def app_of(database_url: str, address: str, **kept: int) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        database = Database.open(database_url)
        app.state.parts = SimpleNamespace(hub=Hub(database, Door(address, "default").client, **kept))
        yield
        await app.state.parts.hub.stop()
        database.close()

    app = FastAPI(lifespan=lifespan)
    answer_errors(app)
    app.include_router(events.router, prefix="/api/v1")
    app.add_middleware(Correlation)
    return app


class Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print("api ready", flush=True)  # noqa: T201  # whoever started it waits for that

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.parts.hub.close()
        await super().shutdown(sockets)


if __name__ == "__main__":
    port, url, address, *kept = sys.argv[1:]
    app = app_of(url, address, **({"kept_of_a_run": int(kept[0]), "kept_of_all": int(kept[0])} if kept else {}))
    Server(uvicorn.Config(app, host="127.0.0.1", port=int(port), log_level="warning")).run()
