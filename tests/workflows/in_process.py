"""The same backtest without any server, for comparison."""

from pathlib import Path
from typing import Any

from weaver.greta.engine import advance, initial_state
from weaver.greta.feed import Feed, Setup
from weaver.greta.results import Outcome, summarise
from weaver.market import Timeframe
from weaver.marvin.loader import Library, build
from weaver.walle.bars import Catalogue


def outcome(catalogue: Catalogue, folder: Path, strategy: str, symbols: list[str], **params: Any) -> Outcome:
    """Run a strategy over all stored one-minute bars in one piece."""
    loaded = build(Library.open([folder]).source(strategy))
    made = loaded.create(loaded.parse_params(params))
    pin = catalogue.pin(symbols, Timeframe("1m"), start=None, end=None, warmup=made.warmup())
    feed = Feed.build([catalogue.load(series) for series in pin.series], made, start=None, name=strategy)
    setup = Setup()
    state, window = advance(feed, made, setup, initial_state(feed, setup, made), steps=feed.steps)
    return summarise([window], state, initial_cash=float(setup.cash), calendar=feed.calendar)
