"""What comes in as JSON fits its model or fails with the reason."""

from decimal import Decimal

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.exceptions import ApplicationError

from weaver.glados.runs import RunStatus
from weaver.walle.model import RunError
from workflows.converter import WeaverPayloadConverter
from workflows.inputs import BacktestInput, Progress, RunResult

CONVERTER = WeaverPayloadConverter()


def payload(text: str, encoding: str = "json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding.encode()}, data=text.encode())


def refusal(*payloads: Payload) -> ApplicationError:
    with pytest.raises(ApplicationError) as refused:
        CONVERTER.from_payloads(payloads, [BacktestInput])
    assert (refused.value.type, refused.value.non_retryable) == ("PayloadValidationError", True)
    return refused.value


def test_a_result_reads_back_and_money_is_a_string() -> None:
    result = RunResult(
        run_id="a",
        status=RunStatus.ERROR,
        progress=Progress(equity=Decimal("100.10")),
        error=RunError(message="no", code="bad_input"),
    )
    (written,) = CONVERTER.to_payloads([result])
    assert b'"equity":"100.10"' in written.data
    assert CONVERTER.from_payloads([written], [RunResult]) == [result]


def test_each_wrong_field_is_named() -> None:
    message = refusal(payload('{"symbols": ["A"], "timeframe": "1x", "cash": -1}')).message
    assert "strategy: Field required" in message
    assert "timeframe: expected a number and one of s, m, h, d, w" in message
    assert "cash: Input should be greater than 0 (given: -1)" in message


@pytest.mark.parametrize("text", ["not json", "", "[]", '"text"', "3"])
def test_what_is_no_request_is_refused(text: str) -> None:
    assert refusal(payload(text)).message.startswith("bad input: ")


def test_several_values_and_other_encodings_are_refused() -> None:
    assert "expected one JSON value, got 2" in refusal(payload("{}"), payload("{}")).message
    assert "binary/plain" in refusal(payload("x", "binary/plain")).message
    assert "made/up" in refusal(payload("x", "made/up")).message
