"""What a run holds on to: the files of its bars by name, and a fingerprint of the bars themselves."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from weaver.market import Bars, Calendar
from weaver.walle.columns import NAMES, BarColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPin:
    """The bars of one series with from_us ≤ start < to_us in these files: `rows` in all, of which the last `bars`
    are the run's, from `first_us` on; those before are warm-up. Times are UTC microseconds."""

    symbol: str
    timeframe: str
    calendar: Calendar
    files: tuple[str, ...]
    from_us: int
    first_us: int
    to_us: int
    rows: int
    bars: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPin:
    """The bars of a run: one pin per symbol in the run's order. `bars` over all symbols, warm-up excluded."""

    series: tuple[SeriesPin, ...]
    fingerprint: str
    bars: int

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "DataPin":
        values: dict[str, Any] = json.loads(text)
        series = [pin | {"calendar": Calendar(pin["calendar"]), "files": tuple(pin["files"])} for pin in values["series"]]
        return DataPin(series=tuple(SeriesPin(**pin) for pin in series), fingerprint=values["fingerprint"], bars=values["bars"])


class SeriesFingerprint:
    """SHA-256 over a series' name and the bytes of its columns, added part by part: the same however bars lie in files."""

    def __init__(self, symbol: str, timeframe: str, calendar: Calendar) -> None:
        self._name = json.dumps([symbol, timeframe, calendar.value])
        self._columns = [hashlib.sha256() for _ in NAMES]

    def add(self, bars: BarColumns | Bars, rows: slice) -> None:
        columns = (bars.starts, bars.open, bars.high, bars.low, bars.close, bars.volume)
        for digest, column in zip(self._columns, columns, strict=True):
            part = column[rows]
            digest.update(part.astype(part.dtype.newbyteorder("<"), order="C", copy=False).data)

    def hexdigest(self) -> str:
        whole = hashlib.sha256(self._name.encode())
        for digest in self._columns:
            whole.update(digest.digest())
        return whole.hexdigest()


def fingerprint_of(bars: Sequence[Bars]) -> str:
    """Return the fingerprint that a pin of exactly these series, warm-up included, would have."""
    digests: list[str] = []
    for series in bars:
        digest = SeriesFingerprint(series.symbol, series.timeframe.text, series.calendar)
        digest.add(series, slice(None))
        digests.append(digest.hexdigest())
    return joint_fingerprint(digests)


def joint_fingerprint(series: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(series).encode()).hexdigest()
