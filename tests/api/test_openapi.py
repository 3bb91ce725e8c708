"""What the OpenAPI document says, and that the copy in docs/ says the same."""

from typing import Any

import pytest

from api.main import create_app
from api.problems import MEDIA_TYPE
from scripts.openapi import FILE, document
from weaver.settings import Settings

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
OPERATIONS = [(path, method, said) for path, methods in DOCUMENT["paths"].items() for method, said in methods.items()]


def test_the_copy_in_docs_is_not_stale() -> None:
    assert FILE.read_text(encoding="utf-8") == document(), "write it again: make openapi"


def test_every_route_of_the_contract_is_there() -> None:
    wanted = {
        "get": "health ready metrics strategies strategies/{} adapters runs runs/{} runs/{}/results runs/{}/report runs/{}/equity "
        "runs/{}/fills runs/{}/trades runs/{}/orders runs/{}/decisions runs/{}/events runs/compare orders orders/{} account "
        "account/positions account/limits symbols data candles events/stream",
        "post": "runs runs/{}/start runs/{}/pause runs/{}/resume runs/{}/stop orders orders/{}/sync account/kill account/rearm "
        "account/positions/{}/close data/import session",
        "patch": "runs/{}/params orders/{}",
        "delete": "runs/{} orders/{} session",
    }
    there = {(method, _unnamed(path)) for path, method, _ in OPERATIONS}
    assert {(method, f"/api/v1/{path}") for method, paths in wanted.items() for path in paths.split()} <= there


def _unnamed(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize(("path", "method", "said"), OPERATIONS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_operation_is_described_and_its_refusals_are_problem_details(path: str, method: str, said: dict[str, Any]) -> None:
    assert said["summary"]
    assert said["description"]
    assert said["tags"]
    for status, response in said["responses"].items():
        if status >= "400":
            response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
            assert list(response["content"]) == [MEDIA_TYPE], status
        assert response["description"], status
    for parameter in said.get("parameters", ()):
        assert parameter["schema"], parameter["name"]


def test_operations_have_ids_of_their_own() -> None:
    ids = [said["operationId"] for _, _, said in OPERATIONS]
    assert len(set(ids)) == len(ids)


def test_money_is_a_text_and_times_are_times() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["Order"]["properties"]["quantity"] | {"title": ""} == {
        "type": "string",
        "format": "decimal",
        "examples": ["101.25"],
        "title": "",
    }
    assert schemas["Run"]["properties"]["created_at"]["format"] == "date-time"
    assert "HTTPValidationError" not in schemas
