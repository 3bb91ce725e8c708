"""Answers that are lost, late or wrong; the ledger knows what really happened."""

import asyncio
import time

import pytest
import requests
from alpaca.common.exceptions import APIError

from . import ledger
from .clients import PAPER, Trader, events, trade_updates, trading, until
from .faults import Fault
from .server import AlpacaServer


def names(server: AlpacaServer) -> list[str | None]:
    return [entry.client_order_id for entry in ledger.accepted(server.ledger)]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind="reset", when="after"), requests.ConnectionError),
        (Fault(kind="close", when="after"), requests.ConnectionError),
        (Fault(kind="cut", when="after"), requests.exceptions.ChunkedEncodingError),
        (Fault(kind="half_json", when="after"), requests.exceptions.JSONDecodeError),
        (Fault(kind="error", when="after", status=500), APIError),
        (Fault(kind="error", when="after", status=502, html=True), APIError),
        (Fault(kind="error", when="after", status=503, html=True), APIError),
        (Fault(kind="error", when="after", status=504, html=True), APIError),
    ],
    ids=lambda value: f"{value.kind} {value.status}" if isinstance(value, Fault) else None,
)
async def test_an_answer_lost_after_acceptance_leaves_an_order_in_the_ledger(server: AlpacaServer, trader: Trader, fault, error):
    server.commands.add_fault(Fault(**{**fault.body(), "method": "POST"}))
    with pytest.raises(error):
        await trader.order("lost")
    assert names(server) == ["lost"]
    assert (await trader.get_order_by_client_id("lost"))["client_order_id"] == "lost"


@pytest.mark.parametrize("kind", ["reset", "close", "error"])
async def test_a_failure_before_acceptance_leaves_no_order(server: AlpacaServer, trader: Trader, kind):
    server.commands.add_fault(Fault(kind=kind, when="before", method="POST"))
    with pytest.raises((requests.ConnectionError, APIError)):
        await trader.order("never")
    assert names(server) == []
    with pytest.raises(APIError) as missing:
        await trader.get_order_by_client_id("never")
    assert (missing.value.status_code, missing.value.code) == (404, 40410000)


@pytest.mark.parametrize(("when", "accepted"), [("before", []), ("after", ["hanging"])])
async def test_no_answer_at_all_hangs_until_the_client_gives_up(server: AlpacaServer, when, accepted):
    server.commands.add_fault(Fault(kind="hang", when=when, method="POST"))
    with trading(server.url, timeout=0.3) as trader:
        with pytest.raises(requests.Timeout):
            await trader.order("hanging")
        assert names(server) == accepted


async def test_a_request_that_is_late_is_accepted_after_the_client_looked_for_it_in_vain(server: AlpacaServer):
    server.commands.add_fault(Fault(kind="hang", when="before", method="POST"))
    with trading(server.url, timeout=0.3) as trader:
        with pytest.raises(requests.Timeout):
            await trader.order("late")
        with pytest.raises(APIError):
            await trader.get_order_by_client_id("late")
        server.commands.release()
        await until(lambda: names(server) == ["late"])
        assert (await trader.get_order_by_client_id("late"))["client_order_id"] == "late"


@pytest.mark.parametrize(("when", "accepted"), [("before", 0), ("after", 1)])
async def test_an_answer_is_delayed_before_or_after_acceptance(server: AlpacaServer, trader: Trader, when, accepted):
    server.commands.add_fault(Fault(kind="delay", when=when, method="POST", seconds=0.3))
    start = time.monotonic()
    placing = asyncio.create_task(trader.order("slow"))
    await until(lambda: len(server.commands.requests()) == 1)
    assert len(names(server)) == accepted
    await placing
    assert time.monotonic() - start >= 0.3
    assert names(server) == ["slow"]


async def test_a_fill_reaches_the_stream_before_the_post_answer(server: AlpacaServer, trader: Trader):
    server.commands.add_fault(Fault(kind="fill_first", when="after", method="POST", times=None))
    server.commands.set_fill_mode(delay=0.05)
    async with trade_updates(server) as updates:
        answer = await trader.order("early")
        assert events(updates) == ["new", "fill"]
        assert answer["status"] == "pending_new", "the answer tells of the moment of acceptance"


async def test_html_error_bodies_are_no_json(server: AlpacaServer, trader: Trader):
    server.commands.add_fault(Fault(kind="error", status=502, html=True))
    with pytest.raises(APIError) as caught:
        await trader.get_account()
    assert caught.value.status_code == 502
    assert "<h1>502 Bad Gateway</h1>" in str(caught.value)


async def test_429_comes_with_headers_when_the_limit_is_reached(server: AlpacaServer, trader: Trader):
    server.commands.set_limits(2)
    for _ in range(2):
        await trader.get_clock()
    with pytest.raises(APIError) as caught:
        await trader.order("too many")
    response = caught.value.response
    assert (caught.value.status_code, caught.value.code) == (429, 42910000)
    assert (response.headers["X-RateLimit-Limit"], response.headers["X-RateLimit-Remaining"]) == ("2", "0")
    assert 0 <= int(response.headers["X-RateLimit-Reset"]) - time.time() <= 61
    assert names(server) == []


async def test_every_answer_carries_rate_limit_headers_and_each_key_has_its_own_count(server: AlpacaServer):
    server.commands.set_limits(10)
    headers = {"APCA-API-KEY-ID": PAPER.key, "APCA-API-SECRET-KEY": PAPER.secret}

    def remaining(given: dict[str, str]) -> tuple[int, str]:
        with requests.get(f"{server.url}/v2/account", headers=given, timeout=5) as answer:
            return answer.status_code, answer.headers["X-RateLimit-Remaining"]

    assert await asyncio.to_thread(remaining, headers) == (200, "9")
    assert await asyncio.to_thread(remaining, headers) == (200, "8")
    other = {"APCA-API-KEY-ID": "PKOTHER", "APCA-API-SECRET-KEY": "other-secret"}
    assert await asyncio.to_thread(remaining, other) == (200, "9")
    assert await asyncio.to_thread(remaining, {}) == (401, "9")


