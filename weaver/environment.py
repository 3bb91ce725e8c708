"""The environment's variables, each of which may instead name a file: secrets are mounted, not written into process tables.

`ALPACA_PAPER_API_SECRET_FILE=/run/secrets/alpaca` gives ALPACA_PAPER_API_SECRET the file's text. A variable that is set itself counts
before its file. An empty one, or an empty file, is one that is not set.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from weaver.errors import Unusable

FILE = "_FILE"


class Environment(Mapping[str, str]):
    """Variables with those that files give. A file is read when its variable is asked for, each time, so that none is kept."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> str:
        """Return a variable's value. Raises KeyError for one that is not set, Unusable for a file that cannot be read."""
        found = self._variables.get(name)
        if found or f"{name}{FILE}" not in self._variables:
            return self._variables[name]
        return self._read(name) or self._variables[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._variables

    def __len__(self) -> int:
        return len(self._variables)

    def _read(self, name: str) -> str:
        path = self._variables[f"{name}{FILE}"]
        if not path:
            return ""
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "it is no text"
            raise Unusable(f"{name}{FILE} names {path}, which cannot be read: {reason}.") from None
