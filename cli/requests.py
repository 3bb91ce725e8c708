"""A RunCreate from the command line and `--file run.json`; what does not fit is named with what was expected."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from weaver.errors import BadInput, BadValue, UnknownName
from weaver.glados.requests import A_TIME, RunCreate, UtcTime
from weaver.orders import Costs

_USUAL_TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w")
_TIME: TypeAdapter[datetime] = TypeAdapter(UtcTime)


def read_file(path: Path) -> dict[str, Any]:
    """Return the JSON object of a request file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise BadInput(f"--file {path}: {problem.strerror}.", field="file") from None
    except ValueError as problem:
        raise BadInput(f"--file {path} is not JSON: {problem}.", field="file") from None
    if not isinstance(document, dict):
        raise BadValue("--file", str(path), "a JSON object with the fields of a run, such as strategy and symbols")
    return cast(dict[str, Any], document)


def parse_params(texts: Iterable[str]) -> dict[str, object]:
    """Return `name=value` texts as parameters; a value is read as JSON where it is JSON, else it is a text."""
    params: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadValue("--param", text, "name=value, such as fast=10")
        if name in params:
            raise BadValue("--param", text, f"each parameter once; {name} is there already")
        params[name] = _json_or_text(value)
    return params


def _json_or_text(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return text


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def create(fields: Mapping[str, Any]) -> RunCreate:
    """Return the checked request. Raises UnknownName for an unknown key with the nearest, BadValue for a bad value."""
    try:
        return RunCreate.model_validate(dict(fields))
    except ValidationError as problem:
        errors = problem.errors(include_url=False)
        # A misspelt key is why its right spelling is missing, so it comes first.
        unknown = [error for error in errors if error["type"] in _UNKNOWN]
        raise _explained((unknown or errors)[0]) from None


def parse_time(field: str, text: str | None) -> datetime | None:
    """Return a time as aware UTC; one without a zone is taken as UTC."""
    if text is None:
        return None
    try:
        return _TIME.validate_python(text)
    except ValidationError:
        raise BadValue(field, text, A_TIME) from None


def zoneless(fields: Mapping[str, Any]) -> Sequence[str]:
    """Return which of the request's times are written without a zone."""
    return [
        name
        for name in ("start", "end")
        if isinstance(fields.get(name), str) and not re.search(r"(Z|z|[+-]\d\d:?\d\d)$", fields[name][10:])
    ]


_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}


def _explained(error: ErrorDetails) -> BadInput:
    place = [str(step) for step in error["loc"]]
    field = ".".join(place)
    if error["type"] in _UNKNOWN:
        known = Costs.__dataclass_fields__ if place[0] == "costs" else RunCreate.model_fields
        return UnknownName("field" if len(place) == 1 else f"field in {place[0]}", place[-1], known)
    if error["type"] == "missing":
        return BadValue(field, None, _MISSING.get(field, "a value"))
    reason = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if not field:
        return BadInput(f"{reason}.", field=reason.split(" ")[0].rstrip(":"))
    if field == "timeframe":
        nearest = get_close_matches(str(error["input"]).lower(), _USUAL_TIMEFRAMES, n=1, cutoff=0.5)
        reason = reason.removeprefix("expected ") + (f" (nearest: {nearest[0]})" if nearest else "")
    elif field in ("start", "end"):
        reason = A_TIME
    elif field == "id":
        reason = "letters, digits and . _ : -, beginning with a letter or digit, at most 128"
    elif field == "costs" and isinstance(error["input"], Mapping):
        name, _, reason = reason.partition(": ")
        return BadValue(f"costs.{name}", cast(Mapping[str, object], error["input"]).get(name), reason.removeprefix("expected "))
    return BadValue(field, error["input"], reason.removeprefix("expected "))


_MISSING = {"strategy": "the id of a strategy; see: weaver strategies", "symbols": "at least one symbol; see: weaver data list"}
