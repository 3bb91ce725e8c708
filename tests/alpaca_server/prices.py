"""Prices: what the test set, or a wave that depends on symbol and time alone."""

import math
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from .assets import Asset, Assets
from .clock import Clock
from .wire import MINUTE

Floats = NDArray[np.float64]

# Period in minutes and share of the level. The short ones make crossings within an hour, the long ones make days differ.
WAVES = ((7.0, 0.002), (37.0, 0.006), (360.0, 0.015), (12960.0, 0.05))
NOISE = 0.0006


def seed_of(symbol: str) -> int:
    """Return a number that belongs to `symbol`, the same on every machine."""
    return int.from_bytes(blake2b(symbol.encode(), digest_size=8).digest(), "big")


def noise(seed: int, minutes: NDArray[np.int64]) -> Floats:
    """Return a number in [-1, 1) for each minute: splitmix64 of seed and minute."""
    with np.errstate(over="ignore"):
        mixed = minutes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2**52 - 1


def knots(asset: Asset, minutes: NDArray[np.int64]) -> Floats:
    """Return the price at the start of each minute (counted since 1970), not yet rounded."""
    seed = seed_of(asset.symbol)
    shape = 1 + NOISE * noise(seed, minutes)
    for index, (period, share) in enumerate(WAVES):
        phase = ((seed >> (8 * index)) & 0xFF) / 256
        shape += share * np.sin(2 * math.pi * (minutes / period + phase))
    return float(asset.start_price) * shape


def rounded(asset: Asset, values: Floats) -> Floats:
    """Return prices in the asset's increments; four decimals under a dollar."""
    decimals = max(0, -int(asset.price_increment.log10().to_integral_value())) if asset.crypto else (2 if asset.start_price >= 1 else 4)
    return np.round(values, decimals)


def wave_prices(asset: Asset, stamps: NDArray[np.int64]) -> Floats:
    """Return the price at each time: straight lines between the starts of minutes."""
    minutes, rest = np.divmod(stamps, MINUTE)
    low, high = knots(asset, minutes), knots(asset, minutes + 1)
    return rounded(asset, low + (high - low) * (rest / MINUTE))


class Prices:
    """The price of each symbol now."""

    def __init__(self, assets: Assets, clock: Clock) -> None:
        self._assets = assets
        self._clock = clock
        self.preset: dict[str, Decimal] = {}
        self.listeners: list[Callable[[Asset, Decimal], None]] = []

    def now(self, symbol: str) -> Decimal:
        """Return what was set for `symbol`, or the wave at the venue's time."""
        if (price := self.preset.get(symbol)) is not None:
            return price
        value = float(wave_prices(self._assets.get(symbol), np.array([self._clock.now()], dtype=np.int64))[0])
        return Decimal(repr(value)).quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN).normalize()

    def set(self, symbol: str, price: Decimal | None) -> None:
        """Set the price from now on and tell the listeners; None goes back to the wave."""
        asset = self._assets.get(symbol)
        if price is None:
            self.preset.pop(asset.symbol, None)
        else:
            self.preset[asset.symbol] = price
        for listener in self.listeners:
            listener(asset, self.now(asset.symbol))
