"""Sums that do not round: what window means, deviations and volume-weighted prices are built on.

A running float sum drifts, and its drift decides crosses that are ties. Here a column is cut into integers of at
most 52 bits ("limbs"), whose prefix sums are kept in int64. Those may wrap around, yet the difference of two of them
is exact as long as the *window's* sum fits, so nothing depends on how long the series is. One division at the end is
the only rounding.

Prices on a decimal tick grid are taken as the decimals they spell: if every value of a column equals k / 10**digits,
sums are made of the k. Means of equal decimals are then equal floats, whatever the window lengths. Other values are
summed as the binary fractions they are, just as exactly.
"""

from collections.abc import Callable, Iterator

import numpy as np

from weaver.market import Floats, Ints

BLOCK = 65_536
"""Rows worked on at once: temporaries stay in the processor's cache and do not grow with the series."""

MOST_DIGITS = 10
MOST_TICKS = 1e15  # 15 significant digits: below this a float64 spells one decimal only
EXACT_INTEGERS = 2**53

Reduction = Callable[[Ints], Ints]
"""Window sums of one limb, row by row; linear, in wrapping int64 arithmetic."""


def blocks(rows: int, length: int) -> Iterator[tuple[slice, slice, slice]]:
    """Cut `rows` into blocks for windows of `length` rows.

    Yields (rows to read, rows to write, the written rows within those read). Only rows that have a whole window are
    written, so rows 0 .. length - 2 never are.
    """
    step = max(BLOCK, length)
    for start in range(length - 1, rows, step):
        stop = min(start + step, rows)
        yield slice(start - length + 1, stop), slice(start, stop), slice(length - 1, stop - start + length - 1)


def decimal_digits(*columns: Floats) -> int | None:
    """Return the least number of decimals with which every value can be written, or None above 10.

    NaN is skipped. Some rows are looked at first, since most columns need one digit count throughout; then all are.
    The answer belongs to the whole column: a later off-grid value turns earlier decimals into binary fractions too.
    """
    digits: int | None = 0
    for column in columns:
        digits = _least_digits(column[:: max(1, len(column) // 256)], digits)
    for column in columns:
        for start in range(0, len(column), BLOCK):
            if digits is None:
                return None
            digits = _least_digits(column[start : start + BLOCK], digits)
    return digits


def _least_digits(values: Floats, digits: int | None) -> int | None:
    while digits is not None:
        scale = 10.0**digits
        with np.errstate(over="ignore"):  # what overflows is no decimal of 15 digits
            ticks = np.rint(values * scale)
        known = ~np.isnan(values)
        if np.all(ticks / scale == values, where=known):
            return digits if np.max(np.abs(ticks), where=known, initial=0.0) <= MOST_TICKS else None
        digits = digits + 1 if digits < MOST_DIGITS else None
    return None


def to_ticks(values: Floats, digits: int | None) -> Floats:
    """Return values in units of 10**-digits, as whole floats; as they are when `digits` is None."""
    return values if digits is None else np.rint(values * 10.0**digits)


def ticks_in_one(digits: int | None) -> float:
    """Return by what a result in ticks is divided to be in the column's own unit again."""
    return 1.0 if digits is None else 10.0**digits


def on_one_grid(*columns: Floats) -> tuple[tuple[Floats, ...], float]:
    """Return the columns in common ticks, in which differences are exact, and the number of ticks in one."""
    digits = decimal_digits(*columns)
    return tuple(to_ticks(column, digits) for column in columns), ticks_in_one(digits)


def sums_over(length: int) -> Reduction:
    """Sum the last `length` rows (fewer at the beginning)."""

    def reduce(limb: Ints) -> Ints:
        prefix = np.cumsum(limb)
        sums = prefix.copy()
        sums[length:] -= prefix[:-length]
        return sums

    return reduce


def linear_sums_over(length: int) -> Reduction:
    """Sum the last `length` rows, the newest weighted `length`, the one before `length - 1`, ... the oldest 1."""
    plain = sums_over(length)

    def reduce(limb: Ints) -> Ints:
        steps = limb * np.int64(length)
        steps[1:] -= plain(limb)[:-1]  # one row later every weight is one less
        return np.cumsum(steps)

    return reduce


def sums_since(firsts: Ints) -> Reduction:
    """Sum from row `firsts[i]` to row i."""

    def reduce(limb: Ints) -> Ints:
        prefix = np.concatenate((np.zeros(1, np.int64), np.cumsum(limb)))
        return prefix[1:] - prefix[firsts]

    return reduce


def exact_sums(values: Floats, reduce: Reduction, total_weight: int) -> tuple[Floats, Floats]:
    """Return window sums as pairs of floats whose unevaluated sum has some 105 right bits.

    `values` are finite; `total_weight` is the largest sum of weights of a window, at most 2**40. A sum that fits 53
    bits comes out exact, with low part 0.
    """
    high, low = np.zeros(len(values)), np.zeros(len(values))
    _, exponent = np.frexp(np.max(np.abs(values), initial=0.0))
    width = min(52, 62 - total_weight.bit_length())
    rest = np.ldexp(values, -exponent)
    unit = 1.0
    while rest.any():
        rest = rest * 2.0**width
        whole = np.trunc(rest)
        rest = rest - whole
        unit *= 2.0**-width
        sums = reduce(whole.astype(np.int64))
        rounded = sums.astype(np.float64)
        missing = (sums - rounded.astype(np.int64)).astype(np.float64)
        high, low = _add(high, low, rounded * unit)
        high, low = _add(high, low, missing * unit)
    return np.ldexp(high, exponent), np.ldexp(low, exponent)


def _add(high: Floats, low: Floats, more: Floats) -> tuple[Floats, Floats]:
    """Add to a pair (Knuth's TwoSum, then Dekker's fast one to renormalise)."""
    total = high + more
    part = total - high
    error = (high - (total - part)) + (more - part) + low
    result = total + error
    return result, error - (result - total)


def quotients(high: Floats, low: Floats, divisor: Floats | float, divisor_low: Floats | float = 0.0) -> Floats:
    """Divide pair by pair, rounded once but for values within 2**-100 of the middle between two floats.

    The remainder of the first quotient is exact by Dekker's product (Numerische Mathematik 18, 1971). Not finite
    where the divisor is 0.
    """
    whole = np.asarray(divisor, np.float64)
    quotient = high / whole
    product = quotient * whole
    left, left_low = _halves(quotient)
    right, right_low = _halves(whole)
    product_error = ((left * right - product) + left * right_low + left_low * right) + left_low * right_low
    remainder = ((high - product) - product_error) + (low - quotient * divisor_low)
    return quotient + remainder / whole


def _halves(values: Floats) -> tuple[Floats, Floats]:
    scaled = values * 134_217_729.0  # 2**27 + 1, Veltkamp's splitting into 26 bits each
    high = scaled - (scaled - values)
    return high, values - high
