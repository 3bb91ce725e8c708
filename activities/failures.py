"""How Weaver's errors look to Temporal: their type, their code, and whether trying again can help."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from temporalio.exceptions import ApplicationError

from activities.beacon import Started
from activities.slots import Died, Ending, Overran
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
from weaver.walle.model import RunError

MOST_DEATHS = 5
"""A process that dies at this many attempts of one window dies of it."""
MOST_OVERRUNS = 2


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
    AdapterNotFound: Translation("unknown_adapter"),
    MissingCredentials: Translation("missing_credentials"),
    LiveNotArmed: Translation("live_not_armed"),
    NotFound: Translation("not_found"),
    StrategyBroken: Translation("strategy_broken"),
    StrategyOverran: Translation("strategy_overran", retryable=True),
    NotAllowed: Translation("not_allowed"),
    Unavailable: Translation("unavailable", retryable=True),
    RateLimited: Translation("rate_limited", retryable=True),
    Refused: Translation("refused"),
    TermsDiffer: Translation("terms_differ"),
    Unknown: Translation("unknown_outcome", retryable=True),
    RiskRefused: Translation("risk_refused"),
    AdapterBroken: Translation("adapter_broken"),
    NotConnected: Translation("not_connected", retryable=True),
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
    return ApplicationError(
        text,
        detail,
        type=type(error).__name__,
        non_retryable=last_try or not entry.retryable,
        next_retry_delay=timedelta(seconds=error.wait_seconds) if isinstance(error, RateLimited) else None,
    )


def of_ending(work: Started, ending: Ending) -> ApplicationError:
    """Return the failure of an attempt whose process ended over it: an overrun is tried once more, a death until it keeps happening."""
    match ending:
        case Overran(limit_seconds=limit):
            return to_failure(StrategyOverran(work.strategy, limit), last_try=work.attempt >= MOST_OVERRUNS)
        case Died(exit_code=code):
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            text = f"the process that worked on strategy '{work.strategy}' died ({how}) at attempt {work.attempt}"
            detail = RunError(message=text, code="worker_died")
            return ApplicationError(text, detail, type="WorkerDied", non_retryable=work.attempt >= MOST_DEATHS)


@contextmanager
def translated() -> Generator[None]:
    """Let Weaver's errors out as Temporal's."""
    try:
        yield
    except WeaverError as error:
        raise to_failure(error) from error
