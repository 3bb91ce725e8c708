"""Made-up prices: a function of symbol, seed and second, the same in every process and asked for in any order."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaver.market import Ints

_LEVEL = 100.0
_TICKS = 100  # a unit of money: prices are whole cents
_STEP = 3e-4  # of the price: about 0.05 % in one second, 0.1 % in five
_OCTAVES = 17  # periods from one second to 18 hours
_ROAMING = 9  # the octaves above 2⁹ seconds have one size, so that prices return to their level

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_OPENS, _ABOVE, _BELOW, _VOLUMES = range(32, 36)  # streams of numbers beside those of the octaves


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ticks:
    """Bars of one second as columns; prices in cents."""

    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints


class Prices:
    """The prices of one symbol: value noise over octaves of time, each twice as long as the one before.

    Short octaves grow with the root of their period, as a random walk does; long ones do not, so that prices stay within
    about 7 % of 100. Only sums and products of numbers go in, which every machine computes alike.
    """

    def __init__(self, symbol: str, seed: str) -> None:
        digest = hashlib.blake2b(f"{seed}\0{symbol}".encode(), digest_size=8).digest()
        self._key = np.uint64(int.from_bytes(digest, "big"))

    def seconds(self, first: int, end: int) -> Ticks:
        """Return the bars of the seconds first ≤ second < end, counted from 1970."""
        path = self._path(first, end + 1)
        opens = path[:-1] + self._whole(_OPENS, first, end, 5) - 2  # near the close before it, so that stops can be jumped
        closes = path[1:]
        return Ticks(
            open=opens,
            high=np.maximum(opens, closes) + self._whole(_ABOVE, first, end, 3),
            low=np.minimum(opens, closes) - self._whole(_BELOW, first, end, 3),
            close=closes,
            volume=self._whole(_VOLUMES, first, end, 400) + 1,
        )

    def _path(self, first: int, end: int) -> Ints:
        moved = np.zeros(end - first)
        times = np.arange(first, end, dtype=np.int64)
        for octave in range(_OCTAVES):
            size = _STEP * 2 ** (min(octave, _ROAMING) / 2)
            at = times >> octave
            lattice = self._units(octave, int(at[0]), int(at[-1]) + 2)
            at -= at[0]
            before = lattice[at]
            within = (times & ((1 << octave) - 1)) / (1 << octave)
            moved += size * (before + (lattice[at + 1] - before) * within)
        return np.rint(_LEVEL * _TICKS * (1 + moved)).astype(np.int64)

    def _units(self, stream: int, first: int, end: int) -> NDArray[np.float64]:
        """Return numbers in [-1, 1)."""
        return (self._hashes(stream, first, end) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1

    def _whole(self, stream: int, first: int, end: int, count: int) -> Ints:
        """Return whole numbers in [0, count)."""
        return ((self._hashes(stream, first, end) >> np.uint64(33)) % np.uint64(count)).astype(np.int64)

    def _hashes(self, stream: int, first: int, end: int) -> NDArray[np.uint64]:
        """Return 64 random-looking bits for each number, after splitmix64 (Steele, Lea and Flood, 2014)."""
        mixed = np.arange(first, end, dtype=np.int64).astype(np.uint64) * _GOLDEN + (self._key ^ np.uint64(stream << 56))
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        return mixed ^ (mixed >> np.uint64(31))
