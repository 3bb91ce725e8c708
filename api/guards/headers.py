"""Headers by which browsers keep pages, and what they may load and send, in their place."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DATA = "default-src 'none'; frame-ancestors 'none'"
_DOCS = (
    "default-src 'none'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src 'unsafe-inline' https://cdn.jsdelivr.net; "
    "img-src 'self' data: https://fastapi.tiangolo.com; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The report carries texts of strategies and notes. In a sandbox its scripts have no origin, hence no way to this API.
_REPORT = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts allow-downloads"
)
_YEAR_SECONDS = 31_536_000


class SecurityHeaders:
    """Adds the headers to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in wanted(scope, headers.get("content-type", "")).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_guarded)


def wanted(scope: Scope, content_type: str) -> dict[str, str]:
    """Return the headers of an answer, by its path and type."""
    path: str = scope["path"]
    is_page = content_type.startswith("text/html")
    is_report = is_page and path.endswith("/report")
    policy = _REPORT if is_report else _DOCS if is_page and path.startswith("/docs") else _DATA
    found = _ALWAYS | {
        "Content-Security-Policy": policy,
        "X-Frame-Options": "SAMEORIGIN" if is_report else "DENY",
        "Cache-Control": "no-store",
    }
    if scope.get("scheme") == "https":
        found["Strict-Transport-Security"] = f"max-age={_YEAR_SECONDS}"
    return found
