"""Reads Alpaca's JSON with checks, and without passing a number through float that the venue wrote as text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import cast

Row = Mapping[str, object]


class Garbled(ValueError):
    """An answer that is not what Alpaca documents."""


def row_of(value: object) -> Row:
    """Return `value` as a JSON object."""
    if not isinstance(value, dict):
        raise Garbled(f"expected an object, got {type(value).__name__}")
    return cast("Row", value)


def rows_of(value: object) -> list[Row]:
    """Return `value` as a list of JSON objects; null is an empty list, as Alpaca writes it for lists without entries."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Garbled(f"expected a list, got {type(value).__name__}")
    return [row_of(entry) for entry in cast("list[object]", value)]


def text(row: Row, name: str) -> str:
    """Return a text that must be there."""
    found = text_or_none(row, name)
    if found is None:
        raise Garbled(f"no '{name}'")
    return found


def text_or_none(row: Row, name: str) -> str | None:
    """Return a text; absent, null and empty are None."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Garbled(f"'{name}' is {type(value).__name__}, not text")
    return value


def flag(row: Row, name: str) -> bool:
    """Return a truth value; absent and null are false."""
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise Garbled(f"'{name}' is {type(value).__name__}, not true or false")


def number(row: Row, name: str) -> Decimal:
    """Return a number that must be there."""
    found = number_or_none(row, name)
    if found is None:
        raise Garbled(f"no '{name}'")
    return found


def number_or_none(row: Row, name: str) -> Decimal | None:
    """Return a number exactly as written; a JSON float is taken by its shortest text, which is what the venue wrote."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Garbled(f"'{name}' is {type(value).__name__}, not a number")
    try:
        found = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise Garbled(f"'{name}' is not a number") from None
    if not found.is_finite():
        raise Garbled(f"'{name}' is not finite")
    return found


def time(row: Row, name: str) -> datetime:
    """Return an aware UTC time that must be there."""
    found = time_or_none(row, name)
    if found is None:
        raise Garbled(f"no '{name}'")
    return found


def time_or_none(row: Row, name: str) -> datetime | None:
    """Return an aware UTC time, cut to microseconds. MessagePack's own timestamps are taken too."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise Garbled(f"'{name}' is not a time") from None
    else:
        convert = getattr(value, "to_datetime", None)
        found = convert() if callable(convert) else None
        if not isinstance(found, datetime):
            raise Garbled(f"'{name}' is {type(value).__name__}, not a time")
    if found.tzinfo is None:
        raise Garbled(f"'{name}' has no time zone")
    return found.astimezone(UTC)
