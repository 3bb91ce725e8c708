from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cli.render import rounded, short_time
from weaver.documents.values import decimal_text, time_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (100.0, "100"),
        (0.1, "0.1"),
        (1e-8, "0.00000001"),
        (1e22, "10000000000000000000000"),
        (-0.0, "0"),
        (1200, "1200"),
        (Decimal("1E+3"), "1000"),
        (Decimal("10.50"), "10.5"),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_a_decimal_is_written_without_exponent_and_reads_back_the_same(value: float | Decimal, text: str) -> None:
    assert decimal_text(value) == text
    assert type(value)(text) == value


def test_times_are_utc_with_z() -> None:
    assert time_text(datetime(2004, 1, 2, tzinfo=UTC)) == "2004-01-02T00:00:00Z"
    assert time_text(1_000_001) == "1970-01-01T00:00:01.000001Z"


def test_a_short_time_is_a_date_at_midnight() -> None:
    assert short_time(datetime(2004, 1, 2, tzinfo=UTC)) == "2004-01-02"
    assert short_time(datetime(2004, 1, 2, 14, 30, tzinfo=UTC)) == "2004-01-02 14:30"


@pytest.mark.parametrize(("value", "text"), [("1.498578858288892", "1.49857886"), ("100", "100"), ("0.00000001", "0.00000001"), (None, "")])
def test_a_number_in_a_table_has_at_most_eight_decimals(value: str | None, text: str) -> None:
    assert rounded(value) == text
