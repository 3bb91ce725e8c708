import hashlib
import sys
from pathlib import Path

import pytest

from tests.marvin.strategy_files import BODY, broken_entry, loaded, strategy_text, write
from weaver.errors import StrategyBroken
from weaver.marvin.loader import BUILT_IN, Library
from weaver.marvin.view import View as ViewClass

HELPER = "def size():\n    return 7\n"
USES_HELPER = BODY.replace("yield Buy(1)", "yield Buy(size())")


def test_a_strategy_may_import_a_private_file_that_it_requires(tmp_path: Path) -> None:
    write(tmp_path, "_sizes.py", HELPER)
    write(tmp_path, "mine.py", strategy_text(requires='("_sizes",)', head="from _sizes import size\n", body=USES_HELPER))

    strategy = loaded(tmp_path)

    assert [file.stem for file in strategy.source.files] == ["_sizes", "mine"]
    assert [intent.quantity for intent in strategy.create(strategy.parse_params({})).decide(ViewClass([], None, None))] == [7]  # type: ignore[arg-type, union-attr]  # never looked at
    lines = "".join(f"{file.stem}:{hashlib.sha256(file.text.encode()).hexdigest()}\n" for file in strategy.source.files)
    assert strategy.source.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert "_sizes" not in sys.modules


def test_a_public_helper_that_is_required_is_not_listed_as_broken(tmp_path: Path) -> None:
    write(tmp_path, "sizes.py", HELPER)
    assert broken_entry(tmp_path, "sizes.py").reason.startswith("has no META")

    write(tmp_path, "mine.py", strategy_text(requires='["sizes"]', head="import sizes\n"))

    assert [entry.path.name for entry in Library.open([tmp_path]).entries() if entry.path.parent != BUILT_IN] == ["mine.py"]
    assert loaded(tmp_path)


def test_requirements_come_in_topological_order_and_each_once(tmp_path: Path) -> None:
    write(tmp_path, "_base.py", "value = []\n")
    write(tmp_path, "left.py", strategy_text("left", requires='("_base",)', head="import _base\n_base.value.append('left')\n"))
    write(tmp_path, "right.py", strategy_text("right", requires='("_base",)', head="import _base\n_base.value.append('right')\n"))
    write(tmp_path, "mine.py", strategy_text(requires='("right", "left")', head="import _base, left, right\nseen = _base.value\n"))

    strategy = loaded(tmp_path)

    assert [file.stem for file in strategy.source.files] == ["_base", "right", "left", "mine"]
    assert sys.modules[strategy.strategy_class.__module__].__dict__["seen"] == ["right", "left"]


def test_a_strategy_may_build_on_a_built_in_one_by_id(tmp_path: Path) -> None:
    body = "class Mine(SmaCross):\n    def warmup(self):\n        return 99\n"
    write(tmp_path, "mine.py", strategy_text(requires='("sma-cross",)', head="from sma_cross import SmaCross\n", body=body))

    strategy = loaded(tmp_path)

    assert strategy.create(strategy.parse_params({"slow": 40})).warmup() == 99


def test_what_is_not_required_cannot_be_imported(tmp_path: Path) -> None:
    write(tmp_path, "_sizes.py", HELPER)
    write(tmp_path, "mine.py", strategy_text(head="from _sizes import size\n"))

    with pytest.raises(StrategyBroken, match="No module named '_sizes'"):
        loaded(tmp_path)


def test_a_missing_requirement_is_a_reason_to_be_broken(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text(requires='("no-such",)'))

    assert "requires 'no-such', which is neither" in broken_entry(tmp_path, "mine.py").reason
    with pytest.raises(StrategyBroken, match="no-such"):
        loaded(tmp_path)


def test_requirements_in_a_circle_name_the_circle(tmp_path: Path) -> None:
    write(tmp_path, "a.py", strategy_text("a", requires='("b",)'))
    write(tmp_path, "b.py", strategy_text("b", requires='("a",)'))

    assert "a → b → a" in broken_entry(tmp_path, "a.py").reason


def test_a_requirement_that_is_broken_is_named_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "_sizes.py", "def broken(:\n")
    write(tmp_path, "mine.py", strategy_text(requires='("_sizes",)'))

    assert "requires '_sizes', which is broken: syntax error" in broken_entry(tmp_path, "mine.py").reason


def test_an_error_in_a_helper_names_the_helper(tmp_path: Path) -> None:
    path = write(tmp_path, "_sizes.py", "\n1 / 0\n")
    write(tmp_path, "mine.py", strategy_text(requires='("_sizes",)'))

    with pytest.raises(StrategyBroken) as caught:
        loaded(tmp_path)

    assert (caught.value.file, caught.value.line) == (str(path), 2)
