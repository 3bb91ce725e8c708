"""Writes what the recorded histories say to told.json: `python -m tests.workflows.record_told`. Read its difference before you keep it."""

import json
from pathlib import Path

from temporalio.client import WorkflowHistory

from workflows.events import events_of

HISTORIES = Path(__file__).parent / "histories"
TOLD = Path(__file__).parent / "told.json"
UNREAD = {"archive", "delivery", "delivery_digest", "notifier"}
"""Histories that tell of nothing and that nobody reads as events."""


def told() -> dict[str, list[list[str | None]]]:
    """Return id, type, corr_id and causation_id of each event of each history."""
    found: dict[str, list[list[str | None]]] = {}
    for path in sorted(HISTORIES.glob("*.json")):
        if path.stem in UNREAD:
            continue
        history = WorkflowHistory.from_json(path.stem, path.read_text())
        events = events_of(history.events, run_id=path.stem, link="link")
        found[path.stem] = [[event.id, event.type, event.corr_id, event.causation_id] for event in events]
    return found


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: [\n  " + ",\n  ".join(json.dumps(event) for event in events) + "\n]" for name, events in told().items())
    TOLD.write_text("{\n" + ",\n".join(lines) + "\n}\n")
