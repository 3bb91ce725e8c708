"""What a run's windows wrote: one Parquet file per table and window, the same bytes whoever writes them."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import numpy as np

from weaver.errors import NotFound
from weaver.greta.records import DecisionRow, EquityColumns, FillRow, OrderRow, SeenColumns, TradeRow, Window
from weaver.market import Ints
from weaver.walle.parquet import column_names, column_table, parquet_bytes, read_columns, read_table, row_table
from weaver.walle.store import open_store

RowT = TypeVar("RowT", FillRow, OrderRow, TradeRow, DecisionRow)

_TIMES: dict[type, tuple[str, str]] = {
    FillRow: ("fills", "time"),
    OrderRow: ("orders", "created_at"),
    TradeRow: ("trades", "exit_time"),
    DecisionRow: ("decisions", "time"),
}
"""The folder of each kind of row, and the column that says when it was."""
_FIRST, _LAST = -(2**63), 2**63 - 1
_INDICATOR = "indicator "
"""Before an indicator's name as a column, so that it is never one of the others. Dots in it are escaped: Parquet has a meaning for them."""


class RunFiles:
    """The files of one run, in a local folder or at an fsspec URL.

    Windows are numbered from 0. Reading raises NotFound for a window or text that was never written.
    """

    def __init__(self, location: str, run_id: str) -> None:
        self._store = open_store(location)
        self._folder = quote(run_id, safe="")

    def write_text(self, kind: str, text: str) -> str:
        """Store a text under its own digest and return its reference, `<kind>-<digest>`; the same text has the same one."""
        content = text.encode()
        reference = f"{kind}-{hashlib.sha256(content).hexdigest()[:32]}"
        self._store.write(self._text(reference), content)
        return reference

    def read_text(self, reference: str) -> str:
        return self._store.read(self._text(reference)).decode()

    def write_window(self, number: int, window: Window) -> None:
        """Store all tables of a window. A window written again, even at the same time, is the same bytes."""
        equity = window.equity
        columns = {"times": equity.times, "equity": equity.equity, "benchmark": equity.benchmark}
        self._store.write(self._table("equity", number), parquet_bytes(column_table(columns)))
        for kind, row_type, rows in (
            ("fills", FillRow, window.fills),
            ("orders", OrderRow, window.orders),
            ("trades", TradeRow, window.trades),
            ("decisions", DecisionRow, window.decisions),
        ):
            self._store.write(self._table(kind, number), parquet_bytes(row_table(row_type, rows)))

    def read_windows(self, count: int) -> list[Window]:
        """Return windows 0 to count - 1."""
        return [
            Window(
                equity=self._equity(number),
                fills=self._rows("fills", FillRow, number),
                orders=self._rows("orders", OrderRow, number),
                trades=self._rows("trades", TradeRow, number),
                decisions=self._rows("decisions", DecisionRow, number),
            )
            for number in range(count)
        ]

    def fills(self, count: int) -> list[FillRow]:
        """Return the fills of windows 0 to count - 1, in order; so the others below."""
        return self._all("fills", FillRow, count)

    def orders(self, count: int) -> list[OrderRow]:
        return self._all("orders", OrderRow, count)

    def trades(self, count: int) -> list[TradeRow]:
        return self._all("trades", TradeRow, count)

    def decisions(self, count: int) -> list[DecisionRow]:
        return self._all("decisions", DecisionRow, count)

    def page(
        self,
        row_type: type[RowT],
        count: int,
        *,
        since: int | None = None,
        until: int | None = None,
        where: Mapping[str, Callable[[str], bool]] | None = None,
        newest_first: bool = False,
        offset: int = 0,
        limit: int,
    ) -> tuple[list[RowT], int]:
        """Return at most `limit` rows after the first `offset` of windows 0 to count - 1, and how many there are in all.

        Only rows with `since` ≤ time < `until` count (UTC microseconds): a fill's or decision's time, an order's creation, a trade's
        exit; and only those whose text columns are as `where` wants them. Windows without a row of the page are read by the columns
        that this takes alone.
        """
        kind, _ = _TIMES[row_type]
        rows: list[RowT] = []
        total = 0
        for number in reversed(range(count)) if newest_first else range(count):
            fitting = self._fitting(row_type, number, since, until, where or {})
            if newest_first:
                fitting = fitting[::-1]
            wanted = fitting[max(0, offset - total) : max(0, offset + limit - total)]
            total += len(fitting)
            if len(wanted):
                all_rows = self._rows(kind, row_type, number)
                rows += [all_rows[at] for at in wanted.tolist()]
        return rows, total

    def rows_of(self, row_type: type[RowT], count: int, column: str, values: Collection[str]) -> list[RowT]:
        """Return the rows of windows 0 to count - 1 that have one of the values in a text column, in order."""
        return self.page(row_type, count, where={column: frozenset(values).__contains__}, limit=2**31)[0] if values else []

    def _fitting(
        self, row_type: type[RowT], number: int, since: int | None, until: int | None, where: Mapping[str, Callable[[str], bool]]
    ) -> Ints:
        """Return which rows of a window count."""
        kind, column = _TIMES[row_type]
        times = read_columns(self._store.open(self._table(kind, number)), [column])[column]
        fits = (times >= (_FIRST if since is None else since)) & (times < (_LAST if until is None else until))
        if where and fits.any():
            table = read_table(self._store.open(self._table(kind, number)), list(where))
            for name, is_wanted in where.items():
                fits &= np.array([text is not None and is_wanted(text) for text in table.column(name).to_pylist()], bool)
        return np.flatnonzero(fits)

    def write_seen(self, number: int, seen: SeenColumns) -> None:
        """Store what could be seen at each bar of a window: the same bytes whoever writes them."""
        columns = {"times": seen.times, "symbols": seen.symbols, "close": seen.close}
        named = {_INDICATOR + quote(name, safe="").replace(".", "%2E"): values for name, values in seen.indicators.items()}
        table = column_table(columns | named)
        self._store.write(self._table("seen", number), parquet_bytes(table, repeating=["symbols", "close"], steady=["times"]))

    def seen_times(self, number: int) -> Ints | None:
        """Return the `times` of `seen` alone."""
        try:
            return read_columns(self._store.open(self._table("seen", number)), ["times"])["times"]
        except NotFound:
            return None

    def seen(self, number: int) -> SeenColumns | None:
        """Return what could be seen at each bar of a window; None for a window that an older Weaver wrote."""
        try:
            names = column_names(self._store.open(self._table("seen", number)))
        except NotFound:
            return None
        columns = read_columns(self._store.open(self._table("seen", number)), names)
        return SeenColumns(
            times=columns["times"],
            symbols=columns["symbols"],
            close=columns["close"],
            indicators={unquote(name.removeprefix(_INDICATOR)): columns[name] for name in names if name.startswith(_INDICATOR)},
        )

    def window_rows(self, row_type: type[RowT], number: int) -> list[RowT]:
        """Return the rows of one window."""
        return self._rows(_TIMES[row_type][0], row_type, number)

    def fill_columns(self, count: int) -> dict[str, list[Any]]:
        """Return `time`, `symbol`, `side` and `quantity` of the fills of windows 0 to count - 1, in order."""
        columns: dict[str, list[Any]] = {"time": [], "symbol": [], "side": [], "quantity": []}
        for number in range(count):
            table: dict[str, list[Any]] = read_table(self._store.open(self._table("fills", number)), list(columns)).to_pydict()
            for name, values in columns.items():
                values += table[name]
        return columns

    def equity(self, count: int) -> EquityColumns:
        parts = [self._equity(number) for number in range(count)]
        return EquityColumns(
            times=np.concatenate([part.times for part in parts] or [np.empty(0, np.int64)]),
            equity=np.concatenate([part.equity for part in parts] or [np.empty(0)]),
            benchmark=np.concatenate([part.benchmark for part in parts] or [np.empty(0)]),
        )

    def delete(self) -> None:
        """Delete all files of the run, if there are any."""
        self._store.delete_folder(self._folder)

    def _text(self, reference: str) -> str:
        return f"{self._folder}/texts/{quote(reference, safe='')}.json"

    def _table(self, kind: str, number: int) -> str:
        return f"{self._folder}/{kind}/{number:06d}.parquet"

    def _equity(self, number: int) -> EquityColumns:
        columns = read_columns(self._store.open(self._table("equity", number)), ["times", "equity", "benchmark"])
        return EquityColumns(**columns)

    def _all(self, kind: str, row_type: type[RowT], count: int) -> list[RowT]:
        return [row for number in range(count) for row in self._rows(kind, row_type, number)]

    def _rows(self, kind: str, row_type: type[RowT], number: int) -> list[RowT]:
        columns: dict[str, list[Any]] = read_table(self._store.open(self._table(kind, number))).to_pydict()
        return [row_type(*values) for values in zip(*columns.values(), strict=True)]
