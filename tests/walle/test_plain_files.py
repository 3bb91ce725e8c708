"""Everything on record as plain files, which say exactly what the records say."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.walle.records import NOON, a_result, a_run, an_event
from weaver.errors import AlreadyExists
from weaver.walle.database import Database
from weaver.walle.model import StrategySourceRecord
from weaver.walle.plain_files import export_all
from weaver.walle.records import Records
from weaver.walle.results import RunFiles
from weaver.walle.tables import Table
from weaver.walle.usage import usage


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_records_events_sources_and_results_come_out_as_they_went_in(database: Database, tmp_path: Path) -> None:
    records = Records(database)
    records.register_run(a_run())
    records.save_result("run-1", a_result())
    records.save_events("run-1", [replace(an_event(1), payload={"text": 'a "quoted"\nline, é'}), an_event(2)])
    source = 'META = "ü"\n'
    records.save_source(StrategySourceRecord(sha256="ab" * 32, strategy="sma-cross", source=source, saved_at=NOON))
    results = str(tmp_path / "results")
    reference = RunFiles(results, "run-1").write_text("plan", "{}")

    folder = tmp_path / "export"
    counts = export_all(database, results, folder)
    assert {name: count for name, count in counts.items() if count} == {
        **{"runs": 1, "run_symbols": 2, "results": 1, "events": 2, "strategy_sources": 1},
        "result_files": 1,
    }
    (run,) = rows(folder / "records" / "runs.csv")
    assert (run["created_at"], run["equity"], run["error_message"]) == ("2024-01-02T12:00:00.123456Z", "", "")
    assert json.loads(run["params"]) == {"fast": 10, "threshold": 1e22, "quantity": "1.50"}
    (result,) = rows(folder / "records" / "results.csv")
    assert result["final_equity"] == "123456789012345678.000000000000000001"
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [(one["position"], one["run_id"]) for one in events] == [(1, "run-1"), (2, "run-1")]
    assert events[0]["payload"] == {"text": 'a "quoted"\nline, é'}
    assert (folder / "strategies" / f"sma-cross.{'ab' * 32}.py").read_text() == source
    assert RunFiles(str(folder / "results"), "run-1").read_text(reference) == "{}"
    assert json.loads((folder / "export.json").read_text())["counts"] == counts
    named = {table.name for table in Table.metadata.sorted_tables} - {"events", "strategy_sources"}
    assert {file.stem for file in (folder / "records").iterdir()} == named

    with pytest.raises(AlreadyExists, match="not empty"):
        export_all(database, results, folder)


def test_room_is_told_by_part_and_by_run(database_url: str, tmp_path: Path) -> None:
    Database.open(database_url).close()
    RunFiles(str(tmp_path / "results"), "small").write_text("plan", "x")
    RunFiles(str(tmp_path / "results"), "large/one").write_text("plan", "x" * 1_000)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker.log").write_text("12345")
    found = usage(home=tmp_path, bars=str(tmp_path / "bars"), results=str(tmp_path / "results"), database_url=database_url)
    assert list(found.runs.items()) == [("large/one", 1_000), ("small", 1)]
    assert (found.bars, found.results, found.logs, found.temporal) == (0, 1_001, 5, None)
    assert found.walle
    assert found.total == 1_006 + found.walle
