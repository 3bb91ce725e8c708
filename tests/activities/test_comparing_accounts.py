"""An account is compared with its venue: what only came late is no difference."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.accounts import VenueAccount
from tests.venues import a_venue
from tests.walle.trading import PAPER, admit, wanted
from weaver.broker import Fill, OrderReport
from weaver.glados.risk import RiskLimits
from weaver.orders import OrderStatus
from weaver.veda.adapters.simulated import SimulatedExchange
from weaver.venue import Venue
from weaver.walle.database import Database
from workflows.account_inputs import AccountTask
from workflows.inputs import Event

SYMBOL = "SIM/USD"


class LateFills(SimulatedExchange):
    """Has filled the order by the time it is asked what is held, and not before."""

    asked = 0

    async def fills_since(self, time: datetime) -> list[Fill]:
        self.asked += 1
        return [] if self.asked == 1 else await super().fills_since(time)

    async def find(self, client_order_id: str) -> OrderReport | None:
        found = await super().find(client_order_id)
        return replace(found, status=OrderStatus.ACCEPTED, filled_quantity=Decimal(0)) if found and not self.asked else found


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'walle.db'}")
    yield opened
    opened.close()


def _account(venue: Venue) -> VenueAccount:
    async def notice(event: Event) -> None:
        raise AssertionError(f"nobody listens: {event}")

    async def look() -> None:
        raise AssertionError("nobody listens")

    return VenueAccount(venue, limits=RiskLimits(), notice=notice, look=look)


async def test_a_fill_that_comes_between_two_questions_is_no_drift(database: Database, tmp_path: Path) -> None:
    venue = a_venue(database, tmp_path, kind=LateFills)
    admit(venue.orders, wanted("bought", symbol=SYMBOL, quantity="2"), at=datetime.now(UTC))
    order = venue.orders.sending("bought", at=datetime.now(UTC)).order
    await (await venue.exchange()).submit(order.request)

    done = await ActivityEnvironment().run(_account(venue).reconcile, AccountTask(account=PAPER, at=await venue.now()))

    assert done.events == []
    assert venue.queries.positions(PAPER)[0].quantity == Decimal(2)
    assert venue.accounts.account(PAPER).drift == ()
    await venue.disconnect()
