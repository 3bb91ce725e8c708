"""The API in the test's own process, before a real worker and a real Temporal server, asked as a program asks it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from api.main import create_app
from tests.workflows.stack import Stack, until
from weaver.settings import Settings

BASE = "http://127.0.0.1/api/v1"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Api:
    """An API process as its callers see it."""

    http: httpx.AsyncClient

    async def get(self, path: str, answered: int = 200, /, **params: Any) -> Any:
        """Return the JSON of a GET that is answered so."""
        return _json(await self.http.get(path, params=params), answered)

    async def send(self, method: str, path: str, body: object = None, *, status: int = 200, **headers: str) -> Any:
        """Return the JSON of another request that is answered with `status`; None where there is none."""
        answer = await self.http.request(method, path, json=body, headers=headers)
        return _json(answer, status) if answer.content else _none(answer, status)

    async def start(self, body: Mapping[str, object], **headers: str) -> Any:
        """Start a run and return it."""
        return await self.send("POST", "/runs", dict(body), status=201, **headers)

    async def reached(self, run_id: str, *statuses: str) -> Any:
        """Wait until the run has one of these statuses on record, and return it."""

        async def found() -> Any:
            run = await self.get(f"/runs/{run_id}")
            return run if run["status"] in statuses else None

        return await until(found, f"{run_id} to be {' or '.join(statuses)}")


def _json(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def _none(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text


def settings_of(stack: Stack) -> Settings:
    """Return the settings of an API before this stack."""
    return Settings(home=stack.home, plugins=str(stack.home / "plugins"), temporal_address=stack.address)


@asynccontextmanager
async def asked(settings: Settings) -> AsyncIterator[Api]:
    """Give an API process of these settings."""
    app = create_app(settings)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE, timeout=60) as client:
        yield Api(client)


def new_symbol() -> str:
    """Return a symbol that no other test here trades."""
    return f"API{next(_numbers)}/USD"
