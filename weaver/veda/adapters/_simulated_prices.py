"""Made-up prices: a function of symbol, seed and second, the same in every process and asked for in any order."""

import hashlib
from collections.abc import Iterable
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
_NUMBERS = np.arange(_OCTAVES, dtype=np.int64)[:, None]
_STREAMS = _NUMBERS.astype(np.uint64)
_PERIODS = 2**_NUMBERS
_MASKS = _PERIODS - 1
_SIZES = _STEP * 2 ** (np.minimum(_NUMBERS, _ROAMING) / 2)
_FEW = 512  # seconds
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

    def at(self, second: int) -> int:
        """Return the open of one second, in cents."""
        jitter = (self._hashes(_OPENS, np.array([second])) >> np.uint64(33)).item() % 5 - 2
        return self._path(second, second + 1).item() + jitter

    def _path(self, first: int, end: int) -> Ints:
        times = np.arange(first, end, dtype=np.int64)
        moved = np.zeros(end - first)
        for part in self._together(times) if len(times) <= _FEW else self._one_by_one(times):
            moved += part
        return np.rint(_LEVEL * _TICKS * (1 + moved)).astype(np.int64)

    def _together(self, times: Ints) -> Iterable[NDArray[np.float64]]:
        """Return what each octave adds, computed at once: quick for a few seconds."""
        at = times >> _NUMBERS
        before, after = self._units(_STREAMS, np.stack([at, at + 1]))
        return _SIZES * (before + (after - before) * ((times & _MASKS) / _PERIODS))

    def _one_by_one(self, times: Ints) -> Iterable[NDArray[np.float64]]:
        """Yield the same, hashing each point of an octave's lattice only once: quick for many seconds."""
        for octave in range(_OCTAVES):
            at = times >> octave
            lattice = self._units(octave, np.arange(at[0], at[-1] + 2))
            at -= at[0]
            before = lattice[at]
            yield _SIZES[octave] * (before + (lattice[at + 1] - before) * ((times & _MASKS[octave]) / _PERIODS[octave]))

    def _units(self, stream: int | NDArray[np.uint64], numbers: Ints) -> NDArray[np.float64]:
        """Return numbers in [-1, 1)."""
        return (self._hashes(stream, numbers) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1

    def _whole(self, stream: int, first: int, end: int, count: int) -> Ints:
        """Return whole numbers in [0, count)."""
        return ((self._hashes(stream, np.arange(first, end)) >> np.uint64(33)) % np.uint64(count)).astype(np.int64)

    def _hashes(self, stream: int | NDArray[np.uint64], numbers: Ints) -> NDArray[np.uint64]:
        """Return 64 random-looking bits for each number, after splitmix64 (Steele, Lea and Flood, 2014)."""
        own = np.asarray(stream, np.uint64) << np.uint64(56)
        mixed = numbers.astype(np.uint64) * _GOLDEN + (own ^ self._key)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        return mixed ^ (mixed >> np.uint64(31))
