import hashlib
import sys
import traceback
from decimal import Decimal
from pathlib import Path

import pytest

from tests.marvin.strategy_files import BODY, loaded, strategy_text, write
from weaver.errors import StrategyBroken, UnknownName
from weaver.marvin.loader import BUILT_IN, Library, StrategySource, build
from weaver.marvin.view import View as ViewClass
from weaver.plugins import Found


def test_the_built_in_strategies_are_listed_and_built() -> None:
    library = Library.open([])

    ids = [entry.id for entry in library.entries() if isinstance(entry, Found)]

    assert ids == ["buy-and-hold", "mean-reversion", "momentum-rotation", "multi-timeframe-trend", "rsi-bracket", "sma-cross"]
    for name in ids:
        assert name is not None
        strategy = build(library.source(name))
        assert strategy.source.origin == "builtin"
        assert strategy.create(strategy.parse_params({})).warmup() >= 0


def test_files_that_appear_are_found_by_the_next_look(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        Library.open([tmp_path]).source("mine")
    path = write(tmp_path, "mine.py", strategy_text())
    assert Library.open([tmp_path]).source("mine").files[0].path == str(path)
    path.unlink()
    with pytest.raises(UnknownName):
        Library.open([tmp_path]).source("mine")


def test_an_unknown_strategy_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'sma-cross'"):
        Library.open([]).source("sma-cros")


def test_the_digest_of_a_lone_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", strategy_text().replace("\n", "\r\n"))

    source = Library.open([tmp_path]).source("mine")

    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert source.origin == "plugin"


def test_a_source_survives_json_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text())
    source = Library.open([tmp_path]).source("mine")

    assert StrategySource.from_json(source.to_json()) == source
    with pytest.raises(ValueError, match="digest"):
        StrategySource.from_json(source.to_json().replace("yield Buy(1)", "yield Buy(2)"))
    with pytest.raises(ValueError, match="not a strategy's source"):
        StrategySource.from_json("{}")


def test_editing_the_file_never_changes_what_is_built(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", strategy_text())
    source = Library.open([tmp_path]).source("mine")
    path.write_text("raise RuntimeError('edited')")

    assert build(source).strategy_class.__name__ == "Mine"


def test_two_versions_of_a_file_live_side_by_side(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", strategy_text())
    old = loaded(tmp_path)
    path.write_text(strategy_text().replace("10, ge=1", "20, ge=1"))
    new = loaded(tmp_path)

    assert (old.parse_params({}).model_dump()["fast"], new.parse_params({}).model_dump()["fast"]) == (10, 20)
    assert "mine" not in sys.modules


def test_an_error_shows_the_file_the_line_and_the_text_that_ran(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", strategy_text(body=BODY.replace("yield Buy(1)", "return [1 / 0]")))
    strategy = loaded(tmp_path)
    path.write_text("# edited\n" * 30)

    with pytest.raises(ZeroDivisionError) as caught:
        list(strategy.create(strategy.parse_params({})).decide(ViewClass([], None, None)))

    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno, frame.line) == (str(path), 14, "return [1 / 0]")


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (strategy_text(head="import no_such_module\n"), "No module named 'no_such_module'", 4),
        (strategy_text(head="1 / 0\n"), "ZeroDivisionError", 4),
        (strategy_text(head="raise SystemExit\n"), "ends the process", None),
        (strategy_text(body=""), "no class derived from Strategy", None),
        (strategy_text(body=BODY + "class Other(Mine): pass\n"), r"2 strategy classes \(Mine, Other\)", None),
        (strategy_text(body="class Mine(Strategy): pass\n"), "Mine has no decide", None),
        (strategy_text(head="return\n"), "syntax error: 'return' outside function", 4),
    ],
)
def test_what_is_wrong_with_a_strategy_is_said_when_it_is_built(tmp_path: Path, text: str, reason: str, line: int | None) -> None:
    path = write(tmp_path, "mine.py", text)

    with pytest.raises(StrategyBroken, match=reason) as caught:
        loaded(tmp_path)

    assert (caught.value.strategy, caught.value.file, caught.value.line) == ("mine", str(path), line)


def test_a_broken_file_is_refused_with_its_reason_under_its_id_or_its_name(tmp_path: Path) -> None:
    write(tmp_path, "my_idea.py", "def broken(:\n")

    for name in ("my-idea", "my_idea"):
        with pytest.raises(StrategyBroken, match=r"my_idea.py:1: syntax error"):
            Library.open([tmp_path]).source(name)


def test_two_files_with_one_id_are_an_error_naming_both(tmp_path: Path) -> None:
    write(tmp_path, "one.py", strategy_text())
    write(tmp_path, "two.py", strategy_text())
    write(tmp_path, "other.py", strategy_text("other"))

    with pytest.raises(StrategyBroken, match=r"one.py and in .*two.py"):
        Library.open([tmp_path]).source("mine")
    assert loaded(tmp_path, "other")


def test_a_shipped_strategy_stands_alone_so_that_any_may_be_deleted(tmp_path: Path) -> None:
    for path in sorted(BUILT_IN.glob("[a-z]*.py")):
        write(tmp_path, f"copy_{path.name}", path.read_text().replace('id="', 'id="copy-'))

    copies = [entry for entry in Library.open([tmp_path]).entries() if entry.path.parent == tmp_path]

    assert len(copies) == 6
    for entry in copies:
        assert isinstance(entry, Found)
        assert len(build(Library.open([tmp_path]).source(entry.id)).source.files) == 1


def test_types_written_as_text_are_understood(tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + strategy_text(
        head="@dataclass\nclass Pair:\n    a: int\n    b: Decimal\n"
    )
    write(tmp_path, "mine.py", text)

    assert loaded(tmp_path).parse_params({"quantity": "2.5"}).model_dump()["quantity"] == Decimal("2.5")
