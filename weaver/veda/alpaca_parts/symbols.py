"""Names of things: crypto pairs have a slash everywhere in Weaver, at Alpaca only in some places."""

_QUOTES = ("USDT", "USDC", "USD", "BTC")
"""What Alpaca's crypto is quoted in, the longer names first: BTCUSDT is BTC/USDT, USDTUSD is USDT/USD."""


def with_slash(symbol: str, asset_class: str | None) -> str:
    """Return a pair as `BTC/USD`, also where the venue wrote `BTCUSD`; other symbols stay."""
    if asset_class != "crypto" or "/" in symbol:
        return symbol
    for quote in _QUOTES:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return f"{symbol.removesuffix(quote)}/{quote}"
    return symbol


def pair(symbol: str) -> str:
    """Return `BTC/USD` for `BTCUSD` where the venue does not say what a symbol is. US tickers have at most five letters, then a
    point; crypto pairs at least six and none."""
    return with_slash(symbol, "crypto" if len(symbol) > 5 and symbol.isalnum() and symbol[0].isalpha() else None)


def is_crypto(symbol: str) -> bool:
    """Tell whether a symbol, as Weaver writes it, is a crypto pair."""
    return "/" in symbol


def without_slash(symbol: str) -> str:
    """Return what both ways of writing a pair have in common."""
    return symbol.replace("/", "")
