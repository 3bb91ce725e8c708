"""What each way of failing means: a final no, nothing done, or nobody knows."""

import json
import re
from dataclasses import dataclass
from typing import cast

from weaver.errors import NotFound, RateLimited, Refused, Unavailable, Unknown, WeaverError

ACCOUNT_RULES = ("40310000", "40310100")
"""Codes of a 403 that is about the order: money, held quantity, wash trades; pattern day trading. Any other 403 is about the keys."""

DUPLICATE = re.compile(r"must be unique")
DUPLICATE_CODE = "40010001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An HTTP answer that is not 2xx; `status` is 0 when it has none."""

    status: int
    body: str


def meaning(failure: Failure, *, what: str, changes: bool, wait_seconds: float, key_names: tuple[str, str]) -> WeaverError:
    """Return Weaver's error for an answer.

    Status first, then code, then message: the codes 42210000 and 40310000 cover many causes each. `changes` tells that the
    request changes something at the venue, so that a failure of the venue's leaves the outcome unknown; `what` is the
    request for people; `wait_seconds` how long the venue asks to wait.
    """
    code, message = _said(failure.body)
    if failure.status == 429:
        return RateLimited(f"Alpaca takes no more requests for now ({what}).", wait_seconds=wait_seconds)
    if failure.status == 404:
        return NotFound("such thing at Alpaca", what, message or "")
    if failure.status == 408 or failure.status >= 500 or failure.status < 400:
        return outcome_open(f"{what}: Alpaca answered {failure.status}", changes=changes)
    if "subscription does not permit" in (message or ""):
        advice = "Set ALPACA_DATA_FEED=iex, or ask for bars that end at least 15 minutes ago."
        return Refused(f"{message}. {advice}", code=code)
    if failure.status == 401 or (failure.status == 403 and code not in ACCOUNT_RULES):
        said = f" ({message})" if message else ""
        return Refused(f"Alpaca does not accept the keys{said}. Check {key_names[0]} and {key_names[1]}.", code=code or str(failure.status))
    return Refused(message or f"Alpaca answered {failure.status} to {what}", code=code or str(failure.status))


def outcome_open(text: str, *, changes: bool) -> Unknown | Unavailable:
    """Return the error for a request whose answer never came, or cannot be read."""
    if changes:
        return Unknown(f"{text}; whether it was carried out is not known. Look it up.")
    return Unavailable(f"{text}.")


def is_duplicate(refusal: Refused) -> bool:
    """Tell whether an order was refused since its id is taken. Both wordings that are seen end alike."""
    return refusal.code == DUPLICATE_CODE and DUPLICATE.search(refusal.reason) is not None


def _said(body: str) -> tuple[str | None, str | None]:
    """Return code and message; the body may be HTML, or lack either."""
    try:
        found: object = json.loads(body)
    except ValueError:
        return None, None
    if not isinstance(found, dict):
        return None, None
    said = cast("dict[str, object]", found)
    code, message = said.get("code"), said.get("message")
    return (None if code is None else str(code)), (message if isinstance(message, str) else None)
