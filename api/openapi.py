"""What the OpenAPI document says beside the routes, and how refusals are written in it."""

from typing import Any

from fastapi import FastAPI

from api.guards.auth import SECURITY, SECURITY_SCHEMES
from api.problems import MEDIA_TYPE, problems

DESCRIPTION = """Backtests and trading as durable workflows.

Money, prices and quantities are decimal strings; ratios and percentages are numbers (percentages in points, 5.0 = 5 %); times are
ISO-8601 UTC with `Z`. A run id is its workflow id. Lists are `{items, total, page, page_size}`. Refusals are
`application/problem+json` (RFC 9457) with a `code` for programs. Every answer has an `X-Correlation-Id`: the caller's, or a new one;
it is found again in the events of what the request caused.
"""

TAGS: list[dict[str, Any]] = [
    {"name": "runs", "description": "Backtests, paper and live runs: start, look, tell them something."},
    {"name": "results", "description": "What a run did and came to."},
    {"name": "orders", "description": "Orders of paper and live trading, with or without a run."},
    {"name": "account", "description": "Accounts: money, positions, limits, kill switch."},
    {"name": "strategies", "description": "Strategies and exchange adapters that are there."},
    {"name": "data", "description": "Stored bars."},
    {"name": "events", "description": "What happens, as it happens."},
    {"name": "session", "description": "The browser's cookie."},
    {"name": "health", "description": "Is it alive, is it ready, numbers."},
]


def documented(app: FastAPI) -> None:
    """Have the document say what FastAPI cannot know: that refusals are problem details, what may be refused before any route, and
    how callers say who they are."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            components = document["components"]
            components["securitySchemes"] = SECURITY_SCHEMES
            document["security"] = SECURITY
            refused: set[int] = set()
            for path in document["paths"].values():
                for operation in path.values():
                    refused |= _describe_refusals(operation)
            components["responses"] = {
                _name(status): {"description": said["description"], "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
                for status, said in problems(*sorted(refused)).items()
            }
            for unused in ("HTTPValidationError", "ValidationError"):
                components["schemas"].pop(unused, None)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi


def _describe_refusals(operation: dict[str, Any]) -> set[int]:
    """Have an operation's refusals refer to the one description of each status, and return the statuses."""
    # FastAPI would say of them what the route's own answer is (JSON, HTML ...), and has a shape of its own for 422.
    said: dict[str, Any] = operation["responses"]
    refused = {int(status) for status in said if status >= "400"}
    refused |= {*BEFORE_ROUTES, *(WITH_BODY if "requestBody" in operation else ())}
    refusals = {str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in refused}
    operation["responses"] = dict(sorted((said | refusals).items()))
    return refused


def _name(status: int | str) -> str:
    return f"Problem{status}"


_PROBLEM = {"$ref": "#/components/schemas/Problem"}
BEFORE_ROUTES = (401, 403, 421, 429)
"""What any request may be answered by what stands before the routes."""
WITH_BODY = (400, 413)
