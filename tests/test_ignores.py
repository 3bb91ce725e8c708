"""No check is silenced without its rule and the reason."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("weaver", "workflows", "activities", "api", "cli", "processes", "tests", "bench", "scripts", "haro/src")
SILENCED = re.compile(r"# (type: ignore|pyright: |noqa|pragma: no cover)|@ts-(ignore|expect-error|nocheck)|biome-ignore")
EXPLAINED = re.compile(r"(ignore\[[\w, -]+\]|noqa: [A-Z]+\d+)(  # | -- )\w|biome-ignore [\w/]+: \w|@ts-expect-error: \w")


def test_every_check_that_is_silenced_names_its_rule_and_the_reason() -> None:
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*") if file.suffix in (".py", ".ts", ".tsx")]
    assert len(files) > 500
    unexplained = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in files
        if file != Path(__file__)
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if SILENCED.search(line) and not EXPLAINED.search(line)
    ]
    assert unexplained == []
