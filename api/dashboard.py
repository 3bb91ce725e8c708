"""Serves Haro's built files on the API's own origin, to everybody: they hold no data, and the page on which one signs in is one of them.

It answers nothing else, so that no path gets past those who ask for a token behind it.
"""

import os
import stat
from pathlib import Path

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from weaver.settings import BUILD_DASHBOARD

_OTHERS = ("/api", "/docs", "/openapi.json", "/health", "/ready", "/metrics")
"""Where the rest of this server is; no page is called so."""
_HASHED = "/assets/"
"""Files whose names change with what is in them."""
_FOREVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Mantine writes the theme's variables into the page
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self'",  # a run's report
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_NOT_BUILT = f"""<!doctype html><html lang="en"><title>Weaver</title><meta name="viewport" content="width=device-width">
<style>:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }}</style>
<h1>The dashboard is not built yet</h1>
<p>The API works. To have the dashboard here too, run this in Weaver's folder, then load this page again:</p>
<pre><code>{BUILD_DASHBOARD}</code></pre>
<p><a href="/docs">The API's routes</a></p>
</html>"""


class Dashboard:
    """Answers what asks for a file of the build with it, and what a person opens with the page that shows all; lets the rest through.

    The folder is looked at anew each time: it may be built while this server runs.
    """

    def __init__(self, app: ASGIApp, *, folder: Path) -> None:
        self._app = app
        self._files = StaticFiles(directory=folder, check_dir=False)
        self._packed = GZipMiddleware(self._answer, minimum_size=1_000, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not _is_elsewhere(scope["path"]):
            await self._packed(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await anyio.to_thread.run_sync(self._response, scope)
        await (response or self._app)(scope, receive, send)

    def _response(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        if path != "/" and (found := self._file(path, scope)):
            found.headers["Cache-Control"] = _FOREVER if path.startswith(_HASHED) else _ASK_EACH_TIME
            return found
        if path != "/" and (path.startswith(_HASHED) or not _is_opened_by_a_person(scope)):
            return None
        page = self._file("/index.html", scope) or _not_built(scope)
        page.headers["Cache-Control"] = _ASK_EACH_TIME
        return page

    def _file(self, path: str, scope: Scope) -> Response | None:
        try:
            full, found = self._files.lookup_path(os.path.normpath(path).lstrip("/"))
        except (OSError, ValueError):  # a name that no file can have
            return None
        if found is None or not stat.S_ISREG(found.st_mode):
            return None
        answer = self._files.file_response(full, found, scope)
        if full.endswith(".html"):
            answer.headers["Content-Security-Policy"] = _POLICY
        return answer


def _is_elsewhere(path: str) -> bool:
    return any(path == other or path.startswith(f"{other}/") for other in _OTHERS)


def _is_opened_by_a_person(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _not_built(scope: Scope) -> Response:
    if _is_opened_by_a_person(scope):
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
        return HTMLResponse(_NOT_BUILT, status_code=503, headers=policy)
    return PlainTextResponse(f"The dashboard is not built. Build it with: {BUILD_DASHBOARD}\n", status_code=503)
