"""How values look: JSON documents for programs, tables and lines for people."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from weaver.documents.values import decimal_text
from weaver.market import from_microseconds

_PLAIN_WIDTH = 130  # where output is not a terminal, so that tables in files and pipes are not cut at 80

out = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
err = Console(stderr=True, width=None if sys.stderr.isatty() else _PLAIN_WIDTH, highlight=False)


def emit(document: Mapping[str, object] | Sequence[Mapping[str, object]]) -> None:
    """Print the one JSON document of a command; a list has one row a line."""
    if isinstance(document, Mapping):
        print(json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False), flush=True)
        return
    rows = (json.dumps(row, allow_nan=False, ensure_ascii=False) for row in document)
    print("[" + ",\n ".join(rows) + "]")


def say(text: str) -> None:
    """Tell the person at the terminal something that is no result."""
    err.print(Text(text), soft_wrap=True)


def show(text: str, style: str = "") -> None:
    """Print a line of the result."""
    out.print(Text(text, style=style), soft_wrap=True)


def short_time(time: datetime | int | None) -> str:
    """Write a time for a table: the date alone at midnight UTC, else to the minute or second."""
    if time is None:
        return ""
    moment = from_microseconds(time) if isinstance(time, int) else time
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d %H:%M}" if moment.second == 0 else f"{moment:%Y-%m-%d %H:%M:%S}"


def seconds_text(time: datetime | None) -> str:
    """Write a time for a table of trading: always with its seconds."""
    return "" if time is None else f"{time:%Y-%m-%d %H:%M:%S}"


def money(value: float | Decimal | None) -> str:
    """Write an amount for a table, with thousands and cents."""
    return "" if value is None else f"{value:,.2f}"


def number(value: float | Decimal | None, digits: int = 2) -> str:
    """Write a ratio for a table; absent is a dash."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"


def rounded(value: object, digits: int = 8) -> str:
    """Write a decimal text for a table with at most `digits` decimals; absent is empty."""
    return "" if value is None else decimal_text(round(Decimal(str(value)), digits))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = (), title: str | None = None) -> None:
    """Print a table; the columns at the positions in `right` are aligned right."""
    aligned = set(right)
    drawn = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        drawn.add_column(column, justify="right" if position in aligned else "left", overflow="fold", no_wrap=position == 0)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    out.print(drawn)
