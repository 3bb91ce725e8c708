"""Real daily prices of five US shares, 2000-2013, for the demo and the tests; source and licences are in NOTICE."""

from pathlib import Path


def demo_files() -> dict[str, Path]:
    """Return the Parquet file of each demo symbol: raw daily prices with `adj close`, to be imported adjusted."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.parquet"))}
