"""Replays stored histories with the installed code: `python -m processes.replay <folder or file> ...`.

Exit code 1 when one does not replay: a run that began as it says would hang on workers of this code. One JSON line for each history,
with the reason of a failure.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Replayer

from processes.served import NOTIFYING, WORKFLOWS
from workflows.sealing import converter_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How one history came out; `problem` is None when the code does what the history says."""

    file: str
    workflow: str
    problem: str | None


async def replayed(files: Iterable[Path]) -> list[Replayed]:
    """Replay each history, sandbox on."""
    replayer = Replayer(workflows=[*WORKFLOWS, *NOTIFYING], data_converter=converter_of(os.environ))
    return [await _one(replayer, file) for file in files]


async def _one(replayer: Replayer, file: Path) -> Replayed:
    text = file.read_text()
    try:
        started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
        history = WorkflowHistory.from_json(started["workflowId"], text)
    except (ValueError, KeyError, IndexError, TypeError) as problem:
        return Replayed(file=str(file), workflow="", problem=f"no history of a workflow: {problem!r}")
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return Replayed(
        file=str(file),
        workflow=started["workflowType"]["name"],
        problem=None if result.replay_failure is None else str(result.replay_failure),
    )


def files_of(places: Iterable[Path]) -> Iterator[Path]:
    """Give the files of folders, and files themselves."""
    for place in places:
        yield from sorted(place.glob("*.json")) if place.is_dir() else [place]


def main() -> None:
    """Replay what the arguments name."""
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))  # which would go between our lines
    results = asyncio.run(replayed(files_of(Path(argument) for argument in sys.argv[1:])))
    for result in results:
        sys.stdout.write(json.dumps(asdict(result)) + "\n")
    sys.exit(any(result.problem for result in results))


if __name__ == "__main__":
    main()
