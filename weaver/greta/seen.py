"""What could be seen at each bar, whether or not something was wanted there."""

import numpy as np

from weaver.greta.feed import Feed
from weaver.greta.records import SeenColumns
from weaver.market import Floats

MOST_INDICATORS = 16
"""Of a strategy's indicators its first ones are kept, so that what a window writes has a size."""


def seen_bars(feed: Feed, first: int, until: int) -> SeenColumns:
    """Return the bars that ended at steps `first` ≤ step < `until`, warm-up excluded."""
    rows = [slice(feed.row(symbol, first - 1) + 1, feed.row(symbol, until - 1) + 1) for symbol in range(len(feed.series))]
    counts = [part.stop - part.start for part in rows]
    names = list(dict.fromkeys(name for series in feed.series for name in series.indicators))[:MOST_INDICATORS]
    none = [np.full(count, np.nan) for count in counts]

    def indicator(name: str) -> Floats:
        columns = [series.indicators.get(name) for series in feed.series]
        return np.concatenate([lacking if one is None else one[part] for one, part, lacking in zip(columns, rows, none, strict=True)])

    bars = [series.bars for series in feed.series]
    return SeenColumns(
        times=np.concatenate([one.ends[part] for one, part in zip(bars, rows, strict=True)]),
        symbols=np.repeat(np.arange(len(bars), dtype=np.int64), counts),
        close=np.concatenate([one.close[part] for one, part in zip(bars, rows, strict=True)]),
        indicators={name: indicator(name) for name in names},
    )
