"""Which names in the Host header are served."""

from pathlib import Path

import pytest

from api.guards.hosts import Hosts
from tests.api.guards.guarded import EVERYWHERE, LOOPBACK, READ, TOKEN, asking, guarded


@pytest.mark.parametrize("header", ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:8000", "[::1]:8000", "[::1]", "haro.localhost"])
def test_this_machines_names_are_served(header: str) -> None:
    assert Hosts(LOOPBACK, []).serve(header)
    assert Hosts(EVERYWHERE, []).serve(header)


@pytest.mark.parametrize(
    "header", ["evil.example", "evil.example:8000", "", ":8000", "localhost.evil.example", "127.0.0.1.evil.example", "[evil"]
)
def test_other_names_are_not(header: str) -> None:
    assert not Hosts(LOOPBACK, []).serve(header)
    assert not Hosts(EVERYWHERE, []).serve(header)


def test_an_address_is_served_only_by_a_server_that_others_reach() -> None:
    assert Hosts(EVERYWHERE, []).serve("192.168.1.5:8000")
    assert not Hosts(LOOPBACK, []).serve("192.168.1.5:8000")


def test_named_hosts_are_served_and_those_below_a_star() -> None:
    hosts = Hosts(LOOPBACK, ["weaver.example.com", "*.Trading.example.com"])
    assert hosts.serve("weaver.example.com:443")
    assert hosts.serve("Haro.trading.example.com")
    assert not hosts.serve("trading.example.com")
    assert not hosts.serve("eviltrading.example.com")


def test_the_name_that_is_listened_on_is_served() -> None:
    assert Hosts("trader.lan", []).serve("trader.lan:8000")


@pytest.mark.parametrize("path", [READ, "/docs", "/health"])
async def test_a_page_of_a_rebound_name_gets_nothing(path: str, tmp_path: Path) -> None:
    async with asking(guarded(tmp_path), base="http://evil.example:8000") as client:
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")
        assert answer.headers["X-Correlation-Id"] == answer.json()["correlation_id"]


async def test_two_host_headers_are_none(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path)) as client:
        answer = await client.get(READ, headers=[("Host", "127.0.0.1"), ("Host", "evil.example")])
        assert answer.status_code == 421


async def test_the_setting_names_further_hosts(tmp_path: Path) -> None:
    app = guarded(tmp_path, api_host=EVERYWHERE, api_token=TOKEN, api_allowed_hosts="weaver.example.com, *.lan")
    async with asking(app, base="http://weaver.example.com") as client:
        assert (await client.get("/health")).status_code == 200
