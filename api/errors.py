"""Weaver's errors as HTTP: the one table of statuses and codes. Routes do not catch."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.problems import FieldProblem, problem
from weaver.errors import (
    AdapterBroken,
    AdapterNotFound,
    AlreadyExists,
    BadData,
    BadInput,
    BadValue,
    LiveNotArmed,
    MissingCredentials,
    NoBars,
    NotAllowed,
    NotConnected,
    NotFound,
    RateLimited,
    Refused,
    RiskRefused,
    StrategyBroken,
    StrategyOverran,
    TermsDiffer,
    Unavailable,
    Unknown,
    UnknownName,
    Unusable,
    WeaverError,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """The status and code that an error is answered with."""

    status: int
    code: str


ANSWERS: dict[type[WeaverError], Answer] = {
    WeaverError: Answer(500, "error"),
    BadInput: Answer(422, "bad_input"),
    UnknownName: Answer(422, "unknown_name"),
    BadValue: Answer(422, "bad_value"),
    BadData: Answer(422, "bad_data"),
    NoBars: Answer(422, "no_bars"),
    AlreadyExists: Answer(409, "already_exists"),
    AdapterNotFound: Answer(422, "unknown_adapter"),
    MissingCredentials: Answer(422, "missing_credentials"),
    LiveNotArmed: Answer(422, "live_not_armed"),
    NotFound: Answer(404, "not_found"),
    StrategyBroken: Answer(422, "strategy_broken"),
    StrategyOverran: Answer(422, "strategy_overran"),
    NotAllowed: Answer(409, "not_allowed"),
    Unavailable: Answer(503, "unavailable"),
    RateLimited: Answer(503, "rate_limited"),
    Refused: Answer(422, "refused"),
    TermsDiffer: Answer(409, "terms_differ"),
    Unknown: Answer(504, "unknown_outcome"),
    RiskRefused: Answer(403, "risk_refused"),
    AdapterBroken: Answer(422, "adapter_broken"),
    NotConnected: Answer(503, "not_connected"),
    Unusable: Answer(500, "unusable"),
}


def answer_to(error: WeaverError) -> Answer:
    """Return the entry of the error's class, or of its nearest ancestor's."""
    return next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)


def refusal(error: WeaverError) -> Response:
    """Return an error as problem details."""
    entry = answer_to(error)
    headers = {"Retry-After": str(max(1, round(error.wait_seconds)))} if isinstance(error, RateLimited) else None
    return problem(entry.status, entry.code, str(error), headers=headers, errors=_fields(error), more=_facts(error))


def answer_errors(app: FastAPI) -> None:
    """Have every error of the application answered with problem details."""
    app.add_exception_handler(WeaverError, _weaver_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unforeseen)


def _weaver_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, WeaverError)
    answer = refusal(error)
    if answer.status_code >= 500:
        logger.warning("%s %s: %s", request.method, request.url.path, error)
    return answer


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    known = _fields_of_body(request)
    found = [_invalid_field(one, known) for one in error.errors()]
    named = "; ".join(f"{one.field or one.place}: {one.message}" for one in found[:3])
    return problem(422, "invalid", f"The request does not fit: {named}.", errors=found)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code) or HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    detail = str(error.detail)
    if error.status_code == 404:
        detail = f"There is nothing at {request.url.path}."
    elif error.status_code == 405:
        detail = f"{request.url.path} knows no {request.method}."
    return problem(error.status_code, code, detail, headers=dict(error.headers or {}))


def _unforeseen(request: Request, error: Exception) -> Response:
    """Answer for a mistake of ours; the server's log has it, the caller gets no inner details."""
    del error
    return problem(500, "internal", f"{request.method} {request.url.path} failed. The API's log says why, under this correlation id.")


_CODES = {405: "method_not_allowed", 413: "too_large", 429: "too_many_requests"}


def _invalid_field(error: Mapping[str, Any], known: Collection[str]) -> FieldProblem:
    place, *steps = [str(step) for step in error["loc"]]
    if error["type"] == "extra_forbidden" and len(steps) == 1:
        unknown = UnknownName("field", steps[0], known)
        return FieldProblem(field=steps[0], message=str(unknown), place=place, nearest=unknown.nearest)
    if error["type"] == "json_invalid":  # what stands for a field there is the place in the text
        return FieldProblem(field="", message=f"is no JSON: {error['ctx']['error']} (character {steps[0]})", place=place)
    message = str(error["msg"]).removeprefix("Value error, ")
    expected = message.removeprefix("expected ") if message.startswith("expected ") else None
    return FieldProblem(field=".".join(steps), message=message, place=place, expected=expected)


def _fields_of_body(request: Request) -> set[str]:
    """Return what the body of the request's route may have."""
    route = request.scope.get("route")
    body = route.body_field.field_info.annotation if isinstance(route, APIRoute) and route.body_field else None
    if not (isinstance(body, type) and issubclass(body, BaseModel)):
        return set()
    return {field.alias or name for name, field in body.model_fields.items()}


def _fields(error: WeaverError) -> list[FieldProblem] | None:
    if not isinstance(error, BadInput) or error.field is None:
        return None
    expected = error.expected if isinstance(error, BadValue) else None
    nearest = error.nearest if isinstance(error, UnknownName) else None
    return [FieldProblem(field=error.field, message=str(error), expected=expected, nearest=nearest)]


def _facts(error: WeaverError) -> dict[str, Any]:
    """Return what an error knows, for programs."""
    match error:
        case BadData():
            return {"rows": list(error.rows)}
        case AlreadyExists():
            return {"state": error.state}
        case MissingCredentials():
            return {"variables": list(error.variables)}
        case StrategyBroken():
            return {"strategy": error.strategy, "file": error.file, "line": error.line}
        case AdapterBroken():
            return {"adapter": error.adapter, "file": error.file, "line": error.line}
        case RiskRefused():
            return {"rule": error.rule}
        case NotAllowed():
            return {"action": error.action, "state": str(error.status)}
        case _:
            return {}
