"""Means, deviations and extremes of moving windows: exact, and in memory that does not grow with the window.

Every function takes float64 columns in which NaN stands for "not known", and gives a new column of equal length:
NaN before the first whole window and wherever the window holds a NaN.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from weaver.market import Floats, Ints
from weaver.marvin.exact import (
    EXACT_INTEGERS,
    Reduction,
    blocks,
    decimal_digits,
    exact_sums,
    linear_sums_over,
    quotients,
    sums_over,
    ticks_in_one,
    to_ticks,
)

ELEMENTS_AT_ONCE = 2**17
"""How many elements of a matrix of windows are held at once (1 MB)."""

SHORT = 64  # windows up to here are cheaper one by one than by sums
CANCELLED = 256  # a sum of squares this much larger than what remains has lost 8 of its 53 bits


def moving_mean(values: Floats, length: int) -> Floats:
    """Return the exactly rounded means of the last `length` values."""
    return _weighted_mean(values, length, sums_over(length), length)


def moving_linear_mean(values: Floats, length: int) -> Floats:
    """Return the exactly rounded means of the last `length` values, weighted `length` (newest) down to 1."""
    return _weighted_mean(values, length, linear_sums_over(length), length * (length + 1) // 2)


def _weighted_mean(values: Floats, length: int, reduce: Reduction, total_weight: int) -> Floats:
    means = np.full(len(values), np.nan)
    digits = decimal_digits(values)
    if digits is not None and total_weight * 10**digits > EXACT_INTEGERS:
        digits = None
    divisor = total_weight * ticks_in_one(digits)
    for read, write, within in blocks(len(values), length):
        known, unknown = filled(values[read], length)
        high, low = exact_sums(to_ticks(known, digits), reduce, total_weight)
        means[write] = np.where(unknown, np.nan, quotients(high, low, divisor))[within]
    return means


def filled(values: Floats, length: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the values with each NaN replaced by a known value, and where a window of `length` rows held a NaN."""
    holes = np.isnan(values)
    if not holes.any():
        return values, holes
    known = values[~holes]
    counts = sums_over(length)(holes.astype(np.int64))
    return np.where(holes, known[0] if len(known) else 0.0, values), counts > 0


def moving_deviation(values: Floats, length: int, freedom_lost: int) -> Floats:
    """Return sqrt(sum((x - mean)**2) / (length - freedom_lost)) over the last `length` values.

    On a tick grid n * sum(t**2) - sum(t)**2 is computed in whole ticks, modulo 2**64, which is exact wherever the
    range of the prices in a block, in ticks, times n stays below 2**32. Elsewhere each window's deviations from its
    exactly rounded mean are squared, and what that mean's rounding adds is taken off again (Chan, Golub and LeVeque,
    The American Statistician 37, 1983); long windows use sums of squares about a price of the block, unless they cancel.
    The result is right to 1e-13, and a constant window gives exactly 0.
    """
    deviations = np.full(len(values), np.nan)
    digits = decimal_digits(values)
    for read, write, within in blocks(len(values), length):
        known, unknown = filled(values[read], length)
        ticks = to_ticks(known, digits)
        lowest = ticks.min()
        if digits is not None and (ticks.max() - lowest) * length < 2.0**32:
            whole = (ticks - lowest).astype(np.int64)
            sums, squares = sums_over(length)(whole), sums_over(length)(whole * whole)
            variances = (length * squares - sums * sums) / (length * (length - freedom_lost))
        else:
            variances = _variances(ticks, length, freedom_lost)
        deviations[write] = np.where(unknown, np.nan, np.sqrt(variances) / ticks_in_one(digits))[within]
    return deviations


def _variances(values: Floats, length: int, freedom_lost: int) -> Floats:
    """Return the variances of all windows, those of whole windows right; long ones by sums where these do not cancel."""
    if length < SHORT:
        rows = np.arange(length - 1, len(values))
        squares = np.full(len(values), np.nan)
    else:
        apart = values - values[len(values) // 2]
        sums, _ = exact_sums(apart, sums_over(length), length)
        raw, _ = exact_sums(apart * apart, sums_over(length), length)
        squares = raw - sums * sums / length
        cancelled = ~(raw <= CANCELLED * squares)
        rows = np.flatnonzero(cancelled[length - 1 :]) + length - 1
    if len(rows):
        squares[rows] = _squares_one_by_one(values, length, rows)
    squares[: length - 1] = np.nan
    return squares / (length - freedom_lost)


def _squares_one_by_one(values: Floats, length: int, rows: Ints) -> Floats:
    means = quotients(*exact_sums(values, sums_over(length), length), float(length))
    windows = sliding_window_view(values, length)
    squares = np.empty(len(rows))
    step = max(1, ELEMENTS_AT_ONCE // length)
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        apart = windows[some - (length - 1)] - means[some, np.newaxis]
        total = np.einsum("ij,ij->i", apart, apart) - apart.sum(axis=1) ** 2 / length
        squares[start : start + step] = np.maximum(total, 0.0)
    return squares


def moving_maximum(values: Floats, length: int) -> Floats:
    """Return the largest of the last `length` values, by maxima of 1, 2, 4 ... rows: log2(length) passes."""
    largest = values.copy()
    covered = 1
    while covered < length:
        shift = min(covered, length - covered)
        longer = largest.copy()
        longer[shift:] = np.maximum(largest[shift:], largest[:-shift])
        largest = longer
        covered += shift
    largest[: length - 1] = np.nan
    return largest


def moving_minimum(values: Floats, length: int) -> Floats:
    """Return the smallest of the last `length` values."""
    return -moving_maximum(-values, length)
