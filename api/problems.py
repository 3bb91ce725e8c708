"""How a refusal looks: RFC 9457 problem details, with a code for programs and the request's correlation id."""

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.correlation import HEADER, correlation_id

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one value of a request."""

    field: str = Field(description="the value as the caller named it, such as `symbols.0` or `page`; empty for the whole body")
    message: str
    place: str | None = Field(default=None, description="where it was: body, query, path or header")
    expected: str | None = None
    nearest: str | None = Field(default=None, description="the known name that is nearest to an unknown one")


class Problem(BaseModel):
    """Problem details by RFC 9457. More members may be there: `rule` of a limit, `state` of what forbids it, `file` and `line`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="a URI for the kind of problem: `urn:weaver:problem:<code>`", examples=["urn:weaver:problem:not_found"])
    title: str = Field(description="the kind of problem in words", examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(description="what happened, and what to do next", examples=["No run 'my-rum'. Did you mean 'my-run'?"])
    code: str = Field(description="the kind of problem, for programs", examples=["not_found"])
    correlation_id: str = Field(description="as in the header X-Correlation-Id", examples=["8c1f6f0e6d9b4a0f"])
    errors: list[FieldProblem] | None = Field(default=None, description="which values are wrong")


class ProblemResponse(JSONResponse):
    media_type = MEDIA_TYPE


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    errors: list[FieldProblem] | None = None,
    more: dict[str, Any] | None = None,
) -> ProblemResponse:
    """Return a refusal of the request that is being served; `more` are further members."""
    said = Problem(
        type=f"urn:weaver:problem:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        correlation_id=correlation_id(),
        errors=errors,
        **(more or {}),
    )
    return ProblemResponse(
        said.model_dump(mode="json", exclude_none=True), status_code=status, headers={HEADER: said.correlation_id, **(headers or {})}
    )


_MEANINGS = {
    400: "the body cannot be read",
    401: "a token is needed, or the one given is wrong",
    403: "not allowed: a limit (its name is `rule`), or a write without protection against forgery",
    404: "there is no such thing",
    409: "the present state forbids it, and is named",
    413: "the body is too large",
    421: "the Host header names no host of this server",
    422: "a value is wrong; `errors` names it",
    429: "too many requests; Retry-After says when to go on",
    503: "a service does not answer; the same request may be sent again",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what a route documents of its refusals."""
    return {status: {"model": Problem, "description": _MEANINGS.get(status, HTTPStatus(status).phrase)} for status in statuses}
