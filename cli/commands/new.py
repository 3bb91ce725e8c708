"""`weaver new strategy`: a working, commented starter with a test."""


import typer

_app = typer.Typer(help="Write a starter file, e.g. a new strategy.", rich_markup_mode="rich")


def add_to(app: typer.Typer) -> None:
    app.add_typer(_app, name="new")


@_app.callback()
def _group() -> None:
    """Write a starter file, e.g. a new strategy."""
