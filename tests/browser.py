"""A real Chromium for tests: the system's, as `make browser` sees to it."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def opened_browser() -> Generator[Browser]:
    """Give a browser; fail with what to install where there is none.

    Close it before any test of asyncio runs in the same process: while it is open its own event loop counts as running.
    """
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome") or playwright.chromium.executable_path
        if not Path(program).exists():
            pytest.fail("no Chromium: install it with `apt-get install chromium` or `playwright install chromium`")
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
