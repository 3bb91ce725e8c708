"""Fees that a venue takes out of what is bought."""

from datetime import UTC, datetime
from decimal import Decimal

from weaver.broker import Fill
from weaver.orders import Side
from weaver.received import with_received


def a_fill(number: int, quantity: str, *, side: Side = Side.BUY, symbol: str = "ETH/USD") -> Fill:
    return Fill(
        execution_id=f"e{number}",
        exchange_order_id=f"o{number}",
        client_order_id=None,
        symbol=symbol,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(3000),
        time=datetime(2026, 1, 5, tzinfo=UTC),
    )


def received(fills: list[Fill], ours: str, theirs: str) -> list[Decimal | None]:
    found = with_received(fills, ours={"ETH/USD": Decimal(ours)}, theirs={"ETH/USD": Decimal(theirs)})
    return [fill.received for fill in found]


def test_what_the_venue_kept_back_is_not_received() -> None:
    # 0.5 bought, 0.25 % kept back: 0.5 × 0.0025 = 0.00125.
    assert received([a_fill(1, "0.5")], "0", "0.49875") == [Decimal("0.49875")]


def test_a_position_from_before_is_left_out_of_it() -> None:
    assert received([a_fill(1, "0.5")], "2", "2.49875") == [Decimal("0.49875")]


def test_a_fee_is_shared_by_the_purchases_of_a_symbol() -> None:
    # Fee 0.0075 of 3: a third of it, 0.0025, on the first.
    assert received([a_fill(1, "1"), a_fill(2, "2")], "0", "2.9925") == [Decimal("0.9975"), Decimal("1.9950")]


def test_a_sale_has_no_such_fee_and_counts_in_the_position() -> None:
    assert received([a_fill(1, "1"), a_fill(2, "0.4", side=Side.SELL)], "0", "0.5975") == [Decimal("0.9975"), None]


def test_a_difference_that_is_no_fee_changes_nothing() -> None:
    assert received([a_fill(1, "0.5")], "0", "0.4") == [None]
    assert received([a_fill(1, "0.5")], "0", "0.6") == [None]


def test_equities_have_no_fee_in_kind() -> None:
    fill = a_fill(1, "5", symbol="AAPL")
    assert with_received([fill], ours={}, theirs={"AAPL": Decimal("4.99")}) == [fill]
