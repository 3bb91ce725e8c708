"""How Weaver's errors look to Temporal: their type, their code, and whether trying again can help."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from temporalio.exceptions import ApplicationError

from weaver.errors import (
    AlreadyExists,
    BadData,
    BadInput,
    BadValue,
    NoBars,
    NotAllowed,
    NotFound,
    StrategyBroken,
    StrategyOverran,
    Unavailable,
    UnknownName,
    Unusable,
    WeaverError,
)
from weaver.walle.model import RunError


@dataclass(frozen=True, slots=True)
class Translation:
    """`code` is what a run's error says; `retryable` whether the same call may yet succeed."""

    code: str
    retryable: bool = False


FAILURES: dict[type[WeaverError], Translation] = {
    WeaverError: Translation("error"),
    BadInput: Translation("bad_input"),
    UnknownName: Translation("unknown_name"),
    BadValue: Translation("bad_value"),
    BadData: Translation("bad_data"),
    NoBars: Translation("no_bars"),
    AlreadyExists: Translation("already_exists"),
    NotFound: Translation("not_found"),
    StrategyBroken: Translation("strategy_broken"),
    StrategyOverran: Translation("strategy_overran", retryable=True),
    NotAllowed: Translation("not_allowed"),
    Unavailable: Translation("unavailable", retryable=True),
    Unusable: Translation("unusable"),
}


def translation(error: WeaverError) -> Translation:
    """Return the entry of the error's class, or of its nearest ancestor's."""
    return next(FAILURES[kind] for kind in type(error).__mro__ if kind in FAILURES)


def to_failure(error: WeaverError, *, last_try: bool = False) -> ApplicationError:
    """Return the error as Temporal carries it: class name as type, a RunError as its one detail."""
    entry = translation(error)
    text = str(error)
    detail = RunError(message=text, code=entry.code)
    if isinstance(error, StrategyBroken):
        detail = RunError(message=error.message, code=entry.code, file=error.file, line=error.line)
    return ApplicationError(text, detail, type=type(error).__name__, non_retryable=last_try or not entry.retryable)


@contextmanager
def translated() -> Generator[None]:
    """Let Weaver's errors out as Temporal's."""
    try:
        yield
    except WeaverError as error:
        raise to_failure(error) from error
