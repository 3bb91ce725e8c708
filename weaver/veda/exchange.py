"""The port to an exchange: what every adapter does, whoever wrote it."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal, Protocol

from weaver.broker import Fill, Funds, Holding, MarketBar, MarketClock, OrderReport, Quote, StreamDown, StreamUp, TradeUpdate, TradingDay
from weaver.market import Timeframe
from weaver.orders import OrderRequest

Mode = Literal["paper", "live"]

BRACKETS = "brackets"
"""Feature: an entry's exits are kept by the venue, for every symbol."""
EQUITY_BRACKETS = "equity_brackets"
"""Feature: as BRACKETS, for symbols without a slash only."""
CRYPTO_FEE_IN_KIND = "crypto_fee_in_kind"
"""Feature: the venue takes its fee for symbols with a slash out of what is bought, without saying so in its fills."""
EXITS_HOLD_POSITIONS = "exits_hold_positions"
"""Feature: what a working exit would sell can be sold by no other order, so exits are cancelled before a position is closed."""
CREDENTIAL_FREE_CRYPTO = "crypto_data_without_keys"
"""Feature: bars of symbols with a slash are given without credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterMeta:
    """What an adapter's file says of itself, literally, so that it can be listed without being run.

    `credentials` and `options` name the variables of the environment that it may read; `{MODE}` in a name stands for PAPER
    or LIVE. It is given those of its own mode and no others, so an adapter for paper cannot see a key for live.
    """

    id: str
    name: str
    version: str = "1.0.0"
    description: str = ""
    features: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = ("paper", "live")
    credentials: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def keeps_brackets(meta: AdapterMeta, symbol: str) -> bool:
    """Tell whether the adapter's venue keeps a bracket's exits on `symbol`."""
    return BRACKETS in meta.features or (EQUITY_BRACKETS in meta.features and "/" not in symbol)


class Clock(Protocol):
    """Where the time comes from; tests bring their own."""

    async def now(self) -> datetime:
        """Return the aware UTC time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an adapter is made with. `environment` holds the variables that its META names and that are set, by the names
    with `{MODE}` still in them; `store` is WallE's, for adapters that keep state of their own (see `SimulatedStore`)."""

    account: str
    mode: Mode
    environment: Mapping[str, str]
    clock: Clock
    store: object | None = None

    def __repr__(self) -> str:  # a Context in a log or a traceback must not show keys
        return f"Context(account={self.account!r}, mode={self.mode!r})"


class Exchange(ABC):
    """One account at one venue.

    Every call but `connect` raises NotConnected before `connect` and after `disconnect`. Beyond what each call says, calls
    raise Unavailable (nothing was done; the same may be asked again), RateLimited, and Refused (a final no). Only calls that
    change something at the venue raise Unknown: sent, and what came of it is not known.

    An adapter sends each request once: it never repeats one by itself, and never takes a time-out for a refusal.
    """

    meta: ClassVar[AdapterMeta]

    def __init__(self, context: Context) -> None:
        self.context = context

    def supports(self, feature: str) -> bool:
        """Tell whether the adapter's META names the feature."""
        return feature in self.meta.features

    def keeps_brackets(self, symbol: str) -> bool:
        """Tell whether a bracket on `symbol` is kept by the venue; otherwise Weaver runs its exits itself."""
        return keeps_brackets(self.meta, symbol)

    @abstractmethod
    async def connect(self, *, trading: bool = True) -> None:
        """Make ready; a second call does nothing. With `trading`, verify that the account may trade, else raise Refused with
        why; without it only market data may be asked for, where possible without credentials (else MissingCredentials)."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Let go of everything; a second call does nothing. Streams end."""

    @abstractmethod
    async def account(self) -> Funds:
        """Return the account's money."""

    @abstractmethod
    async def positions(self) -> list[Holding]:
        """Return all holdings, symbols as in orders (`BTC/USD`)."""

    @abstractmethod
    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order once and return what the venue made of it: accepted, not necessarily filled.

        Raises Refused when the venue says no, Unavailable when it certainly was not taken (rate
        limit, no connection could be made), Unknown for every other failure. An order whose `client_order_id` the venue has
        already is not placed again: its report is returned when the terms are the same, else TermsDiffer is raised.
        """

    @abstractmethod
    async def cancel(self, exchange_order_id: str) -> None:
        """Ask for an order's cancellation; whether it comes too late only the order itself tells. One that is final already is
        left alone. Raises NotFound, Unknown."""

    @abstractmethod
    async def order(self, exchange_order_id: str) -> OrderReport:
        """Return one order with its legs. Raises NotFound."""

    @abstractmethod
    async def find(self, client_order_id: str) -> OrderReport | None:
        """Return the order of this id with its legs, None when the venue does not know it (yet)."""

    @abstractmethod
    async def open_orders(self) -> list[OrderReport]:
        """Return every order that is not final, legs inside their parents where the venue nests them."""

    @abstractmethod
    async def orders_since(self, time: datetime) -> list[OrderReport]:
        """Return every order submitted at or after `time`, oldest first."""

    @abstractmethod
    async def fills_since(self, time: datetime) -> list[Fill]:
        """Return every fill at or after `time`, oldest first; a fill may be returned by many calls, always with one id."""

    @abstractmethod
    async def bars(self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime) -> dict[str, list[MarketBar]]:
        """Return the completed bars with start ≤ bar start < end of each symbol in order; a symbol without any has no entry.
        Raises UnknownName for a symbol that does not exist."""

    @abstractmethod
    async def latest_bar(self, symbol: str, timeframe: Timeframe) -> MarketBar | None:
        """Return the newest completed bar, None when there is none."""

    @abstractmethod
    async def quote(self, symbol: str) -> Quote:
        """Return the newest bid and ask. Raises UnknownName, Unavailable when there is none."""

    @abstractmethod
    async def clock(self) -> MarketClock:
        """Return the venue's time and the equities' regular session."""

    @abstractmethod
    async def calendar(self, start: date, end: date) -> list[TradingDay]:
        """Return the equities' sessions from `start` to `end`, both included."""

    @abstractmethod
    def trade_updates(self) -> AsyncIterator[TradeUpdate | StreamUp | StreamDown]:
        """Yield updates as they come, until disconnected: StreamUp first and after every reconnect. A cut stream reconnects by
        itself; only Refused (wrong keys) and NotConnected end it with an error."""

    @abstractmethod
    def bar_updates(self, symbols: Sequence[str], timeframe: Timeframe) -> AsyncIterator[MarketBar | StreamUp | StreamDown]:
        """Yield each bar of the symbols when it is complete, as `trade_updates` does."""
