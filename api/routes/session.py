"""A browser's session: the token once, then a cookie, which goes along with event streams too."""

from datetime import UTC, datetime
from typing import cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.guards.auth import Gate, Verdict, unauthorized
from api.guards.sessions import COOKIE
from api.problems import problems

router = APIRouter(tags=["session"])


class SessionCreate(BaseModel):
    """What opens a session."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "3f0c5a9e7b1d4c62a8e0"}]})

    token: SecretStr = Field(description="the server's WEAVER_API_TOKEN; anything where it has none")


class Session(BaseModel):
    """A browser's session, kept in a cookie that no script can read."""

    required: bool = Field(description="whether this server asks for a token at all; without, no cookie is set")
    expires_at: datetime | None = Field(description="when the session ends", examples=["2026-05-04T22:00:00Z"])


@router.post("/session", response_model=Session, summary="Open a browser's session", responses=problems(401, 403, 429))
async def open_session(request: Request, asked: SessionCreate) -> Response:
    """Set a cookie (HttpOnly, SameSite=Strict, Secure over https) that lets a browser in until it expires.

    It holds no token, and every API process with the same token accepts it. Programs send the token itself instead.
    """
    gate = cast(Gate | None, request.app.state.gate)
    if gate is None:
        return _answer(Session(required=False, expires_at=None))
    if not gate.knows(asked.token.get_secret_value()):
        return unauthorized(Verdict.WRONG)
    value, ends_at = gate.sessions.issue()
    answer = _answer(Session(required=True, expires_at=datetime.fromtimestamp(ends_at, UTC)))
    answer.set_cookie(
        COOKIE, value, max_age=gate.sessions.seconds, path="/", secure=request.url.scheme == "https", httponly=True, samesite="strict"
    )
    return answer


@router.delete("/session", status_code=204, summary="Close the browser's session", responses=problems(403))
async def close_session(request: Request) -> Response:
    """Have the browser forget its cookie. The session itself ends at its time, or when the server's token is changed."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", secure=request.url.scheme == "https", httponly=True, samesite="strict")
    return answer


def _answer(session: Session) -> JSONResponse:
    return JSONResponse(session.model_dump(mode="json"))
