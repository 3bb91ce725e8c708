"""`from weaver import backtest`: a backtest in this process, without a server, with the digest of the durable run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from weaver.errors import BadInput, BadValue, NoBars
from weaver.glados.requests import RunCreate
from weaver.greta.engine import advance, initial_state, open_orders
from weaver.greta.feed import Feed, Setup
from weaver.greta.records import Window
from weaver.greta.results import Outcome, summarise
from weaver.market import Bars, Calendar, Timeframe, to_microseconds
from weaver.marvin.guard import user_code
from weaver.marvin.loader import Library, LoadedStrategy, build, load_class
from weaver.marvin.strategy import AnyStrategy, Strategy
from weaver.notebook_frames import bars_of
from weaver.notebook_run import Run
from weaver.provenance import provenance
from weaver.settings import Settings
from weaver.walle.bars import Catalogue
from weaver.walle.pins import fingerprint_of

Time = str | datetime | date
Number = Decimal | int | float
Data = pd.DataFrame | str | Sequence[str] | Mapping[str, pd.DataFrame]


def backtest(
    strategy: str | type[AnyStrategy],
    data: Data | None = None,
    *,
    symbol: str | None = None,
    timeframe: str = "1d",
    start: Time | None = None,
    end: Time | None = None,
    cash: Number = 100_000,
    calendar: str | None = None,
    adjust: bool = False,
    commission_bps: Number | None = None,
    commission_per_share: Number | None = None,
    commission_per_order: Number | None = None,
    commission_min: Number | None = None,
    slippage_bps: Number | None = None,
    slippage_volume_share: Number | None = None,
    participation_cap: Number | None = None,
    fractional: bool = False,
    allow_short: bool = False,
    leverage: Number = 1,
    params: Mapping[str, object] | None = None,
    **more_params: object,
) -> Run:
    """Run a strategy over bars, here and now, and return what came of it.

    `strategy` is an id that `weaver strategies` lists, or a Strategy class. `data` is a symbol or a list of symbols
    in the catalogue, a DataFrame (of `symbol`, "DATA" unless named), or a DataFrame for each symbol. Bars with
    start ≤ bar start < end are the run's; times without a zone are UTC. `calendar` ("24/7" or "XNYS") and `adjust`
    (prices as a column "adj close" says) are for DataFrames. Every other keyword is a parameter of the strategy;
    `params` takes those whose name is an option's.

    Raises BadInput for what cannot be used, naming it and the nearest that can; StrategyBroken with file and line.
    """
    loaded = _loaded(strategy)
    frames, symbols = _sources(data, symbol)
    request = _request(
        strategy=loaded.meta.id,
        symbols=symbols,
        timeframe=timeframe,
        params={**(params or {}), **more_params},
        start=_moment(start),
        end=_moment(end),
        cash=cash,
        costs={
            "commission_bps": commission_bps,
            "commission_per_share": commission_per_share,
            "commission_per_order": commission_per_order,
            "commission_min": commission_min,
            "slippage_bps": slippage_bps,
            "slippage_volume_share": slippage_volume_share,
            "participation_cap": participation_cap,
        },
        fractional=fractional,
        allow_short=allow_short,
        leverage=leverage,
    )
    if loaded.meta.symbols == "one" and len(symbols) > 1:
        raise BadInput(f"symbols = {symbols}: expected one symbol, since '{loaded.meta.id}' trades one.", field="symbols")
    parsed = loaded.parse_params(request.params)
    made = loaded.create(parsed)
    with user_code(loaded.meta.id, made.code_files()):
        warmup = int(made.warmup())
    if frames is None:
        if calendar is not None or adjust:
            raise BadInput("calendar, adjust: expected only with a DataFrame; bars of the catalogue are as imported.", field="calendar")
        bars = _stored(request, warmup)
    else:
        bars = _given(frames, request, warmup, calendar, adjust=adjust)
    first = None if request.start is None else to_microseconds(request.start)
    feed = Feed.build(bars, made, start=first, name=loaded.meta.id)
    setup = Setup(cash=request.cash, costs=request.costs, allow_short=allow_short, leverage=request.leverage, fractional=fractional)
    window, outcome = _replayed(feed, made, setup)
    return Run(
        request=request,
        params=parsed.model_dump(mode="json"),
        provenance=provenance(
            request,
            strategy=loaded.meta.id,
            sha256=loaded.source.sha256,
            params=parsed.model_dump(mode="json"),
            fingerprint=fingerprint_of(bars),
        ),
        outcome=outcome,
        window=window,
        bars={one.symbol: one for one in bars},
    )


def _loaded(strategy: str | type[AnyStrategy]) -> LoadedStrategy:
    if isinstance(strategy, str):
        return build(Library.open(Settings().strategy_folders).source(strategy))
    if not (isinstance(strategy, type) and issubclass(strategy, Strategy)):  # pyright: ignore[reportUnnecessaryIsInstance]  # notebooks are not type-checked
        raise BadValue("strategy", strategy, "the id of a strategy, or a class derived from weaver.marvin.Strategy")
    return load_class(strategy)


def _sources(data: Data | None, symbol: str | None) -> tuple[dict[str, pd.DataFrame] | None, list[str]]:
    """Return the frames by symbol, or None when the symbols' bars are in the catalogue."""
    match data:
        case pd.DataFrame():
            name = symbol or "DATA"
            return {name: data}, [name]
        case Mapping():
            frames = {str(name): frame for name, frame in data.items()}
            for name, frame in frames.items():
                if not isinstance(frame, pd.DataFrame):  # pyright: ignore[reportUnnecessaryIsInstance]  # notebooks are not type-checked
                    raise BadValue("data", type(frame).__name__, f"a DataFrame for {name}")
            return frames, list(frames)
        case None if symbol is not None:
            return None, [symbol]
        case str():
            return None, [data]
        case list() | tuple():
            return None, [str(name) for name in data]
        case _:
            raise BadValue("data", data, "a DataFrame, a symbol, a list of symbols, or a DataFrame for each symbol")


