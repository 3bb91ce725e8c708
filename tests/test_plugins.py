import ast
import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest

from weaver.marvin.strategy import StrategyMeta
from weaver.plugins import Broken, Found, find

GOOD = 'META = StrategyMeta(id="{id}", name="Some name")\n'


def write(folder: Path, name: str, text: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def only_broken(folder: Path) -> Broken:
    (entry,) = find([folder], StrategyMeta)
    assert isinstance(entry, Broken)
    return entry


def test_a_file_is_listed_without_being_run(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", "raise SystemExit\n" + GOOD.format(id="mine"))

    (entry,) = find([tmp_path], StrategyMeta)

    assert isinstance(entry, Found)
    assert entry.path == path
    assert entry.line == 2
    assert entry.meta == StrategyMeta(id="mine", name="Some name")


def test_files_are_read_by_many_threads_at_once(tmp_path: Path) -> None:
    """Also when garbage is collected on the way, which lets other threads run in the middle."""
    nested = "value = " + "[" * 40 + "1" + "]" * 40 + "\n"
    write(tmp_path, "mine.py", GOOD.format(id="mine") + nested * 200)
    before = gc.get_threshold()

    def let_others_run(*_: object) -> None:
        sleep(0)

    gc.callbacks.append(let_others_run)
    gc.set_threshold(50, 2, 2)
    try:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _: find([tmp_path], StrategyMeta), range(40)))
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(let_others_run)
    assert all(isinstance(entry, Found) for entries in found for entry in entries)


def test_a_file_is_read_while_a_traceback_is_written_in_a_collection_of_garbage(tmp_path: Path) -> None:
    """As by a future whose exception nobody asked for: Python parses the lines of a traceback that it writes."""
    write(tmp_path, "mine.py", GOOD.format(id="mine") + ("value = " + "[" * 20 + "1" + "]" * 20 + "\n") * 50)
    before = gc.get_threshold()

    def parse_sometimes(phase: str, _: object) -> None:
        if phase == "stop":
            ast.parse("a = [1]")

    gc.callbacks.append(parse_sometimes)
    gc.set_threshold(50, 2, 2)
    try:
        (entry,) = find([tmp_path], StrategyMeta)
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(parse_sometimes)
    assert isinstance(entry, Found)
    assert gc.isenabled()


def test_meta_may_be_annotated_and_named_through_its_module(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", 'META: marvin.StrategyMeta = marvin.StrategyMeta(id="a", name="A", symbols="many", requires=["b"])')

    (entry,) = find([tmp_path], StrategyMeta)

    assert isinstance(entry, Found)
    assert entry.meta.requires == ("b",)


def test_private_files_other_files_and_missing_folders_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "_private.py", "not python")
    write(tmp_path, "notes.txt", "not python")
    (tmp_path / "folder.py").mkdir()

    assert find([tmp_path, tmp_path / "missing"], StrategyMeta) == []


def test_a_folder_named_twice_is_listed_once(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", GOOD.format(id="mine"))

    assert len(find([tmp_path, tmp_path / ".." / tmp_path.name], StrategyMeta)) == 1


def test_a_broken_file_is_listed_with_reason_and_line_and_breaks_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, "a.py", GOOD.format(id="a"))
    write(tmp_path, "b.py", "x = 1\ndef broken(:\n")
    write(tmp_path, "c.py", GOOD.format(id="c"))

    entries = find([tmp_path], StrategyMeta)

    assert [type(entry) for entry in entries] == [Found, Broken, Found]
    broken = entries[1]
    assert isinstance(broken, Broken)
    assert broken.line == 2
    assert "syntax error" in broken.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"x = '\0'", "null byte"),
        ("", "has no META"),
        ("META = 3", "must be StrategyMeta"),
        ("META = Other(id='a', name='A')", "must be StrategyMeta"),
        ("META = StrategyMeta('a', 'A')", "must be StrategyMeta"),
        ("META = StrategyMeta(**{})", "may not use"),
        ("NAME = 'a'\nMETA = StrategyMeta(id=NAME, name='A')", "META id must be a literal"),
        ("META = StrategyMeta(id='a')", "META name"),
        ("META = StrategyMeta(id=3, name='A')", "META id"),
        ("META = StrategyMeta(id='a', name='A', symbols='few')", "'one' or 'many'"),
        ("META = StrategyMeta(id='a', name='A', colour='red')", "META colour"),
        ("META = StrategyMeta(id='a b/c', name='A')", "expected letters"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str | bytes, reason: str) -> None:
    write(tmp_path, "mine.py", text)

    assert reason in only_broken(tmp_path).reason


def test_two_files_with_one_id_are_both_broken_naming_both(tmp_path: Path) -> None:
    one = write(tmp_path / "a", "one.py", GOOD.format(id="same"))
    two = write(tmp_path / "b", "two.py", GOOD.format(id="same"))
    write(tmp_path / "b", "other.py", GOOD.format(id="other"))

    entries = find([tmp_path / "a", tmp_path / "b"], StrategyMeta)

    broken = [entry for entry in entries if isinstance(entry, Broken)]
    assert [entry.path for entry in broken] == [one, two]
    assert all(str(one) in entry.reason and str(two) in entry.reason for entry in broken)
    assert [entry.id for entry in entries] == ["same", "other", "same"]
