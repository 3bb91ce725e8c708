"""What `weaver deploy` asks of the server. Loads Temporal's SDK."""

from pathlib import Path

from cli.stack import Server
from workflows import deploying
from workflows.client import connect
from workflows.deploying import Deployment
from workflows.exporting import export_histories
from workflows.nudging import nudge


async def status(where: Server) -> Deployment:
    """Return the builds as the server knows them."""
    return await deploying.deployment(await connect(where.address, where.namespace))


async def promote(where: Server, build: str) -> tuple[str | None, int]:
    """Make a build the current one; return the one before, and how many workflows were told."""
    client = await connect(where.address, where.namespace)
    before = await deploying.promote(client, build)
    return before, await nudge(client, build)


async def ramp(where: Server, build: str, percent: float) -> None:
    """Send a part of what starts and moves to a build."""
    client = await connect(where.address, where.namespace)
    await deploying.ramp(client, build, percent)
    if percent > 0:
        await nudge(client, build)


async def move(where: Server, build: str, only: str | None) -> tuple[str, list[str]]:
    """Move what is pinned to a build, or only the one named, to the current build; return that, and the ids."""
    client = await connect(where.address, where.namespace)
    current = await deploying.current_build(client)
    ids = [one for one in await deploying.workflows_on(client, build) if only in (None, one)]
    for workflow_id in ids:
        await deploying.move(client, workflow_id, current)
    return current, ids


async def export(where: Server, folder: Path, closed: int) -> list[Path]:
    """Write histories as files."""
    return await export_histories(await connect(where.address, where.namespace), folder, closed=closed)
