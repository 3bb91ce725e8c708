"""Errors carry facts and say what to do next."""

import pytest

from weaver.errors import BadValue, NotAllowed, StrategyBroken, UnknownName


@pytest.mark.parametrize(("asked", "nearest"), [("sma-cros", "sma-cross"), ("SMA-CROSS", "sma-cross"), ("zzz", None)])
def test_an_unknown_name_offers_the_nearest_whatever_its_case(asked: str, nearest: str | None) -> None:
    error = UnknownName("strategy", asked, ["sma-cross", "buy-and-hold"])
    assert error.nearest == nearest
    assert (f"Did you mean '{nearest}'?" in str(error)) == (nearest is not None)


def test_known_names_are_listed_when_none_is_near() -> None:
    assert str(UnknownName("symbol", "zzz", ["AAPL", "IBM"])) == "No symbol 'zzz'. Known: AAPL, IBM."


def test_a_bad_value_names_field_value_and_expectation() -> None:
    assert str(BadValue("fast", 0, "a number ≥ 1")) == "fast = 0: expected a number ≥ 1."


def test_a_broken_strategy_names_file_and_line() -> None:
    assert str(StrategyBroken("ZeroDivisionError", strategy="mine", file="mine.py", line=7)) == "mine.py:7: ZeroDivisionError"


def test_a_refused_action_says_what_is_possible() -> None:
    assert str(NotAllowed("pause", "completed", ("delete",))) == "Cannot pause a run that is completed. Possible now: delete."
