"""The one data converter of worker, API and commands, and histories that it sealed made readable."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from workflows.converter import data_converter
from workflows.encryption import encryption_of


def converter_of(environment: Mapping[str, str]) -> DataConverter:
    """Return the converter, sealing with the environment's keys where it has some: payloads, and what failures say. Raises BadInput."""
    codec = encryption_of(environment)
    if codec is None:
        return data_converter
    return replace(data_converter, payload_codec=codec, failure_converter_class=DefaultFailureConverterWithEncodedAttributes)


async def open_events(converter: DataConverter, events: Iterable[HistoryEvent]) -> None:
    """Put everything in the events in plain, where the converter has keys. Raises Unusable for a key that is not there."""
    if converter.payload_codec is not None:
        for event in events:
            await _open(converter.payload_codec, event)


async def _open(codec: PayloadCodec, message: Message) -> None:
    if isinstance(message, Payload):
        message.CopyFrom((await codec.decode([message]))[0])
        return
    for field, value in message.ListFields():
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        for part in _parts(value):
            await _open(codec, part)
    if isinstance(message, Failure) and message.HasField("encoded_attributes"):
        said = json.loads(message.encoded_attributes.data)
        message.message, message.stack_trace = said.get("message", ""), said.get("stack_trace", "")


def _parts(value: object) -> list[Message]:
    """Return the messages in a field: one, several, or the values of a map."""
    if isinstance(value, Message):
        return [value]
    inside = value.values() if isinstance(value, Mapping) else value
    return [part for part in inside if isinstance(part, Message)] if isinstance(inside, Iterable) else []
