"""The application with a few routes of no other meaning: one to read, one to write, one that streams, one that takes a body."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from api.main import create_app
from weaver.settings import Settings

TOKEN = "correct-horse-battery"
READ, WRITE, STREAM = "/api/v1/probe", "/api/v1/probe", "/api/v1/probe/stream"
LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"

probe = APIRouter(prefix="/api/v1/probe", include_in_schema=False)


@probe.get("")
def read() -> dict[str, str]:
    return {"read": "yes"}


@probe.post("")
def write() -> dict[str, str]:
    return {"written": "yes"}


@probe.post("/json")
def take_json(body: dict[str, Any]) -> dict[str, int]:
    return {"members": len(body)}


@probe.post("/raw")
async def take_raw(request: Request) -> dict[str, int]:
    return {"bytes": sum([len(part) async for part in request.stream()])}


@probe.get("/stream")
async def stream() -> StreamingResponse:
    async def said() -> AsyncGenerator[str]:
        yield "id: 1\nevent: probe\ndata: {}\n\n"

    return StreamingResponse(said(), media_type="text/event-stream")


@probe.get("/{name}/report")
def report(name: str) -> HTMLResponse:
    return HTMLResponse(f"<!doctype html><title>{name}</title>")


@probe.get("/fails")
def fails() -> None:
    raise ZeroDivisionError


def guarded(home: Path, **settings: Any) -> FastAPI:
    """Return the application under these settings, on a home of its own."""
    app = create_app(Settings(home=home, temporal_address="127.0.0.1:1", **settings))
    app.include_router(probe)
    return app


@asynccontextmanager
async def asking(app: FastAPI, *, address: str = "127.0.0.1", base: str = "http://127.0.0.1:8000") -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the application, seen as coming from `address`."""
    transport = httpx.ASGITransport(app, client=(address, 50_000), raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=base) as client:
        yield client
