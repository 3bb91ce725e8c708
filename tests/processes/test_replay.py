"""`python -m processes.replay`: histories that the code no longer follows are found, and named."""

import json
import subprocess
import sys
from pathlib import Path

HISTORIES = Path(__file__).parents[1] / "workflows" / "histories"


def replay(*places: Path) -> tuple[int, list[dict[str, str | None]]]:
    command = [sys.executable, "-m", "processes.replay", *map(str, places)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_history_of_other_code_is_named_with_what_differs(tmp_path: Path) -> None:
    fits = (HISTORIES / "order_filled.json").read_text()
    (tmp_path / "fits.json").write_text(fits)
    (tmp_path / "other.json").write_text(fits.replace('"submit_order"', '"submits_order"'))
    (tmp_path / "text.json").write_text("[]")
    code, results = replay(tmp_path)
    assert code == 1
    fine, other, unreadable = results
    assert (Path(fine["file"] or "").name, fine["workflow"], fine["problem"]) == ("fits.json", "Order", None)
    assert "submits_order" in (other["problem"] or "")
    assert "no history of a workflow" in (unreadable["problem"] or "")


def test_a_history_that_replays_is_no_failure() -> None:
    code, results = replay(HISTORIES / "trading_told.json")
    assert (code, [result["problem"] for result in results]) == (0, [None])
