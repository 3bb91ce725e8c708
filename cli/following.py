"""Reads a run's events as they come. Loads Temporal's SDK."""

from collections.abc import Callable, Sequence

from temporalio.client import Client

from cli.stack import Server
from weaver.walle.database import Database
from weaver.walle.model import EventRecord
from workflows.client import connect
from workflows.histories import follow as follow_history
from workflows.run_events import RunEvents


async def known(database: Database, where: Server, run_id: str) -> tuple[list[EventRecord], str | None]:
    """Return a run's events as far as they are known, and what to say when some may be missing."""
    reader = _reader(database, where)
    story = await reader.story(run_id)
    return [event async for events in reader.after(story, -1) for event in events], story.notice


async def follow(database: Database, where: Server, run_id: str, tell: Callable[[Sequence[EventRecord]], None]) -> None:
    """Tell a run's events from its first on, until it has ended. Raises Unavailable when the server no longer answers."""
    reader = _reader(database, where)
    story = await reader.story(run_id)
    position = -1
    async for events in reader.after(story, position):
        if events:
            position = events[-1].position
            tell(events)
    if story.open_link is None:
        return
    async for growth in follow_history(await connect(where.address, where.namespace), run_id, story.open_link):
        new = [event for event in growth.events if event.position > position]
        if new:
            position = new[-1].position
            tell(new)


def _reader(database: Database, where: Server) -> RunEvents:
    async def client() -> Client:
        return await connect(where.address, where.namespace)

    return RunEvents(database, client)
