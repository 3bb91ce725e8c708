"""nginx as it runs in the deployment, before APIs that are stood in for by small servers of these tests."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from starlette.applications import Starlette

from api.dashboard import Dashboard
from api.guards.headers import SecurityHeaders
from cli.ports import free_ports
from tests.deploy.composed import nginx, nginx_configuration
from tests.workflows.stack import until

PAGE = "<!doctype html><title>Haro</title>"
SCRIPT = "export const much = 1\n" * 200


class Standin:
    """A server in an API's place: says what it was asked, and breaks off when told to."""

    def __init__(self) -> None:
        self.port = free_ports(1)[0]
        self.asked: list[web.Request] = []
        self.breaks_off = False
        self.goes_on = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self) -> "Standin":
        app = web.Application(client_max_size=10**9)
        app.router.add_get("/api/v1/events/stream", self._stream)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if self.breaks_off:
            assert request.transport is not None
            request.transport.abort()
            raise asyncio.CancelledError
        body = await request.read()
        headers = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
        return web.json_response({"bytes": len(body), "text": "much " * 1_000}, headers=headers)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b"id: 1\ndata: first\n\n")
        await self.goes_on.wait()
        await answer.write(b"id: 2\ndata: second\n\n")
        return answer


class Front:
    """nginx and what is behind it."""

    def __init__(self, url: str, apis: list[Standin], folder: Path) -> None:
        self.url = url
        self.apis = apis
        self.folder = folder


@pytest_asyncio.fixture(scope="module")
async def front(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Front]:
    folder = tmp_path_factory.mktemp("nginx")
    files = folder / "html"
    (files / "assets").mkdir(parents=True)
    (files / "index.html").write_text(PAGE)
    (files / "assets" / "index-1a2b.js").write_text(SCRIPT)
    apis = [await Standin().start(), await Standin().start()]
    port, ui_port = free_ports(2)
    servers = " ".join(f"server 127.0.0.1:{api.port} max_fails=0;" for api in apis)
    main = nginx_configuration(port=port, ui_port=ui_port, root=files, servers=servers, folder=folder, ui=f"127.0.0.1:{apis[0].port}")
    process = subprocess.Popen([nginx(), "-e", "stderr", "-c", str(main), "-g", "daemon off;"])
    url = f"http://127.0.0.1:{port}"
    try:

        async def answers() -> bool:
            assert process.poll() is None, (folder / "error.log").read_text()
            try:
                async with httpx.AsyncClient() as client:
                    return (await client.get(url)).status_code == 200
            except httpx.TransportError:
                return False

        await until(answers, "nginx")
        yield Front(url, apis, folder)
    finally:
        process.terminate()
        process.wait(10)
        for api in apis:
            await api.stop()


