"""Reads bars from somebody's CSV or Parquet file, as they stand there."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from weaver.errors import BadData, BadValue, UnknownName
from weaver.market import Floats, Ints
from weaver.walle.columns import NAMES, PRICES, BarColumns
from weaver.walle.parquet import Arrow
from weaver.walle.times import read_times

compute: Arrow = pyarrow.compute  # whose functions are made at its import

_TIME = ("timestamp", "datetime", "date", "time")
_ADJUSTED = ("adj close", "adj_close", "adjclose", "adjusted close", "adjusted_close")
_TICKER = ("symbol", "ticker")
_NULLS = ["", "NaN", "nan", "NAN", "null", "NULL", "None", "NA", "N/A", "n/a", "-"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawBars:
    """Bars as a file has them, in its order. `rows` are their 1-based data rows; what is no number is NaN.

    `naive_times` says that times had no zone and were taken as UTC.
    """

    bars: BarColumns
    rows: Ints
    adjusted_close: Floats | None = None
    naive_times: bool = False
    source: str = ""
    others: int = field(default=0)
    """Rows of other symbols that were left out."""


def read_bars(path: Path, symbol: str) -> RawBars:
    """Read a .csv, .csv.gz or .parquet file; of a file with a ticker column only the rows of `symbol`.

    Raises BadValue or BadData for a file that cannot be read, lacks a column, or holds no row; UnknownName for
    a symbol that the ticker column does not have.
    """
    if not path.is_file():
        raise BadValue("file", str(path), _nearest_file(path))
    name = path.name.lower()
    try:
        if name.endswith((".parquet", ".pq")):
            table, found = _read_parquet(path)
        elif name.endswith((".csv", ".csv.gz", ".txt", ".txt.gz")):
            table, found = _read_csv(path)
        else:
            raise BadValue("file", str(path), "a name that ends in .csv, .csv.gz or .parquet")
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError, UnicodeDecodeError, csv.Error) as problem:
        raise BadData(f"{path} cannot be read: {problem}") from problem
    rows: Ints = np.arange(1, table.num_rows + 1, dtype=np.int64)
    others = 0
    if found.ticker is not None:
        mine = _rows_of(table.column(found.ticker), symbol)
        others = table.num_rows - len(mine)
        table, rows = table.take(pa.array(mine)), rows[mine]
    if not table.num_rows:
        raise BadData(f"{path} holds no rows.")
    times = read_times(table.column(found.time), rows, found.time)
    columns = {name: _numbers(table.column(found.columns[name])) for name in NAMES[1:]}
    return RawBars(
        bars=BarColumns(starts=times.microseconds, **columns),
        rows=rows,
        adjusted_close=None if found.adjusted is None else _numbers(table.column(found.adjusted)),
        naive_times=times.naive,
        source=str(path),
        others=others,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The file's own names of the columns wanted."""

    time: str
    columns: dict[str, str]
    adjusted: str | None
    ticker: str | None

    @property
    def all(self) -> list[str]:
        names = [self.time, *self.columns.values(), self.adjusted, self.ticker]
        return [name for name in names if name is not None]


def _find(names: Sequence[str], path: Path) -> _Found:
    by_lower: dict[str, str] = {}
    for name in names:
        lower = name.strip().lower()
        if lower in by_lower and lower in {*_TIME, *NAMES, *_ADJUSTED, *_TICKER}:
            raise BadData(f"{path} has the column '{lower}' twice, as '{by_lower[lower]}' and '{name}'.")
        by_lower.setdefault(lower, name)

    def first(candidates: Sequence[str]) -> str | None:
        return next((by_lower[candidate] for candidate in candidates if candidate in by_lower), None)

    time = first(_TIME)
    missing = [] if time is not None else ["timestamp|time|date|datetime"]
    missing += [name for name in (*PRICES, "volume") if name not in by_lower]
    if missing or time is None:
        hints = [f"'{near[0]}' is near '{name}'" for name in missing if (near := get_close_matches(name, by_lower, n=1))]
        raise BadValue(
            "file",
            str(path),
            f"a column {', '.join(missing)}; it has {', '.join(names) or 'none'}" + (f" ({'; '.join(hints)})" if hints else ""),
        )
    columns = {name: by_lower[name] for name in (*PRICES, "volume")}
    return _Found(time=time, columns=columns, adjusted=first(_ADJUSTED), ticker=first(_TICKER))


def _read_csv(path: Path) -> tuple[Arrow, _Found]:
    with pa.input_stream(str(path), compression="detect") as stream:
        head = bytes(stream.read(65_536))
    if not head.strip():
        raise BadData(f"{path} is empty.")
    names = next(csv.reader(io.StringIO(head.decode("utf-8-sig", "replace"))))
    found = _find(names, path)
    table = pacsv.read_csv(
        str(path),
        convert_options=pacsv.ConvertOptions(
            include_columns=found.all,
            # As text, so that a row that is no number can be named.
            column_types=dict.fromkeys(found.all, pa.string()),
            strings_can_be_null=True,
            null_values=_NULLS,
        ),
    )
    return table, found


def _read_parquet(path: Path) -> tuple[Arrow, _Found]:
    with pq.ParquetFile(str(path)) as file:
        found = _find(file.schema_arrow.names, path)
        return file.read(columns=found.all), found


def _rows_of(tickers: Arrow, symbol: str) -> Ints:
    texts = compute.utf8_trim_whitespace(tickers.cast(pa.string()))
    mine = np.flatnonzero(np.array([text == symbol for text in texts.to_pylist()], bool))
    if not len(mine):
        raise UnknownName("symbol", symbol, [text for text in compute.unique(texts).to_pylist() if text])
    return mine


def _numbers(column: Arrow) -> Floats:
    """Return the column as floats, NaN for what is null or no number."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        trimmed = compute.utf8_trim_whitespace(column)
        try:
            column = trimmed.cast(pa.float64())
        except pa.ArrowInvalid:
            return np.array([_number(text) for text in trimmed.to_pylist()], np.float64)
    else:
        try:
            column = column.cast(pa.float64(), safe=False)
        except pa.ArrowNotImplementedError:
            raise BadData(f"A price or volume column has the type {column.type}: expected numbers.") from None
    return np.asarray(compute.fill_null(column, float("nan")).to_numpy(), np.float64)


def _number(text: str | None) -> float:
    try:
        return float("nan") if text is None else float(text)
    except ValueError:
        return float("nan")


def _nearest_file(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f"a file in a folder that exists; there is no {path.parent}"
    near = get_close_matches(path.name, names, n=1)
    return "an existing file" + (f"; '{near[0]}' is there" if near else "")
