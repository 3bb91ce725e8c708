"""Temporal's remote codec: lets its web page and command line read what is encrypted, by the door that guards all else."""

import os
from typing import Any

from fastapi import APIRouter, Response
from google.protobuf.json_format import MessageToJson, ParseDict, ParseError
from temporalio.api.common.v1 import Payloads

from weaver.errors import BadInput, Unusable
from workflows.encryption import KEYS, Encryption, encryption_of

router = APIRouter(include_in_schema=False)  # Temporal's protocol, not ours


@router.post("/codec/decode")
async def decode(body: dict[str, Any]) -> Response:
    """Give payloads in plain."""
    given = _payloads(body)
    return _answer(await _encryption().decode(given.payloads))


@router.post("/codec/encode")
async def encode(body: dict[str, Any]) -> Response:
    """Give payloads encrypted."""
    given = _payloads(body)
    return _answer(await _encryption().encode(given.payloads))


def _payloads(body: dict[str, Any]) -> Payloads:
    try:
        return ParseDict(body, Payloads())
    except ParseError as problem:
        raise BadInput(f"payloads: {problem}", field="payloads") from None


def _answer(payloads: Any) -> Response:
    return Response(MessageToJson(Payloads(payloads=payloads)), media_type="application/json")


def _encryption() -> Encryption:
    encryption = encryption_of(os.environ)
    if encryption is None:
        raise Unusable(f"Nothing is encrypted here: the API's environment has no {KEYS}.")
    return encryption
