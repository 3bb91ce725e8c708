"""What routes work with: the settings, WallE's stores and the way to Temporal. Nothing in it is state of a run."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.door import Door
from api.streams.hub import Hub
from weaver.documents.runs import ui_namespace
from weaver.settings import Settings
from weaver.walle.accounts import Accounts
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.trading_queries import TradingQueries
from workflows.client import DEFAULT_ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one API process. Stores may be shared by threads; their calls block, so `async` routes make them in a thread."""

    settings: Settings
    database: Database
    queries: Queries
    trading: TradingQueries
    records: Records
    accounts: Accounts
    catalogue: Catalogue
    temporal: Door
    hub: Hub

    @staticmethod
    def open(settings: Settings) -> "Parts":
        """Open WallE; Temporal is reached when it is first needed. Raises Unavailable, Unusable."""
        database = Database.open(settings.database_url)
        temporal = Door(settings.temporal_address or DEFAULT_ADDRESS, settings.temporal_namespace)
        return Parts(
            settings=settings,
            database=database,
            queries=Queries(database),
            trading=TradingQueries(database),
            records=Records(database),
            accounts=Accounts(database),
            catalogue=Catalogue.open(settings.bars_location),
            temporal=temporal,
            hub=Hub(database, temporal.client),
        )

    @property
    def ui(self) -> str | None:
        """Where the Temporal UI shows runs, None where its address is not known."""
        return ui_namespace(self.settings.temporal_ui_url, self.settings.temporal_namespace)

    async def close(self) -> None:
        """End all streams, and let the database go."""
        await self.hub.stop()
        self.database.close()


def parts(connection: HTTPConnection) -> Parts:
    """Return the parts of the application that serves the request."""
    return cast(Parts, connection.app.state.parts)


PartsDep = Annotated[Parts, Depends(parts)]
