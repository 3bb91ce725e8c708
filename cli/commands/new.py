"""`weaver new strategy`: a working, commented starter with a test."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import AsJson
from cli.render import emit, say, show
from weaver.errors import AlreadyExists, Unusable
from weaver.marvin.loader import BUILT_IN, Library
from weaver.marvin.starter import starter

_app = typer.Typer(help="Write a starter file, e.g. a new strategy.", rich_markup_mode="rich")


def add_to(app: typer.Typer) -> None:
    app.add_typer(_app, name="new")


@_app.callback()
def new() -> None:
    """Write a starter file, e.g. a new strategy."""


@_app.command("strategy")
def new_strategy(
    name: Annotated[str, typer.Argument(help="Lower-case words joined by -, such as my-idea.", show_default=False)], as_json: AsJson = False
) -> None:
    """Write a working, commented strategy into plugins/strategies, and a test of it into plugins/tests.

    Nothing that exists is overwritten.

    Example: weaver new strategy my-idea
    """
    texts = {Path(path): text for path, text in starter(name).items()}
    for path in texts:
        if path.exists():
            raise AlreadyExists("file", str(path), "it was left alone")
    shipped = {entry.path.stem for entry in Library.open([]).entries()}
    strategy = next(iter(texts))
    if strategy.stem in shipped:
        raise AlreadyExists("strategy", name, f"it is shipped, in {BUILT_IN}")
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as problem:
        raise Unusable(f"{problem.filename} cannot be written: {problem.strerror}.") from None
    id = name.replace("_", "-")
    if as_json:
        emit({"id": id, "files": [str(path) for path in texts]})
        return
    for path in texts:
        show(f"wrote {path}")
    say(f"Try it: weaver backtest {id} --symbol AAPL; weaver check {id} --symbol AAPL; pytest {list(texts)[-1]}")
