"""Where the venue is and with what keys, read from the adapter's context."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from weaver.errors import BadValue, MissingCredentials, Refused
from weaver.veda.exchange import Context, Mode

TRADING_HOSTS: dict[Mode, str] = {"paper": "https://paper-api.alpaca.markets", "live": "https://api.alpaca.markets"}
TRADING_STREAMS: dict[Mode, str] = {"paper": "wss://paper-api.alpaca.markets/stream", "live": "wss://api.alpaca.markets/stream"}
DATA_HOST = "https://data.alpaca.markets"
DATA_STREAM = "wss://stream.data.alpaca.markets"
FEEDS = ("iex", "sip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long to wait, in seconds.

    `connect` and `read` bound one REST request; a `read` that runs out leaves the outcome unknown. `patience` is how long a
    request may wait inside the adapter for the rate limit before it is RateLimited. A stream is cut when a ping is not
    answered within `ping_timeout`, its greeting not within `greeting`, or when it said nothing for `silence`: a connection
    can be alive and mute, and the silence of a quiet account looks the same. It is tried again after `reconnect_first`,
    doubled each time up to `reconnect_most`.
    """

    connect: float = 5
    read: float = 20
    patience: float = 10
    greeting: float = 10
    ping_interval: float = 10
    ping_timeout: float = 10
    silence: float = 900
    close: float = 1
    reconnect_first: float = 1
    reconnect_most: float = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Addresses without a version at their end, and keys, which no repr shows. `key_names` are the variables they come from."""

    mode: Mode
    trading_url: str
    trading_stream_url: str
    data_url: str
    data_stream_url: str
    feed: str
    key_names: tuple[str, str]
    key: str | None = field(repr=False)
    secret: str | None = field(repr=False)

    @property
    def has_keys(self) -> bool:
        return self.key is not None and self.secret is not None

    def require_keys(self) -> tuple[str, str]:
        """Return key and secret. Raises MissingCredentials when one is not set."""
        if self.key is None or self.secret is None:
            values = zip(self.key_names, (self.key, self.secret), strict=True)
            raise MissingCredentials("alpaca", self.mode, [name for name, value in values if value is None])
        return self.key, self.secret


def settings_of(context: Context) -> Settings:
    """Return what a context says.

    Raises Refused for keys with characters that no key has (the HTTP library would put such a key into its error), BadValue
    for an address or feed that cannot be used, and for the host of the other mode, since paper must never reach live.
    """
    mode = context.mode
    names = (f"ALPACA_{mode.upper()}_API_KEY", f"ALPACA_{mode.upper()}_API_SECRET")
    given = context.environment
    key, secret = (given.get(name) or None for name in ("ALPACA_{MODE}_API_KEY", "ALPACA_{MODE}_API_SECRET"))
    for name, value in zip(names, (key, secret), strict=True):
        if value is not None and not (value.isascii() and value.isprintable() and " " not in value):
            raise Refused(f"{name} holds a character that no key has, such as a space or a line break. Copy the key again.")
    feed = given.get("ALPACA_DATA_FEED") or "iex"
    if feed not in FEEDS:
        raise BadValue("ALPACA_DATA_FEED", feed, " or ".join(FEEDS))
    return Settings(
        mode=mode,
        trading_url=_trading_address(context, "ALPACA_{MODE}_BASE_URL", TRADING_HOSTS, ("http", "https")).removesuffix("/v2"),
        trading_stream_url=_trading_address(context, "ALPACA_{MODE}_STREAM_URL", TRADING_STREAMS, ("ws", "wss")),
        data_url=_address("ALPACA_DATA_BASE_URL", given.get("ALPACA_DATA_BASE_URL") or DATA_HOST, ("http", "https")),
        data_stream_url=_address("ALPACA_DATA_STREAM_URL", given.get("ALPACA_DATA_STREAM_URL") or DATA_STREAM, ("ws", "wss")),
        feed=feed,
        key_names=names,
        key=key,
        secret=secret,
    )


def _trading_address(context: Context, name: str, defaults: dict[Mode, str], schemes: tuple[str, str]) -> str:
    variable = name.replace("{MODE}", context.mode.upper())
    address = _address(variable, context.environment.get(name) or defaults[context.mode], schemes)
    other: Mode = "live" if context.mode == "paper" else "paper"
    if urlsplit(address).hostname == urlsplit(defaults[other]).hostname:
        raise BadValue(variable, address, f"an address for {context.mode}: this is the host for {other}")
    return address


def _address(variable: str, address: str, schemes: tuple[str, str]) -> str:
    parts = urlsplit(address)
    if parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc:
        raise BadValue(variable, f"{parts.scheme}://{parts.hostname}", f"an address {schemes[0]}://host:port or {schemes[1]}://host")
    return address.rstrip("/")
