"""Alpaca's streams by its SDK, made to tell what the SDK keeps to itself: that they are up, cut, mute, or refused for good."""

import asyncio
import json
import logging
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, TypeVar

from alpaca.data.enums import DataFeed
from alpaca.data.live import CryptoDataStream, StockDataStream
from alpaca.data.live.websocket import DataStream
from alpaca.trading.stream import TradingStream

from weaver.errors import Refused
from weaver.veda.alpaca_parts.feed import Feed
from weaver.veda.alpaca_parts.settings import Settings, Timing

log = logging.getLogger(__name__)
for _name in ("alpaca.trading.stream", "alpaca.data.live.websocket"):  # a traceback for each attempt to connect; we say it in a line
    logging.getLogger(_name).setLevel(logging.CRITICAL)
_quiet = logging.getLogger(f"{__name__}.socket")
_quiet.setLevel(logging.INFO)  # at DEBUG the socket library writes every frame into the log, the one with the keys too

Consumed = TypeVar("Consumed")

LOST_KEYS = ("auth failed", "not authenticated")
LOST_FEED = ("insufficient subscription", "symbol limit exceeded")


def _socket_settings(timing: Timing) -> dict[str, object]:
    return {
        "ping_interval": timing.ping_interval,
        "ping_timeout": timing.ping_timeout,
        "open_timeout": timing.greeting,
        "close_timeout": timing.close,
        "max_queue": 1024,
        "logger": _quiet,
    }


