"""Writes small files of bars as vendors do."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HEADER = "Date,Open,High,Low,Close,Volume"


def a_csv(path: Path, *rows: str, header: str = HEADER) -> Path:
    """Write rows of text below a header; a name that ends in .gz is compressed."""
    content = "\n".join([header, *rows, ""]).encode()
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def daily(count: int, *, first: int = 1, price: float = 100.0) -> list[str]:
    """Rows of count days of January 2024, each closing one above the last."""
    return [
        f"2024-01-{day:02d},{price + day},{price + day + 1},{price + day - 1},{price + day},{1000 + day}"
        for day in range(first, first + count)
    ]


def files_below(folder: Path) -> dict[str, bytes]:
    """Everything that lies in a folder but for lock files, by name."""
    found: Sequence[Any] = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found if path.is_file() and path.suffix != ".lock"}
