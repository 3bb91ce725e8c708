"""What browsers are told to keep to."""

from pathlib import Path

import pytest

from tests.api.guards.guarded import EVERYWHERE, READ, TOKEN, asking, guarded

HARO = "https://haro.example.com"


@pytest.mark.parametrize("path", [READ, "/api/v1/nothing", "/docs", "/api/v1/probe/one/report"])
async def test_every_answer_is_taken_for_what_it_is_and_framed_by_nobody_else(path: str, tmp_path: Path) -> None:
    async with asking(guarded(tmp_path)) as client:
        headers = (await client.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert ("frame-ancestors 'self'" if path.endswith("report") else "frame-ancestors 'none'") in headers["Content-Security-Policy"]


async def test_refusals_of_the_door_have_them_too(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, api_token=TOKEN), base="http://evil.example") as client:
        assert (await client.get(READ)).headers["X-Content-Type-Options"] == "nosniff"
    async with asking(guarded(tmp_path, api_token=TOKEN)) as client:
        assert (await client.get(READ)).headers["X-Content-Type-Options"] == "nosniff"


async def test_a_reports_scripts_have_no_origin(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path)) as client:
        policy = (await client.get("/api/v1/probe/one/report")).headers["Content-Security-Policy"]
        data = (await client.get(READ)).headers["Content-Security-Policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert "script-src" not in data


async def test_https_alone_is_asked_for_only_by_https(tmp_path: Path) -> None:
    for base, expected in (("http://127.0.0.1", False), ("https://127.0.0.1", True)):
        async with asking(guarded(tmp_path), base=base) as client:
            assert ("Strict-Transport-Security" in (await client.get(READ)).headers) == expected


async def test_no_other_origin_may_read_unless_it_is_named(tmp_path: Path) -> None:
    asks = {"Origin": HARO, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    async with asking(guarded(tmp_path)) as client:
        assert "Access-Control-Allow-Origin" not in (await client.get(READ, headers={"Origin": HARO})).headers
        assert (await client.options(READ, headers=asks)).status_code == 405
    async with asking(guarded(tmp_path, api_host=EVERYWHERE, api_token=TOKEN, api_cors_origins=HARO)) as client:
        allowed = await client.options(READ, headers=asks)
        assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, HARO)
        answer = await client.get(READ, headers={"Origin": HARO, "Authorization": f"Bearer {TOKEN}"})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, HARO)
        refused = await client.options(READ, headers=asks | {"Origin": "https://other.example.com"})
        assert "Access-Control-Allow-Origin" not in refused.headers
