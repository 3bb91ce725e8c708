"""How large requests may be, and how many."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.guards.limits import BODY_BYTES, FORM_BYTES, SIGN_INS_PER_MINUTE
from tests.api.guards.guarded import EVERYWHERE, READ, TOKEN, asking, guarded
from tests.api.serving import serving

BEARER = {"Authorization": f"Bearer {TOKEN}"}
MANY = 5


def too_large(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.headers["Content-Type"], answer.json()["code"]) == (413, "application/problem+json", "too_large")


async def pieces(total: int) -> AsyncIterator[bytes]:
    for start in range(0, total, 65_536):
        yield b" " * min(65_536, total - start)


@pytest.mark.parametrize("path", ["/api/v1/probe/json", "/api/v1/probe/raw"])
async def test_a_body_of_more_than_a_megabyte_is_refused_whether_its_length_is_said_or_not(path: str, tmp_path: Path) -> None:
    async with serving(guarded(tmp_path)) as base, httpx.AsyncClient(base_url=base, headers={"Content-Type": "application/json"}) as client:
        fitting = b"{}".ljust(BODY_BYTES)
        assert (await client.post(path, content=fitting)).status_code == 200
        assert too_large(await client.post(path, content=fitting + b" "))
        assert too_large(await client.post(path, content=pieces(BODY_BYTES + 1)))
        assert (await client.get(READ)).status_code == 200


async def test_an_import_may_be_larger(tmp_path: Path) -> None:
    megabytes = 3
    app = guarded(tmp_path, api_upload_megabytes=megabytes)
    async with serving(app) as base, httpx.AsyncClient(base_url=base) as client:
        passed = await client.post("/api/v1/data/import", content=pieces(2 * BODY_BYTES))
        assert passed.status_code != 413  # what a route says of a body that is no form
        assert too_large(await client.post("/api/v1/data/import", content=b" " * (megabytes * 1_000_000 + FORM_BYTES + 1)))


async def test_beyond_this_machine_an_address_may_send_only_so_many(tmp_path: Path) -> None:
    app = guarded(tmp_path, api_host=EVERYWHERE, api_token=TOKEN, api_requests_per_minute=MANY)
    async with asking(app, address="203.0.113.9") as client:
        for _ in range(MANY):
            assert (await client.get(READ, headers=BEARER)).status_code == 200
        answer = await client.get(READ, headers=BEARER)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        other = httpx.ASGITransport(app, client=("203.0.113.10", 1))
        async with httpx.AsyncClient(transport=other, base_url="http://127.0.0.1") as neighbour:
            assert (await neighbour.get(READ, headers=BEARER)).status_code == 200


async def test_addresses_of_one_ipv6_network_are_one_caller(tmp_path: Path) -> None:
    app = guarded(tmp_path, api_host=EVERYWHERE, api_token=TOKEN, api_requests_per_minute=MANY)
    statuses: list[int] = []
    async with app.router.lifespan_context(app):
        for number in range(MANY + 1):
            transport = httpx.ASGITransport(app, client=(f"2001:db8::{number:x}", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                statuses.append((await client.get("/health")).status_code)
    assert statuses == [200] * MANY + [429]


async def test_sessions_are_opened_more_seldom(tmp_path: Path) -> None:
    app = guarded(tmp_path, api_host=EVERYWHERE, api_token=TOKEN)
    async with asking(app, address="203.0.113.9") as client:
        guesses = [
            (await client.post("/api/v1/session", json={"token": f"guess-number-{n:06}"})).status_code for n in range(SIGN_INS_PER_MINUTE)
        ]
        assert set(guesses) == {401}
        assert (await client.post("/api/v1/session", json={"token": TOKEN})).status_code == 429
        assert (await client.get(READ, headers=BEARER)).status_code == 200


async def test_on_this_machine_nobody_is_counted(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, api_requests_per_minute=1)) as client:
        assert {(await client.get(READ)).status_code for _ in range(10)} == {200}
