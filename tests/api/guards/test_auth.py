"""Who is let in: the whole matrix of where the API listens, what it asks for, what is given, and what is asked."""

import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from api.guards.auth import PUBLIC
from api.guards.sessions import COOKIE, Sessions
from tests.api.guards.guarded import EVERYWHERE, LOOPBACK, READ, STREAM, TOKEN, WRITE, asking, guarded
from weaver.errors import BadInput, BadValue
from weaver.exposure import check_exposure
from weaver.settings import Settings

ORIGIN = "http://127.0.0.1:8000"
HOUR = 3_600


def cookie(value: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={value}", "Origin": ORIGIN}


GIVEN: dict[str, Callable[[], dict[str, str]]] = {
    "nothing": dict,
    "a wrong bearer": lambda: {"Authorization": "Bearer wrong-horse-battery"},
    "the bearer": lambda: {"Authorization": f"Bearer {TOKEN}"},
    "the bearer in small letters": lambda: {"Authorization": f"bearer {TOKEN}"},
    "a wrong key": lambda: {"X-API-Key": TOKEN[:-1]},
    "the key": lambda: {"X-API-Key": TOKEN},
    "the key and a wrong bearer": lambda: {"X-API-Key": TOKEN, "Authorization": "Bearer wrong"},
    "the cookie": lambda: cookie(Sessions(TOKEN, seconds=HOUR).issue()[0]),
    "the cookie and a wrong bearer": lambda: cookie(Sessions(TOKEN, seconds=HOUR).issue()[0]) | {"Authorization": "Bearer wrong"},
    "an expired cookie": lambda: cookie(Sessions(TOKEN, seconds=HOUR, clock=lambda: 0).issue()[0]),
    "a cookie of another token": lambda: cookie(Sessions("another-horse-battery", seconds=HOUR).issue()[0]),
    "a cookie with a later end": lambda: cookie("9" + Sessions(TOKEN, seconds=HOUR).issue()[0]),
    "the token as a cookie": lambda: cookie(TOKEN),
    "an empty cookie": lambda: cookie(""),
    "another scheme": lambda: {"Authorization": "Basic dXNlcjpzZWNyZXQ="},
}
GOOD = {"the bearer", "the bearer in small letters", "the key", "the cookie"}
ASKED = {
    "read": ("GET", READ),
    "write": ("POST", WRITE),
    "stream": ("GET", STREAM),
    "docs": ("GET", "/docs"),
    "openapi": ("GET", "/openapi.json"),
    "metrics": ("GET", "/api/v1/metrics"),
    "what is not there": ("GET", "/api/v1/nothing-of-that-name"),
    "health": ("GET", "/api/v1/health"),
    "health at the root": ("GET", "/health"),
}


Doors = dict[tuple[str, str | None], httpx.AsyncClient]


@pytest_asyncio.fixture(scope="module")
async def doors(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Doors]:
    """A client of each application that may be served, by where it listens and its token."""
    async with AsyncExitStack() as stack:
        served: Doors = {}
        for host, token in ((LOOPBACK, None), (LOOPBACK, TOKEN), (EVERYWHERE, TOKEN)):
            app = guarded(tmp_path_factory.mktemp("door"), api_host=host, api_token=token)
            served[host, token] = await stack.enter_async_context(asking(app))
        yield served


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("token", [None, TOKEN], ids=["no token", "a token"])
@pytest.mark.parametrize("host", [LOOPBACK, EVERYWHERE])
async def test_the_matrix(host: str, token: str | None, given: str, doors: Doors, tmp_path: Path) -> None:
    if token is None and host == EVERYWHERE:
        with pytest.raises(BadInput, match="WEAVER_API_TOKEN"):
            guarded(tmp_path, api_host=host, api_token=token)
        return
    for name, (method, path) in ASKED.items():
        answer = await doors[host, token].request(method, path, headers=GIVEN[given]())
        is_open = token is None or name.startswith("health")
        if is_open or given in GOOD:
            assert answer.status_code == (404 if name == "what is not there" else 200), (name, answer.text)
        else:
            assert answer.status_code == 401, (name, answer.text)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["code"] == "unauthorized"
            assert answer.json()["correlation_id"] == answer.headers["X-Correlation-Id"]


async def test_every_route_asks_for_the_token_but_the_few_that_are_public(tmp_path: Path) -> None:
    app = guarded(tmp_path, api_token=TOKEN)
    asked = {(method.upper(), path) for path, operations in app.openapi()["paths"].items() for method in operations}
    public = {(method, path) for path, methods in PUBLIC.items() for method in methods}
    assert len(asked) >= 5
    async with asking(app) as client:
        for method, path in asked:
            answer = await client.request(method, path)
            assert (answer.status_code != 401) == ((method, path) in public - {("POST", "/api/v1/session")}) or answer.status_code == 422, (
                path
            )


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "", "192.168.1.5", "example.com"])
def test_it_listens_nowhere_else_without_a_token(host: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="WEAVER_API_TOKEN"):
        check_exposure(Settings(home=tmp_path, api_host=host))
    check_exposure(Settings(home=tmp_path, api_host=host, api_token=TOKEN))


