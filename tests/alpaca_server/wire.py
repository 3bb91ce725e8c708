"""Numbers and times as Alpaca writes them: decimal strings, and RFC 3339 with nanoseconds."""

import re
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import msgpack

from .errors import invalid

NEW_YORK = ZoneInfo("America/New_York")
SECOND = 1_000_000_000
MINUTE = 60 * SECOND

FRACTION = re.compile(r"^(?P<whole>[^.]+)\.(?P<digits>\d+)(?P<zone>.*)$")


def number(value: Decimal) -> str:
    """Return `value` in plain digits without trailing zeros."""
    return format(value.normalize(), "f")


def optional_number(value: Decimal | None) -> str | None:
    """Return `value` as `number` writes it, or None."""
    return None if value is None else number(value)


def decimal_of(name: str, raw: Any) -> Decimal | None:
    """Return a JSON string or number as Decimal, None where it is absent; refuse anything else."""
    if raw is None or raw == "":
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        raise invalid(f"{name} must be a number")
    try:
        value = Decimal(raw)
    except InvalidOperation as error:
        raise invalid(f"{name} must be a number") from error
    if not value.is_finite():
        raise invalid(f"{name} must be a number")
    return value


def floored(value: Decimal, places: int) -> Decimal:
    """Return `value` cut to `places` decimals, towards zero."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN)


def places(value: Decimal) -> int:
    """Return how many decimals `value` needs."""
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def datetime_of(stamp: int) -> datetime:
    """Return nanoseconds since 1970 as aware UTC, cut to microseconds."""
    seconds, rest = divmod(stamp, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)


def stamp_of(moment: datetime) -> int:
    """Return an aware time as nanoseconds since 1970, exactly."""
    whole = moment.astimezone(UTC)
    return int(whole.replace(microsecond=0).timestamp()) * SECOND + whole.microsecond * 1000


def wire_time(stamp: int) -> str:
    """Return nanoseconds since 1970 in Z with up to nine digits, as orders carry it."""
    seconds, rest = divmod(stamp, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{text}{digits}Z"


def optional_time(stamp: int | None) -> str | None:
    """Return `stamp` as `wire_time` writes it, or None."""
    return None if stamp is None else wire_time(stamp)


def new_york_time(stamp: int) -> str:
    """Return a time with New York's offset, as the clock carries it."""
    return datetime_of(stamp).astimezone(NEW_YORK).isoformat()


def parsed_time(name: str, text: str) -> int:
    """Return RFC 3339, or a date taken as midnight UTC, as nanoseconds since 1970; no zone means UTC."""
    digits = 0
    if match := FRACTION.match(text):
        digits = int(match["digits"][:9].ljust(9, "0"))
        text = match["whole"] + match["zone"]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"invalid {name}: not a time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return stamp_of(moment) + digits


def packed(message: Any) -> bytes:
    """Return a message in msgpack."""
    data = msgpack.packb(message)
    assert data is not None
    return data
