"""How values are written in JSON: amounts as decimal texts, times as ISO-8601 UTC with Z."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from weaver.market import from_microseconds

Amount = Annotated[str, WithJsonSchema({"type": "string", "format": "decimal", "examples": ["101.25"]})]
"""Money, a price or a quantity as a decimal text without exponent."""

Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2024-01-02T14:30:00Z"]})]
"""A time as ISO-8601 UTC with Z."""


class Document(BaseModel):
    """A JSON shape. Its fields are JSON values already, so a dump of it is what is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ItemT = TypeVar("ItemT")


class Listing(Document, Generic[ItemT]):
    """One page of a list."""

    items: list[ItemT]
    total: int = Field(description="how many there are on all pages", ge=0)
    page: int = Field(description="counted from 1", ge=1)
    page_size: int = Field(ge=1)


def decimal_text(value: float | Decimal) -> str:
    """Write a number as a decimal string without exponent: the shortest that reads back as the same float."""
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def optional_decimal(value: float | Decimal | None) -> str | None:
    return None if value is None else decimal_text(value)


def time_text(time: datetime | int) -> str:
    """Write a time (aware, or UTC microseconds) as ISO-8601 UTC with Z."""
    moment = from_microseconds(time) if isinstance(time, int) else time
    return moment.isoformat().replace("+00:00", "Z")


def optional_time(time: datetime | int | None) -> str | None:
    return None if time is None else time_text(time)


def dumped(documents: Iterable[Document]) -> list[dict[str, object]]:
    """Return documents as plain JSON objects."""
    return [document.model_dump() for document in documents]
