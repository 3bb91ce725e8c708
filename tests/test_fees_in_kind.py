"""Fees that a venue keeps of purchases, found in its position: when more happened than was told, and afterwards."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.activities.scripted_exchange import ScriptedExchange, a_holding
from tests.walle.databases import with_tables
from tests.walle.records import NOON
from tests.walle.trading import PAPER, a_fill, a_report, admit, wanted
from weaver.broker import Fill, OrderReport
from weaver.orders import Side
from weaver.veda.exchange import CRYPTO_FEE_IN_KIND, AdapterMeta
from weaver.venue import Venue
from weaver.walle.accounts import Accounts
from weaver.walle.known_orders import KnownOrders
from weaver.walle.orders import Orders
from weaver.walle.trading_model import Difference, OrderChange
from weaver.walle.trading_queries import TradingQueries

SYMBOL = "ETH/USD"
NOW = NOON + timedelta(seconds=5)


class KeepsFees(ScriptedExchange):
    """Lists its executions from the `listed_from`th question on."""

    meta = AdapterMeta(id="scripted", name="Scripted", version="1", features=(CRYPTO_FEE_IN_KIND,))
    listed_from = 1
    asked = 0

    async def fills_since(self, time: datetime) -> list[Fill]:
        self.asked += 1
        return [] if self.asked < self.listed_from else await super().fills_since(time)


class Place:
    """Two purchases of 2 and a sale of 1 on record, at a venue that keeps 0.25 % of what is bought."""

    def __init__(self, folder: Path) -> None:
        self.database = with_tables(folder)
        self.queries = TradingQueries(self.database)
        self.accounts = Accounts(self.database)
        self.exchange = KeepsFees(self)
        self.told: list[str] = []
        orders = Orders(self.database)
        self.venue = Venue(
            PAPER,
            make=lambda: self.exchange,
            clock=self,
            orders=orders,
            accounts=self.accounts,
            queries=self.queries,
            known=KnownOrders(self.database),
            tell=self._tell,
        )
        for order_id, side in (("first", Side.BUY), ("second", Side.BUY), ("sale", Side.SELL)):
            admit(orders, wanted(order_id, symbol=SYMBOL, quantity="2", side=side))
            orders.report(PAPER, self.report(order_id, side=side), at=NOON)

    async def now(self) -> datetime:
        return NOW

    async def _tell(self, changes: Sequence[OrderChange]) -> None:
        self.told += [f"{change.order_id} {change.event}" for change in changes]

    @staticmethod
    def report(order_id: str, **changes: Any) -> OrderReport:
        return a_report(order_id, symbol=SYMBOL, quantity=Decimal(2), **changes)

    def holds(self, quantity: str) -> None:
        self.exchange.holdings = [a_holding(SYMBOL, Decimal(quantity))]

    def received(self) -> dict[str, Decimal | None]:
        return {fill.order_id: fill.received for fill in self.queries.fills(account=PAPER).items}

    def position(self) -> Decimal:
        (position,) = self.queries.positions(PAPER)
        return position.quantity


def bought(order_id: str) -> Fill:
    return a_fill(f"e-{order_id}", order_id, symbol=SYMBOL, quantity=Decimal(2))


SOLD = a_fill("e-sale", "sale", symbol=SYMBOL, quantity=Decimal(1), side=Side.SELL)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    place = Place(tmp_path)
    yield place
    place.database.close()


@pytest.mark.parametrize("listed_from", [1, 2], ids=["listed at once", "listed late"])
async def test_an_execution_that_the_position_counts_and_nobody_brought_is_booked_with_it(place: Place, listed_from: int) -> None:
    place.exchange.listed_from = listed_from
    place.exchange.fills = [bought("first"), bought("second"), SOLD]
    place.holds("2.99")  # 2 × 2 bought, 0.0025 of each kept, 1 sold: 4 - 0.01 - 1
    changes = await place.venue.take(place.report("first"), [bought("first")])
    assert place.position() == Decimal("2.99")
    assert place.received() == {"first": Decimal("1.995"), "second": Decimal("1.995"), "sale": None}
    assert {change.order_id for change in changes} == {"first"}
    assert place.told == ["second orders.Filled", "sale orders.PartiallyFilled"]


async def test_executions_without_word_of_their_orders_bring_the_others_too(place: Place) -> None:
    place.exchange.fills = [bought("first"), bought("second")]
    place.holds("3.99")
    changes = await place.venue.book([bought("first")])
    assert {change.order_id for change in changes} == {"first", "second"}
    assert place.position() == Decimal("3.99")


async def test_coins_that_a_person_holds_beside_are_no_fee_and_hide_none(place: Place) -> None:
    place.accounts.drift(PAPER, [Difference(kind="position", symbol=SYMBOL, ours="0", theirs="7")], NOON)
    place.holds("8.995")
    await place.venue.book([bought("first")])
    assert place.received()["first"] == Decimal("1.995")
    assert place.exchange.asked == 0


async def test_a_purchase_that_could_not_be_measured_is_settled_when_all_that_the_position_counts_is_booked(place: Place) -> None:
    place.exchange.listed_from = 9
    place.holds("3.99")  # the second is in it, and is not listed
    await place.venue.book([bought("first")])
    assert place.received() == {"first": None}
    place.holds("3.99")
    place.exchange.listed_from, place.exchange.fills = 1, [bought("first"), bought("second")]
    assert not await place.venue.settle_fees()  # the second waits to be booked
    await place.venue.book([bought("second")])
    assert place.position() == Decimal("3.99")
    assert not await place.venue.settle_fees()


async def test_a_fee_that_is_taken_later_is_settled_later(place: Place) -> None:
    place.holds("2")
    await place.venue.book([bought("first")])
    assert place.received() == {"first": None}
    assert not await place.venue.settle_fees()
    place.holds("1.995")
    assert await place.venue.settle_fees()
    assert place.received() == {"first": Decimal("1.995")}
    assert place.position() == Decimal("1.995")
    assert not await place.venue.settle_fees()


@pytest.mark.parametrize("held", ["1.97", "2.01"], ids=["too much is missing", "there is more"])
async def test_what_can_be_no_fee_is_never_settled(place: Place, held: str) -> None:
    place.holds("2")
    await place.venue.book([bought("first")])
    place.holds(held)
    assert not await place.venue.settle_fees()
    assert place.position() == 2
