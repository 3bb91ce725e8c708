"""Each of Weaver's errors has one translation."""

from activities.failures import FAILURES, to_failure
from weaver import errors
from weaver.errors import NotConnected, RateLimited, StrategyBroken, StrategyOverran, Unavailable, Unknown, WeaverError
from weaver.walle.model import RunError


def all_errors() -> set[type[WeaverError]]:
    return {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, WeaverError)}


def test_each_error_is_in_the_table() -> None:
    assert set(FAILURES) == all_errors()


def test_codes_are_the_class_names_in_snake_case_and_differ() -> None:
    codes = [entry.code for entry in FAILURES.values()]
    assert len(set(codes)) == len(codes)


def test_only_what_may_pass_is_tried_again() -> None:
    assert {kind for kind, entry in FAILURES.items() if entry.retryable} == {
        Unavailable,
        StrategyOverran,
        RateLimited,
        Unknown,
        NotConnected,
    }


def test_a_failure_carries_file_and_line_of_the_strategy() -> None:
    failure = to_failure(StrategyBroken("ValueError: no", strategy="mine", file="mine.py", line=7))
    assert failure.details == (RunError(message="ValueError: no", code="strategy_broken", file="mine.py", line=7),)
    assert (failure.message, failure.type, failure.non_retryable) == ("mine.py:7: ValueError: no", "StrategyBroken", True)


def test_a_strategy_that_overran_is_tried_once_more() -> None:
    overran = StrategyOverran("mine", 30)
    assert not to_failure(overran).non_retryable
    assert to_failure(overran, last_try=True).non_retryable
