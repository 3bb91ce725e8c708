from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.marvin.strategy_files import BODY, loaded, strategy_text, write
from weaver.errors import BadInput, BadValue, StrategyBroken, UnknownName


@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        ({"fast": "12"}, "fast", 12),
        ({"fast": 12}, "fast", 12),
        ({"quantity": "0.1"}, "quantity", Decimal("0.1")),
        ({"quantity": 0.1}, "quantity", Decimal("0.1")),
        ({"quantity": 3}, "quantity", Decimal(3)),
        ({"share": "0.25"}, "share", 0.25),
        ({"share": 1}, "share", 1.0),
        ({"exact": "true"}, "exact", True),
        ({"exact": True}, "exact", True),
        ({"word": "10"}, "word", "10"),
    ],
)
def test_a_parameter_is_read_as_what_its_field_wants(tmp_path: Path, raw: dict[str, Any], name: str, value: object) -> None:
    write(tmp_path, "mine.py", strategy_text())

    parsed = getattr(loaded(tmp_path).parse_params(raw), name)

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("raw", "field", "expected"),
    [
        ({"fast": "x"}, "fast", "a valid integer"),
        ({"fast": 2.5}, "fast", "a valid integer"),
        ({"fast": 10.0}, "fast", "a valid integer"),
        ({"fast": True}, "fast", "another type"),
        ({"fast": 0}, "fast", "greater than or equal to 1"),
        ({"fast": None}, "fast", "a valid integer"),
        ({"quantity": "-1"}, "quantity", "greater than 0"),
        ({"quantity": "nan"}, "quantity", "finite"),
        ({"share": "nan"}, "share", "a finite number"),
        ({"share": [1]}, "share", "a valid number"),
    ],
)
def test_a_bad_parameter_names_field_value_and_expectation(tmp_path: Path, raw: dict[str, Any], field: str, expected: str) -> None:
    write(tmp_path, "mine.py", strategy_text())

    with pytest.raises(BadValue) as caught:
        loaded(tmp_path).parse_params(raw)

    assert caught.value.field == field
    assert caught.value.value == raw[field]
    assert expected in caught.value.expected


def test_an_unknown_parameter_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text())

    with pytest.raises(UnknownName, match=r"No param 'fats'. Did you mean 'fast'"):
        loaded(tmp_path).parse_params({"fats": 3})


def test_a_parameter_without_default_must_be_given(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text(body=BODY.replace("= Field(10, ge=1)", "")))

    with pytest.raises(BadValue, match="fast = None: expected a value"):
        loaded(tmp_path).parse_params({})


def test_validators_of_the_strategy_refuse_in_their_own_words(tmp_path: Path) -> None:
    validator = """
    @model_validator(mode="after")
    def _ordered(self):
        if self.fast > 50:
            raise ValueError("fast at most 50")
        if self.fast == 50:
            raise KeyError("oh")
        return self
"""
    write(tmp_path, "mine.py", strategy_text(body=BODY.replace("\nclass Mine", validator + "\nclass Mine")))

    with pytest.raises(BadInput, match="fast at most 50"):
        loaded(tmp_path).parse_params({"fast": 60})
    with pytest.raises(StrategyBroken, match="KeyError"):
        loaded(tmp_path).parse_params({"fast": 50})


def test_the_schema_of_the_parameters_has_bounds_and_defaults(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text())

    fast = loaded(tmp_path).params_schema()["properties"]["fast"]

    assert (fast["type"], fast["default"], fast["minimum"]) == ("integer", 10, 1)