def _request(**values: Any) -> RunCreate:
    try:
        return RunCreate.model_validate(values)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = [str(part) for part in first["loc"]]
        field = place[-1] if place and place[0] == "costs" else ".".join(place)
        message = str(first["msg"]).removeprefix("Value error, ")
        raise (
            BadValue(field, first["input"], message.removeprefix("Input should be ").removeprefix("expected "))
            if field
            else BadInput(message)
        ) from None


def _moment(time: Time | None) -> Time | None:
    """Return a date as the midnight that it begins with."""
    return datetime(time.year, time.month, time.day) if isinstance(time, date) and not isinstance(time, datetime) else time  # noqa: DTZ001  # the request takes naive times as UTC


def _stored(request: RunCreate, warmup: int) -> list[Bars]:
    catalogue = Catalogue.open(Settings().bars_location)
    pin = catalogue.pin(request.symbols, Timeframe(request.timeframe), start=request.start, end=request.end, warmup=warmup)
    return [catalogue.load(one) for one in pin.series]


def _given(frames: Mapping[str, pd.DataFrame], request: RunCreate, warmup: int, calendar: str | None, *, adjust: bool) -> list[Bars]:
    """Return the bars of frames, cut to the run and its warm-up as the catalogue cuts them."""
    if calendar is not None and calendar not in set(Calendar):
        raise BadValue("calendar", calendar, " or ".join(Calendar))
    cut: list[Bars] = []
    for symbol, frame in frames.items():
        known = Calendar(calendar) if calendar else Calendar.of(symbol)
        bars = bars_of(frame, symbol, Timeframe(request.timeframe), known, adjust=adjust)
        first = 0 if request.start is None else int(np.searchsorted(bars.starts, to_microseconds(request.start)))
        last = len(bars) if request.end is None else int(np.searchsorted(bars.starts, to_microseconds(request.end)))
        if first >= last:
            raise NoBars(f"No bars of {symbol} in the range asked for.")
        cut.append(bars[max(0, first - warmup) : last])
    return cut


def _replayed(feed: Feed, strategy: AnyStrategy, setup: Setup) -> tuple[Window, Outcome]:
    with user_code(feed.name, strategy.code_files()):
        state = initial_state(feed, setup, strategy)
    state, window = advance(feed, strategy, setup, state, steps=feed.steps)
    outcome = summarise([window], state, initial_cash=float(setup.cash), calendar=feed.calendar)
    return replace(window, orders=[*window.orders, *open_orders(feed, setup, state)]), outcome
