"""A page of the dashboard in a real browser, which fails its test for whatever the console says."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect

ROOT = Path(__file__).parents[2]
ARTEFACTS = Path(os.environ.get("WEAVER_E2E_ARTEFACTS") or ROOT / "build" / "e2e")
"""Pictures of pages, and what a failed test saw."""
_PATIENCE = 30_000  # milliseconds; both cores may be busy with other tests
WIDE, NARROW = (1440, 900), (390, 844)


API_GONE = r"ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED"
"""What a browser's console says of a server that was killed."""


class Watched:
    """Everything that went wrong in a context's pages."""

    def __init__(self, context: BrowserContext) -> None:
        self.problems: list[str] = []
        self._allowed: list[re.Pattern[str]] = []
        context.on("page", self._watch)

    def allow(self, pattern: str) -> None:
        """Let what fits be: a test that stops the API sees refused connections."""
        self._allowed.append(re.compile(pattern))

    @property
    def unexpected(self) -> list[str]:
        return [said for said in self.problems if not any(pattern.search(said) for pattern in self._allowed)]

    def _watch(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"answer {response.status}: {response.url}")


@contextmanager
def opened(browser: Browser, url: str, name: str, *, size: tuple[int, int] = WIDE, **options: Any) -> Iterator[tuple[Page, Watched]]:
    """Give a page of a context of its own and what is noticed about it. A failure leaves a picture in ARTEFACTS."""
    settings = {"locale": "en-GB", "timezone_id": "Europe/Berlin", "reduced_motion": "reduce", **options}
    context = browser.new_context(base_url=url, viewport={"width": size[0], "height": size[1]}, **settings)
    context.set_default_timeout(_PATIENCE)
    expect.set_options(timeout=_PATIENCE)
    watched = Watched(context)
    page = context.new_page()
    try:
        yield page, watched
    except BaseException:
        keep(page, watched, name)
        raise
    finally:
        context.close()
    if watched.unexpected:
        pytest.fail("The browser said:\n" + "\n".join(watched.unexpected))


def keep(page: Page, watched: Watched, name: str) -> None:
    """Write down what a failed test saw."""
    failures = ARTEFACTS / "failures"
    failures.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=failures / f"{name}.png")
    (failures / f"{name}.txt").write_text("\n".join([page.url, *watched.problems, page.locator("body").inner_text()]))
