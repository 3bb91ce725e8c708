"""Payloads as JSON through pydantic; what does not fit its model fails the run with the reason instead of hanging it."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter, create_payload_validation_error
from temporalio.exceptions import ApplicationError

BAD_PAYLOAD = str(create_payload_validation_error(None).type)
"""The failure type that the SDK reserves for a payload that is not what was declared."""


def _refused(text: str, details: object) -> ApplicationError:
    """Return the SDK's validation error with the reason in its message, where the UI and the CLI show it.

    Raised while a workflow decodes its input, any other error would fail the workflow *task*, which is tried
    for ever; this one fails the run.
    """
    return ApplicationError(f"bad input: {text}", details, type=BAD_PAYLOAD, non_retryable=True)


def _said(problem: ValidationError) -> str:
    """Return each problem as `field: what is wrong (given: value)`, in one line."""
    parts: list[str] = []
    for error in problem.errors(include_url=False, include_context=False):
        place = ".".join(str(step) for step in error["loc"])
        reason = error["msg"].removeprefix("Value error, ")
        given = "" if error["type"] == "missing" else f" (given: {error['input']!r:.80})"
        parts.append(f"{place}: {reason}{given}" if place else f"{reason}{given}")
    return "; ".join(parts)


class WeaverPayloadConverter(PydanticPayloadConverter):
    """The SDK's pydantic converter, with one payload for each input, result and message."""

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """Return the decoded values. Raises the payload-validation error for several payloads, an unknown encoding,
        text that is no JSON, and JSON that does not fit its type hint."""
        if len(payloads) > 1:
            raise _refused(f"expected one JSON value, got {len(payloads)}", {"payloads": len(payloads)})
        encoding = payloads[0].metadata.get("encoding", b"").decode() if payloads else ""
        if encoding == "binary/plain" or (encoding and encoding.encode() not in self.converters):
            raise _refused(f"expected JSON, got the encoding {encoding!r}", {"encoding": encoding})
        try:
            return super().from_payloads(payloads, type_hints)
        except ValidationError as problem:
            text = _said(problem)
            raise _refused(text, {"problems": text}) from None


data_converter = DataConverter(payload_converter_class=WeaverPayloadConverter)
