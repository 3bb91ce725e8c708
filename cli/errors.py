"""How an error looks in the terminal, as JSON, and as an exit code."""

import json
import sys

import typer

from weaver.errors import (
    AdapterBroken,
    AlreadyExists,
    BadData,
    BadInput,
    BadValue,
    MissingCredentials,
    NotAllowed,
    RiskRefused,
    StrategyBroken,
    Unavailable,
    UnknownName,
    WeaverError,
)

RUN_ERROR = 1
BAD_INPUT = 2
UNREACHABLE = 3
INTERRUPTED = 130


def exit_code(problem: WeaverError) -> int:
    """Return 3 for a service that does not answer, else 2."""
    return UNREACHABLE if isinstance(problem, Unavailable) else BAD_INPUT


def report(problem: WeaverError | typer.TyperException, *, as_json: bool) -> None:
    """Say what went wrong on stderr, and with `as_json` also as the one document on stdout."""
    if as_json:
        print(json.dumps({"error": facts(problem)}))
    message = problem.format_message() if isinstance(problem, typer.TyperException) else str(problem)
    print(f"weaver: {message}", file=sys.stderr)


def facts(problem: WeaverError | typer.TyperException) -> dict[str, object]:
    """Return an error's type, message and fields."""
    if isinstance(problem, typer.TyperException):
        return {"type": "BadUsage", "message": problem.format_message()}
    found: dict[str, object] = {"type": type(problem).__name__, "message": str(problem)}
    match problem:
        case UnknownName():
            found |= {"field": problem.field, "value": problem.name, "nearest": problem.nearest}
        case BadValue():
            found |= {"field": problem.field, "value": str(problem.value), "expected": problem.expected}
        case BadData():
            found |= {"field": problem.field, "rows": list(problem.rows)}
        case AlreadyExists():
            found |= {"field": problem.field, "value": problem.name, "state": problem.state}
        case MissingCredentials():
            found |= {"field": problem.field, "variables": list(problem.variables)}
        case BadInput():
            found |= {"field": problem.field}
        case StrategyBroken():
            found |= {"strategy": problem.strategy, "file": problem.file, "line": problem.line}
        case AdapterBroken():
            found |= {"adapter": problem.adapter, "file": problem.file, "line": problem.line}
        case RiskRefused():
            found |= {"rule": problem.rule}
        case NotAllowed():
            found |= {"action": problem.action, "status": str(problem.status)}
        case _:
            pass
    return found
