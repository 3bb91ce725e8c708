"""An account is compared with its venue: what only came late is no difference."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from temporalio.testing import ActivityEnvironment

from activities.accounts import VenueAccount
from tests.venues import a_venue
from tests.walle.records import a_run
from tests.walle.trading import PAPER, a_request, admit, wanted
from tests.workflows.stack import until
from weaver.broker import Fill, OrderReport
from weaver.glados.risk import RiskLimits
from weaver.orders import OrderStatus, OrderType, client_order_id
from weaver.veda.adapters.simulated import SimulatedExchange
from weaver.venue import Venue
from weaver.walle.database import Database
from weaver.walle.records import Records
from weaver.walle.recovering import LostOrders
from weaver.walle.trading_model import OrderRecord
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


async def test_what_a_run_did_after_the_backup_is_booked_and_only_then_orders_are_taken_again(database: Database, tmp_path: Path) -> None:
    venue = a_venue(database, tmp_path)
    Records(database).register_run(a_run("restored", mode="paper", config={"adapter": "simulated"}))
    venue.accounts.snapshot(PAPER, await (await venue.exchange()).account(), session="2024-01-01", at=datetime.now(UTC))
    exchange, order_id = await venue.exchange(), client_order_id("restored", "t1-1")
    await exchange.submit(a_request(order_id, symbol=SYMBOL, quantity="2"))  # as in the time that the backup does not know
    LostOrders(database).hold_all(datetime.now(UTC), backup=datetime.now(UTC))
    adopted: list[OrderRecord] = []

    async def adopt(order: OrderRecord) -> None:
        adopted.append(order)

    account = VenueAccount(venue, limits=RiskLimits(), notice=_nobody, look=_nobody, adopt=adopt)

    async def filled() -> bool:
        await ActivityEnvironment().run(account.reconcile, AccountTask(account=PAPER, at=await venue.now()))
        return venue.orders.order(order_id).status is OrderStatus.FILLED

    await until(filled, "the order to be filled")
    await ActivityEnvironment().run(account.reconcile, AccountTask(account=PAPER, at=await venue.now()))

    assert venue.queries.ledger("restored", Decimal(100_000)).positions[0].quantity == Decimal(2)
    assert venue.accounts.account(PAPER).drift == ()
    assert not venue.accounts.account(PAPER).killed
    assert len(adopted) <= 1
    await venue.disconnect()


async def test_an_account_that_differs_from_its_venue_stays_held(database: Database, tmp_path: Path) -> None:
    venue = a_venue(database, tmp_path)
    exchange = await venue.exchange()
    venue.accounts.snapshot(PAPER, await exchange.account(), session="2024-01-01", at=datetime.now(UTC))
    await exchange.submit(a_request("somebody-elses", symbol=SYMBOL, quantity="2", order_type=OrderType.LIMIT, limit_price="1"))
    LostOrders(database).hold_all(datetime.now(UTC), backup=datetime.now(UTC))

    await ActivityEnvironment().run(_account(venue).reconcile, AccountTask(account=PAPER, at=await venue.now()))

    assert venue.accounts.account(PAPER).killed
    await venue.disconnect()


async def test_an_order_of_a_held_account_that_nobody_looks_after_is_looked_after(database: Database, tmp_path: Path) -> None:
    venue = a_venue(database, tmp_path)
    admit(venue.orders, wanted("waits", symbol=SYMBOL), at=datetime.now(UTC))
    LostOrders(database).hold_all(datetime.now(UTC), backup=datetime.now(UTC))
    adopted: list[str] = []

    async def adopt(order: OrderRecord) -> None:
        adopted.append(order.id)

    account = VenueAccount(venue, limits=RiskLimits(), notice=_nobody, look=_nobody, adopt=adopt)
    await ActivityEnvironment().run(account.reconcile, AccountTask(account=PAPER, at=await venue.now()))

    assert adopted == ["waits"]
    assert venue.accounts.account(PAPER).killed  # until it is known what became of the order
    await venue.disconnect()


async def _nobody(*_: object) -> None:
    raise AssertionError("nobody listens")


async def test_an_order_under_a_runs_id_is_nobodys_here_on_an_account_that_was_not_restored(database: Database, tmp_path: Path) -> None:
    venue = a_venue(database, tmp_path)
    Records(database).register_run(a_run("elsewhere-too", mode="paper", config={"adapter": "simulated"}))
    exchange, order_id = await venue.exchange(), client_order_id("elsewhere-too", "t1-1")
    await exchange.submit(a_request(order_id, symbol=SYMBOL, quantity="2", order_type=OrderType.LIMIT, limit_price="1"))

    await ActivityEnvironment().run(_account(venue).reconcile, AccountTask(account=PAPER, at=await venue.now()))

    (difference,) = venue.accounts.account(PAPER).drift
    assert (difference.kind, difference.theirs) == ("foreign_order", order_id)
    await venue.disconnect()
