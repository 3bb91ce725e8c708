"""Where a token is asked for, a browser signs in once."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.cli.conftest import Shell, end_up, new_shell, start_up
from tests.e2e.pages import opened
from weaver.settings import Settings

TOKEN = "correct-horse-battery"
REFUSED = r"401.*/api/v1/"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    shell: Shell = new_shell(tmp_path_factory.mktemp("login"))
    shell.environment.update({"WEAVER_API_TOKEN": TOKEN, "WEAVER_HARO": str(Settings().dashboard_folder)})
    up = start_up(shell)
    yield f"http://127.0.0.1:{up.ports[2]}"
    end_up(up)


def test_one_signs_in_with_the_token_gets_where_one_was_going_and_out_again(browser: Browser, url: str) -> None:
    with opened(browser, url, "login") as (page, watched):
        watched.allow(REFUSED)
        page.goto("/orders?symbol=SIM%2FUSD")
        field = page.get_by_label(re.compile("token", re.IGNORECASE)).first
        field.fill("not-the-token-at-all")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("The token is wrong")

        field.fill(TOKEN)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()
        assert page.url.endswith("/orders?symbol=SIM/USD")
        expect(page.get_by_role("button", name=re.compile("^Connection: Live"))).to_be_visible()

        page.reload()
        expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()
        cookie = next(one for one in page.context.cookies() if one["name"] == "weaver_session")
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        stored = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie")
        assert TOKEN not in stored
        assert cookie["value"] not in stored

        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        assert not page.context.cookies()


def test_a_session_that_is_over_leads_to_the_sign_in_and_back(browser: Browser, url: str) -> None:
    with opened(browser, url, "session-over") as (page, watched):
        watched.allow(REFUSED)
        page.goto("/strategies")
        page.get_by_label(re.compile("token", re.IGNORECASE)).first.fill(TOKEN)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Buy and hold")).to_be_visible()
        page.context.clear_cookies()
        page.get_by_role("link", name="Data").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        page.get_by_label(re.compile("token", re.IGNORECASE)).first.fill(TOKEN)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
