"""Exponential and Wilder smoothing: recursions whose rounding errors do not pile up."""

from collections.abc import Iterator

import numpy as np

from weaver.market import Floats
from weaver.marvin.exact import BLOCK, exact_sums, quotients, sums_over


def smoothed(values: Floats, weight: float, *, seed_rows: int, seed_divisor: int) -> Floats:
    """Return mean += weight * (value - mean) row by row.

    The mean starts as the exactly rounded sum of the first `seed_rows` known values over `seed_divisor`, at the last
    of these rows; NaN before. A NaN gives NaN and starts the recursion anew after it, seed included.

    What rounding leaves out of a mean is carried into its next step, so that the error stays near 2**-53 of the
    *steps* and a long length cannot pile it up. A plain loop over floats, at some 0.15 s per million rows, is used
    because the closed form (powers of 1 - weight in blocks) loses digits for short lengths and saves little.
    """
    return _smoothed(values, weight, seed_rows, seed_divisor, pairs=False)[0]


def smoothed_pairs(values: Floats, weight: float, *, seed_rows: int, seed_divisor: int) -> tuple[Floats, Floats]:
    """Return `smoothed` and what rounding left out of it, to be added.

    For differences of smoothed columns: after a long still stretch they fade to nothing as they should, instead of to
    the last bit of the level, which would decide crosses.
    """
    return _smoothed(values, weight, seed_rows, seed_divisor, pairs=True)


def _smoothed(values: Floats, weight: float, seed_rows: int, seed_divisor: int, *, pairs: bool) -> tuple[Floats, Floats]:
    means, carries = np.full(len(values), np.nan), np.zeros(len(values) if pairs else 0)
    if weight == 1.0:  # a mean of one value is that value; by steps it would keep a trace of the one before
        return values.copy(), carries
    for start, stop in _known_stretches(values):
        first = start + seed_rows
        if first > stop:
            continue
        high, low = exact_sums(values[start:first], sums_over(seed_rows), seed_rows)
        mean, carry = float(quotients(high, low, float(seed_divisor))[-1]), 0.0
        means[first - 1] = mean
        for block in range(first, stop, BLOCK):
            end = min(block + BLOCK, stop)
            kept: list[float] | None = [] if pairs else None
            means[block:end], mean, carry = _steps(values[block:end].tolist(), weight, mean, carry, kept)
            if kept is not None:
                carries[block:end] = kept
    return means, carries


def _steps(values: list[float], weight: float, mean: float, carry: float, kept: list[float] | None) -> tuple[list[float], float, float]:
    means: list[float] = []
    for value in values:
        step = weight * ((value - mean) - carry) + carry
        moved = mean + step
        carry = step - (moved - mean)
        mean = moved
        means.append(mean)
        if kept is not None:
            kept.append(carry)
    return means, mean, carry


def _known_stretches(values: Floats) -> Iterator[tuple[int, int]]:
    known = np.concatenate(([False], ~np.isnan(values), [False]))
    edges = np.flatnonzero(known[1:] != known[:-1]).tolist()
    yield from zip(edges[::2], edges[1::2], strict=True)
