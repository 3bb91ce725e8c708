"""Parquet written so that the same table is always the same bytes.

Columns go in and out by their buffers: pyarrow's own conversions import pandas, 0.3 s and 40 MB for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from io import BytesIO
from typing import Any, get_type_hints

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weaver.market import Floats, Ints

Arrow = Any
"""A table, column or type of pyarrow, which ships no types."""

_ARROW = {int: pa.int64(), float: pa.float64(), str: pa.string()}


def parquet_bytes(table: Arrow, *, repeating: Sequence[str] | None = None, steady: Sequence[str] = ()) -> bytes:
    """Return the table as a Parquet file. No time, host or schema metadata goes in.

    Where it is known that only some columns repeat their values, and that others grow by steps alike, long tables are written in half
    the time and size.
    """
    sink = BytesIO()
    pq.write_table(
        table,
        sink,
        version="2.6",
        compression="zstd",
        compression_level=1,
        row_group_size=131_072,
        store_schema=False,
        use_dictionary=True if repeating is None else list(repeating),  # pyright: ignore[reportArgumentType]  # its default is all it tells of
        write_statistics=repeating is None,
        column_encoding=dict.fromkeys(steady, "DELTA_BINARY_PACKED") or None,
    )
    return sink.getvalue()


def column_table(columns: Mapping[str, Ints | Floats]) -> Arrow:
    """Return a table of int64 and float64 columns without nulls."""
    types = [pa.int64() if column.dtype == np.int64 else pa.float64() for column in columns.values()]
    schema = pa.schema([pa.field(name, arrow, nullable=False) for name, arrow in zip(columns, types, strict=True)])
    arrays = [
        pa.Array.from_buffers(arrow, len(column), [None, pa.py_buffer(np.ascontiguousarray(column))])
        for arrow, column in zip(types, columns.values(), strict=True)
    ]
    return pa.table(arrays, schema=schema)


def row_table(row_type: type[Any], rows: Sequence[Any]) -> Arrow:
    """Return dataclass rows as a table: fields of int, float and str, nullable where they are `X | None`."""
    hints = get_type_hints(row_type)
    schema: list[Arrow] = []
    arrays: list[Arrow] = []
    for field in fields(row_type):
        kinds = getattr(hints[field.name], "__args__", (hints[field.name],))
        values = [getattr(row, field.name) for row in rows]
        arrow = _ARROW[kinds[0]]
        schema.append(pa.field(field.name, arrow, nullable=type(None) in kinds))
        arrays.append(_strings(values) if kinds[0] is str else _numbers(values, arrow))
    return pa.table(arrays, schema=pa.schema(schema))


def read_columns(file: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return int64 and float64 columns of a file that `column_table` filled; `file` is what Store.open gives."""
    table = read_table(file, names)
    return {name: _array(table.column(name)) for name in names}


def column_names(file: Any) -> list[str]:
    """Return the names of a Parquet file's columns, in order."""
    with file, pq.ParquetFile(file, pre_buffer=False) as parquet:
        return list(parquet.schema_arrow.names)


def read_table(file: Any, names: Sequence[str] | None = None) -> Arrow:
    """Read a whole Parquet file, in this thread, since more threads keep more memory."""
    with file, pq.ParquetFile(file, pre_buffer=False) as parquet:
        return parquet.read(columns=None if names is None else list(names), use_threads=False)


def _array(column: Arrow) -> Any:
    kind = np.int64 if column.type == pa.int64() else np.float64
    parts: list[Any] = []
    for chunk in column.chunks:
        values = np.frombuffer(chunk.buffers()[1], kind)
        parts.append(values[chunk.offset : chunk.offset + len(chunk)])
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, kind), *parts])


def _numbers(values: Sequence[float | int | None], arrow: Arrow) -> Arrow:
    column = np.array([0 if value is None else value for value in values], np.int64 if arrow == pa.int64() else np.float64)
    return pa.Array.from_buffers(arrow, len(values), [_validity(values), pa.py_buffer(column)])


def _strings(values: Sequence[str | None]) -> Arrow:
    texts = [(value or "").encode() for value in values]
    offsets = np.zeros(len(texts) + 1, np.int32)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    buffers = [_validity(values), pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers)


def _validity(values: Sequence[object]) -> Arrow | None:
    """Return Arrow's bitmap of what is not None; none if all is there."""
    there = np.array([value is not None for value in values], bool)
    return None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
