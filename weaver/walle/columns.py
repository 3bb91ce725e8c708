"""Bars as they lie in files: a time column and five columns of floats."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaver.market import Floats, Ints

NAMES = ("starts", "open", "high", "low", "close", "volume")
PRICES = ("open", "high", "low", "close")

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarColumns:
    """Bars in columns of equal length; `starts` are UTC microseconds."""

    starts: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, rows: Any) -> "BarColumns":
        """Return the bars that a slice, mask or array of row numbers picks."""
        return BarColumns(**{name: getattr(self, name)[rows] for name in NAMES})

    def column(self, name: str) -> Any:
        return getattr(self, name)


def joined(parts: Sequence[BarColumns]) -> BarColumns:
    """Return the bars of several parts one after the other; at least one part."""
    return BarColumns(**{name: np.concatenate([part.column(name) for part in parts]) for name in NAMES})


def differing(one: BarColumns, other: BarColumns) -> Mask:
    """Tell for each row whether two sets of bars of equal length differ in a price or the volume."""
    differs = np.zeros(len(one), bool)
    for name in NAMES[1:]:
        differs |= one.column(name) != other.column(name)
    return differs
