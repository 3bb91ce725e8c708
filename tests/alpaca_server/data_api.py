"""The market data API: bars with paging, and what is latest."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Any

from .answers import Answer, Call
from .assets import Asset, Assets
from .bars import DAY, BarSource, parse_timeframe
from .clock import Clock
from .errors import ApiError, forbidden
from .prices import Prices
from .wire import MINUTE, parsed_time, wire_time

STOCKS = re.compile(r"/v2/stocks(?:/(?P<symbol>[^/]+))?/(?P<what>bars|bars/latest|quotes/latest|trades/latest)")
CRYPTO = re.compile(r"/v1beta3/crypto/us(?P<symbol>)/(?P<what>bars|latest/bars|latest/quotes|latest/trades|latest/orderbooks)")


class DataApi:
    """Routes of /v2/stocks, with keys, and /v1beta3/crypto/us, without."""

    def __init__(self, assets: Assets, bars: BarSource, prices: Prices, clock: Clock) -> None:
        self._assets = assets
        self._bars = bars
        self._prices = prices
        self._clock = clock
        self._latest: dict[str, Callable[[Asset], dict[str, Any] | None]] = {
            "bars": bars.latest,
            "quotes": self.quote,
            "trades": self.trade,
            "orderbooks": self._book,
        }

    def handles(self, path: str) -> bool:
        """Tell whether a path belongs to the data host."""
        return path.startswith(("/v2/stocks", "/v1beta3/"))

    def answer(self, call: Call) -> Answer:
        """Answer a request, refusing with ApiError: bad parameters with 400 and no code."""
        match = STOCKS.fullmatch(call.path) or CRYPTO.fullmatch(call.path)
        if match is None or call.method != "GET":
            raise ApiError(404, None, "Not Found")
        crypto = match.re is CRYPTO
        if not crypto and call.account is None:
            raise forbidden()
        single = match["symbol"] or None
        assets = self._wanted(call, single, crypto=crypto)
        what = match["what"]
        if what == "bars":
            found, token = self._page(call, assets, crypto=crypto)
            rows: Any = found if single is None else found.get(single, [])
            return Answer(body={"bars": rows, "next_page_token": token, **({} if single is None else {"symbol": single})})
        kind = what.replace("latest", "").strip("/")
        self._check_feed(call, recent=call.query.get("feed") == "sip")
        latest = {asset.symbol: row for asset in assets if (row := self._latest[kind](asset)) is not None}
        if single is not None:
            return Answer(body={"symbol": single, kind.removesuffix("s"): latest.get(single)})
        return Answer(body={kind: latest})

    def quote(self, asset: Asset) -> dict[str, Any]:
        """Return a quote one increment to each side of the price."""
        price, step = float(self._prices.now(asset.symbol)), float(asset.price_increment)
        sides = {"bp": round(price - step, 6), "bs": 2, "ap": round(price + step, 6), "as": 2}
        more = {} if asset.crypto else {"ax": "V", "bx": "V", "c": ["R"], "z": "C"}
        return {"t": wire_time(self._clock.now()), **sides, **more}

    def trade(self, asset: Asset) -> dict[str, Any]:
        """Return a trade at the price."""
        now = self._clock.now()
        more = {"tks": "B"} if asset.crypto else {"x": "V", "c": ["@"], "z": "C"}
        return {"t": wire_time(now), "p": float(self._prices.now(asset.symbol)), "s": 1, "i": now // 1000 % 2**52, **more}

    def _book(self, asset: Asset) -> dict[str, Any]:
        quote = self.quote(asset)
        return {"t": quote["t"], "b": [{"p": quote["bp"], "s": 2}], "a": [{"p": quote["ap"], "s": 2}]}

    def _wanted(self, call: Call, single: str | None, *, crypto: bool) -> list[Asset]:
        names = [single] if single else [name for name in call.query.get("symbols", "").split(",") if name]
        if not names:
            raise ApiError(400, None, "symbols is required")
        found = [asset for name in sorted(set(names)) if (asset := self._assets.find(name)) is not None and asset.crypto == crypto]
        for name in names:
            if not re.fullmatch(r"[A-Z]+/[A-Z]+" if crypto else r"[A-Z.]+", name):
                raise ApiError(400, None, f"invalid symbol: {name}")
        return found  # a symbol that nobody trades has no rows, and is no error

    def _check_feed(self, call: Call, *, recent: bool) -> None:
        if recent and call.account is not None and not call.account.spec.sip:
            raise ApiError(403, 42210000, "subscription does not permit querying recent SIP data")

    def _span(self, call: Call, *, crypto: bool) -> tuple[int, int]:
        now = self._clock.now()
        start = self._time(call, "start", now // DAY * DAY)
        end = self._time(call, "end", now)
        if not crypto and call.query.get("feed", "sip") == "sip" and call.account is not None and not call.account.spec.sip:
            self._check_feed(call, recent="end" in call.query and end > now - 15 * MINUTE)
            end = min(end, now - 15 * MINUTE)
        if "end" in call.query and "start" in call.query and start > end and start > self._time(call, "end", now):
            raise ApiError(400, None, "end should not be before start")
        return start, min(end, now)

    def _time(self, call: Call, name: str, default: int) -> int:
        if not call.query.get(name):
            return default
        try:
            return parsed_time(name, call.query[name])
        except ApiError as error:
            raise ApiError(400, None, error.message) from error

    def _page(self, call: Call, assets: list[Asset], *, crypto: bool) -> tuple[dict[str, list[dict[str, Any]]], str | None]:
        timeframe = call.query.get("timeframe") or "1Min"
        parse_timeframe(timeframe)
        start, end = self._span(call, crypto=crypto)
        text = call.query.get("limit") or "1000"
        if not text.isdigit() or not 1 <= int(text) <= 10_000:
            raise ApiError(400, None, "invalid limit")
        room = int(text)
        falling = call.query.get("sort") == "desc"
        seen = read_token(call.query.get("page_token") or "")
        page: dict[str, list[dict[str, Any]]] = {}
        last = ""
        for asset in assets:
            if seen is not None and asset.symbol < seen[0]:
                continue
            first, final = start, end
            if seen is not None and asset.symbol == seen[0]:
                first, final = (start, seen[1] - 1) if falling else (seen[1] + 1, end)
            table = self._bars.bars(asset, timeframe, first, final)
            if not len(table.t):
                continue
            if not room:
                return page, last
            rows = page[asset.symbol] = table.rows(falling=falling, most=room)
            last = urlsafe_b64encode(f"{asset.symbol}|{parsed_time('t', rows[-1]['t'])}".encode()).decode()
            if len(table.t) > room:
                return page, last
            room -= len(rows)
        return page, None


def read_token(token: str) -> tuple[str, int] | None:
    """Return symbol and time of the last row that was given, None for the first page."""
    if not token:
        return None
    try:
        symbol, stamp = urlsafe_b64decode(token.encode()).decode().split("|")
        return symbol, int(stamp)
    except (Base64Error, ValueError) as error:
        raise ApiError(400, None, "invalid page_token") from error
