"""The dashboard's files on the API's own origin: what is given to whom, and how long a browser may keep it."""

import gzip
import re
from pathlib import Path

import pytest

from tests.api.guards.guarded import EVERYWHERE, READ, TOKEN, asking, guarded

PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PROGRAM = {"Accept": "application/json"}
SCRIPT = "console.log('weaver');" * 200
PAGE = '<!doctype html><title>Haro</title><div id="root"></div>'


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as the build leaves it, beside something that nobody is given."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets" / "index-B4x9.js").write_text(SCRIPT)
    (tmp_path / "secret.txt").write_text("a secret")
    return folder


@pytest.mark.parametrize("path", ["/", "/runs", "/runs/my-run?tab=events", "/orders/", "/no/such/page", "/index.html", "/apiary"])
async def test_what_a_person_opens_is_the_page_that_shows_all(path: str, built: Path, tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, haro=built)) as client:
        answer = await client.get(path, headers=PERSON)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_the_page_runs_no_script_but_its_own_and_is_framed_by_nobody(built: Path, tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, haro=built)) as client:
        headers = (await client.get("/runs", headers=PERSON)).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_files_named_by_their_content_are_kept_for_ever_and_others_are_asked_for_again(built: Path, tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, haro=built)) as client:
        hashed, icon = await client.get("/assets/index-B4x9.js"), await client.get("/favicon.svg")
        again = await client.get("/favicon.svg", headers={"If-None-Match": icon.headers["ETag"]})
    assert hashed.text == SCRIPT
    assert hashed.headers["Content-Type"].startswith("text/javascript")
    assert hashed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (icon.headers["Content-Type"], icon.headers["Cache-Control"]) == ("image/svg+xml", "no-cache")
    assert (again.status_code, again.headers["Cache-Control"]) == (304, "no-cache")


async def test_scripts_are_sent_compressed(built: Path, tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, haro=built)) as client, client.stream("GET", "/assets/index-B4x9.js") as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(raw).decode() == SCRIPT


@pytest.mark.parametrize("path", ["/assets/index-old.js", "/robots.txt", "/runs"])
async def test_what_is_missing_is_no_page_for_programs(path: str, built: Path, tmp_path: Path) -> None:
    headers = PERSON if path.startswith("/assets") else PROGRAM
    async with asking(guarded(tmp_path, haro=built)) as client:
        answer = await client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/api/v1/no-such-thing", "/api", "/docs", "/openapi.json", "/health", "/metrics"])
async def test_the_rest_of_the_server_is_where_it_was(path: str, built: Path, tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, haro=built)) as client:
        answer = await client.get(path, headers=PERSON)
    assert PAGE not in answer.text
    assert answer.status_code == (404 if path.startswith("/api") else 200)


@pytest.mark.parametrize(
    "path",
    ["/..%2fsecret.txt", "/../secret.txt", "/assets/..%2f..%2fsecret.txt", "/%2e%2e/secret.txt", "//etc/passwd", "/%00", "/" + "a" * 5_000],
)
async def test_nothing_outside_the_build_is_given(path: str, built: Path, tmp_path: Path) -> None:
    (built / "linked.txt").symlink_to(tmp_path / "secret.txt")
    async with asking(guarded(tmp_path, haro=built)) as client:
        for asked in (path, "/linked.txt"):
            answer = await client.get(asked, headers=PROGRAM)
            assert answer.status_code == 404
            assert "a secret" not in answer.text


async def test_where_a_token_is_asked_for_everybody_gets_the_page_and_nobody_else_what_it_shows(built: Path, tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, haro=built, api_host=EVERYWHERE, api_token=TOKEN)) as client:
        assert (await client.get("/login", headers=PERSON)).text == PAGE
        assert (await client.get("/assets/index-B4x9.js")).text == SCRIPT
        for path in (READ, "/docs", "/openapi.json", "/metrics", "/ready", "/robots.txt", "/assets/index-old.js"):
            assert (await client.get(path, headers=PERSON if path == READ else PROGRAM)).status_code == 401
        assert (await client.post("/runs", headers=PERSON)).status_code == 401


async def test_foreign_names_are_not_given_the_page(built: Path, tmp_path: Path) -> None:
    async with asking(guarded(tmp_path, haro=built), base="http://evil.example") as client:
        assert (await client.get("/", headers=PERSON)).status_code == 421


async def test_a_dashboard_that_is_not_built_says_how_to_build_it_and_is_there_once_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    async with asking(guarded(tmp_path, haro=folder)) as client:
        page, text = await client.get("/orders", headers=PERSON), await client.get("/", headers={"Accept": "*/*"})
        assert page.status_code == text.status_code == 503
        assert "make haro" in page.text
        assert not re.search(r"<script|https?:", page.text)
        assert text.text == "The dashboard is not built. Build it with: make haro\n"
        assert (await client.get("/api/v1/health")).status_code == 200
        folder.mkdir()
        (folder / "index.html").write_text(PAGE)
        assert (await client.get("/orders", headers=PERSON)).text == PAGE
