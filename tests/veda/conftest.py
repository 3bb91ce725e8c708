"""A simulated exchange whose clock the tests move."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from weaver.veda.adapters.simulated import SimulatedExchange
from weaver.veda.exchange import Context
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.simulated import Simulations

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday; the session of New York opens at 14:30


@dataclass
class FakeClock:
    """A clock that stands still until it is moved."""

    time: datetime = NOON

    async def now(self) -> datetime:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Simulated:
    """A place where simulated exchanges of one account, database and clock are made."""

    store: Simulations
    catalogue: Catalogue | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    environment: Mapping[str, str] = field(default_factory=dict)
    account: str = "simulated-paper"

    def exchange(self, **environment: str) -> SimulatedExchange:
        """An exchange that is not connected; `cash="50"` stands for WEAVER_SIMULATED_CASH."""
        given = {f"WEAVER_SIMULATED_{name.upper()}": value for name, value in environment.items()}
        context = Context(account=self.account, mode="paper", environment={**self.environment, **given}, clock=self.clock, store=self.store)
        return SimulatedExchange(context)

    async def connected(self, **environment: str) -> SimulatedExchange:
        made = self.exchange(**environment)
        await made.connect()
        return made


@pytest.fixture(scope="session")
def simulated_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all tests, each with an account of its own: making the tables takes longer than most tests."""
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('simulated') / 'walle.db'}")
    yield database
    database.close()


@pytest.fixture
def simulated(simulated_database: Database, tmp_path: Path) -> Simulated:
    catalogue = Catalogue.open(str(tmp_path / "bars"))
    return Simulated(Simulations(simulated_database, catalogue), catalogue, account=f"simulated-{uuid.uuid4().hex}")
