"""No check is silenced without its rule and the reason, and no comment puts work off."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    "weaver",
    "workflows",
    "activities",
    "api",
    "cli",
    "processes",
    "tests",
    "bench",
    "scripts",
    "deploy",
    "haro/src",
    "haro/scripts",
)
WRITTEN = (".py", ".ts", ".tsx", ".mjs", ".css", ".sh", ".yml", ".yaml", ".template")
SILENCED = re.compile(r"# (type: ignore|pyright: |noqa|pragma: no cover)|@ts-(ignore|expect-error|nocheck)|biome-ignore")
EXPLAINED = re.compile(r"(ignore\[[\w, -]+\]|noqa: [A-Z]+\d+)(  # | -- )\w|biome-ignore [\w/]+: \w|@ts-expect-error: \w")
LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def lines() -> Iterator[tuple[str, str]]:
    """Give each line of what is written by hand, with its place."""
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in WRITTEN and file != Path(__file__):
                for number, line in enumerate(file.read_text().splitlines(), 1):
                    yield f"{file.relative_to(ROOT)}:{number}", line


def test_every_check_that_is_silenced_names_its_rule_and_the_reason() -> None:
    silenced = [(place, line) for place, line in lines() if SILENCED.search(line)]
    assert len(silenced) > 10, "the pattern finds none of those that there are"
    assert [place for place, line in silenced if not EXPLAINED.search(line)] == []


def test_no_comment_puts_work_off() -> None:
    assert [place for place, line in lines() if LATER.search(line)] == []
