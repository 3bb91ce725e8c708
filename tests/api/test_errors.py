"""Each of Weaver's errors has one answer over HTTP."""

import json
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from activities.failures import FAILURES
from api.correlation import HEADER, Correlation
from api.errors import ANSWERS, answer_errors
from tests.activities.test_failures import all_errors
from tests.api.guards.guarded import asking, guarded
from weaver.errors import (
    AlreadyExists,
    BadData,
    BadValue,
    MissingCredentials,
    NotAllowed,
    NotFound,
    RateLimited,
    RiskRefused,
    StrategyBroken,
    Unavailable,
    UnknownName,
    WeaverError,
)
from weaver.walle.leases import SymbolLeased


def test_each_error_is_in_the_table() -> None:
    assert set(ANSWERS) == all_errors()


def test_codes_are_those_that_a_runs_error_has() -> None:
    assert {kind: answer.code for kind, answer in ANSWERS.items()} == {kind: entry.code for kind, entry in FAILURES.items()}


async def answered(error: Exception, **headers: str) -> httpx.Response:
    """Return what an application answers whose route raises this."""
    app = FastAPI()
    answer_errors(app)
    app.add_middleware(Correlation)

    @app.get("/")
    async def fail() -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.get("/", headers=headers)


@pytest.mark.parametrize(
    ("error", "status", "members"),
    [
        (NotFound("run", "x"), 404, {"code": "not_found"}),
        (UnknownName("strategy", "sma-cros", ["sma-cross"]), 422, {"code": "unknown_name"}),
        (AlreadyExists("run", "x", "running"), 409, {"state": "running"}),
        (NotAllowed("pause", "stopped"), 409, {"state": "stopped", "action": "pause"}),
        (RiskRefused("max_position", "too much"), 403, {"code": "risk_refused", "rule": "max_position"}),
        (BadData("bad rows", rows=[3, 4]), 422, {"rows": [3, 4]}),
        (MissingCredentials("alpaca", "paper", ["A_KEY"]), 422, {"variables": ["A_KEY"]}),
        (StrategyBroken("no", strategy="mine", file="mine.py", line=7), 422, {"strategy": "mine", "file": "mine.py", "line": 7}),
        (SymbolLeased("AAPL", "simulated-paper", "other"), 422, {"code": "bad_input"}),
        (Unavailable("away"), 503, {"code": "unavailable"}),
        (WeaverError("whatever"), 500, {"code": "error"}),
    ],
)
async def test_an_error_is_answered_with_its_facts(error: WeaverError, status: int, members: dict[str, object]) -> None:
    answer = await answered(error)
    said = answer.json()

    assert answer.status_code == said["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["detail"] == str(error)
    assert said["type"] == f"urn:weaver:problem:{said['code']}"
    assert said["correlation_id"] == answer.headers[HEADER]
    assert members.items() <= said.items()


async def test_a_wrong_value_is_named_with_what_was_expected() -> None:
    said = (await answered(BadValue("page", 0, "a number from 1 on"))).json()
    assert said["errors"] == [{"field": "page", "message": said["detail"], "expected": "a number from 1 on"}]


async def test_a_body_that_is_no_json_is_called_so(tmp_path: Path) -> None:
    async with asking(guarded(tmp_path)) as client:
        said = (await client.post("/api/v1/runs", content='{"id": ', headers={"Content-Type": "application/json"})).json()
    assert said["detail"] == "The request does not fit: body: is no JSON: Expecting value (character 7)."
    assert said["errors"] == [{"field": "", "message": "is no JSON: Expecting value (character 7)", "place": "body"}]


async def test_a_venue_that_asks_to_wait_says_how_long() -> None:
    assert (await answered(RateLimited("slow down", wait_seconds=7.2))).headers["retry-after"] == "7"


async def test_an_unforeseen_error_tells_nothing_of_what_is_inside() -> None:
    answer = await answered(ValueError("a password"), **{HEADER: "mine"})
    assert (answer.status_code, answer.json()["code"], answer.headers[HEADER]) == (500, "internal", "mine")
    assert "password" not in json.dumps(answer.json())


@pytest.mark.parametrize("given", ["x" * 129, "two words", "a/b", ""])
async def test_a_correlation_id_that_does_not_fit_is_replaced(given: str) -> None:
    answer = await answered(NotFound("run", "x"), **{HEADER: given})
    assert answer.headers[HEADER] != given
    assert len(answer.headers[HEADER]) == 32
