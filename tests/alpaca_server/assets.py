"""What can be traded."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from .errors import not_found
from .wire import number


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One symbol with the rules of its trading; `start_price` is the level of its price function."""

    symbol: str
    name: str
    exchange: str = "NASDAQ"
    crypto: bool = False
    tradable: bool = True
    fractionable: bool = True
    shortable: bool = True
    marginable: bool = True
    min_order_size: Decimal = Decimal(0)
    min_trade_increment: Decimal = Decimal("0.000000001")
    price_increment: Decimal = Decimal("0.01")
    start_price: Decimal = Decimal(100)

    @property
    def id(self) -> str:
        """Return the asset's UUID: the same in every server."""
        return str(uuid5(NAMESPACE_DNS, self.symbol))

    @property
    def class_name(self) -> str:
        """Return Alpaca's word for the asset's class."""
        return "crypto" if self.crypto else "us_equity"

    @property
    def position_symbol(self) -> str:
        """Return the symbol as positions spell it: without the slash that orders have."""
        return self.symbol.replace("/", "")

    def body(self) -> dict[str, Any]:
        """Return the asset as the API gives it; sizes only where they are more than a share."""
        sizes = {
            "min_order_size": number(self.min_order_size),
            "min_trade_increment": number(self.min_trade_increment),
            "price_increment": number(self.price_increment),
        }
        return {
            "id": self.id,
            "class": self.class_name,
            "exchange": self.exchange,
            "symbol": self.symbol,
            "name": self.name,
            "status": "active",
            "tradable": self.tradable,
            "marginable": self.marginable,
            "maintenance_margin_requirement": 100 if self.crypto else 30,
            "margin_requirement_long": "100" if self.crypto else "30",
            "margin_requirement_short": "100" if self.crypto else "30",
            "shortable": self.shortable,
            "easy_to_borrow": self.shortable,
            "fractionable": self.fractionable,
            "attributes": [],
            **(sizes if self.crypto else {}),
        }


def equity(symbol: str, name: str, start_price: str, **changes: Any) -> Asset:
    """Return a US stock or fund."""
    return Asset(symbol=symbol, name=name, start_price=Decimal(start_price), **changes)


def coin(symbol: str, name: str, start_price: str, min_order_size: str, increment: str) -> Asset:
    """Return a pair of a coin and the dollar: no short, no margin."""
    return Asset(
        symbol=symbol,
        name=name,
        exchange="CRYPTO",
        crypto=True,
        shortable=False,
        marginable=False,
        min_order_size=Decimal(min_order_size),
        min_trade_increment=Decimal("0.000000001"),
        price_increment=Decimal(increment),
        start_price=Decimal(start_price),
    )


LISTED = (
    equity("AAPL", "Apple Inc. Common Stock", "200"),
    equity("MSFT", "Microsoft Corporation Common Stock", "420"),
    equity("NVDA", "NVIDIA Corporation Common Stock", "130"),
    equity("TSLA", "Tesla, Inc. Common Stock", "250"),
    equity("AMZN", "Amazon.com, Inc. Common Stock", "185"),
    equity("SPY", "SPDR S&P 500 ETF Trust", "550", exchange="ARCA"),
    equity("QQQ", "Invesco QQQ Trust, Series 1", "480"),
    equity("BRK.A", "Berkshire Hathaway Inc.", "650000", exchange="NYSE", fractionable=False, shortable=False),
    equity("F", "Ford Motor Company", "11", exchange="NYSE"),
    equity("PENY", "A stock under a dollar", "0.5", fractionable=False, shortable=False),
    coin("BTC/USD", "Bitcoin / US Dollar", "60000", "0.000016", "0.01"),
    coin("ETH/USD", "Ethereum / US Dollar", "3000", "0.00033", "0.01"),
    coin("SOL/USD", "Solana / US Dollar", "150", "0.0067", "0.001"),
)


class Assets:
    """The list of assets, found by symbol, by symbol without slash, or by id."""

    def __init__(self) -> None:
        self._by_name: dict[str, Asset] = {}
        for asset in LISTED:
            self.add(asset)

    def add(self, asset: Asset) -> None:
        """List `asset`; one of the same symbol is replaced."""
        for name in (asset.symbol, asset.position_symbol, asset.id):
            self._by_name[name] = asset

    def all(self) -> list[Asset]:
        """Return every asset once, by symbol."""
        return sorted({asset.symbol: asset for asset in self._by_name.values()}.values(), key=lambda asset: asset.symbol)

    def find(self, name: str) -> Asset | None:
        """Return the asset of that symbol or id, or None."""
        return self._by_name.get(name)

    def get(self, name: str) -> Asset:
        """Return the asset of that symbol or id; refuse with 404."""
        asset = self.find(name)
        if asset is None:
            raise not_found(f"asset not found for {name}")
        return asset