@pytest.mark.parametrize("host", [LOOPBACK, "127.8.0.1", "localhost", "::1", "[::1]", "::ffff:127.0.0.1"])
def test_on_this_machine_alone_it_needs_none(host: str, tmp_path: Path) -> None:
    check_exposure(Settings(home=tmp_path, api_host=host))


@pytest.mark.parametrize("token", ["short", "fifteen-letters", "has a space in it here", "zwölf-boxkämpfer-jagen"])
def test_a_token_that_could_be_guessed_or_not_be_sent_is_refused_and_not_repeated(token: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="WEAVER_API_TOKEN") as refused:
        check_exposure(Settings(home=tmp_path, api_token=token))
    assert token not in str(refused.value)


@pytest.mark.parametrize("origin", ["*", "https://*.example.com", "haro.example.com", "https://haro.example.com/", "https://[haro"])
def test_an_origin_that_is_none_is_refused(origin: str, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="WEAVER_API_CORS_ORIGINS"):
        check_exposure(Settings(home=tmp_path, api_cors_origins=origin))


def test_the_process_refuses_to_start_without_a_token_in_plain_words(tmp_path: Path) -> None:
    for variables in ({"WEAVER_API_HOST": EVERYWHERE}, {"WEAVER_API_TOKEN": "too-short"}):
        done = subprocess.run(
            [sys.executable, "-m", "api"],
            env={**os.environ, "WEAVER_HOME": str(tmp_path), **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert "WEAVER_API_TOKEN" in done.stderr
        assert "Traceback" not in done.stderr
        assert "too-short" not in done.stderr


async def test_a_session_lets_a_browser_in_until_it_is_closed(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, api_host=EVERYWHERE, api_token=TOKEN)) as client:
        assert (await client.get(READ)).status_code == 401
        opened = await client.post("/api/v1/session", json={"token": TOKEN}, headers={"Origin": ORIGIN})
        assert opened.status_code == 200
        assert opened.json()["required"] is True
        assert opened.json()["expires_at"].endswith("Z")
        assert (await client.get(STREAM)).text.startswith("id: 1")
        assert (await client.post(WRITE, headers={"Origin": ORIGIN})).status_code == 200
        closed = await client.delete("/api/v1/session", headers={"Origin": ORIGIN})
        assert closed.status_code == 204
        assert (await client.get(READ)).status_code == 401


async def test_the_cookie_is_for_this_server_alone_and_not_the_token(tmp_path: Path) -> None:
    for base, is_secure in (("http://127.0.0.1:8000", False), ("https://127.0.0.1:8000", True)):
        async with asking(guarded(tmp_path, api_token=TOKEN, api_session_hours=2), base=base) as client:
            said = (await client.post("/api/v1/session", json={"token": TOKEN})).headers["Set-Cookie"]
        value, *attributes = said.split("; ")
        assert TOKEN not in value
        assert {one.lower() for one in attributes} >= {"httponly", "samesite=strict", "path=/", "max-age=7200"}
        assert ("Secure" in attributes) == is_secure
        assert not any(one.lower().startswith("domain") for one in attributes)


async def test_two_processes_with_one_token_take_each_others_sessions(tmp_path: Path) -> None:
    first, second = guarded(tmp_path, api_token=TOKEN), guarded(tmp_path, api_token=TOKEN)
    async with asking(first) as one, asking(second) as other:
        await one.post("/api/v1/session", json={"token": TOKEN})
        other.cookies = one.cookies
        assert (await other.get(READ)).status_code == 200


async def test_a_wrong_token_opens_no_session(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, api_token=TOKEN)) as client:
        answer = await client.post("/api/v1/session", json={"token": TOKEN + "x"})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "The token is wrong."
    assert "Set-Cookie" not in answer.headers