async def test_a_set_429_and_its_headers(server: AlpacaServer, trader: Trader):
    reset = str(int(time.time()) + 2)
    server.commands.add_fault(
        Fault(kind="error", status=429, code=42910000, message="rate limit exceeded", headers={"X-RateLimit-Reset": reset})
    )
    with pytest.raises(APIError) as caught:
        await trader.get_account()
    assert caught.value.response.headers["X-RateLimit-Reset"] == reset
    assert caught.value.response.headers["X-RateLimit-Remaining"] == "0"


async def test_the_clients_own_retry_after_a_504_meets_the_order_it_placed(server: AlpacaServer):
    server.commands.add_fault(Fault(kind="error", when="after", method="POST", status=504, html=True))
    with trading(server.url) as trader:
        trader.client._retry_codes = [504]
        trader.client._retry_wait = 0
        with pytest.raises(APIError, match="client_order_id must be unique"):
            await trader.order("mine")
        assert names(server) == ["mine"]
        server.commands.add_fault(Fault(kind="error", when="after", method="POST", status=504, html=True))
        await trader.order()
        assert len(names(server)) == 3, "without an id the retry is a second order"


async def test_a_refusal_can_be_ordered_for_chosen_requests(server: AlpacaServer, trader: Trader):
    server.commands.add_fault(
        Fault(
            kind="error", method="POST", path="^/v2/orders", client_order_id="^bad", skip=1, status=403, code=40310100, message="day trades"
        )
    )
    await trader.order("good-1")
    await trader.order("bad-1")
    with pytest.raises(APIError) as caught:
        await trader.order("bad-2")
    assert (caught.value.status_code, caught.value.code, caught.value.message) == (403, 40310100, "day trades")
    await trader.order("bad-3")
    assert names(server) == ["good-1", "bad-1", "bad-3"]


async def test_faults_by_chance_repeat_with_the_seed():
    outcomes = []
    for _ in range(2):
        async with AlpacaServer(seed=3) as server:
            server.commands.add_fault(Fault(kind="error", probability=0.5, times=None))
            with trading(server.url) as trader:
                outcomes.append([await answered(trader) for _ in range(12)])
    assert outcomes[0] == outcomes[1]
    assert len(set(outcomes[0])) == 2


async def answered(trader: Trader) -> bool:
    try:
        await trader.get_clock()
    except APIError:
        return False
    return True


async def test_a_venue_that_is_down_comes_back_with_what_it_had(server: AlpacaServer, trader: Trader):
    async with trade_updates(server) as updates:
        await trader.order("before")
        await until(lambda: len(updates) == 2)
        server.commands.go_down()
        with pytest.raises(requests.ConnectionError):
            await trader.order("during")
        await until(lambda: server.commands.streams()["trade"] == 0)
        server.commands.clear_faults()
        await until(lambda: server.commands.streams()["trade"] == 1)
        await trader.order("after")
    assert names(server) == ["before", "after"]


async def test_a_cancel_whose_empty_answer_is_lost_was_still_taken(server: AlpacaServer, trader: Trader):
    order = await trader.order("a", type="limit", limit_price="150")
    server.commands.add_fault(Fault(kind="cut", method="DELETE"))
    with pytest.raises(requests.ConnectionError):
        await trader.cancel_order_by_id(order["id"])
    await until(lambda: server.commands.order("a")["status"] == "canceled")


async def test_what_breaks_inside_the_server_is_raised_when_it_ends():
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a hook broke")

    server = await AlpacaServer().__aenter__()
    server.on_request(broken)
    with trading(server.url) as trader, pytest.raises(APIError):
        await trader.get_clock()
    with pytest.raises(ExceptionGroup) as caught:
        await server.__aexit__(None, None, None)
    assert caught.group_contains(ZeroDivisionError)


async def test_hooks_see_a_request_before_and_after_acceptance(server: AlpacaServer, trader: Trader):
    seen: list[tuple[str, str, str, str | None, int]] = []
    server.on_request(lambda stage, method, path, name: seen.append((stage, method, path, name, len(names(server)))))
    await trader.order("watched")
    assert seen == [("received", "POST", "/v2/orders", "watched", 0), ("accepted", "POST", "/v2/orders", "watched", 1)]


async def test_a_hook_that_waits_holds_the_request(server: AlpacaServer, trader: Trader):
    open_gate = asyncio.Event()

    async def wait(stage: str, method: str, path: str, name: str | None) -> None:
        if stage == "received":
            await open_gate.wait()

    server.on_request(wait)
    placing = asyncio.create_task(trader.order("held back"))
    await until(lambda: len(server.commands.requests()) == 1)
    assert names(server) == []
    open_gate.set()
    await placing
    assert names(server) == ["held back"]


async def test_the_log_of_requests_says_what_the_client_was_told(server: AlpacaServer, trader: Trader):
    server.commands.add_fault(Fault(kind="reset", when="after", method="POST"))
    with pytest.raises(requests.ConnectionError):
        await trader.order("x")
    with pytest.raises(APIError):
        await trader.order("x")
    told = [(row["method"], row["client_order_id"], row["outcome"], row["faults"]) for row in server.commands.requests()]
    assert told == [("POST", "x", "reset", "reset after"), ("POST", "x", "422", "")]
    assert [entry.kind for entry in server.ledger if entry.client_order_id == "x" and entry.kind in ("accepted", "refused")] == [
        "accepted",
        "refused",
    ]