async def get(front: Front, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=front.url) as client:
        return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    main = nginx_configuration(port=18080, ui_port=18081, root=tmp_path, servers="server 127.0.0.1:1 max_fails=0;", folder=tmp_path)

    checked = subprocess.run([nginx(), "-e", "stderr", "-t", "-c", str(main)], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


def test_nginx_takes_the_servers_of_the_compose_file_too(tmp_path: Path) -> None:
    from tests.deploy.composed import services

    servers = services()["nginx"]["environment"]["API_SERVERS"]
    main = nginx_configuration(port=18080, ui_port=18081, root=tmp_path, servers=servers, folder=tmp_path, ui="temporal-ui:8080")

    checked = subprocess.run([nginx(), "-e", "stderr", "-t", "-c", str(main)], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


async def test_the_headers_of_pages_are_those_of_the_api(front: Front) -> None:
    app = SecurityHeaders(Dashboard(Starlette(), folder=front.folder / "html"))
    ours = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=front.url)
    about = {"date", "server", "connection", "content-length", "etag", "last-modified", "content-type", "accept-ranges", "vary"}
    async with ours:
        for path in ("/", "/index.html", "/assets/index-1a2b.js", "/runs/some-run"):
            asked = {"accept": "text/html", "accept-encoding": "identity"}
            expected, found = await ours.get(path, headers=asked), await get(front, path, **asked)
            assert found.status_code == expected.status_code == 200, path
            assert found.text == expected.text
            assert {name: value for name, value in found.headers.items() if name not in about} == {
                name: value for name, value in expected.headers.items() if name not in about
            }, path


async def test_a_page_that_a_person_opens_is_the_dashboard_and_a_file_that_is_not_there_is_not(front: Front) -> None:
    assert (await get(front, "/runs/some-run", accept="text/html,*/*")).text == PAGE
    assert (await get(front, "/runs/some-run", accept="application/json")).status_code == 404
    assert (await get(front, "/assets/gone.js", accept="text/html,*/*")).status_code == 404


async def test_what_is_long_is_packed(front: Front) -> None:
    assert (await get(front, "/assets/index-1a2b.js", accept_encoding="gzip")).headers["content-encoding"] == "gzip"
    assert (await get(front, "/api/v1/runs", accept_encoding="gzip")).headers["content-encoding"] == "gzip"


async def test_the_api_hears_who_asks_and_its_headers_come_once(front: Front) -> None:
    answer = await get(front, "/api/v1/runs", x_forwarded_for="9.9.9.9", accept="application/json")
    asked = [api.asked[-1] for api in front.apis if api.asked]

    assert answer.headers.get_list("x-frame-options") == ["DENY"]
    assert answer.headers.get_list("cache-control") == ["no-store"]
    assert {request.headers["X-Forwarded-For"] for request in asked} == {"127.0.0.1"}  # not what the caller says of itself
    assert {request.headers["Host"] for request in asked} == {front.url.removeprefix("http://")}


async def test_behind_tls_browsers_are_told_to_insist_on_it(front: Front) -> None:
    assert (await get(front, "/", x_forwarded_proto="https")).headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in (await get(front, "/")).headers


async def test_numbers_are_not_shown_to_the_outside(front: Front) -> None:
    assert (await get(front, "/metrics")).status_code == 404


async def test_events_come_as_they_happen(front: Front) -> None:
    async with httpx.AsyncClient(base_url=front.url, timeout=10) as client, client.stream("GET", "/api/v1/events/stream") as answer:
        pieces = answer.aiter_text()
        assert "first" in await anext(pieces)
        for api in front.apis:
            api.goes_on.set()
        assert "second" in await anext(pieces)
        assert "content-encoding" not in answer.headers


async def test_a_read_is_asked_of_the_other_api_when_one_dies_over_it(front: Front) -> None:
    first, second = front.apis
    first.breaks_off = True
    try:
        answers = [await get(front, f"/api/v1/runs/{number}") for number in range(6)]
    finally:
        first.breaks_off = False

    assert [answer.status_code for answer in answers] == [200] * 6
    assert any("/api/v1/runs/" in request.path for request in second.asked)


async def test_a_write_that_one_api_died_over_is_not_sent_to_the_other(front: Front) -> None:
    for api in front.apis:
        api.breaks_off = True
        api.asked.clear()
    try:
        async with httpx.AsyncClient(base_url=front.url) as client:
            answer = await client.post("/api/v1/runs", json={})
    finally:
        for api in front.apis:
            api.breaks_off = False

    assert answer.status_code == 502
    assert sum(len(api.asked) for api in front.apis) == 1


async def test_reads_go_on_while_apis_are_gone_in_turn(front: Front) -> None:
    for api in front.apis:
        await api.stop()
        try:
            answers = [await get(front, "/api/v1/runs") for _ in range(4)]
        finally:
            await api.start()
        assert [answer.status_code for answer in answers] == [200] * 4


async def test_a_large_file_goes_through(front: Front) -> None:
    async with httpx.AsyncClient(base_url=front.url, timeout=30) as client:
        answer = await client.post("/api/v1/data/import", content=b"x" * 20_000_000)

    assert answer.json()["bytes"] == 20_000_000


async def test_the_temporal_ui_has_a_port_of_its_own(front: Front) -> None:
    import re

    port = re.findall(r"listen 127.0.0.1:(\d+);", (front.folder / "weaver.conf").read_text())[1]
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/namespaces/default")

    assert answer.status_code == 200