async def test_where_none_is_asked_for_a_session_sets_no_cookie(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path)) as client:
        answer = await client.post("/api/v1/session", json={"token": "whatever"})
        assert (answer.status_code, answer.json()) == (200, {"required": False, "expires_at": None})
        assert "Set-Cookie" not in answer.headers
        assert (await client.delete("/api/v1/session")).status_code == 204


async def test_neither_answers_nor_the_log_hold_a_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = [TOKEN, "a-guess-of-twenty-letters"]
    async with asking(guarded(tmp_path, api_token=TOKEN)) as client:
        for secret in secrets:
            for headers in ({"Authorization": f"Bearer {secret}"}, {"X-API-Key": secret}, cookie(secret)):
                for method, path in (("GET", READ), ("GET", "/api/v1/probe/fails"), ("GET", "/nothing"), ("PUT", READ)):
                    answer = await client.request(method, path, headers=headers)
                    assert secret not in answer.text + str(answer.headers)
            for body in ({"token": secret}, {"token": [secret]}, {"token": secret, "more": 1}, {"tokens": secret}):
                answer = await client.post("/api/v1/session", json=body)
                assert secret not in answer.text + str(answer.headers)
    assert not any(secret in caplog.text for secret in secrets)
    assert TOKEN not in repr(Settings(home=tmp_path, api_token=TOKEN))


def a_write(**headers: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


FOREIGN = [
    a_write(Origin="https://evil.example"),
    a_write(Origin="null"),
    a_write(Origin="http://127.0.0.1:3000"),
    a_write(Origin="http://127.0.0.1:8000.evil.example"),
    a_write(Sec_Fetch_Site="cross-site"),
    a_write(Sec_Fetch_Site="same-site", Origin="http://127.0.0.1:3000"),
    a_write(Sec_Fetch_Site="cross-site", Origin=ORIGIN),
]
OWN = [a_write(Origin=ORIGIN), a_write(Sec_Fetch_Site="same-origin"), a_write(Sec_Fetch_Site="same-origin", Origin="http://localhost:5173")]


@pytest.mark.parametrize("token", [None, TOKEN], ids=["no token", "a session"])
async def test_a_foreign_page_cannot_have_the_browser_write(token: str | None, tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, api_token=token)) as client:
        if token:
            await client.post("/api/v1/session", json={"token": token})
        for headers in FOREIGN:
            answer = await client.post(WRITE, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin"), headers
            assert (await client.get(READ, headers=headers)).status_code == 200
        for headers in OWN:
            assert (await client.post(WRITE, headers=headers)).status_code == 200, headers


async def test_a_session_that_names_no_origin_does_not_write_but_a_program_does(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, api_token=TOKEN)) as client:
        await client.post("/api/v1/session", json={"token": TOKEN})
        assert (await client.post(WRITE)).status_code == 403
        assert (await client.post(WRITE, headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 200
    async with asking(guarded(tmp_path)) as client:
        assert (await client.post(WRITE)).status_code == 200


async def test_a_foreign_page_cannot_open_a_session(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, api_token=TOKEN)) as client:
        answer = await client.post("/api/v1/session", json={"token": TOKEN}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        assert "Set-Cookie" not in answer.headers


async def test_a_page_of_a_named_origin_may_write(tmp_path: Path) -> None:
    origin = "https://haro.example.com"
    async with asking(guarded(tmp_path, api_cors_origins=origin)) as client:
        assert (await client.post(WRITE, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})).status_code == 200
        assert (await client.post(WRITE, headers={"Origin": "https://other.example.com"})).status_code == 403


async def websocket_answer(app: FastAPI) -> list[str]:
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, str]) -> None:
        sent.append(message["type"])

    scope = {"type": "websocket", "path": READ, "headers": [(b"host", b"127.0.0.1")], "query_string": b"", "scheme": "ws"}
    await app(scope, receive, send)
    return sent


async def test_a_websocket_is_closed(tmp_path: Path) -> None:
    app = guarded(tmp_path, api_token=TOKEN)
    async with app.router.lifespan_context(app):
        assert await websocket_answer(app) == ["websocket.close"]
