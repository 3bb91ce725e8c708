"""Writes bars to files for other programs."""

import os
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from weaver.errors import BadValue, Unusable
from weaver.market import Bars
from weaver.walle.columns import PRICES
from weaver.walle.parquet import column_table


def write_bars(bars: Bars, path: Path) -> int:
    """Write a .csv, .csv.gz or .parquet file with timestamp (start, UTC), open, high, low, close, volume; return the bars written.

    The file appears whole. Raises BadValue for another ending, Unusable where it cannot be written.
    """
    name = path.name.lower()
    if not name.endswith((".csv", ".csv.gz", ".parquet")):
        raise BadValue("file", str(path), "a name that ends in .csv, .csv.gz or .parquet")
    table = column_table({"timestamp": bars.starts, **{column: getattr(bars, column) for column in (*PRICES, "volume")}})
    times = table.column("timestamp").cast(pa.timestamp("us", "UTC"))
    table = table.set_column(0, "timestamp", times)
    temporary = path.parent / f".{uuid.uuid4().hex}.{path.name}"
    try:
        try:
            if name.endswith(".parquet"):
                pq.write_table(table, str(temporary))
            else:
                # By the ending of the name the stream is compressed.
                with pa.output_stream(str(temporary), compression="detect") as stream:
                    pacsv.write_csv(table, stream)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as problem:
        raise Unusable(f"{path} cannot be written: {problem}.") from problem
    return len(bars)
