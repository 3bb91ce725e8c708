"""When one column passes another; values that differ by rounding alone are ties."""

import numpy as np
from numpy.typing import NDArray

from weaver.errors import BadValue
from weaver.market import Floats

TIE = 1e-12
"""Two values are equal if they differ by at most this fraction of the larger one.

A cross is a decision to trade, and rounding must not make it. Means of prices on a tick grid that tie, tie exactly;
what went through several roundings (smoothed means, bands, ratios) is right to some 1e-15. This lies far above that
and far below what prices can tell: a difference is lost only under a millionth of a millionth of the price.
"""

Booleans = NDArray[np.bool_]


def crossed_above(a: Floats | float, b: Floats | float) -> Booleans:
    """Return True at each row where `a` goes from at most `b` to more than `b`.

    Columns of equal length (n,) or levels, of which at least one is a column. Values within `TIE` of one another are
    equal, so moving onto the other column and away again on the same side is no cross; leaving it upwards is one.
    False at row 0, and where either is NaN or infinite at this row or the one before. Raises BadValue if the lengths
    differ.
    """
    left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if max(left.ndim, right.ndim) != 1 or (left.ndim == right.ndim and left.shape != right.shape):
        raise BadValue("b", f"shape {right.shape}", f"a column as long as the other, {left.shape}, or a number")
    with np.errstate(invalid="ignore"):  # infinities are told apart by `known`
        above = left - right > TIE * np.maximum(np.abs(left), np.abs(right))
    known = np.isfinite(left) & np.isfinite(right)
    crossed = np.zeros(len(above), np.bool_)
    crossed[1:] = known[:-1] & ~above[:-1] & known[1:] & above[1:]
    return crossed


def crossed_below(a: Floats | float, b: Floats | float) -> Booleans:
    """Return True at each row where `a` goes from at least `b` to less than `b`; otherwise as `crossed_above`."""
    return crossed_above(b, a)
