"""The line between Weaver and the code of its users."""

import traceback
from collections.abc import Generator
from contextlib import contextmanager

from weaver.errors import StrategyBroken


def broken(error: Exception, strategy: str, files: frozenset[str]) -> StrategyBroken:
    """Return StrategyBroken for what the user's code raised: its type, its text and the last line in `files`."""
    if isinstance(error, StrategyBroken):
        return error
    place = next((frame for frame in reversed(traceback.extract_tb(error.__traceback__)) if frame.filename in files), None)
    text = str(error)
    return StrategyBroken(
        f"{type(error).__name__}: {text}" if text else type(error).__name__,
        strategy=strategy,
        file=place.filename if place else next(iter(sorted(files)), None),
        line=place.lineno if place else None,
    )


@contextmanager
def user_code(strategy: str, files: frozenset[str]) -> Generator[None, None, None]:
    """Run the user's code; whatever it raises comes out as StrategyBroken."""
    try:
        yield
    except Exception as error:  # the user's code may raise anything; its name and line go on
        raise broken(error, strategy, files) from error
