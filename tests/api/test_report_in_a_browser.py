"""A report that the API gives draws its charts in a real browser, and its scripts reach nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser

from tests.api.guards.guarded import guarded
from tests.cli.waiting import wait_until
from tests.test_report import DRAWN, MARKERS, a_run, browser
from weaver.report import html_report

__all__ = ["browser"]  # the fixture
ASKS = "async () => { try { return (await fetch('/health')).status } catch (refused) { return String(refused) } }"


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve in a thread, for a browser that is driven from this one."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, "the server")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def test_a_report_is_drawn_and_its_scripts_have_no_way_out(browser: Browser, tmp_path: Path) -> None:
    run = a_run("AAPL", count=300)
    app = guarded(tmp_path)
    page_of_the_run = html_report(run)

    @app.get("/api/v1/page/report")
    def report() -> HTMLResponse:
        return HTMLResponse(page_of_the_run)

    complaints: list[str] = []
    with served(app) as base:
        page = browser.new_context().new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{base}/api/v1/page/report")
        page.wait_for_selector("html[data-drawn]")
        seen: list[Any] = [page.evaluate(script) for script in (MARKERS, DRAWN, "() => window.origin")]
        assert complaints == []
        assert seen[0] == 2 * len(run.trades) + 1
        assert seen[1] >= len(run.trades)
        assert seen[2] == "null"
        assert "Failed to fetch" in str(page.evaluate(ASKS))
