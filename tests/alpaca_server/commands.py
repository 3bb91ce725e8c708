"""What a test may do to the server. Each command takes and returns what JSON can carry, so that `Control` offers the same from afar."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from . import ledger as ledgers
from .accounts import Account
from .assets import Asset
from .bars import BarSource
from .clock import Clock
from .data_api import DataApi
from .data_stream import DataStream
from .faults import Fault, Faults, Race, StreamFault
from .gate import Gate
from .generator import BarGenerator
from .matching import FillMode
from .orders import Order
from .sessions import Phase
from .trade_stream import TradeStream
from .venue import Venue
from .wire import MINUTE, number, parsed_time, stamp_of

Number = str | Decimal | int


class Commands:
    """The test's hand in the server. In the server's own process call these; from another one, `Control`."""

    def __init__(
        self,
        *,
        venue: Venue,
        accounts: dict[str, Account],
        clock: Clock,
        gate: Gate,
        faults: Faults,
        bars: BarSource,
        data: DataApi,
        trade_stream: TradeStream,
        data_stream: DataStream,
        generator: BarGenerator,
    ) -> None:
        self._venue = venue
        self._accounts = accounts
        self._clock = clock
        self._gate = gate
        self._faults = faults
        self._bars = bars
        self._trade_stream = trade_stream
        self._data_stream = data_stream
        self._generator = generator
        venue.prices.listeners.append(self._tell_price)
        self._data = data

    # The market

    def set_price(self, symbol: str, price: Number | None) -> None:
        """Set a price and meet the orders with it, before this returns; None goes back to the price wave."""
        self._venue.prices.set(symbol, None if price is None else Decimal(price))

    def price(self, symbol: str) -> Decimal:
        """Return the price now."""
        return self._venue.prices.now(symbol)

    def set_fill_mode(self, symbol: str | None = None, *, delay: float = 0, parts: int = 1, stop_after: int | None = None) -> None:
        """Set how orders of a symbol, or of all symbols without one of their own, fill: see `FillMode`. `stop_after=0`: never."""
        mode = FillMode(delay=delay, parts=parts, stop_after=stop_after)
        if symbol is None:
            self._venue.executions.default_mode = mode
        else:
            self._venue.executions.modes[symbol] = mode
        self._venue.executions.evaluate_all(symbol)

    def set_pace(self, *, new: float = 0, cancel: float = 0, replace: float = 0) -> None:
        """Set the real seconds from acceptance to the market, and from a request to cancel or replace to its effect."""
        pace = self._venue.pace
        pace.new, pace.cancel, pace.replace = new, cancel, replace

    def set_market(self, phase: Phase | None) -> None:
        """Force the session open, extended or closed, with all that follows; None goes by the calendar."""
        self._venue.sessions.forced = phase
        self._venue.tick()

    def set_clock(self, time: str | datetime | None, *, frozen: bool = False) -> None:
        """Set the venue's time (ISO 8601), running on or standing still; None is the real one. Sessions follow at once."""
        self._clock.set(datetime.fromisoformat(time) if isinstance(time, str) else time, frozen=frozen)
        self._venue.tick()

    def add_asset(self, symbol: str, **fields: Any) -> None:
        """List an asset: fields of `Asset`, numbers as text."""
        sizes: dict[str, Any] = {name: Decimal(value) for name, value in fields.items() if name.endswith(("_size", "_increment", "_price"))}
        given: dict[str, Any] = {"symbol": symbol, "name": symbol, **fields, **sizes}
        self._venue.assets.add(Asset(**given))

    def set_account(self, account: str, **flags: bool) -> None:
        """Set trading_blocked, account_blocked, transfers_blocked or trade_suspended_by_user."""
        known = self._accounts[account].flags
        if unknown := flags.keys() - known.keys():
            raise KeyError(f"no such flag: {', '.join(sorted(unknown))}")
        known.update(flags)

    # Orders, from the venue's side

    def order(self, client_order_id: str) -> dict[str, Any]:
        """Return the order of any account with this client_order_id."""
        return self._find(client_order_id).body()

    def fill(self, client_order_id: str, quantity: Number | None = None, price: Number | None = None) -> None:
        """Execute an order now, whatever its price, mode and session: `quantity` or all, at `price` or its limit or the market."""
        sizes = [None if value is None else Decimal(value) for value in (quantity, price)]
        self._venue.executions.fill_now(self._find(client_order_id), *sizes)

    def end(self, client_order_id: str, status: str) -> None:
        """End an order unasked: canceled, expired or rejected."""
        if status not in ("canceled", "expired", "rejected"):
            raise ValueError(f"an order cannot be ended as {status}")
        self._venue.life.end(self._find(client_order_id), status, "the venue ended it")

    # Bars and streams

    def set_bars(self, symbol: str, timeframe: str, bars: list[dict[str, Any]]) -> None:
        """Give bars ({t, o, h, l, c, v, n, vw}); from then on the symbol has only given ones, coarser ones made of its 1Min."""
        self._bars.give(symbol, timeframe, bars)

    def push_bars(self, bars: list[dict[str, Any]], *, kind: str = "b", keep: bool = True) -> None:
        """Stream bars ({S, t, o, h, l, c, v, n, vw}) as minute bars (b), revised (u) or day bars (d), and keep them for REST as given."""
        for bar in bars:
            asset = self._venue.assets.get(bar["S"])
            if keep:
                self._bars.give(asset.symbol, "1Day" if kind == "d" else "1Min", [{k: v for k, v in bar.items() if k not in ("S", "T")}])
            self._data_stream.publish("crypto" if asset.crypto else "stock", [{"T": kind, "S": asset.symbol, **bar}])

    def push_minute(self, symbols: list[str], time: str | None = None) -> None:
        """Stream the bars of the minute that starts at `time` (default: the last one that has ended), as REST has them."""
        start = parsed_time("time", time) if time else self._clock.now() // MINUTE * MINUTE - MINUTE
        for symbol in symbols:
            asset = self._venue.assets.get(symbol)
            table = self._bars.bars(asset, "1Min", start, start)
            for row in table.rows():
                self._data_stream.publish("crypto" if asset.crypto else "stock", [{"T": "b", "S": asset.symbol, **row}])

    def generate_bars(self, symbols: list[str], every: float | None) -> None:
        """Stream a bar of the price wave at each multiple of `every` seconds of the venue's time, over those seconds; None stops."""
        self._generator.set([self._venue.assets.get(symbol) for symbol in symbols], every)

    def cut_streams(self, stream: str | None = None) -> int:
        """Break the connections of `trade`, `data` or both; return how many there were."""
        cut = {"trade": self._trade_stream.cut, "data": self._data_stream.cut}
        return sum(action() for name, action in cut.items() if stream in (None, name))

    def mute_streams(self, muted: bool, stream: str | None = None) -> None:
        """Lose whatever would be streamed, on connections that stay up, until told otherwise."""
        if stream in (None, "trade"):
            self._trade_stream.muted = muted
        if stream in (None, "data"):
            self._data_stream.muted = muted

    def streams(self) -> dict[str, Any]:
        """Return how many connections listen to trade updates, and what is subscribed of market data."""
        return {"trade": self._trade_stream.connections, "data": self._data_stream.subscriptions}

    # What goes wrong

    def add_fault(self, fault: Fault | dict[str, Any]) -> None:
        """Add a fault of requests: see `Fault`."""
        self._faults.requests.append(Fault(**fault) if isinstance(fault, dict) else fault)

    def add_stream_fault(self, fault: StreamFault | dict[str, Any]) -> None:
        """Add a fault of streams: see `StreamFault`."""
        self._faults.streams.append(StreamFault(**fault) if isinstance(fault, dict) else fault)

    def add_race(self, race: Race | dict[str, Any]) -> None:
        """Add a race: see `Race`."""
        self._faults.races.append(Race(**race) if isinstance(race, dict) else race)

    def go_down(self) -> None:
        """Reset every request, and cut and refuse every stream, until `clear_faults`."""
        self.add_fault(Fault(kind="reset", times=None))
        for stream in ("trade", "data"):
            self.add_stream_fault(StreamFault(kind="refuse", stream=stream, times=None))
        self.cut_streams()

    def clear_faults(self) -> None:
        """Let everything work again; requests that hang go on."""
        for rules in (self._faults.requests, self._faults.streams, self._faults.races):
            rules.clear()
        self.mute_streams(False)
        self.release()

    def faults(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rules in force with how often each fired."""
        rules = {"requests": self._faults.requests, "streams": self._faults.streams, "races": self._faults.races}
        return {name: [rule.body() for rule in found] for name, found in rules.items()}

    def release(self) -> None:
        """Let requests go on that hang."""
        self._gate.release()

    def set_limits(self, limit: int, seconds: float = 60, *, data: bool = False) -> None:
        """Set how many requests a key may send in `seconds`; counting starts anew."""
        limits = type(self._gate.trading_limits)(limit, seconds)
        if data:
            self._gate.data_limits = limits
        else:
            self._gate.trading_limits = limits

    def set_options(self, *, spaced_wording: bool | None = None, tell_requests: bool | None = None) -> None:
        """Say "client order id" in refusals of duplicates; stream pending_new, pending_cancel and other rare events as well."""
        if spaced_wording is not None:
            self._venue.spaced_wording = spaced_wording
        if tell_requests is not None:
            self._venue.tape.tell_requests = tell_requests

    # The truth

    def ledger(self, since: int = 0) -> list[ledgers.Entry]:
        """Return the entries with a number above `since`."""
        return self._venue.tape.ledger.entries[since:]

    def positions(self) -> dict[str, dict[str, Decimal]]:
        """Return what each account holds, from the ledger alone."""
        return ledgers.positions(self._venue.tape.ledger.entries)

    def problems(self) -> list[str]:
        """Return contradictions of the ledger, in itself or with the accounts. Empty when sound."""
        entries = self._venue.tape.ledger.entries
        found, held = ledgers.problems(entries), ledgers.positions(entries)
        for name, account in self._accounts.items():
            booked = {symbol: position.quantity for symbol, position in account.positions.items()}
            if booked != held.get(name, {}):
                found.append(f"account {name} holds what the ledger does not say")
            if [entry.order_id for entry in ledgers.accepted(entries, name)] != list(account.orders):
                found.append(f"account {name} has other orders than the ledger")
            filled = ledgers.filled(entries, name)
            found += [
                f"order {one.id} is filled otherwise" for one in account.orders.values() if one.filled_quantity != filled.get(one.id, 0)
            ]
            if account.cash != account.start_cash + ledgers.earned(entries, name):
                found.append(f"account {name} has other money than the ledger")
        return found

    def accounts(self) -> dict[str, dict[str, str]]:
        """Return id and cash of each account by name."""
        return {name: {"id": account.id, "cash": number(account.cash)} for name, account in self._accounts.items()}

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return every request to the APIs, in order of arrival, with what the client was told."""
        return [served.body() for served in self._gate.log[since:]]

    def now(self) -> int:
        """Return the venue's time in nanoseconds since 1970."""
        return self._clock.now()

    def _find(self, client_order_id: str) -> Order:
        for account in self._accounts.values():
            if client_order_id in account.by_client_id:
                return account.by_client_id[client_order_id]
        raise KeyError(f"no account has an order {client_order_id}")

    def _tell_price(self, asset: Asset, price: Decimal) -> None:
        kind = "crypto" if asset.crypto else "stock"
        self._data_stream.publish(kind, [{"T": "t", "S": asset.symbol, **self._data.trade(asset)}])
        self._data_stream.publish(kind, [{"T": "q", "S": asset.symbol, **self._data.quote(asset)}])


COMMANDS: dict[str, Callable[..., Any]] = {
    name: member for name, member in vars(Commands).items() if callable(member) and not name.startswith("_")
}


def encoded(value: Any) -> Any:
    """Return a command's result as JSON can carry it."""
    if isinstance(value, ledgers.Entry):
        return value.body()
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, list):
        return [encoded(one) for one in value]
    if isinstance(value, dict):
        return {name: encoded(one) for name, one in value.items()}
    return value


def decoded_argument(value: Any) -> Any:
    """Return an argument as JSON can carry it: rules as objects, numbers and times as text."""
    if isinstance(value, Fault | StreamFault | Race):
        return asdict(value)
    if isinstance(value, datetime):
        stamp_of(value)  # an aware time, or an error
        return value.isoformat()
    return encoded(value)