class _Told:
    """What both kinds of the SDK's streams get besides: an end when they are refused, and word of each cut and each silence."""

    _running: bool
    _should_run: bool
    _stop_stream_event: asyncio.Event | None

    def settle(self, settings: Settings, timing: Timing, feed: Feed) -> None:
        """Set what the SDK's constructors do not take."""
        self._reconnect_min_backoff, self._reconnect_max_backoff = timing.reconnect_first, timing.reconnect_most
        self._names = settings.key_names
        self._timing = timing
        self._feed = feed
        self._last_heard = 0.0
        self._was_silent = False

    async def close(self) -> None:
        """Close the socket; the SDK's own."""
        raise NotImplementedError

    async def hang_up(self) -> None:
        """Close what is open, without waiting long for the other side's goodbye."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * self._timing.close):
                await self.close()

    def heard(self) -> None:
        """Take note of a message."""
        self._was_silent = False
        self._last_heard = asyncio.get_running_loop().time()

    def give_up(self, error: Refused) -> None:
        """End the stream for what trying again does not mend; the SDK would try for ever."""
        self._feed.refused(error)
        self._should_run = False
        if self._stop_stream_event is not None:
            self._stop_stream_event.set()

    def give_up_keys(self) -> None:
        """End the stream since the keys are not accepted."""
        self.give_up(Refused(f"Alpaca's stream does not accept the keys. Check {self._names[0]} and {self._names[1]}."))

    async def told(self, consuming: Awaitable[Consumed]) -> Consumed:
        """Consume a connection until it ends, and tell of its end those who listen; the SDK then connects again."""
        self.heard()
        reader = asyncio.ensure_future(consuming)
        silence = asyncio.create_task(self._silence(reader))
        try:
            return await reader
        except asyncio.CancelledError:
            if not self._was_silent:
                raise  # the whole stream is ended, not this connection
            self._lost(f"it said nothing for {self._timing.silence:g} s")
            raise ConnectionError("silent for too long") from None
        except Exception as problem:  # whatever ended the connection is told, and goes on
            self._lost(type(problem).__name__)
            raise
        finally:
            reader.cancel()
            silence.cancel()

    async def greeted(self, starting: Awaitable[None]) -> None:
        """Connect and be let in, within the time for it."""
        try:
            async with asyncio.timeout(self._timing.greeting):
                await starting
        except Exception as problem:  # as above: it goes on
            log.warning("No connection to Alpaca's stream: %s.", type(problem).__name__)
            raise

    def _lost(self, reason: str) -> None:
        log.warning("Alpaca's stream was cut: %s.", reason)
        self._feed.down(f"Alpaca's stream was cut: {reason}.")
        self._running = False  # also after a frame that cannot be read: what it said is lost, as after a cut

    async def _silence(self, reader: asyncio.Future[Any]) -> None:
        while not reader.done():
            left = self._last_heard + self._timing.silence - asyncio.get_running_loop().time()
            if left > 0:
                await asyncio.sleep(left)
            else:
                self._was_silent = True
                reader.cancel()
                await asyncio.sleep(0.1)  # where a message came just then, the SDK goes on with it


class TradeConnection(_Told, TradingStream):
    """The stream of trade updates. It tells the feed each message whole and raw, so that no word in it is lost for being new."""

    def __init__(self, settings: Settings, timing: Timing, feed: Feed) -> None:
        key, secret = settings.require_keys()
        TradingStream.__init__(
            self,
            key,
            secret,
            paper=settings.mode == "paper",
            raw_data=True,
            url_override=settings.trading_stream_url,
            websocket_params=_socket_settings(timing),
        )
        self.settle(settings, timing, feed)
        self.subscribe_trade_updates(self._said)

    async def serve(self) -> None:
        await self._run_forever()

    async def close(self) -> None:
        await TradingStream.close(self)

    async def want(self, symbols: frozenset[str]) -> None:
        """Do nothing: this stream has no symbols."""

    async def _said(self, message: dict[str, Any]) -> None:
        self._feed.say(message)

    async def _start_ws(self) -> None:
        await self.greeted(super()._start_ws())

    async def _auth(self) -> None:
        try:
            await super()._auth()
        except json.JSONDecodeError:
            raise
        except ValueError:
            self.give_up_keys()
            raise

    async def _dispatch(self, msg: dict[str, Any]) -> None:
        self.heard()
        await super()._dispatch(msg)
        if msg.get("stream") == "listening":
            if "trade_updates" not in msg["data"]["streams"]:
                raise ValueError("not listened to")  # so that it is tried again
            self._feed.up(())

    async def _consume(self) -> None:
        await self.told(super()._consume())


class _BarConnection(_Told, DataStream):
    """The stream of minute bars of one data host."""

    _asked: frozenset[str] = frozenset()
    _unanswered = 0

    async def serve(self) -> None:
        await self._run_forever()

    async def close(self) -> None:
        await DataStream.close(self)

    async def want(self, symbols: frozenset[str]) -> None:
        """Subscribe to these symbols and no others. While connecting, the SDK does it by itself."""
        handlers: dict[str, object] = self._handlers["bars"]
        gone = [symbol for symbol in handlers if symbol not in symbols]
        for symbol in gone:
            del handlers[symbol]
        handlers |= dict.fromkeys(symbols, self._said)
        if self._running:
            self._unanswered += bool(gone)
            await self._send_unsubscribe_msg("bars", gone)
            await self._send_subscribe_msg()

    async def _said(self, message: dict[str, Any]) -> None:
        self._feed.say(message, str(message.get("S")))

    async def _send_subscribe_msg(self) -> None:
        self._asked = frozenset(self._handlers["bars"])
        self._unanswered += 1
        await super()._send_subscribe_msg()

    async def _subscribed(self, symbols: frozenset[str]) -> None:
        """Take note of an answer to what was asked, the last one of which tells that the stream is up: a symbol that the venue
        leaves out must not keep the others waiting."""
        self._unanswered -= 1
        if self._asked != frozenset(self._handlers["bars"]):  # wanted while the SDK was asking
            await self._send_subscribe_msg()
        if self._unanswered <= 0:
            if self._asked - symbols:
                log.warning("Alpaca streams no bars of %s.", ", ".join(sorted(self._asked - symbols)))
            symbols |= self._asked
        self._feed.up(symbols)

    async def _start_ws(self) -> None:
        self._unanswered = 0
        await self.greeted(super()._start_ws())

    async def _auth(self) -> None:
        try:
            await super()._auth()
        except ValueError as problem:
            self._judge(str(problem))
            raise

    def _judge(self, said: str) -> bool:
        """End the stream for what trying again does not mend, and tell whether. Other errors, such as a second connection, pass."""
        if said in LOST_KEYS:
            self.give_up_keys()
        elif said in LOST_FEED:
            self.give_up(Refused(f"Alpaca's market data stream: {said}. Set ALPACA_DATA_FEED=iex, or ask for fewer symbols."))
        else:
            return False
        return True

    async def _dispatch(self, msg: dict[str, Any]) -> None:
        self.heard()
        if msg.get("T") == "subscription":
            await self._subscribed(frozenset(map(str, msg.get("bars") or ())))
        await super()._dispatch(msg)
        if msg.get("T") == "error":
            said = str(msg.get("msg"))
            log.warning("Alpaca's market data stream says: %s (%s).", said, msg.get("code"))
            if self._judge(said):
                raise ValueError("refused")

    async def _consume(self) -> bool:
        return await self.told(super()._consume())


class StockConnection(_BarConnection, StockDataStream):
    """Minute bars of equities."""

    def __init__(self, settings: Settings, timing: Timing, feed: Feed) -> None:
        key, secret = settings.require_keys()
        address = f"{settings.data_stream_url}/v2/{settings.feed}"
        StockDataStream.__init__(
            self, key, secret, raw_data=True, feed=DataFeed(settings.feed), websocket_params=_socket_settings(timing), url_override=address
        )
        self.settle(settings, timing, feed)


class CryptoConnection(_BarConnection, CryptoDataStream):
    """Minute bars of crypto."""

    def __init__(self, settings: Settings, timing: Timing, feed: Feed) -> None:
        key, secret = settings.require_keys()
        address = f"{settings.data_stream_url}/v1beta3/crypto/us"
        CryptoDataStream.__init__(self, key, secret, raw_data=True, url_override=address, websocket_params=_socket_settings(timing))
        self.settle(settings, timing, feed)
