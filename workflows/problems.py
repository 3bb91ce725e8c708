"""What a failure says of a run."""

from collections.abc import Mapping
from typing import Any

from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, FailureError, TerminatedError
from temporalio.exceptions import TimeoutError as TemporalTimeout

from weaver.glados.runs import RunStatus
from weaver.walle.model import RunError
from workflows.converter import BAD_PAYLOAD
from workflows.inputs import RunResult


def problem_of(failure: BaseException) -> RunError:
    """Return the error that a failure of a workflow or activity amounts to."""
    match failure:
        case ActivityError(cause=cause) if cause is not None:
            return problem_of(cause)
        case ApplicationError():
            return _said(failure)
        case TerminatedError():
            return RunError(message=failure.message or "The run was terminated.", code="terminated")
        case TemporalTimeout():
            return RunError(message=f"A part of the run took too long: {failure.message}.", code="timed_out")
        case CancelledError():
            return RunError(message="The run was cancelled.", code="cancelled")
        case FailureError():
            return RunError(message=failure.message, code="error")
        case _:
            return RunError(message=str(failure), code="error")


def ended(run_id: str, failure: BaseException) -> RunResult:
    """Return the result of a run whose workflow did not complete: cancelled is stopped, anything else an error."""
    if isinstance(failure, CancelledError):
        return RunResult(run_id=run_id, status=RunStatus.STOPPED)
    return RunResult(run_id=run_id, status=RunStatus.ERROR, error=problem_of(failure))


def _said(failure: ApplicationError) -> RunError:
    """Return the RunError that a failure carries as its detail, or its message with a general code."""
    for detail in failure.details:
        if isinstance(detail, RunError):
            return detail
        if isinstance(detail, Mapping) and "code" in detail and "message" in detail:
            fields: Mapping[str, Any] = detail
            return RunError(message=fields["message"], code=fields["code"], file=fields.get("file"), line=fields.get("line"))
    if failure.type in (BAD_PAYLOAD, "BadInput"):
        return RunError(message=failure.message, code="bad_input")
    return RunError(message=f"{failure.type}: {failure.message}" if failure.type else failure.message, code="error")


def bad_input(text: str) -> ApplicationError:
    """Return the failure of a run whose input cannot be used."""
    return ApplicationError(text, RunError(message=text, code="bad_input"), type="BadInput", non_retryable=True)


def nothing_asked(example: str) -> ApplicationError:
    """Return the failure of a run that was started without any input."""
    return ApplicationError(f"bad input: expected a RunCreate as JSON, such as {example}", type="BadInput", non_retryable=True)


def failed(problem: RunError, cause: BaseException) -> ApplicationError:
    """Return what a workflow fails with: the error's own text, where it happened, and the error as its one detail."""
    place = f"{problem.file}:{problem.line}: " if problem.file and problem.line else ""
    inner = cause.cause if isinstance(cause, ActivityError) else cause
    kind = inner.type if isinstance(inner, ApplicationError) and inner.type else "RunFailed"
    return ApplicationError(f"{place}{problem.message}", problem, type=kind, non_retryable=True)
