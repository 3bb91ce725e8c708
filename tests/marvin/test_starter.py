import os
import subprocess
import sys
from pathlib import Path

import pytest

import weaver
from tests.marvin.demo_bars import demo_bars
from weaver.errors import BadValue
from weaver.greta.check import check
from weaver.marvin.loader import Library, build
from weaver.marvin.starter import starter


def written(name: str, folder: Path) -> Path:
    for path, text in starter(name).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_a_starter_is_a_strategy_and_its_test() -> None:
    assert list(starter("my-idea")) == ["plugins/strategies/my_idea.py", "plugins/tests/test_my_idea.py"]
    assert starter("my_idea") == starter("my-idea")


def test_a_starter_is_listed_built_and_honest(tmp_path: Path) -> None:
    library = Library.open([written("my-idea", tmp_path) / "plugins/strategies"])

    loaded = build(library.source("my-idea"))

    assert (loaded.meta.id, loaded.meta.name, loaded.strategy_class.__name__) == ("my-idea", "My idea", "MyIdea")
    assert check(loaded, [demo_bars("IBM")]) == []


def test_the_starters_own_test_passes(tmp_path: Path) -> None:
    written("my-idea", tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(Path(weaver.__file__).parent.parent), "WEAVER_HOME": str(tmp_path / "home")}

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "plugins/tests"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 passed" in run.stdout


@pytest.mark.parametrize("name", ["", "My-Idea", "2fast", "a b", "../x", "a--b", "-a", "a-", "class", "x" * 49, "ä"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(BadValue, match="my-idea"):
        starter(name)
