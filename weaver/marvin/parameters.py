"""Turns parameters as a person or a JSON document gives them into a strategy's Params."""

from collections.abc import Mapping
from math import isfinite

from pydantic import ValidationError

from weaver.errors import BadInput, BadValue, UnknownName
from weaver.marvin.strategy import StrategyParams


def parse(kind: type[StrategyParams], raw: Mapping[str, object]) -> StrategyParams | BadInput:
    """Return the checked parameters, or what is wrong with them: an unknown name first, then the first bad value.

    Texts such as "10" are read as what the field wants. What validators of the strategy raise, other than
    ValueError and AssertionError, goes through.
    """
    names = {name: info.alias or name for name, info in kind.model_fields.items()}
    known = {*names, *names.values()}
    for name in raw:
        if name not in known:
            return UnknownName("param", name, known)
    try:
        params = kind.model_validate(dict(raw))
    except ValidationError as problem:
        return _bad_value(problem, raw)
    for name, alias in names.items():
        problem = _changed(name, raw.get(alias, raw.get(name)), getattr(params, name))
        if problem is not None:
            return problem
    return params


def _bad_value(problem: ValidationError, raw: Mapping[str, object]) -> BadValue:
    first = problem.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return BadValue(field, None, "a value: it has no default")
    message = first["msg"]
    for opening in ("Input should be ", "Value error, ", "Assertion failed, "):
        message = message.removeprefix(opening)
    return BadValue(field, first["input"], message) if field else BadValue("params", dict(raw), message)


def _changed(name: str, given: object, value: object) -> BadValue | None:
    """Refuse what pydantic would quietly turn into something else: true into 1, 10.0 into 10; and nan."""
    if isinstance(given, bool) and not isinstance(value, bool):
        return BadValue(name, given, "a value of another type than true or false")
    if isinstance(given, float) and isinstance(value, int):
        return BadValue(name, given, "a valid integer")
    if isinstance(value, float) and not isfinite(value):
        return BadValue(name, given, "a finite number")
    return None
