"""Reads the time column of somebody's file."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from weaver.errors import BadData
from weaver.market import Ints, to_microseconds
from weaver.walle.parquet import Arrow

compute: Arrow = pyarrow.compute  # whose functions are made at its import

_EXPECTED = "ISO 8601 such as 2004-01-02, 2004-01-02 14:30:00 or 2004-01-02T14:30:00-05:00, or a count since 1970"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Times:
    """UTC microseconds, and whether they had no zone and were taken as UTC."""

    microseconds: Ints
    naive: bool


def read_times(column: Arrow, rows: Ints, name: str) -> Times:
    """Return a column of dates, timestamps, texts or counts since 1970 (s, ms, us or ns, by their size).

    Raises BadData naming the rows (`rows` holds their numbers) that are no time.
    """
    if column.null_count:
        raise _refused(name, "", rows[np.array(compute.is_null(column).to_pylist())])
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _read_texts(compute.utf8_trim_whitespace(column), rows, name)
    if pa.types.is_timestamp(kind):
        return Times(microseconds=_count(column.cast(pa.timestamp("us", kind.tz), safe=False)), naive=kind.tz is None)
    if pa.types.is_date(kind):
        return Times(microseconds=_count(column.cast(pa.timestamp("us"))), naive=True)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return Times(microseconds=_since_1970(column), naive=False)
    raise BadData(f"The time column '{name}' has the type {kind}: expected {_EXPECTED}.")


def _read_texts(column: Arrow, rows: Ints, name: str) -> Times:
    for zone in (None, "UTC"):
        try:
            return Times(microseconds=_count(column.cast(pa.timestamp("us", zone))), naive=zone is None)
        except pa.ArrowInvalid:
            continue  # the next way of writing times is tried
    texts: list[str] = column.to_pylist()
    if all(len(text) >= 9 and text.isdecimal() for text in texts):
        return Times(microseconds=_since_1970(column.cast(pa.int64())), naive=False)
    times = [_parse(text) for text in texts]
    wrong = [at for at, time in enumerate(times) if time is None]
    if wrong:
        raise _refused(name, texts[wrong[0]], rows[wrong])
    known = [time for time in times if time is not None]
    naive = any(time.tzinfo is None for time in known)
    aware = (time.replace(tzinfo=UTC) if time.tzinfo is None else time for time in known)
    return Times(microseconds=np.array([to_microseconds(time) for time in aware], np.int64), naive=naive)


def _parse(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.removesuffix(" UTC") + ("+00:00" if text.endswith(" UTC") else ""))
    except ValueError:
        return None


def _since_1970(column: Arrow) -> Ints:
    values: Any = column.to_numpy()
    largest = float(np.abs(values).max(initial=0))
    for limit, multiplier in ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1)):
        if largest < limit:
            return np.asarray(np.rint(values * multiplier), np.int64)
    return np.asarray(values // 1_000, np.int64)


def _count(column: Arrow) -> Ints:
    return np.asarray(column.cast(pa.int64()).to_numpy(), np.int64)


def _refused(name: str, text: str, rows: Ints) -> BadData:
    first = ", ".join(str(row) for row in rows[:5])
    return BadData(
        f"The time column '{name}' is no time in {len(rows)} rows (first: {first}): {text!r}. Expected {_EXPECTED}.", rows=rows.tolist()
    )
